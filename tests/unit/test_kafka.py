"""Kafka topics by the same decorators."""

import base64
import json
from typing import Any

import pytest
from partial_batch import Backoff, InvalidEvent, Message, batch_handler, bulk_handler
from partial_batch._sources import read_event
from partial_batch.testing import kafka_event

from tests.unit.conftest import SentMessages


def identifiers(response: Any) -> list[tuple[str, int]]:
    """What is reported, after a look at its shape."""
    found = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
    assert all(set(one) == {"partition", "offset"} and type(one["offset"]) is int for one in found)
    return [(one["partition"], one["offset"]) for one in found]


def failing(*bodies: str) -> Any:
    def work(message: Message) -> None:
        if message.body in bodies:
            raise ValueError

    return work


THREE_PARTITIONS = kafka_event("a", "b", "c", "d", "e", "f", partition=[0, 1, 2, 0, 1, 2], first_offset=15)


def test_one_after_the_other_the_first_failure_stops_the_batch() -> None:
    response = batch_handler(failing("b"))(THREE_PARTITIONS)

    # The order of the event is partition after partition: a d, b e, c f.
    assert identifiers(response) == [("orders-1", 15), ("orders-2", 15)]


@pytest.mark.parametrize("options", [{"on_fifo_failure": "skip_group"}, {"concurrency": 3}])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_partitions_are_as_independent_as_message_groups(options: dict[str, Any], asynchronous: bool) -> None:
    ran = []

    def work(message: Message) -> None:
        ran.append(message.body)
        failing("b", "f")(message)

    async def work_async(message: Message) -> None:
        work(message)

    handler: Any = batch_handler(work_async if asynchronous else work, **options)

    assert identifiers(handler(THREE_PARTITIONS)) == [("orders-1", 15), ("orders-2", 16)]
    assert sorted(ran) == ["a", "b", "c", "d", "f"]


def test_the_first_failure_of_each_partition_is_reported_for_a_whole_batch() -> None:
    handler = bulk_handler(lambda messages: [one for one in messages if one.body in "bef"])

    assert identifiers(handler(THREE_PARTITIONS)) == [("orders-1", 15), ("orders-2", 16)]


def test_a_failed_record_is_named_by_its_id_too() -> None:
    handler = bulk_handler(lambda messages: ["orders-0@16"])

    assert identifiers(handler(kafka_event("a", "b", "c", first_offset=15))) == [("orders-0", 16)]


def test_a_topic_s_name_may_have_dashes_and_digits() -> None:
    event = kafka_event("a", topic="orders-2-eu-1", partition=12)

    assert identifiers(batch_handler(failing("a"))(event)) == [("orders-2-eu-1-12", 0)]


@pytest.mark.parametrize("self_managed", [False, True])
def test_a_record_as_a_message(self_managed: bool) -> None:
    event = kafka_event(
        {"n": "é"},
        key=b"\xff",
        headers={"trace": b"\x01\xfe"},
        partition=3,
        first_offset=15,
        self_managed=self_managed,
    )
    messages: list[Message] = []
    batch_handler(messages.append)(event)
    (message,) = messages

    assert message.id == "orders-3@15"
    assert (message.topic, message.partition, message.offset, message.group_id) == ("orders", 3, 15, "orders-3")
    assert message.json() == {"n": "é"}
    assert message.key == b"\xff"
    assert message.headers == [("trace", b"\x01\xfe")]
    assert message.sent_at == 1763760000.123
    assert message.receive_count == 1
    assert message.attributes == {}
    assert message.sequence_number is message.deduplication_id is None
    assert message.source_arn == ""
    assert message.record is event["records"]["orders-3"][0]
    assert repr(message) == "Message(id='orders-3@15', group_id='orders-3')"


def test_headers_keep_their_order_and_may_come_twice_and_as_java_s_bytes() -> None:
    event = kafka_event("a")
    event["records"]["orders-0"][0]["headers"] = [{"a": [-61, -87]}, {"b": [98]}, {"a": []}]
    messages: list[Message] = []
    batch_handler(messages.append)(event)

    assert messages[0].headers == [("a", "é".encode()), ("b", b"b"), ("a", b"")]


def test_a_record_without_a_value_has_an_empty_body() -> None:
    messages: list[Message] = []
    batch_handler(messages.append)(kafka_event(None))

    assert messages[0].body == ""
    assert messages[0].record["value"] is None
    assert messages[0].key is None
    assert messages[0].headers == []


def test_a_value_of_a_schema_registry_is_read_as_any_other() -> None:
    event = kafka_event({"order_id": "A1"})
    event["records"]["orders-0"][0]["valueSchemaMetadata"] = {"dataFormat": "AVRO", "schemaId": "1234"}
    messages: list[Message] = []
    batch_handler(messages.append)(event)

    assert messages[0].json() == {"order_id": "A1"}


@pytest.mark.parametrize(
    ("change", "reading"),
    [
        ({"value": "/w=="}, "body"),
        ({"value": {"already": "parsed"}}, "body"),
        ({"value": "????"}, "body"),
        ({"key": 7}, "key"),
        ({"key": "????"}, "key"),
        ({"headers": [{"a": "text"}]}, "headers"),
        ({"headers": [7]}, "headers"),
        ({"timestamp": None}, "sent_at"),
    ],
)
def test_what_is_malformed_and_not_needed_is_an_error_where_it_is_read(change: dict[str, Any], reading: str) -> None:
    event = kafka_event("a")
    event["records"]["orders-0"][0] |= change

    assert identifiers(batch_handler(lambda message: message.id)(event)) == []
    assert identifiers(batch_handler(lambda message: getattr(message, reading))(event)) == [("orders-0", 0)]


def test_a_value_that_is_not_base64_is_called_so() -> None:
    event = kafka_event("a")
    event["records"]["orders-0"][0]["value"] = {"already": "parsed"}
    failures: list[str] = []
    batch_handler(lambda message: message.body, on_failure=lambda _, error: failures.append(str(error)))(event)

    assert failures == ["what is to be base64 is not a string"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"offset": "16"}, 'records["t-0"][2].offset is a str, not an integer'),
        ({"offset": True}, 'records["t-0"][2].offset is a bool, not an integer'),
        ({"offset": None}, 'records["t-0"][2].offset is a NoneType, not an integer'),
        ({"partition": 0.0}, 'records["t-0"][2].partition is a float, not an integer'),
        ({"topic": ""}, 'records["t-0"][2].topic is empty'),
        ({"topic": "u"}, 'records["t-0"][2] is of another topic or partition than its list'),
        ({"partition": 1}, 'records["t-0"][2] is of another topic or partition than its list'),
    ],
)
def test_a_malformed_record_is_refused(change: dict[str, Any], complaint: str) -> None:
    event = kafka_event("a", "b", "c", topic="t")
    event["records"]["t-0"][2] |= change

    with pytest.raises(InvalidEvent) as raised:
        batch_handler(print)(event)
    assert str(raised.value) == complaint


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        (None, "records is a NoneType, not an object with a list for each partition"),
        ([], "records is a list, not an object with a list for each partition"),
        ({"t-0": None}, 'records["t-0"] is a NoneType, not a list'),
        ({"t-0": ["a"]}, 'records["t-0"][0] is a str, not an object'),
        ({"t-0": [{"topic": "t", "partition": 0}]}, 'records["t-0"][0].offset is missing'),
    ],
)
def test_malformed_records_are_refused(records: Any, complaint: str) -> None:
    with pytest.raises(InvalidEvent) as raised:
        batch_handler(print)({"eventSource": "aws:kafka", "records": records})
    assert str(raised.value) == complaint


def test_a_topic_says_of_itself_what_the_batch_needs_to_know() -> None:
    _, kind = read_event(THREE_PARTITIONS)

    assert (kind.ordered, kind.grouped, kind.fifo, kind.has_visibility_timeout) == (True, True, False, False)
    assert kind.source == "topic"


def test_nothing_is_asked_of_sqs_for_a_record_that_waits(sent: SentMessages) -> None:
    handler = batch_handler(backoff=Backoff())(failing("a"))

    assert identifiers(handler(kafka_event("a", "b"))) == [("orders-0", 0)]
    assert sent.requests == []


def test_the_dead_letter_is_the_whole_record_and_its_partition_goes_on(sent: SentMessages) -> None:
    sent.accepts()
    event = kafka_event("é", "b", key="k")
    handler = batch_handler(dead_letter_queue="https://sqs.us-east-1.amazonaws.com/1/dead", permanent=ValueError)(
        failing("é")
    )

    assert identifiers(handler(event)) == []
    body = json.loads(sent.requests[0]["MessageBody"])
    assert body == event["records"]["orders-0"][0]
    assert base64.b64decode(body["value"]).decode() == "é"
