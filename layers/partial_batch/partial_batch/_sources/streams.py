"""Records of Kinesis and DynamoDB streams as messages.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

import json

from partial_batch.message import ReceivedMessage

from .checks import require_object, require_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar

    from partial_batch.message import Message


class RecordMessage(ReceivedMessage):
    """A record of a source that keeps its records: nothing is hidden, and order is kept."""

    __slots__ = ()
    ordered = True
    has_visibility_timeout = False

    @property
    def receive_count(self) -> int:
        """1: such a source does not count."""
        return 1

    def dead_letter_body(self) -> str:
        """The whole record as Lambda gave it, as JSON: keys and event name belong to it.

        Characters stay as they are. Escaped, a text of 400 KB could outgrow the 1 MiB of a message.

        Raises:
            TypeError, ValueError, RecursionError: the record cannot be written as JSON.
        """
        return json.dumps(self._record, ensure_ascii=False, separators=(",", ":"))


class StreamMessage(RecordMessage):
    """A record of a stream."""

    __slots__ = ()
    source = "stream"
    sequence: ClassVar[str]  # the key of the sequence number
    time: ClassVar[str]

    @classmethod
    def identifiers(cls, unfinished: Sequence[Message]) -> list[Any]:
        """The first: Lambda goes back to the lowest sequence number that is reported."""
        return [message.id for message in unfinished[:1]]

    @classmethod
    def check(cls, record: dict[str, Any], where: str) -> None:
        """Raise InvalidEvent if the record lacks what a message needs."""
        raise NotImplementedError

    @property
    def id(self) -> str:
        """The sequence number: what names the record in the response."""
        identifier: str = self._part[self.sequence]
        return identifier

    @property
    def sequence_number(self) -> str:
        """The position in the order of the shard."""
        number: str = self._part[self.sequence]
        return number

    @property
    def sent_at(self) -> float:
        """When the record was written, in seconds since the epoch. ValueError if the record does not say."""
        moment = self._part.get(self.time)
        if not isinstance(moment, int | float):
            raise ValueError(f"record {self.id} carries no {self.time}")
        return float(moment)

    @property
    def _part(self) -> dict[str, Any]:
        raise NotImplementedError


class KinesisMessage(StreamMessage):
    """A record of a Kinesis stream."""

    __slots__ = ()
    sequence = "sequenceNumber"
    time = "approximateArrivalTimestamp"

    @classmethod
    def check(cls, record: dict[str, Any], where: str) -> None:
        """Raise InvalidEvent if the record lacks what a message needs."""
        require_text(require_object(record, "kinesis", where), "sequenceNumber", f"{where}.kinesis")

    @property
    def body(self) -> str:
        """The data, as UTF-8. KeyError if there is none; a ValueError if it is not base64, or not UTF-8."""
        from base64 import b64decode

        return b64decode(self._part["data"], validate=True).decode()

    @property
    def _part(self) -> dict[str, Any]:
        part: dict[str, Any] = self._record["kinesis"]
        return part


class DynamoDBMessage(StreamMessage):
    """A record of a DynamoDB stream."""

    __slots__ = ()
    sequence = "SequenceNumber"
    time = "ApproximateCreationDateTime"

    @classmethod
    def check(cls, record: dict[str, Any], where: str) -> None:
        """Raise InvalidEvent if the record lacks what a message needs."""
        require_text(require_object(record, "dynamodb", where), "SequenceNumber", f"{where}.dynamodb")

    @property
    def body(self) -> str:
        """What changed (Keys, NewImage, OldImage), as JSON text; `json()` gives it as an object."""
        return json.dumps(self._part)

    def json(self, **keywords: Any) -> Any:
        """What changed, as it stands in the record. With keywords, the text of it is parsed by `json.loads`."""
        return json.loads(self.body, **keywords) if keywords else self._part

    @property
    def _part(self) -> dict[str, Any]:
        part: dict[str, Any] = self._record["dynamodb"]
        return part
