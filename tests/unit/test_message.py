"""The view of one record."""

import json

import pytest
from partial_batch import Message

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
