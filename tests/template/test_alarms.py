"""Failures are seen: what rings, when, and that it says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from partial_batch import Message, batch_handler

from tests.support import HALVES, Context, standard_event
from tests.template.translation import NAMES, deploy, each_queue, properties, resources_of_type, translate

KINDS = ["QueueAge", "DeadLetterQueue", "FailureShare", "FunctionErrors", "FunctionThrottles"]
each_alarm = pytest.mark.parametrize("alarm", [f"{name}{kind}Alarm" for name in NAMES for kind in KINDS])


def watched(alarm: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """The one metric of an alarm: namespace, name, dimensions."""
    return alarm["Namespace"], alarm["MetricName"], {each["Name"]: each["Value"] for each in alarm["Dimensions"]}


def queue_name(resource: str) -> dict[str, Any]:
    return {"QueueName": {"Fn::GetAtt": [resource, "QueueName"]}}


@each_queue
def test_the_age_of_a_queues_oldest_message_rings(template: dict[str, Any], name: str) -> None:
    alarm = properties(template, f"{name}QueueAgeAlarm")

    assert watched(alarm) == ("AWS/SQS", "ApproximateAgeOfOldestMessage", queue_name(f"{name}Queue"))
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    assert alarm["Threshold"] == {"Ref": "MaximumMessageAge"}


@each_queue
def test_any_message_in_a_dead_letter_queue_rings(template: dict[str, Any], name: str) -> None:
    alarm = properties(template, f"{name}DeadLetterQueueAlarm")

    # not NumberOfMessagesSent, in which SQS does not count what it moves there
    assert watched(alarm) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue_name(f"{name}DeadLetterQueue"))
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (0, 1)


class TestFailureShare:
    @each_queue
    def test_the_share_of_messages_that_the_layer_reports_as_failed_rings(
        self, template: dict[str, Any], name: str
    ) -> None:
        alarm = properties(template, f"{name}FailureShareAlarm")
        metrics = {metric["Id"]: metric for metric in alarm["Metrics"]}

        assert [metric["Id"] for metric in alarm["Metrics"] if metric["ReturnData"]] == ["share"]
        assert "100 * failed / received" in metrics["share"]["Expression"]
        for identifier, metric_name in {"failed": "MessagesFailed", "received": "MessagesReceived"}.items():
            measured = metrics[identifier]["MetricStat"]
            assert measured["Metric"]["MetricName"] == metric_name
            assert measured["Stat"] == "Sum"
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["Threshold"] == {"Ref": "FailureShare"}

    @each_queue
    def test_its_metrics_are_those_the_layer_writes(
        self, template: dict[str, Any], name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def handle(message: Message) -> None: ...

        function = properties(template, f"{name}ConsumerFunction")
        namespace = function["Environment"]["Variables"]["PARTIAL_BATCH_METRICS_NAMESPACE"]
        batch_handler(metrics_namespace=namespace)(handle)(standard_event("1"), Context(30))
        (written,) = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
        (dimensions,) = written["Dimensions"]

        for metric in properties(template, f"{name}FailureShareAlarm")["Metrics"]:
            if "MetricStat" in metric:
                read = metric["MetricStat"]["Metric"]
                assert read["Namespace"] == written["Namespace"] == namespace
                assert {"Name": read["MetricName"], "Unit": "Count"} in written["Metrics"]
                assert [each["Name"] for each in read["Dimensions"]] == dimensions
                assert {each["Name"]: each["Value"] for each in read["Dimensions"]} == {
                    "FunctionName": {"Ref": f"{name}ConsumerFunction"},
                    **queue_name(f"{name}Queue"),
                }

    @each_queue
    def test_one_failure_of_one_message_does_not_ring(self, template: dict[str, Any], name: str) -> None:
        (share,) = (
            metric for metric in properties(template, f"{name}FailureShareAlarm")["Metrics"] if metric["Id"] == "share"
        )

        assert share["Expression"] == "IF(received >= 10, 100 * failed / received, 0)"


@each_queue
@pytest.mark.parametrize(("kind", "metric"), [("FunctionErrors", "Errors"), ("FunctionThrottles", "Throttles")])
def test_errors_and_throttles_of_a_function_ring(template: dict[str, Any], name: str, kind: str, metric: str) -> None:
    alarm = properties(template, f"{name}{kind}Alarm")

    assert watched(alarm) == ("AWS/Lambda", metric, {"FunctionName": {"Ref": f"{name}ConsumerFunction"}})
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == ("Sum", "GreaterThanThreshold", 0)


def test_there_is_no_other_alarm(template: dict[str, Any]) -> None:
    assert resources_of_type(template, "AWS::CloudWatch::Alarm").keys() == {
        f"{half.prefix}{kind}Alarm" for half in HALVES.values() for kind in KINDS
    }


@each_alarm
def test_a_quiet_night_does_not_ring(template: dict[str, Any], alarm: str) -> None:
    assert properties(template, alarm)["TreatMissingData"] == "notBreaching"


@each_alarm
def test_an_alarm_and_its_end_go_to_the_topic(template: dict[str, Any], alarm: str) -> None:
    assert properties(template, alarm)["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert properties(template, alarm)["OKActions"] == [{"Ref": "AlarmTopic"}]


@each_queue
@pytest.mark.parametrize("kind", KINDS)
def test_its_description_says_what_it_means_what_to_do_first_and_where_to_read_on(
    template: dict[str, Any], name: str, kind: str
) -> None:
    description = properties(template, f"{name}{kind}Alarm")["AlarmDescription"]

    assert "Look first at" in description or "Look first for" in description
    assert description.endswith(f"See docs/operations.md, {kind}Alarm.")
    assert len(description) <= 1024  # all that CloudWatch takes


def test_the_page_that_the_descriptions_name_has_a_section_for_each() -> None:
    page = Path(__file__).parents[2] / "docs" / "operations.md"
    if not page.exists():
        pytest.skip("the docs have been dropped")

    assert {f"### {kind}Alarm" for kind in KINDS} <= set(page.read_text().splitlines())


class TestTopic:
    def test_an_address_is_subscribed_if_one_is_given(self, template: dict[str, Any]) -> None:
        subscription = template["Resources"]["AlarmSubscription"]

        assert subscription["Condition"] == "HasAlarmEmail"
        assert template["Conditions"]["HasAlarmEmail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}
        assert subscription["Properties"] == {
            "TopicArn": {"Ref": "AlarmTopic"},
            "Protocol": "email",
            "Endpoint": {"Ref": "AlarmEmail"},
        }
        assert template["Parameters"]["AlarmEmail"]["Default"] == ""

    def test_it_is_encrypted_with_a_key_that_alarms_may_use(self) -> None:
        """The key that AWS manages for SNS is none of those."""
        given = "arn:aws:kms:us-east-1:123456789012:key/0123"
        statements = properties(translate(), "AlarmTopicKey")["KeyPolicy"]["Statement"]

        assert properties(deploy(), "AlarmTopic")["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlarmTopicKey", "Arn"]}
        assert properties(deploy(KmsKeyArn=given), "AlarmTopic")["KmsMasterKeyId"] == given
        assert translate()["Resources"]["AlarmTopicKey"]["Condition"] == "HasNoKey"
        assert [
            (statement["Action"], statement["Condition"])
            for statement in statements
            if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        ] == [
            (
                ["kms:Decrypt", "kms:GenerateDataKey*"],
                {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
            )
        ]

    def test_only_alarms_of_this_account_may_publish_and_only_with_tls(self, template: dict[str, Any]) -> None:
        policy = properties(template, "AlarmTopicPolicy")
        allow, deny = policy["PolicyDocument"]["Statement"]

        assert policy["Topics"] == [{"Ref": "AlarmTopic"}]
        assert (allow["Effect"], allow["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
        assert allow["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
        assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert {allow["Action"], deny["Action"]} == {"sns:Publish"}
        assert allow["Resource"] == deny["Resource"] == {"Ref": "AlarmTopic"}
