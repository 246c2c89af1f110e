"""From the event that Lambda hands over to its messages."""

from __future__ import annotations

from ._errors import InvalidEvent
from ._message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STR = {str}
_DICT = {dict}


def read_messages(event: Any) -> list[Message]:
    """The messages of an event, in its order.

    Raises:
        InvalidEvent: the event or one of its records is malformed. Nothing of it has been handed out then.
    """
    if isinstance(event, dict):
        records = event.get("Records")
        if isinstance(records, list) and _DICT.issuperset(map(type, records)):
            ids = [record.get("messageId") for record in records]
            if _STR.issuperset(map(type, ids)) and all(ids):
                return [Message(record) for record in records]
    return _read_others(event)


def _read_others(event: Any) -> list[Message]:
    """The messages of a stream's event, or what is wrong with the event."""
    if not isinstance(event, dict):
        raise InvalidEvent(f"the event is a {type(event).__name__}, not an object with Records")
    if "Records" not in event:
        raise InvalidEvent("the event has no Records")
    records = event["Records"]
    if not isinstance(records, list):
        raise InvalidEvent(f"Records is a {type(records).__name__}, not a list")
    messages = []
    for place, record in enumerate(records):
        if not isinstance(record, dict):
            raise InvalidEvent(f"Records[{place}] is a {type(record).__name__}, not an object")
        messages.append(_read_one(record, f"Records[{place}]"))
    if len({type(message) for message in messages}) > 1:
        raise InvalidEvent("Records come from different kinds of sources")
    return messages


def _read_one(record: dict[str, Any], where: str) -> Message:
    if record.get("eventSource") in ("aws:kinesis", "aws:dynamodb"):
        from ._streams import DynamoDBMessage, KinesisMessage

        kind = KinesisMessage if record["eventSource"] == "aws:kinesis" else DynamoDBMessage
        part = record.get(kind.part)
        if not isinstance(part, dict):
            raise InvalidEvent(f"{where}.{kind.part} is {_what_it_is(record, kind.part, 'an object')}")
        _require_text(part, kind.identifier, f"{where}.{kind.part}")
        return kind(record)
    _require_text(record, "messageId", where)
    return Message(record)


def _require_text(holder: dict[str, Any], name: str, where: str) -> None:
    if not isinstance(holder.get(name), str) or not holder[name]:
        raise InvalidEvent(f"{where}.{name} is {_what_it_is(holder, name, 'a string')}")


def _what_it_is(holder: dict[str, Any], name: str, wanted: str) -> str:
    if name not in holder:
        return "missing"
    if holder[name] == "":
        return "empty"
    return f"a {type(holder[name]).__name__}, not {wanted}"
