"""What is not a plain batch of one SQS queue: streams, Kafka, Pipes, and what is wrong with all else."""

from __future__ import annotations

from partial_batch.errors import InvalidEvent
from partial_batch.message import FifoMessage, ReceivedMessage

from .checks import require, require_text, type_of
from .foreign import describe, describe_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .streams import DynamoDBMessage, KinesisMessage

    type Records = list[dict[str, Any]]

_NOUNS = {"aws:sqs": "an SQS queue", "aws:kinesis": "a Kinesis stream", "aws:dynamodb": "a DynamoDB stream"}


def read_other(event: Any) -> tuple[Records, type[ReceivedMessage]]:
    """Read an event that is not a plain batch of one SQS queue.

    Returns:
        The records, in the order of the event, and the class of the messages to make of them.

    Raises:
        InvalidEvent: the event is not a batch, or a record of it is malformed. Says what is wrong and where.
    """
    if isinstance(event, list):
        return _read_list(event, "event", from_pipes=True)
    if not isinstance(event, dict):
        raise InvalidEvent(f"the event is {type_of(event)}, not an object with Records")
    if event.get("eventSource") in ("aws:kafka", "SelfManagedKafka") and "records" in event:
        from .kafka import read_kafka

        return read_kafka(event)
    if "Records" not in event:
        raise InvalidEvent(describe(event))
    records = event["Records"]
    require(records, list, "Records", "a list")
    # Lambda hands over a state there, and takes a response without one as a failed invocation.
    # https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
    if any(name in event for name in ("window", "isFinalInvokeForWindow", "isWindowTerminatedEarly")):
        raise InvalidEvent(
            "the event has a tumbling window, and this layer keeps no state; "
            "take TumblingWindowInSeconds out of the event source mapping"
        )
    return _read_list(records, "Records", from_pipes=False)


def _read_list(records: list[Any], name: str, *, from_pipes: bool) -> tuple[Records, type[ReceivedMessage]]:
    if not records:
        return records, ReceivedMessage
    first: str | None = None
    message_type = ReceivedMessage
    for position, record in enumerate(records):
        where = f"{name}[{position}]"
        require(record, dict, where, "an object")
        source = _source(record)
        if first is None:
            first = source
        elif source != first and source in _NOUNS and first in _NOUNS:
            raise InvalidEvent(
                f"{where} comes from {_NOUNS[source]} and {name}[0] from {_NOUNS[first]}; a batch has one source"
            )
        message_type = _check(record, source, where, from_pipes=from_pipes)
        if position and record.get("eventSourceARN") != records[0].get("eventSourceARN"):
            what = "queue" if message_type.has_visibility_timeout else "stream"
            raise InvalidEvent(f"{where} comes from another {what} than {name}[0]; a batch has one source")
    arn = records[0].get("eventSourceARN")
    if message_type is ReceivedMessage and isinstance(arn, str) and arn.endswith(".fifo"):
        return records, FifoMessage
    return records, message_type


def _source(record: dict[str, Any]) -> str:
    """Which source a record comes from. What does not say so, and is of none we know, is taken for SQS's."""
    source = record.get("eventSource", record.get("EventSource"))
    if isinstance(source, str):
        return source
    return "" if describe_record(record) else "aws:sqs"


def _check(record: dict[str, Any], source: str, where: str, *, from_pipes: bool) -> type[ReceivedMessage]:
    if source in ("aws:kinesis", "aws:dynamodb"):
        if from_pipes:
            from .pipes import PipesDynamoDBMessage, PipesKinesisMessage

            message_type: type[KinesisMessage | DynamoDBMessage] = (
                PipesKinesisMessage if source == "aws:kinesis" else PipesDynamoDBMessage
            )
        else:
            from .streams import DynamoDBMessage, KinesisMessage

            message_type = KinesisMessage if source == "aws:kinesis" else DynamoDBMessage
        message_type.check(record, where)
        return message_type
    if source != "aws:sqs":
        foreign = describe_record(record)
        if foreign:
            raise InvalidEvent(foreign if where.endswith("[0]") else f"{where}: {foreign}")
        if "messageId" not in record:
            raise InvalidEvent(f"{where} comes from a source that is not SQS, Kinesis or DynamoDB")
    require_text(record, "messageId", where)
    return ReceivedMessage
