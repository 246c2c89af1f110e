"""From the event that Lambda hands over to its messages."""

from __future__ import annotations

from ._errors import InvalidEvent
from ._message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_messages(event: Any) -> list[Message]:
    """The messages of an event, in its order.

    Raises:
        InvalidEvent: the event or one of its records is malformed. Nothing of it has been handed out then.
    """
    if not isinstance(event, dict):
        raise InvalidEvent(f"the event is a {type(event).__name__}, not an object with Records")
    if "Records" not in event:
        raise InvalidEvent("the event has no Records")
    records = event["Records"]
    if not isinstance(records, list):
        raise InvalidEvent(f"Records is a {type(records).__name__}, not a list")
    for place, record in enumerate(records):
        if not isinstance(record, dict):
            raise InvalidEvent(f"Records[{place}] is a {type(record).__name__}, not an object")
        identifier = record.get("messageId")
        if not isinstance(identifier, str) or not identifier:
            raise InvalidEvent(f"Records[{place}].messageId is {_what_it_is(record)}")
    return [Message(record) for record in records]


def is_fifo(messages: list[Message]) -> bool:
    """Whether the messages came from a FIFO queue.

    The queue's name tells, and nothing else: a message group id may stand on a standard queue's messages too.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """
    return bool(messages) and messages[0].source_arn.endswith(".fifo")


def _what_it_is(record: dict[str, Any]) -> str:
    if "messageId" not in record:
        return "missing"
    if record["messageId"] == "":
        return "empty"
    return f"a {type(record['messageId']).__name__}, not a string"
