"""The queues, mappings and functions of the translated template, with the parameters' defaults."""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from tests.conftest import HAS_SQSLAB
from tests.support import HALVES, of_fifo
from tests.template.translation import NAMES, deploy, each_queue, is_fifo, properties, resources_of_type, translate


def test_the_resources_have_the_names_that_others_rely_on(template: dict[str, Any]) -> None:
    kinds = {
        "Queue": "AWS::SQS::Queue",
        "DeadLetterQueue": "AWS::SQS::Queue",
        "ConsumerFunction": "AWS::Lambda::Function",
        "EventSource": "AWS::Lambda::EventSourceMapping",
    }
    for name in NAMES:
        for suffix, kind in kinds.items():
            assert template["Resources"][name + suffix]["Type"] == kind
    assert len(resources_of_type(template, "AWS::Lambda::LayerVersion")) == 1


class TestQueues:
    @each_queue
    def test_a_queue_gives_a_message_to_its_dead_letter_queue_after_max_receive_count(
        self, template: dict[str, Any], name: str
    ) -> None:
        assert properties(template, f"{name}Queue")["RedrivePolicy"] == {
            "deadLetterTargetArn": {"Fn::GetAtt": [f"{name}DeadLetterQueue", "Arn"]},
            "maxReceiveCount": {"Ref": "FifoQueueMaxReceiveCount" if is_fifo(template, name) else "MaxReceiveCount"},
        }

    @of_fifo
    def test_the_fifo_queues_own_max_receive_count_is_a_backstop_behind_the_layers(
        self, defaults: dict[str, Any]
    ) -> None:
        assert defaults["FifoQueueMaxReceiveCount"] >= 2 * defaults["MaxReceiveCount"] * defaults["FifoBatchSize"]

    @each_queue
    def test_a_queue_and_its_dead_letter_queue_are_of_the_same_kind(self, template: dict[str, Any], name: str) -> None:
        kinds = [properties(template, f"{name}{suffix}").get("FifoQueue") for suffix in ("Queue", "DeadLetterQueue")]

        assert kinds in ([None, None], [True, True])

    def test_one_half_is_fifo_and_one_is_standard(self, template: dict[str, Any]) -> None:
        assert {kind: is_fifo(template, half.prefix) for kind, half in HALVES.items()} == {
            kind: kind == "fifo" for kind in HALVES
        }

    @of_fifo
    def test_two_equal_movements_are_two(self, template: dict[str, Any]) -> None:
        assert properties(template, f"{HALVES['fifo'].prefix}Queue")["ContentBasedDeduplication"] is False

    @each_queue
    def test_a_dead_letter_queue_keeps_messages_14_days_and_longer_than_its_source(
        self, template: dict[str, Any], name: str
    ) -> None:
        four_days = 345_600  # what a queue keeps unless told otherwise
        kept = properties(template, f"{name}DeadLetterQueue")["MessageRetentionPeriod"]

        assert kept == 14 * 24 * 60 * 60
        assert properties(template, f"{name}Queue").get("MessageRetentionPeriod", four_days) < kept

    @each_queue
    def test_the_visibility_timeout_is_at_least_6_times_the_functions_timeout_plus_the_window(
        self, template: dict[str, Any], defaults: dict[str, Any], name: str
    ) -> None:
        assert properties(template, f"{name}Queue")["VisibilityTimeout"] == {"Ref": "VisibilityTimeout"}
        assert properties(template, f"{name}ConsumerFunction")["Timeout"] == {"Ref": "FunctionTimeout"}
        window = defaults.get("StandardBatchingWindow", 0)
        assert defaults["VisibilityTimeout"] >= 6 * defaults["FunctionTimeout"] + window

    def test_a_message_is_tried_more_than_once(self, template: dict[str, Any]) -> None:
        assert template["Parameters"]["MaxReceiveCount"]["MinValue"] >= 2
        assert template["Parameters"]["MaxReceiveCount"]["Default"] >= 3


class TestMappings:
    @each_queue
    def test_a_mapping_heeds_the_response_of_the_function(self, template: dict[str, Any], name: str) -> None:
        mapping = properties(template, f"{name}EventSource")

        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["EventSourceArn"] == {"Fn::GetAtt": [f"{name}Queue", "Arn"]}
        assert mapping["FunctionName"] == {"Ref": f"{name}ConsumerFunctionAliaslive"}
        assert mapping["BatchSize"]["Ref"] == ("FifoBatchSize" if is_fifo(template, name) else "StandardBatchSize")
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}}

    @each_queue
    def test_only_a_standard_queue_has_a_window(self, template: dict[str, Any], name: str) -> None:
        window = properties(template, f"{name}EventSource").get("MaximumBatchingWindowInSeconds")

        assert window == (None if is_fifo(template, name) else {"Ref": "StandardBatchingWindow"})

    @pytest.mark.parametrize(
        ("name", "least", "most"),
        [
            ("StandardBatchSize", 1, 10_000),
            ("FifoBatchSize", 1, 10),
            ("StandardBatchingWindow", 0, 300),
            ("MaximumConcurrency", 2, 1_000),
            ("FunctionTimeout", 3, 900),  # above the layer's time_reserve of 1
            ("VisibilityTimeout", 1, 43_200),
        ],
    )
    def test_the_parameters_stay_within_what_lambda_takes(
        self, template: dict[str, Any], name: str, least: int, most: int
    ) -> None:
        parameter = template["Parameters"].get(name)  # a half that was dropped takes its own with it

        assert parameter is None or (parameter["MinValue"], parameter["MaxValue"]) == (least, most)


class TestFunctions:
    @each_queue
    def test_a_function_runs_on_python_313_with_the_layer(self, template: dict[str, Any], name: str) -> None:
        function = properties(template, f"{name}ConsumerFunction")
        (layer,) = resources_of_type(template, "AWS::Lambda::LayerVersion")

        assert function["Runtime"] == "python3.13"
        assert function["Handler"] == "app.lambda_handler"
        assert function["Layers"] == [{"Ref": layer}]

    @each_queue
    def test_a_function_knows_its_dead_letter_queue_and_the_receive_count(
        self, template: dict[str, Any], name: str
    ) -> None:
        assert properties(template, f"{name}ConsumerFunction")["Environment"]["Variables"] == {
            "BACKOFF_BASE": {"Ref": "BackoffBase"},
            "DEAD_LETTER_QUEUE_URL": {"Ref": f"{name}DeadLetterQueue"},
            "MAX_RECEIVE_COUNT": {"Ref": "MaxReceiveCount"},
            "PARTIAL_BATCH_METRICS_NAMESPACE": "PartialBatch",
        }

    def test_x86_64_is_the_default_and_arm64_a_choice(self, template: dict[str, Any]) -> None:
        assert template["Parameters"]["Architecture"]["Default"] == "x86_64"
        for name in NAMES:
            assert properties(template, f"{name}ConsumerFunction")["Architectures"] == [{"Ref": "Architecture"}]
        (layer,) = resources_of_type(deploy(Architecture="arm64"), "AWS::Lambda::LayerVersion").values()
        assert layer["Properties"]["CompatibleArchitectures"] == ["arm64"]


class TestOutputs:
    @each_queue
    @pytest.mark.parametrize(
        ("suffix", "resource", "attribute"),
        [
            ("QueueUrl", "Queue", None),
            ("QueueArn", "Queue", "Arn"),
            ("DeadLetterQueueUrl", "DeadLetterQueue", None),
            ("DeadLetterQueueArn", "DeadLetterQueue", "Arn"),
            ("ConsumerFunctionName", "ConsumerFunction", None),
            ("ConsumerLogGroupName", "ConsumerLogGroup", None),
            ("EventSourceId", "EventSource", None),
        ],
    )
    def test_they_name_what_a_user_needs_next_and_say_what_it_is(
        self, template: dict[str, Any], name: str, suffix: str, resource: str, attribute: str | None
    ) -> None:
        output = template["Outputs"][name + suffix]

        expected = {"Fn::GetAtt": [name + resource, attribute]} if attribute else {"Ref": name + resource}
        assert output["Value"] == expected
        assert len(output["Description"]) > 20

    @pytest.mark.parametrize(("output", "resource"), [("AlarmTopicArn", "AlarmTopic"), ("DashboardName", "Dashboard")])
    def test_they_name_where_alarms_go_and_the_dashboard(
        self, template: dict[str, Any], output: str, resource: str
    ) -> None:
        assert template["Outputs"][output]["Value"] == {"Ref": resource}
        assert len(template["Outputs"][output]["Description"]) > 20


@pytest.mark.parametrize("stage", ["prod", "local"])
def test_cfn_lint_finds_nothing_in_what_is_deployed(
    stage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not HAS_SQSLAB:
        monkeypatch.chdir(tmp_path)  # away from .cfnlintrc, which names its rules
    findings = lint(json.dumps(translate(Stage=stage)), regions=["us-east-1"])

    # SAM has used up the mapping, and where there is no CodeDeploy a condition: these are the rules on unused ones.
    assert [str(finding) for finding in findings if finding.rule.id not in ("W7001", "W8001")] == []
