"""One message of a batch."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Message:
    """A read-only view of one record of a Lambda event.

    Args:
        record: The record as Lambda sent it, a dict with at least a `messageId`. It is not copied.
            https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html shows one.
    """

    __slots__ = ("_record",)

    in_order = False  # a stream's records are always in order; whether an SQS queue's are, its ARN says

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record

    @property
    def id(self) -> str:
        """What identifies the message in the response."""
        identifier: str = self._record["messageId"]
        return identifier

    @property
    def record(self) -> dict[str, Any]:
        """The record as it came."""
        return self._record

    @property
    def body(self) -> str:
        """The body as it was sent. KeyError if the record has none."""
        body: str = self._record["body"]
        return body

    def json(self) -> Any:
        """The body parsed as JSON. json.JSONDecodeError, a ValueError, if it is none."""
        return json.loads(self.body)

    @property
    def receive_count(self) -> int:
        """How often the message has been received, this time included. 1 if the record does not say."""
        try:
            return int(self._system_attribute("ApproximateReceiveCount") or 1)
        except ValueError:
            return 1

    @property
    def sent_at(self) -> float:
        """When the message was sent, in seconds since the epoch. ValueError if the record does not say."""
        milliseconds = self._system_attribute("SentTimestamp")
        if milliseconds is None:
            raise ValueError(f"message {self.id} carries no SentTimestamp")
        return int(milliseconds) / 1000

    @property
    def group_id(self) -> str | None:
        """The message group: always there on a FIFO queue, on a standard queue only if the sender gave one."""
        return self._system_attribute("MessageGroupId")

    @property
    def deduplication_id(self) -> str | None:
        """The deduplication id, None on a standard queue."""
        return self._system_attribute("MessageDeduplicationId")

    @property
    def sequence_number(self) -> str | None:
        """The place in the order of a FIFO queue, None on a standard one."""
        return self._system_attribute("SequenceNumber")

    @property
    def attributes(self) -> dict[str, str | int | float | bytes]:
        """The message attributes: a Number as int or float, a Binary as bytes, anything else as str."""
        return {
            name: _attribute_value(attribute)
            for name, attribute in (self._record.get("messageAttributes") or {}).items()
        }

    @property
    def source_arn(self) -> str:
        """The ARN of the queue the message came from, empty if the record does not say."""
        arn = self._record.get("eventSourceARN")
        return arn if isinstance(arn, str) else ""

    def __repr__(self) -> str:
        """Id and group; never the body, which does not belong in a log."""
        return f"Message(id={self.id!r}, group_id={self.group_id!r})"

    def _system_attribute(self, name: str) -> str | None:
        attributes = self._record.get("attributes")
        value = attributes.get(name) if isinstance(attributes, dict) else None
        return value if isinstance(value, str) else None


class ReceivedMessage(Message):
    """A message of a batch. It gets its record after it is made: calling a Python `__init__` takes twice the time."""

    __slots__ = ()
    if TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        __init__ = object.__init__


def _attribute_value(attribute: dict[str, Any]) -> str | int | float | bytes:
    # A type may carry a label, as in Number.float:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    kind = attribute["dataType"].partition(".")[0]
    if kind == "Binary":
        from base64 import b64decode

        return b64decode(attribute["binaryValue"])
    value: str = attribute["stringValue"]
    if kind == "Number":
        try:
            return int(value)
        except ValueError:
            return float(value)
    return value
