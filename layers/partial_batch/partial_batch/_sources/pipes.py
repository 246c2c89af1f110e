"""Records that EventBridge Pipes hands over: a bare list, also for one record.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

from .checks import require_text
from .streams import DynamoDBMessage, KinesisMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from partial_batch.message import Message


class PipesKinesisMessage(KinesisMessage):
    """A record of a Kinesis stream as Pipes sends it: flat, without an object `kinesis`.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-kinesis.html
    """

    __slots__ = ()

    @classmethod
    def identifiers(cls, unfinished: Sequence[Message]) -> list[Any]:
        """The `eventID` of each. AWS's page does not say that Pipes goes back to the lowest, as Lambda does."""
        return list(dict.fromkeys(message.record["eventID"] for message in unfinished))

    @classmethod
    def check(cls, record: dict[str, Any], where: str) -> None:
        """Raise InvalidEvent if the record lacks what a message needs."""
        require_text(record, "sequenceNumber", where)
        require_text(record, "eventID", where)

    @property
    def _part(self) -> dict[str, Any]:
        return self._record


class PipesDynamoDBMessage(DynamoDBMessage):
    """A record of a DynamoDB stream as Pipes sends it: whole. Pipes knows it by its `eventID`."""

    __slots__ = ()

    @classmethod
    def identifiers(cls, unfinished: Sequence[Message]) -> list[Any]:
        """The `eventID` of each. AWS's page does not say that Pipes goes back to the lowest, as Lambda does."""
        return list(dict.fromkeys(message.record["eventID"] for message in unfinished))

    @classmethod
    def check(cls, record: dict[str, Any], where: str) -> None:
        """Raise InvalidEvent if the record lacks what a message needs."""
        super().check(record, where)
        require_text(record, "eventID", where)
