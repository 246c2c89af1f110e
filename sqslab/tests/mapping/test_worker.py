"""What happens to the messages of a batch, by what the function and the queue answer."""

import json
import threading

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from sqslab.mapping.events import BatchDone, BatchKept, BatchReceived, Delivery, OutageBegan, OutageEnded
from sqslab.mapping.outages import Outages

SENT = 1_700_000_000.0  # of all messages that are made here


def aws_error(code, status=400, operation="Invoke"):
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )


def failures(*ids):
    return json.dumps({"batchItemFailures": [{"itemIdentifier": name} for name in ids]}).encode()


def test_what_succeeded_is_deleted_and_what_failed_stays(stage, make_mapping, make_message):
    # given
    mapping = make_mapping()
    stage.sqs.batches = [[make_message("a"), make_message("b", receive_count=2), make_message("c")]]
    stage.functions.answer = failures("b")
    # when
    stage.poller(mapping).poll_once()
    # then
    assert stage.deleted() == ["handle of a", "handle of c"]
    assert stage.mapping_events == [
        BatchReceived(mapping, tuple(Delivery(*delivery, SENT) for delivery in (("a", 1), ("b", 2), ("c", 1)))),
        BatchDone(mapping, deleted=("a", "c"), failed=("b",), undeleted={}),
    ]


def test_an_empty_queue_invokes_nothing(stage, make_mapping):
    stage.poller(make_mapping()).poll_once()
    assert stage.functions.events == []
    assert stage.mapping_events == []


@pytest.mark.parametrize("answer", [b"not JSON", failures(""), failures("unknown"), b'"text"'])
def test_an_invalid_response_deletes_nothing(stage, make_mapping, make_message, answer):
    mapping = make_mapping()
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.answer = answer
    stage.poller(mapping).poll_once()
    assert stage.sqs.deletes == []
    kept = stage.mapping_events[-1]
    assert isinstance(kept, BatchKept)
    assert kept.message_ids == ("a", "b")
    assert "response is invalid" in kept.reason


def test_a_function_that_fails_deletes_nothing(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a")]]
    stage.functions.function_error = "Unhandled"
    # what looks like a response is none when the function failed
    stage.functions.answer = b'{"errorType": "ValueError", "errorMessage": "no", "batchItemFailures": []}'
    stage.poller(make_mapping()).poll_once()
    assert stage.sqs.deletes == []
    assert stage.mapping_events[-1].reason == "the function failed: ValueError: no"


@pytest.mark.parametrize("payload", [b"", b"null", b"[1]", b"broken", b'{"errorMessage": null}'])
def test_a_function_that_fails_without_a_readable_reason_deletes_nothing(stage, make_mapping, make_message, payload):
    stage.sqs.batches = [[make_message("a")]]
    stage.functions.function_error = "Unhandled"
    stage.functions.answer = payload
    stage.poller(make_mapping()).poll_once()
    assert stage.sqs.deletes == []
    assert "the function failed" in stage.mapping_events[-1].reason


@pytest.mark.parametrize(
    "error",
    [
        aws_error("ResourceNotFoundException", 404),
        EndpointConnectionError(endpoint_url="http://endpoint"),
        ReadTimeoutError(endpoint_url="http://endpoint"),
    ],
    ids=["no such function", "no connection", "no answer"],
)
def test_an_invocation_that_does_not_come_about_deletes_nothing(stage, make_mapping, make_message, error):
    stage.sqs.batches = [[make_message("a")]]
    stage.functions.answer = error
    with pytest.raises(type(error)):  # so that the loop around it pauses
        stage.poller(make_mapping()).poll_once()
    assert stage.sqs.deletes == []
    assert "could not be invoked" in stage.mapping_events[-1].reason
    assert len(stage.functions.events) == 1  # it is not run twice


@pytest.mark.parametrize("answer", [failures("a"), b"not JSON", b"null", b'"text"'])
def test_without_report_batch_item_failures_any_return_deletes_all(stage, make_mapping, make_message, answer):
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.answer = answer
    stage.poller(make_mapping(reports_item_failures=False)).poll_once()
    assert stage.deleted() == ["handle of a", "handle of b"]


def test_without_report_batch_item_failures_a_failing_function_deletes_nothing(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a")]]
    stage.functions.function_error = "Unhandled"
    stage.poller(make_mapping(reports_item_failures=False)).poll_once()
    assert stage.sqs.deletes == []


def test_deletes_go_ten_a_call(stage, make_mapping, make_message):
    messages = [make_message(f"m{number}") for number in range(23)]
    stage.sqs.batches = [messages[:10], messages[10:20], messages[20:]]
    stage.poller(make_mapping(batch_size=23, window=300)).poll_once()
    assert [len(call) for call in stage.sqs.deletes] == [10, 10, 3]
    assert stage.deleted() == [message["ReceiptHandle"] for message in messages]


def test_a_delete_that_is_refused_is_told_and_the_others_count(stage, make_mapping, make_message):
    mapping = make_mapping()
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.sqs.refused = {"handle of a": "ReceiptHandleIsInvalid"}
    stage.poller(mapping).poll_once()
    done = BatchDone(mapping, deleted=("b",), failed=(), undeleted={"a": "ReceiptHandleIsInvalid"})
    assert stage.mapping_events[-1] == done


def test_a_delete_call_that_fails_is_told_for_each_of_its_messages(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.answer = failures("b")
    stage.sqs.delete_error = aws_error("InternalError", 500, "DeleteMessageBatch")
    mapping = make_mapping()
    stage.poller(mapping).poll_once()
    assert stage.mapping_events[-1] == BatchDone(mapping, (), failed=("b",), undeleted={"a": "InternalError: no"})


def test_a_message_that_stands_in_the_batch_twice_is_deleted_by_both_handles(stage, make_mapping, make_message):
    twice = [make_message("a", ReceiptHandle="first"), make_message("a", ReceiptHandle="second")]
    stage.sqs.batches = [twice]
    stage.poller(make_mapping()).poll_once()
    assert stage.deleted() == ["first", "second"]


def test_a_batch_of_up_to_ten_takes_one_receive_without_a_window(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a")], [make_message("b")]]
    stage.poller(make_mapping(batch_size=5)).poll_once()
    assert [request["MaxNumberOfMessages"] for request in stage.sqs.receives] == [5]
    assert len(stage.functions.events[0]["Records"]) == 1


def test_a_batch_over_ten_is_gathered_by_several_receives_and_never_exceeds_its_size(stage, make_mapping, make_message):
    messages = [make_message(f"m{number}") for number in range(12)]
    stage.sqs.batches = [messages[:10], messages[10:]]
    stage.poller(make_mapping(batch_size=12, window=300)).poll_once()
    assert [request["MaxNumberOfMessages"] for request in stage.sqs.receives] == [10, 2]
    (event,) = stage.functions.events
    assert [record["messageId"] for record in event["Records"]] == [message["MessageId"] for message in messages]


def test_the_window_ends_the_gathering(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a")], [], [make_message("b")]]
    stage.poller(make_mapping(batch_size=3, window=1)).poll_once()
    assert len(stage.functions.events) == 1


def test_what_was_gathered_before_a_receive_fails_goes_to_the_function(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a")], EndpointConnectionError(endpoint_url="http://endpoint")]
    stage.poller(make_mapping(batch_size=3, window=300)).poll_once()
    (event,) = stage.functions.events
    assert [record["messageId"] for record in event["Records"]] == ["a"]


def test_a_message_without_attributes_reaches_the_function(stage, make_mapping, make_message):
    message = make_message("a")
    del message["Attributes"]
    stage.sqs.batches = [[message]]
    stage.poller(make_mapping()).poll_once()
    assert stage.functions.events[0]["Records"][0]["attributes"] == {}


def test_half_a_surrogate_pair_reaches_the_function_unchanged(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a") | {"Body": "\ud83d"}]]
    stage.poller(make_mapping()).poll_once()
    assert stage.functions.events[0]["Records"][0]["body"] == "\ud83d"


def test_all_attributes_are_asked_for(stage, make_mapping):
    stage.poller(make_mapping()).poll_once()
    (request,) = stage.sqs.receives
    assert request["MessageSystemAttributeNames"] == ["All"]
    assert request["MessageAttributeNames"] == ["All"]


def test_an_endpoint_that_does_not_answer_is_tried_again_and_told_once(stage, make_mapping, make_message, wait_for):
    # given an endpoint that is away for two receives
    error = EndpointConnectionError(endpoint_url="http://endpoint")
    stage.sqs.batches = [error, error, [make_message("a")]]
    poller = stage.poller(make_mapping())
    # when
    poller.start()
    wait_for(lambda: stage.deleted())
    poller.stop()
    poller.join()
    # then
    assert [type(mapping_event) for mapping_event in stage.mapping_events] == [
        OutageBegan,
        OutageEnded,
        BatchReceived,
        BatchDone,
    ]


def test_stopping_finishes_the_batch_in_flight(stage, make_mapping, make_message):
    # given a function that is running
    running, may_return = threading.Event(), threading.Event()
    invoke = stage.functions.invoke

    def slow_invoke(**request):
        running.set()
        assert may_return.wait(60)
        return invoke(**request)

    stage.functions.invoke = slow_invoke
    stage.sqs.batches = [[make_message("a")], [make_message("b")]]
    poller = stage.poller(make_mapping(maximum_concurrency=1))
    poller.start()
    assert running.wait(60)
    # when
    poller.stop()
    may_return.set()
    poller.join()
    # then its batch is done and no other was begun
    assert stage.deleted() == ["handle of a"]
    assert len(stage.functions.events) == 1


def test_an_error_nobody_foresaw_is_not_swallowed(stage, make_mapping):
    stage.sqs.batches = [KeyError("bug")]
    poller = stage.poller(make_mapping())
    poller.start()
    poller.join()
    with pytest.raises(KeyError):
        poller.check()


def test_no_body_is_in_anything_told(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a", body="secret")], [make_message("b", body="secret")]]
    poller = stage.poller(make_mapping())
    poller.poll_once()
    stage.functions.answer = b"not JSON"
    poller.poll_once()
    assert "secret" not in repr(stage.mapping_events)


def test_trouble_of_one_endpoint_is_told_once_for_all_threads():
    told = []
    outages = Outages("http://endpoint", told.append)
    error = EndpointConnectionError(endpoint_url="http://endpoint")
    outages.began("orders", error)
    outages.began("movements", error)
    outages.ended("movements")
    outages.ended("orders")
    assert [mapping_event.subject for mapping_event in told] == ["http://endpoint", "http://endpoint"]


def test_trouble_of_one_queue_is_its_own():
    told = []
    outages = Outages("http://endpoint", told.append)
    outages.began("orders", aws_error("QueueDoesNotExist", operation="ReceiveMessage"))
    outages.ended("movements")
    assert [mapping_event.subject for mapping_event in told] == ["orders"]
