"""From the event that Lambda hands over to its messages."""

from __future__ import annotations

from partial_batch.errors import InvalidEvent
from partial_batch.message import ReceivedMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    type Records = list[dict[str, Any]]


def read_records(event: Any) -> tuple[Records, type[ReceivedMessage]]:
    """The records of an event, in its order, and the kind of message they are.

    Raises:
        InvalidEvent: the event or one of its records is malformed. Nothing of it has been handed out then.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        return _read_others(event)
    try:
        for record in records:
            # Comparing types is quicker than isinstance; what is not plain is looked at more closely.
            identifier = record["messageId"]
            if type(identifier) is not str or not identifier:
                return _read_others(event)
    except (KeyError, TypeError):
        return _read_others(event)
    return records, ReceivedMessage


def _read_others(event: Any) -> tuple[Records, type[ReceivedMessage]]:
    """The records of a stream's event, or what is wrong with the event."""
    if not isinstance(event, dict):
        raise InvalidEvent(f"the event is a {type(event).__name__}, not an object with Records")
    if "Records" not in event:
        raise InvalidEvent("the event has no Records")
    records = event["Records"]
    if not isinstance(records, list):
        raise InvalidEvent(f"Records is a {type(records).__name__}, not a list")
    kinds = set()
    for place, record in enumerate(records):
        if not isinstance(record, dict):
            raise InvalidEvent(f"Records[{place}] is a {type(record).__name__}, not an object")
        kinds.add(_kind_of(record, f"Records[{place}]"))
    if len(kinds) > 1:
        raise InvalidEvent("Records come from different kinds of sources")
    return records, kinds.pop()


def _kind_of(record: dict[str, Any], where: str) -> type[ReceivedMessage]:
    if record.get("eventSource") in ("aws:kinesis", "aws:dynamodb"):
        from .streams import DynamoDBMessage, KinesisMessage

        kind = KinesisMessage if record["eventSource"] == "aws:kinesis" else DynamoDBMessage
        part = record.get(kind.part)
        if not isinstance(part, dict):
            raise InvalidEvent(f"{where}.{kind.part} is {_what_it_is(record, kind.part, 'an object')}")
        _require_text(part, kind.identifier, f"{where}.{kind.part}")
        return kind
    _require_text(record, "messageId", where)
    return ReceivedMessage


def _require_text(holder: dict[str, Any], name: str, where: str) -> None:
    if not isinstance(holder.get(name), str) or not holder[name]:
        raise InvalidEvent(f"{where}.{name} is {_what_it_is(holder, name, 'a string')}")


def _what_it_is(holder: dict[str, Any], name: str, wanted: str) -> str:
    if name not in holder:
        return "missing"
    if holder[name] == "":
        return "empty"
    return f"a {type(holder[name]).__name__}, not {wanted}"
