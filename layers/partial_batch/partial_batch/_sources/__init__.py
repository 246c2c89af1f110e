"""From the event that Lambda hands over to its messages.

A batch of an SQS queue is read here. For any other event, and for a malformed one, a module is loaded when it comes.
"""

from __future__ import annotations

from partial_batch.message import FifoMessage, ReceivedMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    type Records = list[dict[str, Any]]


def read_event(event: Any) -> tuple[Records, type[ReceivedMessage]]:
    """Read what source an event comes from.

    Args:
        event: as Lambda or EventBridge Pipes sends it.

    Returns:
        The records, in the order of the event, and the class of the messages to make of them.

    Raises:
        InvalidEvent: the event is not a batch, or a record of it is malformed. Says what is wrong and where.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records:
        return _read_other(event)
    try:
        for record in records:
            # Comparing types is quicker than isinstance; what is not plain is looked at more closely.
            identifier = record["messageId"]
            if type(identifier) is not str or not identifier:
                return _read_other(event)
        # A mapping has one queue. The whole batch is not searched for a second one: that would take as long again.
        arn = records[0].get("eventSourceARN")
        if record.get("eventSourceARN") != arn:
            return _read_other(event)
    except (AttributeError, KeyError, TypeError):
        return _read_other(event)
    # The queue's name tells, and nothing else: messages of a standard queue may have a message group id, too.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    return records, FifoMessage if type(arn) is str and arn.endswith(".fifo") else ReceivedMessage


def _read_other(event: Any) -> tuple[Records, type[ReceivedMessage]]:
    from .other import read_other

    return read_other(event)
