"""What the poller tells those who listen: the live view, the demo's delivery_log, the lines of `poll` and `up`.

No message body is in any of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqslab.mapping.event_source_mapping import EventSourceMapping


@dataclass(frozen=True)
class Delivery:
    """A message as it was received once.

    Attributes:
        message_id: the message's id, the same at every receive.
        receive_count: how often it has been received, this time included.
        sent_at: when it was sent, in seconds since the epoch; None if the endpoint does not say.
    """

    message_id: str
    receive_count: int
    sent_at: float | None = None


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
class BatchThrottled:
    """There was no room to invoke the function; it is tried again while the messages are hidden. Said once a batch.

    BatchKept or BatchDone tells how it ends.
    """

    mapping: EventSourceMapping
    message_ids: tuple[str, ...]


@dataclass(frozen=True)
class MessagesFiltered:
    """Messages matched no filter: they are deleted without an invocation. There is no BatchReceived for them.

    Attributes:
        deleted: ids of those that are off the queue.
        undeleted: ids of those that could not be deleted, each with the reason; they come back.
    """

    mapping: EventSourceMapping
    deleted: tuple[str, ...]
    undeleted: Mapping[str, str]


@dataclass(frozen=True)
class MessagesLeft:
    """Messages of a FIFO queue were received and not handed to the function, as that would break their group's order.

    They come back after their visibility timeout. There is no BatchReceived for them.
    """

    mapping: EventSourceMapping
    message_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class ConcurrencyChanged:
    """Function errors or throttling changed how many batches there may be at once.

    Said when there may be fewer than ever before since it began, and when it is over.

    Attributes:
        reduced_to: how many now; None if as many as ever.
    """

    mapping: EventSourceMapping
    reduced_to: int | None


@dataclass(frozen=True)
class MappingQuestioned:
    """AWS would not have this mapping, though the endpoint has it. Said once, and again when it was changed.

    Attributes:
        polled: whether it is polled nevertheless.
    """

    mapping: EventSourceMapping
    reason: str
    polled: bool


@dataclass(frozen=True)
class MappingSkipped:
    """This mapping is not polled, though nothing is wrong with it. Said once."""

    mapping: EventSourceMapping
    reason: str


@dataclass(frozen=True)
class OtherPoller:
    """Somebody else polls the same endpoint from this machine. Each message goes to one of the two."""

    endpoint_url: str


@dataclass(frozen=True)
class OutageBegan:
    """Something outside the batches does not work; it is tried again with growing pauses and said only once."""

    subject: str
    reason: str


@dataclass(frozen=True)
class OutageEnded:
    """It works again."""

    subject: str


type MappingEvent = (
    BatchReceived
    | BatchKept
    | BatchDone
    | BatchThrottled
    | MessagesFiltered
    | MessagesLeft
    | ConcurrencyChanged
    | MappingQuestioned
    | MappingSkipped
    | OtherPoller
    | OutageBegan
    | OutageEnded
)
type Listener = Callable[[MappingEvent], None]


def in_words(mapping_event: MappingEvent) -> str:
    """Say in one line what happened."""
    match mapping_event:
        case BatchReceived(mapping, deliveries):
            return f"{mapping.queue_name}: {_messages(len(deliveries))} to {mapping.function_name}"
        case BatchKept(mapping, ids, reason):
            return f"{mapping.queue_name}: {_messages(len(ids))} kept, {reason}"
        case BatchDone(mapping, deleted, failed, undeleted):
            text = f"{mapping.queue_name}: {_messages(len(deleted))} done, {len(failed)} failed"
            if undeleted:
                text += f", {len(undeleted)} done but not deleted ({_reasons(undeleted)})"
            return text
        case BatchThrottled(mapping, ids):
            return f"{mapping.queue_name}: {_messages(len(ids))} waiting, {mapping.function_name} is throttled"
        case MessagesFiltered(mapping, deleted, undeleted):
            text = f"{mapping.queue_name}: {_messages(len(deleted))} deleted, no filter matches"
            if undeleted:
                text += f"; {len(undeleted)} could not be deleted ({_reasons(undeleted)})"
            return text
        case MessagesLeft(mapping, ids, reason):
            return f"{mapping.queue_name}: {_messages(len(ids))} left for later, {reason}"
        case ConcurrencyChanged(mapping, None):
            return f"{mapping.queue_name}: as many batches at once as before the errors"
        case ConcurrencyChanged(mapping, reduced_to):
            batches = "1 batch" if reduced_to == 1 else f"{reduced_to} batches"
            return f"{mapping.queue_name}: at most {batches} at once, after errors"
        case MappingQuestioned(mapping, reason, polled):
            fate = "polled nevertheless" if polled else "not polled"
            return f"{mapping.queue_name}: AWS would refuse its event source mapping: {reason}; {fate}"
        case MappingSkipped(mapping, reason):
            return f"{mapping.queue_name}: not polled, {reason}"
        case OtherPoller(endpoint_url):
            return f"{endpoint_url}: somebody else polls it as well; each message goes to one of the two"
        case OutageBegan(subject, reason):
            return f"{subject}: {reason}; trying again"
        case OutageEnded(subject):
            return f"{subject}: works again"


def _reasons(undeleted: Mapping[str, str]) -> str:
    return ", ".join(sorted(set(undeleted.values())))


def _messages(number: int) -> str:
    return f"{number} message{'' if number == 1 else 's'}"
