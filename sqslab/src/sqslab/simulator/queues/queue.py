"""What standard and FIFO queues have in common: time, receipt handles, counts, retention and the dead-letter queue."""

from __future__ import annotations

import abc
import heapq
import itertools
import threading
from typing import TYPE_CHECKING

from sqslab.simulator import errors
from sqslab.simulator.queues.message import Message, State, make_handle, numbers_in_handle

if TYPE_CHECKING:
    from sqslab.simulator.clock import Clock
    from sqslab.simulator.queues.message import Attributes
    from sqslab.simulator.queues.settings import Settings

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
LONGEST_HIDDEN = 43_200
_MOST_IN_FLIGHT = 120_000
_SENDER = "AIDASIMULATEDSENDER01"

_WAITING, _DELAYED, _IN_FLIGHT = State.WAITING, State.DELAYED, State.IN_FLIGHT
_HIDDEN = (_IN_FLIGHT, _DELAYED)


class Queue(abc.ABC):
    """A queue in virtual time.

    The work per message does not grow with the queue: what becomes visible or expires is kept in heaps by time, and an
    entry that no longer holds is recognized when it comes up.

    Args:
        name: of the queue.
        arn: of the queue.
        settings: how it is set up.
        clock: whose time passes here.
        number: a number no other queue of the same service has; part of the receipt handles.

    Attributes:
        dead_letters: the dead-letter queue; None if there is none.
        source_arn: the queue this one is the dead-letter queue of, for the messages that came from there.
        live: the messages that are here, by place.
        ended: how many messages left this queue, by the state in which they did.
    """

    fifo: bool

    def __init__(self, name: str, arn: str, settings: Settings, clock: Clock, number: int) -> None:
        self.name = name
        self.arn = arn
        self.settings = settings
        self.dead_letters: Queue | None = None
        self.live: dict[int, Message] = {}
        self.ended = {State.DELETED: 0, State.DEAD_LETTERED: 0, State.EXPIRED: 0}
        self.created_at = clock.time()
        self._clock = clock
        self._number = number
        self._places = itertools.count(1)
        self._last_place = 0
        self._ticks = itertools.count()
        self._in_flight = 0
        self._delayed = 0
        self._by_handle: dict[str, Message] = {}
        self._hidden: list[tuple[float, int, Message]] = []
        self._expiring: list[tuple[float, int, Message]] = []
        self._changed: threading.Event | None = None  # there is one while somebody may wait for it

    def counts(self) -> dict[State, int]:
        """Count the messages that wait, are delayed and are in flight at this moment."""
        self._keep_up(self._clock.monotonic())
        return {
            _WAITING: len(self.live) - self._in_flight - self._delayed,
            _DELAYED: self._delayed,
            _IN_FLIGHT: self._in_flight,
        }

    def put(
        self,
        message_id: str,
        body: str,
        attributes: Attributes,
        system: dict[str, str],
        group: str | None,
        delay: float,
    ) -> Message:
        """Let a message in.

        Args:
            message_id: its id.
            body: its body.
            attributes: its message attributes.
            system: system attributes it has besides those that every message has.
            group: its message group, if it has one.
            delay: seconds before it can be received.
        """
        now = self._clock.monotonic()
        self._keep_up(now)
        place = self._new_place()
        system = {"SenderId": _SENDER, "SentTimestamp": self._timestamp()} | system | self._system_of(place)
        message = Message(place, message_id, body, attributes, system, group, now)
        self._admit(message, now, delay)
        return message

    def take(self, most: int, timeout: float) -> list[Message]:
        """Receive: hide and count messages, and give them in the order of the queue.

        Args:
            most: how many at most.
            timeout: seconds for which they are hidden.

        Raises:
            Refused: too many are in flight.
        """
        now = self._clock.monotonic()
        self._keep_up(now)
        if self._in_flight + most > _MOST_IN_FLIGHT:
            if self._in_flight >= _MOST_IN_FLIGHT:
                raise errors.too_many_in_flight()
            most = _MOST_IN_FLIGHT - self._in_flight
        return self._select(most, now, timeout)

    def wait_for_change(self, until: float) -> None:
        """Wait until there may be something to receive.

        Args:
            until: at most until then, in the seconds of the clock's `monotonic`.
        """
        if self._hidden:
            until = min(until, self._hidden[0][0])
        if self._changed is None:
            self._changed = threading.Event()
        self._clock.wait(self._changed, until - self._clock.monotonic())

    def delete(self, handle: str) -> None:
        """Delete the message a receipt handle stands for.

        An expired handle fails on FIFO. On a standard queue it always succeeds, and deletes nothing if the message was
        received again since: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html

        Raises:
            Refused: it is no handle of this queue, or it has expired on FIFO.
        """
        now = self._clock.monotonic()
        self._keep_up(now)
        message = self._by_handle.get(handle)
        if message is None:
            place = self._place_of(handle)
            if self.fifo and place in self.live:
                raise errors.expired_handle(handle)
            return
        if self.fifo and message.state is not _IN_FLIGHT:
            raise errors.expired_handle(handle)
        self._end(message, State.DELETED)
        self._tell()  # on FIFO, this may free the group

    def hide(self, handle: str, seconds: int) -> None:
        """Change how long a received message stays hidden, from now on and for this receive only.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html

        Raises:
            Refused: the handle is not the message's latest, the message is not in flight, or it would be hidden
                for more than 12 hours since its receive.
        """
        now = self._clock.monotonic()
        self._keep_up(now)
        message = self._by_handle.get(handle)
        if message is None:
            self._place_of(handle)
            raise errors.superseded_handle(handle)
        if message.state is not _IN_FLIGHT:
            raise errors.not_in_flight()
        if now + seconds > message.received_at + LONGEST_HIDDEN:
            reason = f"Total VisibilityTimeout for the message is beyond the limit [{LONGEST_HIDDEN} seconds]"
            raise errors.invalid_value(seconds, "VisibilityTimeout", reason)
        self._hide_until(message, now + seconds)
        self._tell()

    @abc.abstractmethod
    def _select(self, most: int, now: float, timeout: float) -> list[Message]:
        """Deliver or dead-letter messages that wait, in the order of this kind of queue."""

    @abc.abstractmethod
    def _waits(self, message: Message) -> None:
        """Take note of a message that can be received from now on."""

    @abc.abstractmethod
    def _left(self, message: Message) -> None:
        """Take note of a message that is no longer here."""

    def _new_place(self) -> int:
        self._last_place = next(self._places)
        return self._last_place

    def _timestamp(self) -> str:
        return str(int(self._clock.time() * 1000))

    def _admit(self, message: Message, now: float, delay: float) -> None:
        self.live[message.place] = message
        if len(self._expiring) > 2 * len(self.live) + 100:
            self._expiring = [entry for entry in self._expiring if entry[2].place in self.live]
            heapq.heapify(self._expiring)
        heapq.heappush(self._expiring, (message.enqueued_at + self.settings.retention, next(self._ticks), message))
        if delay > 0:
            message.state = _DELAYED
            self._delayed += 1
            self._hide_until(message, now + delay)
        else:
            self._waits(message)
        self._tell()

    def _deliver(self, message: Message, now: float, timeout: float) -> None:
        """Count a receive, with a new handle, and hide the message."""
        if message.receives == 0:
            message.system["ApproximateFirstReceiveTimestamp"] = self._timestamp()
        message.receives += 1
        if message.handle:
            self._by_handle.pop(message.handle, None)
        message.handle = handle = make_handle(self._number, message)
        self._by_handle[handle] = message
        message.received_at = now
        message.state = _IN_FLIGHT
        self._in_flight += 1
        self._hide_until(message, now + timeout)

    def _is_exhausted(self, message: Message) -> bool:
        """Say whether the next receive would be one too many."""
        return self.dead_letters is not None and message.receives >= self.settings.most_receives

    def _dead_letter(self, message: Message, now: float) -> None:
        """Move a message on. It keeps its id and its count; on a standard queue also the time since it is kept.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
        """
        target = self.dead_letters
        if target is None:
            raise RuntimeError("there is no dead-letter queue")
        self._end(message, State.DEAD_LETTERED)
        target._accept(message, self.arn, now)

    def _accept(self, moved: Message, source_arn: str, now: float) -> None:
        self._keep_up(now)
        enqueued_at = now if self.fifo else moved.enqueued_at
        place = self._new_place()
        system = moved.system | {"DeadLetterQueueSourceArn": source_arn} | self._system_of(place)
        message = Message(place, moved.message_id, moved.body, moved.attributes, system, moved.group, enqueued_at)
        message.receives = moved.receives
        self._admit(message, now, 0)

    def _system_of(self, place: int) -> dict[str, str]:
        """Give the system attributes that come from a message's place in this queue."""
        return {}

    def _hide_until(self, message: Message, moment: float) -> None:
        message.visible_at = moment
        if len(self._hidden) > 2 * (self._in_flight + self._delayed) + 100:
            self._hidden = [
                entry for entry in self._hidden if entry[2].visible_at == entry[0] and entry[2].state in _HIDDEN
            ]
            heapq.heapify(self._hidden)
        heapq.heappush(self._hidden, (moment, next(self._ticks), message))

    def _keep_up(self, now: float) -> None:
        """Let happen what time brought: messages that become visible, and such that expire."""
        expiring = self._expiring
        while expiring and expiring[0][0] <= now:
            message = heapq.heappop(expiring)[2]
            if message.place in self.live:
                self._end(message, State.EXPIRED)
        hidden = self._hidden
        while hidden and hidden[0][0] <= now:
            moment, _, message = heapq.heappop(hidden)
            if message.visible_at == moment and message.state in _HIDDEN:
                self._in_flight -= message.state is _IN_FLIGHT
                self._delayed -= message.state is _DELAYED
                message.state = _WAITING
                self._waits(message)

    def _end(self, message: Message, state: State) -> None:
        self._in_flight -= message.state is _IN_FLIGHT
        self._delayed -= message.state is _DELAYED
        message.state = state
        self.ended[state] += 1
        del self.live[message.place]
        if message.handle:
            self._by_handle.pop(message.handle, None)
        self._left(message)

    def _place_of(self, handle: str) -> int:
        number, place = numbers_in_handle(handle)
        if number != self._number or place > self._last_place:
            raise errors.no_handle(handle)
        return place

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None
