"""The environments of samconfig.toml."""

import re
import shlex
import tomllib
from typing import Any

import pytest

from tests.template.translation import ROOT

CONFIG: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())
STAGES = {"default": "dev", "dev": "dev", "prod": "prod", "local": "local"}
each_environment = pytest.mark.parametrize("environment", STAGES)


def settings(environment: str, command: str) -> dict[str, Any]:
    found: dict[str, Any] = CONFIG[environment][command]["parameters"]
    return found


def pairs(environment: str, name: str) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in shlex.split(settings(environment, "deploy")[name]))


def overrides(environment: str) -> dict[str, str]:
    return pairs(environment, "parameter_overrides")


def test_these_are_the_environments() -> None:
    assert CONFIG.keys() - {"version"} == STAGES.keys()


@each_environment
def test_each_is_whole_since_they_inherit_nothing(environment: str) -> None:
    assert settings(environment, "global")["stack_name"]
    assert settings(environment, "build") == {"cached": True, "parallel": True}
    assert settings(environment, "validate") == {"lint": True}
    deploy = settings(environment, "deploy")
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert deploy["fail_on_empty_changeset"] is False
    assert ("s3_bucket" in deploy) != (deploy.get("resolve_s3") is True)


def test_the_default_is_dev() -> None:
    assert CONFIG["default"] == CONFIG["dev"]


def test_each_but_the_default_has_a_stack_of_its_own() -> None:
    names = [settings(environment, "global")["stack_name"] for environment in ("dev", "prod", "local")]

    assert len(set(names)) == len(names)


@each_environment
def test_each_says_its_stage_and_tags_everything_with_it(environment: str) -> None:
    assert overrides(environment)["Stage"] == STAGES[environment]
    assert pairs(environment, "tags") == {
        "project": pairs("default", "tags")["project"],
        "stage": STAGES[environment],
    }


@pytest.mark.parametrize("environment", ["default", "dev", "prod"])
def test_what_goes_to_aws_is_confirmed_first(environment: str) -> None:
    assert settings(environment, "deploy")["confirm_changeset"] is True


@each_environment
def test_the_overrides_are_parameters_of_the_template_with_values_it_takes(
    template: dict[str, Any], environment: str
) -> None:
    for name, value in overrides(environment).items():
        parameter = template["Parameters"][name]
        if environment == "prod" and name == "AlarmEmail":
            continue  # see below
        assert value in [str(allowed) for allowed in parameter.get("AllowedValues", [value])]
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value)
        if parameter["Type"] == "Number":
            assert parameter.get("MinValue", 0) <= int(value) <= parameter.get("MaxValue", int(value))


def test_prod_is_refused_until_someone_gets_its_alarms(template: dict[str, Any]) -> None:
    pattern = template["Parameters"]["AlarmEmail"]["AllowedPattern"]

    assert not re.fullmatch(pattern, overrides("prod")["AlarmEmail"])
    assert re.fullmatch(pattern, "on-call@example.com")
    assert re.fullmatch(pattern, "")


@each_environment
def test_a_fifo_queue_gives_up_only_after_each_message_of_a_batch_had_its_tries(
    template: dict[str, Any], environment: str
) -> None:
    values = {name: parameter["Default"] for name, parameter in template["Parameters"].items()} | overrides(environment)
    if "FifoQueueMaxReceiveCount" in values:
        tries = int(values["MaxReceiveCount"]) * int(values["FifoBatchSize"])
        assert int(values["FifoQueueMaxReceiveCount"]) >= 2 * tries
    assert int(values["VisibilityTimeout"]) >= int(values["FunctionTimeout"])  # or Lambda refuses it


def test_only_the_emulators_visibility_timeout_is_under_what_aws_advises(template: dict[str, Any]) -> None:
    for environment in STAGES:
        values = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
        values |= overrides(environment)
        advised = 6 * int(values["FunctionTimeout"]) + int(values.get("StandardBatchingWindow", 0))
        assert (int(values["VisibilityTimeout"]) >= advised) == (environment != "local")
