"""The metrics line of a batch, against the schema of CloudWatch's embedded metric format."""

import json
import time
from typing import Any

import jsonschema
import pytest
from partial_batch import Message, PermanentFailure, batch_handler, bulk_handler

from tests.support import FIFO_ARN, fifo_event, record, reported, standard_event
from tests.unit.conftest import SentMessages

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
NAMESPACE_VARIABLE = "PARTIAL_BATCH_METRICS_NAMESPACE"
COUNTS = ("MessagesSucceeded", "MessagesFailed", "MessagesUnprocessed", "MessagesDeadLettered")

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
# has it under "Embedded metric format schema"; titles, ids and examples are left out. The lengths of names are not
# from there.
UNITS = (
    "Seconds|Microseconds|Milliseconds|Bytes|Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits|Megabits|Gigabits"
    "|Terabits|Percent|Count|Bytes/Second|Kilobytes/Second|Megabytes/Second|Gigabytes/Second|Terabytes/Second"
    "|Bits/Second|Kilobits/Second|Megabits/Second|Gigabits/Second|Terabits/Second|Count/Second|None"
)
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "pattern": "^(.*)$", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "minItems": 1,
                                    "maxItems": 30,
                                    "items": {
                                        "type": "string",
                                        "pattern": "^(.*)$",
                                        "minLength": 1,
                                        "maxLength": 250,
                                    },
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": {
                                            "type": "string",
                                            "pattern": "^(.*)$",
                                            "minLength": 1,
                                            "maxLength": 1024,
                                        },
                                        "Unit": {"type": "string", "pattern": f"^({UNITS})$"},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


class Context:
    function_name = "consumer"

    def __init__(self, *milliseconds: int) -> None:
        self.milliseconds = milliseconds or (900_000,)

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds[0]


def process(message: Message) -> None:
    if message.body == "bad":
        raise ValueError("no")
    if message.body == "dead":
        raise PermanentFailure("never")


def process_all(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message.body == "bad"]


def the_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What stands on standard output, after a look at its form: one line, valid by the schema and what it refers to."""
    output = capsys.readouterr().out
    assert output.endswith("\n")
    assert output.count("\n") == 1
    line: dict[str, Any] = json.loads(output)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(line)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    # "Target members" by the specification: what the directive names stands in the root node.
    for names in directive["Dimensions"]:
        assert all(isinstance(line[name], str) and line[name] for name in names)
    assert len(directive["Metrics"]) <= 100
    assert all(type(line[metric["Name"]]) is int for metric in directive["Metrics"])
    assert {metric["Name"] for metric in directive["Metrics"]} == {"MessagesReceived", *COUNTS}
    assert {metric["Unit"] for metric in directive["Metrics"]} == {"Count"}
    assert line["MessagesReceived"] == sum(line[name] for name in COUNTS)
    return line


def counts(line: dict[str, Any]) -> tuple[int, ...]:
    """Received, succeeded, failed, unprocessed, dead-lettered."""
    return line["MessagesReceived"], *(line[name] for name in COUNTS)


def test_there_is_one_line_a_batch_with_everything_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    handler = batch_handler(process, metrics_namespace="Orders")

    before = time.time()
    handler(standard_event("1", "2"), Context())
    after = time.time()

    line = the_line(capsys)
    assert int(before * 1000) <= line["_aws"]["Timestamp"] <= after * 1000
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Orders"
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["FunctionName", "QueueName"]]
    assert line["FunctionName"] == "consumer"
    assert line["QueueName"] == "orders"
    handler(standard_event("3"), Context())
    assert counts(the_line(capsys)) == (1, 1, 0, 0, 0)


def test_each_message_is_counted_once_by_what_became_of_it(
    capsys: pytest.CaptureFixture[str], sent: SentMessages
) -> None:
    sent.accepts()
    handler = batch_handler(
        process, metrics_namespace="Orders", dead_letter_queue=f"{QUEUE}.fifo", on_fifo_failure="skip_group"
    )
    bodies = {"a1": "good", "a2": "bad", "a3": "good", "a4": "good", "b1": "dead", "b2": "good", "c1": "bad"}

    response = handler(
        {"Records": [record(name, body, arn=FIFO_ARN, group=name[0]) for name, body in bodies.items()]}, Context()
    )

    assert reported(response) == ["a2", "a3", "a4", "c1"]
    assert counts(the_line(capsys)) == (7, 2, 2, 2, 1)


def test_what_a_stopped_batch_never_started_is_unprocessed(capsys: pytest.CaptureFixture[str]) -> None:
    event = fifo_event("a1", "b1", "c1")
    event["Records"][0]["body"] = "bad"

    batch_handler(process, metrics_namespace="Orders")(event, Context())

    assert counts(the_line(capsys)) == (3, 0, 1, 2, 0)


def test_with_no_time_left_all_are_unprocessed(capsys: pytest.CaptureFixture[str]) -> None:
    batch_handler(process, metrics_namespace="Orders", time_reserve=5)(standard_event("1", "2"), Context(1000))

    assert counts(the_line(capsys)) == (2, 0, 0, 2, 0)


@pytest.mark.parametrize("options", [{}, {"concurrency": 3}])
@pytest.mark.parametrize("kind", ["plain", "async"])
def test_it_is_the_same_for_threads_and_tasks(
    kind: str, options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    async def asynchronous(message: Message) -> None:
        process(message)

    handler = batch_handler(process if kind == "plain" else asynchronous, metrics_namespace="Orders", **options)
    event = {"Records": [record("1"), record("2", "bad"), record("3"), record("4", "bad")]}

    handler(event, Context())

    assert counts(the_line(capsys)) == (4, 2, 2, 0, 0)


@pytest.mark.parametrize("make", [batch_handler, bulk_handler])
def test_a_batch_without_messages_counts_none_and_has_no_queue(make: Any, capsys: pytest.CaptureFixture[str]) -> None:
    make(process, metrics_namespace="Orders")({"Records": []}, Context())

    line = the_line(capsys)
    assert counts(line) == (0, 0, 0, 0, 0)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["FunctionName"]]


class TestOfABulkHandler:
    def test_failed_and_succeeded_messages_are_counted(self, capsys: pytest.CaptureFixture[str]) -> None:
        event = {"Records": [record("1"), record("2", "bad"), record("3")]}

        bulk_handler(process_all, metrics_namespace="Orders")(event, Context())

        line = the_line(capsys)
        assert counts(line) == (3, 2, 1, 0, 0)
        assert line["QueueName"] == "orders"

    def test_what_goes_back_behind_a_failed_message_of_its_group_is_unprocessed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = fifo_event("a1", "b1", "a2")
        event["Records"][0]["body"] = "bad"

        bulk_handler(process_all, metrics_namespace="Orders")(event, Context())

        assert counts(the_line(capsys)) == (3, 1, 1, 1, 0)

    def test_when_the_function_raises_all_failed(self, capsys: pytest.CaptureFixture[str]) -> None:
        @bulk_handler(metrics_namespace="Orders")
        def handler(messages: list[Message]) -> None:
            raise ValueError("no")

        handler(standard_event("1", "2"), Context())

        assert counts(the_line(capsys)) == (2, 0, 2, 0, 0)

    def test_when_it_raises_a_permanent_failure_all_are_dead_lettered(
        self, capsys: pytest.CaptureFixture[str], sent: SentMessages
    ) -> None:
        sent.accepts(2)

        @bulk_handler(metrics_namespace="Orders", dead_letter_queue=QUEUE)
        def handler(messages: list[Message]) -> None:
            raise PermanentFailure("never")

        assert reported(handler(standard_event("1", "2"), Context())) == []
        assert counts(the_line(capsys)) == (2, 0, 0, 0, 2)


def test_a_batch_that_is_raised_for_has_its_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    handler = batch_handler(process, metrics_namespace="Orders", raise_if_all_failed=True)

    with pytest.raises(RuntimeError):
        handler({"Records": [record("1", "bad")]}, Context())

    assert counts(the_line(capsys)) == (1, 0, 1, 0, 0)


def test_an_invalid_event_is_no_batch_and_has_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="Records"):
        batch_handler(process, metrics_namespace="Orders")({}, Context())

    assert capsys.readouterr().out == ""


class TestFunctionName:
    @pytest.mark.parametrize("context", [None, object()], ids=["no context", "one without a name"])
    def test_it_comes_from_the_environment_when_the_context_has_none(
        self, context: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "from-the-environment")

        batch_handler(process, metrics_namespace="Orders")(standard_event("1"), context)

        assert the_line(capsys)["FunctionName"] == "from-the-environment"

    def test_the_context_s_comes_first(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "from-the-environment")

        batch_handler(process, metrics_namespace="Orders")(standard_event("1"), Context())

        assert the_line(capsys)["FunctionName"] == "consumer"

    def test_without_any_it_is_left_out_since_cloudwatch_takes_no_empty_value(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        batch_handler(process, metrics_namespace="Orders")(standard_event("1"))

        line = the_line(capsys)
        assert "FunctionName" not in line
        assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["QueueName"]]


class TestNamespace:
    @pytest.mark.parametrize("make", [batch_handler, bulk_handler])
    def test_without_one_nothing_is_written(self, make: Any, capsys: pytest.CaptureFixture[str]) -> None:
        make(lambda _: None)(standard_event("1"), Context())

        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("make", [batch_handler, bulk_handler])
    def test_it_may_come_from_the_environment(
        self, make: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(NAMESPACE_VARIABLE, "FromTheEnvironment")

        make(lambda _: None)(standard_event("1"), Context())

        assert the_line(capsys)["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "FromTheEnvironment"

    def test_the_option_comes_first(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(NAMESPACE_VARIABLE, "FromTheEnvironment")

        batch_handler(process, metrics_namespace="Orders")(standard_event("1"), Context())

        assert the_line(capsys)["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Orders"

    def test_an_empty_one_in_the_environment_is_none(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(NAMESPACE_VARIABLE, "")

        batch_handler(process)(standard_event("1"), Context())

        assert capsys.readouterr().out == ""
