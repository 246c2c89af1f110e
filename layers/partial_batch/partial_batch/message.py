"""One message of a batch."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar


class Message:
    """A read-only view of one record of a Lambda event.

    Args:
        record: The record as Lambda sent it, a dict with at least a `messageId`. It is not copied.
            https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html shows one.
        context: Lambda's context object of the invocation, or None.
    """

    __slots__ = ("_context", "_record")

    def __init__(self, record: dict[str, Any], context: Any = None) -> None:
        self._record = record
        self._context = context

    @property
    def id(self) -> str:
        """What names the message in a log line, and for SQS in the response."""
        identifier: str = self._record["messageId"]
        return identifier

    @property
    def record(self) -> dict[str, Any]:
        """The record as it came."""
        return self._record

    @property
    def context(self) -> Any:
        """Lambda's context object of this invocation. None if the handler was called without one."""
        return self._context

    @property
    def body(self) -> str:
        """The body as it was sent. KeyError if the record has none."""
        body: str = self._record["body"]
        return body

    def json(self, **keywords: Any) -> Any:
        """Parse the body as JSON.

        Args:
            keywords: for `json.loads`, such as `parse_float=Decimal`.

        Returns:
            What the body says.

        Raises:
            ValueError: the body is not JSON (json.JSONDecodeError) or has a number of more than 4,300 digits.
            RecursionError: the body is nested too deeply.
            TypeError: `json.loads` does not take a keyword.
        """
        return json.loads(self.body, **keywords)

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
        """The position in the order of a FIFO queue or a shard. None where there is no such number."""
        return self._system_attribute("SequenceNumber")

    @property
    def attributes(self) -> dict[str, str | int | float | bytes]:
        """The message attributes: a Number as int or float, a Binary as bytes, anything else as str.

        ValueError if one of them is not as Lambda sends it.
        """
        attributes = self._record.get("messageAttributes")
        if not isinstance(attributes, dict):
            return {}
        return {name: _attribute_value(name, attribute) for name, attribute in attributes.items()}

    @property
    def source_arn(self) -> str:
        """The ARN of the queue or stream, empty if the record does not say. A Kafka record never does."""
        arn = self._record.get("eventSourceARN")
        return arn if isinstance(arn, str) else ""

    @property
    def topic(self) -> str | None:
        """The Kafka topic. None for a message of another source."""
        return None

    @property
    def partition(self) -> int | None:
        """The partition of the Kafka topic. None for a message of another source."""
        return None

    @property
    def offset(self) -> int | None:
        """The position in the Kafka partition. None for a message of another source."""
        return None

    @property
    def key(self) -> bytes | None:
        """The key of a Kafka record. None if it has none, or for a message of another source."""
        return None

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers of a Kafka record, in order; a name may come twice. Empty for a message of another source."""
        return []

    def dead_letter_body(self) -> str:
        """What the layer sends to the dead-letter queue: the body as it is. KeyError if the record has none."""
        return self.body

    def __repr__(self) -> str:
        """Id and group; never the body, which does not belong in a log."""
        return f"Message(id={self.id!r}, group_id={self.group_id!r})"

    def _system_attribute(self, name: str) -> str | None:
        attributes = self._record.get("attributes")
        value = attributes.get(name) if isinstance(attributes, dict) else None
        return value if isinstance(value, str) else None


class ReceivedMessage(Message):
    """A message of a batch, here of a standard SQS queue. Its class says what the batch must know of the source.

    It gets its record and its context after it is made: calling a Python `__init__` takes twice the time.
    """

    __slots__ = ()
    if TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        __init__ = object.__init__

    ordered: ClassVar[bool] = False  # messages are to be processed in their order
    grouped: ClassVar[bool] = False  # only within a group_id; groups are independent
    fifo: ClassVar[bool] = False  # the source is a FIFO queue
    has_visibility_timeout: ClassVar[bool] = True  # a failed message can be hidden
    source: ClassVar[str] = "queue"  # what a log line calls it

    @classmethod
    def identifiers(cls, unfinished: Sequence[Message]) -> list[Any]:
        """What the response is to report for the unfinished messages, which are given in the order of the batch.

        Here each id once: a standard queue may deliver a message twice in one batch.
        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        """
        return list(dict.fromkeys(message.id for message in unfinished))


class FifoMessage(ReceivedMessage):
    """A message of an SQS FIFO queue."""

    __slots__ = ()
    ordered = grouped = fifo = True


def _attribute_value(name: str, attribute: Any) -> str | int | float | bytes:
    # A type may carry a label, as in Number.float:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    try:
        kind = attribute["dataType"].partition(".")[0]
        if kind == "Binary":
            from base64 import b64decode

            return b64decode(attribute["binaryValue"], validate=True)
        value: str = attribute["stringValue"]
        if kind == "Number":
            try:
                return int(value)
            except ValueError:
                return float(value)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError(f"message attribute {name!r} is not as Lambda sends one") from None
    return value
