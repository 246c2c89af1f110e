"""Records that come through EventBridge Pipes, by the same decorators."""

from typing import Any

import pytest
from partial_batch import InvalidEvent, Message, batch_handler, bulk_handler
from partial_batch._sources import read_event
from partial_batch.testing import dynamodb_event, kinesis_event, pipes_event, sqs_event

from tests.support import reported


def failing(*bodies: str) -> Any:
    def work(message: Message) -> None:
        if any(body in message.body for body in bodies):
            raise ValueError

    return work


def test_a_queue_s_records_are_taken_as_from_lambda() -> None:
    event = pipes_event(sqs_event("a", "b", "c"))
    ids = [record["messageId"] for record in event]

    assert reported(batch_handler(failing("a", "c"))(event)) == [ids[0], ids[2]]
    assert reported(bulk_handler(lambda messages: messages[1:])(event)) == ids[1:]


def test_a_fifo_queue_s_records_keep_their_order() -> None:
    event = pipes_event(sqs_event("a", "b", "c", fifo=True))

    assert reported(batch_handler(failing("b"))(event)) == [record["messageId"] for record in event[1:]]


def test_one_record_is_a_list_too() -> None:
    assert reported(batch_handler(failing())(pipes_event(sqs_event("a")))) == []


STREAMS = [
    pipes_event(kinesis_event("<a>", "<b>", "<c>")),
    pipes_event(dynamodb_event(*({"id": {"S": name}} for name in ("<a>", "<b>", "<c>")))),
]


@pytest.mark.parametrize("event", STREAMS)
def test_a_stream_stops_at_the_first_failure_and_gives_back_the_event_ids_from_there(event: Any) -> None:
    ran = []

    def work(message: Message) -> None:
        ran.append(message.id)
        failing("<b>")(message)

    # AWS's page says which field it takes, and not that Pipes goes back to the lowest: so all are reported.
    assert reported(batch_handler(work)(event)) == [record["eventID"] for record in event[1:]]
    assert len(ran) == 2


@pytest.mark.parametrize("event", STREAMS)
def test_a_stream_says_of_itself_what_the_batch_needs_to_know(event: Any) -> None:
    records, kind = read_event(event)

    assert records is event
    assert (kind.ordered, kind.grouped, kind.fifo, kind.has_visibility_timeout) == (True, False, False, False)
    assert kind.source == "stream"


def test_a_flat_kinesis_record_as_a_message() -> None:
    event = pipes_event(kinesis_event({"n": "é"}, stream="orders"))
    messages: list[Message] = []
    batch_handler(messages.append)(event)
    (message,) = messages

    assert "kinesis" not in event[0]
    assert message.id == message.sequence_number == event[0]["sequenceNumber"]
    assert message.json() == {"n": "é"}
    assert message.sent_at == 1763760000.123
    assert message.source_arn.endswith(":stream/orders")
    assert '"partitionKey":"1"' in message.dead_letter_body()


@pytest.mark.parametrize(
    ("event", "missing", "complaint"),
    [
        (STREAMS[0], "sequenceNumber", "event[0].sequenceNumber is missing"),
        (STREAMS[0], "eventID", "event[0].eventID is missing"),
        (STREAMS[1], "eventID", "event[0].eventID is missing"),
        (STREAMS[1], "dynamodb", "event[0].dynamodb is missing"),
        (pipes_event(sqs_event("a")), "messageId", "event[0].messageId is missing"),
    ],
)
def test_a_record_that_lacks_what_the_response_needs_is_refused(event: Any, missing: str, complaint: str) -> None:
    record = {name: value for name, value in event[0].items() if name != missing}

    with pytest.raises(InvalidEvent) as raised:
        batch_handler(print)([record])
    assert str(raised.value) == complaint
