"""Hiding messages for longer, or showing them at once."""

from __future__ import annotations

from math import ceil

from partial_batch._reporting.log import log_visibility
from partial_batch.errors import MOST_HIDDEN_SECONDS

from .client import CallFailed, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from partial_batch.message import Message

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
_MOST_ENTRIES = 10


def change_visibility(changes: list[tuple[Message, float]], end: float | None) -> None:
    """Hide each message for so many seconds from now. What fails is logged: the queue's own timeout still holds.

    Args:
        changes: messages of one queue, each with seconds, which are rounded up and cut at 42,000.
        end: when the function is stopped, on the clock of `time.monotonic`; None if nobody knows.
    """
    arn = changes[0][0].source_arn
    for first in range(0, len(changes), _MOST_ENTRIES):
        part = changes[first : first + _MOST_ENTRIES]
        entries = [
            {
                "Id": str(number),
                "ReceiptHandle": message.record.get("receiptHandle", ""),
                "VisibilityTimeout": ceil(min(seconds, MOST_HIDDEN_SECONDS)),
            }
            for number, (message, seconds) in enumerate(part)
        ]
        try:
            region = arn.split(":")[3] if arn.count(":") == 5 else None
            answer = call("change_message_visibility_batch", end, region, QueueUrl=arn, Entries=entries)
        except CallFailed as reason:
            log_visibility([message for message, _ in changes[first:]], str(reason))
            return
        for failure in answer.get("Failed", []):
            log_visibility([part[int(failure["Id"])][0]], failure["Code"])
