"""How a change reaches the messages, and how it is undone."""

from typing import Any

import pytest

from tests.support import HALVES, Half
from tests.template.translation import NAMES, deploy, each_queue, properties, resources_of_type

each_stage = pytest.mark.parametrize("stage", ["dev", "prod", "local"])


def versions(template: dict[str, Any]) -> set[str]:
    """The logical ids of the functions' versions: CloudFormation publishes one for each id that is new."""
    return set(resources_of_type(template, "AWS::Lambda::Version"))


class TestAlias:
    @each_queue
    def test_a_mapping_invokes_the_alias_live(self, template: dict[str, Any], name: str) -> None:
        alias = f"{name}ConsumerFunctionAliaslive"

        assert properties(template, f"{name}EventSource")["FunctionName"] == {"Ref": alias}
        assert properties(template, alias)["Name"] == "live"
        assert properties(template, alias)["FunctionName"] == {"Ref": f"{name}ConsumerFunction"}

    def test_the_same_again_publishes_nothing(self) -> None:
        deploy.cache_clear()
        assert (before := versions(deploy())) == versions(deploy(Stage="dev"))
        assert len(before) == len(NAMES)

    @pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
    def test_new_code_publishes_a_version(self, half: Half) -> None:
        folder = f"CodeUri: {half.code}"
        published = versions(deploy((folder, f"{folder}/changed"))) - versions(deploy())

        assert [version.split("Version")[0] for version in published] == [f"{half.prefix}ConsumerFunction"]

    def test_a_new_layer_alone_publishes_a_version_of_each_function(self) -> None:
        changed = deploy(("ContentUri: layers/partial_batch", "ContentUri: layers/changed"))

        assert not versions(changed) & versions(deploy())

    @pytest.mark.parametrize("parameter", ["BackoffBase", "FunctionTimeout", "MaxReceiveCount"])
    def test_a_changed_parameter_of_the_functions_publishes_a_version_of_each(self, parameter: str) -> None:
        assert not versions(deploy(**{parameter: "7"})) & versions(deploy())

    @pytest.mark.parametrize("parameter", ["MaximumConcurrency", "FailureShare", "LogRetentionDays"])
    def test_one_that_is_not_the_functions_publishes_none_since_lambda_would_refuse_an_equal_one(
        self, parameter: str
    ) -> None:
        assert versions(deploy(**{parameter: "7"})) == versions(deploy())

    @each_stage
    def test_nor_does_another_stage(self, stage: str) -> None:
        assert versions(deploy(Stage=stage)) == versions(deploy())


class TestRollback:
    @each_queue
    @pytest.mark.parametrize(("stage", "way"), [("dev", "AllAtOnce"), ("prod", "Canary10Percent10Minutes")])
    def test_traffic_moves_all_at_once_in_dev_and_as_a_canary_in_prod(self, name: str, stage: str, way: str) -> None:
        deployed = deploy(Stage=stage)
        group = properties(deployed, f"{name}ConsumerFunctionDeploymentGroup")
        update = deployed["Resources"][f"{name}ConsumerFunctionAliaslive"]["UpdatePolicy"]

        assert group["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": way}
        assert update["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"] == {
            "Ref": f"{name}ConsumerFunctionDeploymentGroup"
        }

    @each_queue
    @pytest.mark.parametrize("stage", ["dev", "prod"])
    def test_it_goes_back_on_an_alarm_that_the_new_code_can_cause_and_end(self, name: str, stage: str) -> None:
        group = properties(deploy(Stage=stage), f"{name}ConsumerFunctionDeploymentGroup")

        assert group["AlarmConfiguration"] == {
            "Enabled": True,
            "Alarms": [
                {"Name": {"Ref": f"{name}FunctionErrorsAlarm"}},
                {"Name": {"Ref": f"{name}FailureShareAlarm"}},
            ],
        }
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]

    @each_queue
    def test_code_that_is_to_end_an_alarm_can_be_let_out(self, name: str) -> None:
        group = properties(deploy(Stage="prod", RollbackOnAlarm="false"), f"{name}ConsumerFunctionDeploymentGroup")

        assert not group.get("AlarmConfiguration")

    def test_a_canary_that_fails_everything_rings(self, defaults: dict[str, Any]) -> None:
        tenth = 10  # percent of the messages: what a canary gets
        assert defaults["FailureShare"] < tenth

    @each_queue
    def test_the_alarms_ring_while_it_is_still_a_canary(self, template: dict[str, Any], name: str) -> None:
        canary = 10 * 60
        errors = properties(template, f"{name}FunctionErrorsAlarm")
        (share,) = {
            metric["MetricStat"]["Period"]
            for metric in properties(template, f"{name}FailureShareAlarm")["Metrics"]
            if "MetricStat" in metric
        }

        assert errors["Period"] * errors["EvaluationPeriods"] < canary
        assert share * properties(template, f"{name}FailureShareAlarm")["EvaluationPeriods"] < canary

    def test_the_emulator_which_has_no_codedeploy_gets_none(self) -> None:
        kinds = {resource["Type"] for resource in deploy(Stage="local")["Resources"].values()}

        assert not [kind for kind in kinds if kind.startswith("AWS::CodeDeploy::")]
        assert "AWS::Lambda::Alias" in kinds


@each_queue
def test_how_many_batches_run_at_once_is_limited(template: dict[str, Any], name: str) -> None:
    assert properties(template, f"{name}EventSource")["ScalingConfig"] == {
        "MaximumConcurrency": {"Ref": "MaximumConcurrency"}
    }


@each_queue
def test_a_mapping_is_paused_by_a_parameter_of_its_own(template: dict[str, Any], name: str) -> None:
    parameter = f"{name}EventSourceEnabled"

    assert properties(template, f"{name}EventSource")["Enabled"] == {"Ref": parameter}
    assert template["Parameters"][parameter]["Default"] == "true"
    assert template["Parameters"][parameter]["AllowedValues"] == ["true", "false"]


@each_queue
@pytest.mark.parametrize(
    ("stage", "deletion", "replacement"),
    [("dev", "Delete", "Delete"), ("prod", "RetainExceptOnCreate", "Retain"), ("local", "Delete", "Delete")],
)
def test_queues_outlive_the_stack_in_prod_only(name: str, stage: str, deletion: str, replacement: str) -> None:
    deployed = deploy(Stage=stage)

    for queue in (f"{name}Queue", f"{name}DeadLetterQueue"):
        assert deployed["Resources"][queue]["DeletionPolicy"] == deletion
        assert deployed["Resources"][queue]["UpdateReplacePolicy"] == replacement
