"""The view of one record."""

import json
from decimal import Decimal
from typing import Any

import pytest
from partial_batch import Message, batch_handler, bulk_handler
from partial_batch._sources import read_event
from partial_batch.testing import LambdaContext, kafka_event, kinesis_event, sqs_event

from tests.support import FIFO_ARN, STANDARD_ARN, record


def test_it_gives_a_fifo_record_in_the_fields_names() -> None:
    raw = record("1", '{"a": 1}', arn=FIFO_ARN, group="g", receive_count=3)
    message = Message(raw)

    assert message.id == "1"
    assert message.body == '{"a": 1}'
    assert message.json() == {"a": 1}
    assert message.receive_count == 3
    assert message.sent_at == pytest.approx(1763760000.123)
    assert message.group_id == "g"
    assert message.deduplication_id == "deduplication of 1"
    assert message.sequence_number == "18893957204271106048"
    assert message.source_arn == FIFO_ARN
    assert message.record is raw


def test_a_standard_record_has_no_place_in_an_order() -> None:
    message = Message(record("1"))

    assert message.group_id is None
    assert message.deduplication_id is None
    assert message.sequence_number is None
    assert message.source_arn == STANDARD_ARN


def test_message_attributes_come_as_what_they_are() -> None:
    def attribute(kind: str, key: str, value: str) -> dict[str, object]:
        return {"dataType": kind, key: value, "stringListValues": [], "binaryListValues": []}

    message = Message(
        record(
            "1",
            attributes={
                "text": attribute("String", "stringValue", "x"),
                "labelled": attribute("String.Uuid", "stringValue", "y"),
                "whole": attribute("Number", "stringValue", "12"),
                "fraction": attribute("Number.float", "stringValue", "1.5"),
                "bytes": attribute("Binary", "binaryValue", "AAH/"),
                "picture": attribute("Binary.png", "binaryValue", "iVBORw=="),
            },
        )
    )

    assert message.attributes == {
        "text": "x",
        "labelled": "y",
        "whole": 12,
        "fraction": 1.5,
        "bytes": b"\x00\x01\xff",
        "picture": b"\x89PNG",
    }
    assert isinstance(message.attributes["whole"], int)
    assert Message({"messageId": "1"}).attributes == {}


@pytest.mark.parametrize(
    "raw",
    [
        {"messageId": "1"},
        {"messageId": "1", "attributes": None},
        {"messageId": "1", "attributes": {"ApproximateReceiveCount": "many"}},
        {"messageId": "1", "attributes": {"ApproximateReceiveCount": 3}},
        {"messageId": "1", "attributes": {"ApproximateReceiveCount": "9" * 5000}},
    ],
)
def test_a_record_that_does_not_say_how_often_was_received_once(raw: dict[str, object]) -> None:
    assert Message(raw).receive_count == 1


def test_what_a_record_lacks_and_nothing_can_stand_for_is_an_error() -> None:
    message = Message({"messageId": "1"})

    with pytest.raises(KeyError, match="body"):
        _ = message.body
    with pytest.raises(ValueError, match="SentTimestamp"):
        _ = message.sent_at
    with pytest.raises(json.JSONDecodeError):
        Message(record("1", "not JSON")).json()


def test_it_is_read_only() -> None:
    message = Message(record("1"))

    for name in ("id", "body", "record", "group_id", "anything"):
        with pytest.raises(AttributeError):
            setattr(message, name, "x")


def test_its_repr_shows_id_and_group_and_never_the_body() -> None:
    assert repr(Message(record("1", "secret", group="g"))) == "Message(id='1', group_id='g')"


def test_json_passes_its_keywords_on() -> None:
    message = Message(record("1", '{"price": 0.1}'))

    assert message.json(parse_float=Decimal) == {"price": Decimal("0.1")}
    with pytest.raises(TypeError, match="unknown"):
        message.json(unknown=1)


def test_a_message_made_by_hand_has_the_context_it_was_given() -> None:
    context = LambdaContext()

    assert Message(record("1")).context is None
    assert Message(record("1"), context).context is context


@pytest.mark.parametrize("event", [sqs_event("1", "2"), kinesis_event("1", "2"), kafka_event("1", "2")])
def test_each_message_has_lambda_s_context_of_its_invocation(event: Any) -> None:
    seen: list[Any] = []
    context = LambdaContext()
    batch_handler(lambda message: seen.append(message.context))(event, context)
    bulk_handler(lambda messages: seen.extend(message.context for message in messages))(event, context)
    batch_handler(lambda message: seen.append(message.context))(event)

    assert seen == [context] * 4 + [None] * 2


@pytest.mark.parametrize("attributes", [None, [], "x", 7])
def test_a_record_without_usable_attributes_has_none(attributes: Any) -> None:
    message = Message({"messageId": "1", "messageAttributes": attributes, "attributes": attributes})

    assert message.attributes == {}
    assert message.group_id is message.deduplication_id is message.sequence_number is None
    assert message.receive_count == 1
    assert Message({"messageId": "1", "attributes": {"MessageGroupId": ["x"]}}).group_id is None
    assert Message({"messageId": "1", "eventSourceARN": 7}).source_arn == ""


@pytest.mark.parametrize(
    "attribute",
    [None, {}, {"dataType": 7}, {"dataType": "String"}, {"dataType": "Number", "stringValue": "x"},
     {"dataType": "Binary", "binaryValue": "x"}, {"dataType": "Binary", "binaryValue": "????"}],
)  # fmt: skip
def test_an_attribute_that_lambda_would_not_send_is_named(attribute: Any) -> None:
    message = Message({"messageId": "1", "messageAttributes": {"tenant": attribute}})

    with pytest.raises(ValueError, match="'tenant' is not as Lambda sends one"):
        _ = message.attributes


def test_a_queue_s_message_has_nothing_of_kafka() -> None:
    message = Message(record("1"))

    assert (message.topic, message.partition, message.offset, message.key, message.headers) == (None,) * 4 + ([],)


def test_a_queue_s_dead_letter_is_the_body_as_it_is() -> None:
    assert Message(record("1", "{ not touched }")).dead_letter_body() == "{ not touched }"


def test_a_queue_s_arn_alone_makes_it_fifo() -> None:
    _, standard = read_event(sqs_event("1", group_id="tenant"))
    _, fifo = read_event(sqs_event("1", fifo=True))

    assert (standard.ordered, standard.grouped, standard.fifo, standard.has_visibility_timeout) == (
        False,
        False,
        False,
        True,
    )
    assert (fifo.ordered, fifo.grouped, fifo.fifo, fifo.has_visibility_timeout) == (True,) * 4
    assert standard.source == fifo.source == "queue"


def test_what_takes_the_slow_way_is_the_same_kind_of_message() -> None:
    class Text(str):
        pass

    event = sqs_event("1", fifo=True)
    event["Records"][0]["messageId"] = Text("1")

    assert read_event(event)[1] is read_event(sqs_event("1", fifo=True))[1]
    assert read_event(event["Records"])[1] is read_event(sqs_event("1", fifo=True))[1]


def test_an_id_that_stands_in_the_batch_twice_is_reported_once() -> None:
    event = sqs_event("1", "2")
    event["Records"].append(event["Records"][0])

    response: Any = batch_handler(lambda message: 1 / 0)(event)

    ids = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
    assert ids == [one["messageId"] for one in event["Records"][:2]]
