"""This project's template, with one thing of it broken: a fork that breaks it is told."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.rules import Rules
from cfnlint.runner.template import run_template_by_data
from samtranslator.yaml_helper import yaml_parse

from tests.conftest import ROOT
from tests.support import HALVES, of_fifo, of_standard

pytest.importorskip("sqslab.lint")

Template = dict[str, Any]


def load() -> Template:
    template: Template = yaml_parse((ROOT / "template.yaml").read_text())
    return template


def properties(template: Template, name: str) -> Template:
    found: Template = template["Resources"][name]["Properties"]
    return found


def ids(text: str) -> list[str]:
    """The numbers of what sqslab's rules find in a template, with this project's configuration."""
    decoded, errors = decode_str(text)
    assert not errors, errors
    configuration = yaml_parse((ROOT / ".cfnlintrc").read_text())["configure_rules"]
    settings = ConfigMixIn([], regions=["us-east-1"], configure_rules=configuration)
    return [match.rule.id for match in run_template_by_data(decoded, settings, Rules.create_from_module("sqslab.lint"))]


def new_findings(change: Callable[[Template], Any]) -> list[str]:
    template = load()
    before = ids(json.dumps(template))
    change(template)
    return sorted((Counter(ids(json.dumps(template))) - Counter(before)).elements())


BREAKS: dict[str, Callable[[Template, str], Any]] = {
    "E9901": lambda t, half: properties(t, f"{half}EventSource").pop("FunctionResponseTypes"),
    "E9902": lambda t, half: properties(t, f"{half}Queue").update(VisibilityTimeout=1),
    "W9903": lambda t, half: properties(t, f"{half}Queue").update(VisibilityTimeout=100),
    "E9904": lambda t, half: properties(t, f"{half}Queue").pop("RedrivePolicy"),
    "W9909": lambda t, half: properties(t, f"{half}Queue")["RedrivePolicy"].update(maxReceiveCount=1),
    "W9914": lambda t, half: properties(t, f"{half}Queue").update(SqsManagedSseEnabled=False, KmsMasterKeyId=""),
}


@pytest.mark.parametrize("half", [half.prefix for half in HALVES.values()])
@pytest.mark.parametrize("rule", BREAKS)
def test_a_break_is_found_and_nothing_else(rule, half):
    assert new_findings(lambda template: BREAKS[rule](template, half)) == [rule]


@pytest.mark.parametrize("half", [half.prefix for half in HALVES.values()])
def test_a_consumer_without_the_layer_is_found(half):
    def change(template: Template) -> None:
        layers = template["Globals"]["Function"].pop("Layers")
        for other in HALVES.values():
            if other.prefix != half:
                properties(template, f"{other.prefix}ConsumerFunction")["Layers"] = layers

    assert new_findings(change) == ["W9911"]


@of_standard
@of_fifo
def test_a_fifo_queue_with_the_standard_dead_letter_queue_is_found():
    def change(template: Template) -> None:
        standard, fifo = (properties(template, f"{HALVES[kind].prefix}Queue") for kind in ("standard", "fifo"))
        fifo["RedrivePolicy"]["deadLetterTargetArn"] = standard["RedrivePolicy"]["deadLetterTargetArn"]

    assert new_findings(change) == ["E9905"]


@of_fifo
def test_a_window_and_a_large_batch_on_fifo_are_found():
    def change(template: Template) -> None:
        mapping = properties(template, f"{HALVES['fifo'].prefix}EventSource")
        mapping.update(BatchSize=11, MaximumBatchingWindowInSeconds=1)

    assert [found for found in new_findings(change) if found != "W9903"] == ["E9907", "E9908"]
