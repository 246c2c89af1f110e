"""Invoke in virtual time: what it answers when a function returns, raises, crashes, takes too long or is throttled."""

import json
import sys

import pytest
from botocore.exceptions import ClientError

from sqslab.mapping.event_source_mapping import EventSourceMapping, take_over_mappings
from sqslab.simulator import Crash, SimulatedFunctions, Throttle


@pytest.fixture
def functions(clock):
    return SimulatedFunctions(clock)


def invoke(functions, name="ship", event=None):
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event or {}).encode())
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def test_a_return_value_is_the_payload(functions):
    arn = functions.add_function("ship", lambda event, context: {"got": event["a"], "by": context.function_name})
    assert invoke(functions, arn + ":live", {"a": "ü"}) == ({"got": "ü", "by": "ship"}, None)


def test_an_exception_is_a_function_error_that_names_it(functions):
    def fail(event, context):
        raise ValueError("no")

    functions.add_function("ship", fail)
    payload, error = invoke(functions)
    assert error == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "no")
    assert "fail" in payload["stackTrace"][0]


@pytest.mark.parametrize("error", [Crash, SystemExit])
def test_a_crash_is_a_function_error(functions, error):
    def crash(event, context):
        raise error

    functions.add_function("ship", crash)
    payload, kind = invoke(functions)
    assert (payload["errorType"], kind) == ("Runtime.ExitError", "Unhandled")


def test_an_answer_that_is_no_json_is_a_function_error(functions):
    functions.add_function("ship", lambda event, context: {1, 2})
    payload, kind = invoke(functions)
    assert (payload["errorType"], kind) == ("Runtime.MarshalError", "Unhandled")


def test_a_function_takes_its_time(functions, clock):
    functions.add_function(
        "ship", lambda event, context: context.get_remaining_time_in_millis(), timeout=10, duration=4
    )
    assert invoke(functions) == (6000, None)
    assert clock.monotonic() == 4


def test_a_function_is_ended_at_its_timeout(functions, clock):
    steps = []

    def hang(event, context):
        for step in range(5):
            clock.wait(None, 2)
            steps.append(step)

    functions.add_function("ship", hang, timeout=5)
    payload, kind = invoke(functions)
    assert (payload["errorType"], kind) == ("Sandbox.Timedout", "Unhandled")
    assert "5.00 seconds" in payload["errorMessage"]
    assert steps == [0, 1]
    assert clock.monotonic() == 5


def test_a_function_that_swallows_its_end_is_ended_all_the_same(functions, clock):
    def swallow(event, context):
        try:
            clock.wait(None, 60)
        except BaseException:
            return "done"

    functions.add_function("ship", swallow, timeout=5)
    payload, kind = invoke(functions)
    assert (payload["errorType"], kind) == ("Sandbox.Timedout", "Unhandled")


def test_more_at_once_than_the_concurrency_are_throttled(functions, clock):
    functions.add_function("ship", lambda event, context: "done", duration=1, concurrency=1)
    task = clock.start(lambda: invoke(functions), "first")
    clock.wait(None, 0.5)
    with pytest.raises(ClientError) as refused:
        invoke(functions)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    task.join()
    assert invoke(functions) == ("done", None)


def test_a_throttle_can_be_ordered(functions):
    def throttle(event):
        raise Throttle

    functions.add_function("ship", sys.exit, duration=throttle)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        invoke(functions)
    assert functions.functions["ship"].invocations == 0


def test_what_cannot_be_invoked_is_refused(functions):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        invoke(functions)
    functions.add_function("ship", lambda event, context: None)
    with pytest.raises(ClientError, match="RequestTooLargeException"):
        functions.invoke(FunctionName="ship", Payload=b'"' + b"x" * 6 * 1024 * 1024 + b'"')


def test_a_function_can_be_described_by_its_name_and_its_arn_until_it_is_deleted(functions):
    arn = functions.add_function("ship", lambda event, context: None, timeout=2.5)
    for name in ("ship", arn, arn + ":live"):
        described = functions.get_function_configuration(FunctionName=name)
        assert (described["FunctionArn"], described["Timeout"]) == (arn, 3)  # whole seconds
    functions.delete_function(FunctionName=arn)
    for ask in (functions.get_function_configuration, functions.delete_function):
        with pytest.raises(ClientError) as refused:
            ask(FunctionName="ship")
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_the_concurrency_of_a_function_can_be_changed(functions):
    functions.add_function("ship", lambda event, context: "done")
    functions.put_function_concurrency(FunctionName="ship", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        invoke(functions)
    functions.delete_function_concurrency(FunctionName="ship")
    assert invoke(functions) == ("done", None)


def test_a_mapping_can_be_described_changed_and_deleted(functions):
    functions.add_function("ship", lambda event, context: None)
    queue_arn = "arn:aws:sqs:us-east-1:000000000000:orders"
    uuid, other = (
        functions.create_event_source_mapping(EventSourceArn=queue_arn, FunctionName="ship")["UUID"] for _ in "12"
    )
    functions.update_event_source_mapping(UUID=uuid, BatchSize=3, Enabled=False)
    described = functions.get_event_source_mapping(UUID=uuid)
    assert (described["BatchSize"], described["State"]) == (3, "Disabled")
    functions.delete_event_source_mapping(UUID=uuid)
    assert functions.create_event_source_mapping(EventSourceArn=queue_arn, FunctionName="ship")["UUID"] != other
    for ask in (functions.get_event_source_mapping, functions.delete_event_source_mapping):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            ask(UUID=uuid)


def test_the_mappings_can_be_taken_over(functions):
    arn = functions.add_function("ship", lambda event, context: None)
    queue_arn = "arn:aws:sqs:us-east-1:000000000000:orders"
    created = functions.create_event_source_mapping(
        EventSourceArn=queue_arn, FunctionName="ship", BatchSize=5, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    [mapping] = take_over_mappings(functions)
    assert isinstance(mapping, EventSourceMapping)
    assert (mapping.uuid, mapping.queue_arn, mapping.function_arn) == (created["UUID"], queue_arn, arn)
    assert (mapping.batch_size, mapping.reports_item_failures) == (5, True)
    assert functions.list_event_source_mappings()["EventSourceMappings"][0]["State"] == "Disabled"
