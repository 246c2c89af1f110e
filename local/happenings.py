"""What the poller tells those who listen: the live view, the demo's ledger, the lines of `poll` and `up`.

No message body is in any of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.mappings import EventSourceMapping


@dataclass(frozen=True)
class Delivery:
    """A message as it was received once.

    Attributes:
        message_id: the message's id, the same at every receive.
        receive_count: how often it has been received, this time included.
    """

    message_id: str
    receive_count: int


@dataclass(frozen=True)
class BatchReceived:
    """Messages were received and go to the function now."""

    mapping: EventSourceMapping
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True)
class BatchKept:
    """The whole batch failed: nothing is deleted, every message comes back after its visibility timeout."""

    mapping: EventSourceMapping
    message_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class BatchDone:
    """The function's response was followed.

    Attributes:
        deleted: ids of those that succeeded and are off the queue, in the order of the batch.
        failed: ids of those the function reported; they come back.
        undeleted: ids of those that succeeded and could not be deleted, each with the reason; they come back, too.
    """

    mapping: EventSourceMapping
    deleted: tuple[str, ...]
    failed: tuple[str, ...]
    undeleted: Mapping[str, str]


@dataclass(frozen=True)
class TroubleBegan:
    """Something outside the batches does not work; it is tried again with growing pauses and said only once."""

    subject: str
    reason: str


@dataclass(frozen=True)
class TroubleEnded:
    """It works again."""

    subject: str


type Happening = BatchReceived | BatchKept | BatchDone | TroubleBegan | TroubleEnded
type Listener = Callable[[Happening], None]


def in_words(happening: Happening) -> str:
    """Say in one line what happened."""
    match happening:
        case BatchReceived(mapping, deliveries):
            return f"{mapping.queue_name}: {_messages(len(deliveries))} to {mapping.function_name}"
        case BatchKept(mapping, ids, reason):
            return f"{mapping.queue_name}: {_messages(len(ids))} kept, {reason}"
        case BatchDone(mapping, deleted, failed, undeleted):
            text = f"{mapping.queue_name}: {_messages(len(deleted))} done, {len(failed)} failed"
            if undeleted:
                reasons = ", ".join(sorted(set(undeleted.values())))
                text += f", {len(undeleted)} done but not deleted ({reasons})"
            return text
        case TroubleBegan(subject, reason):
            return f"{subject}: {reason}; trying again"
        case TroubleEnded(subject):
            return f"{subject}: works again"


def _messages(number: int) -> str:
    return f"{number} message{'' if number == 1 else 's'}"
