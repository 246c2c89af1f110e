"""The order of a FIFO queue, and its deduplication."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sqslab.simulator.queues.message import Message, State
from sqslab.simulator.queues.queue import Queue

if TYPE_CHECKING:
    from sqslab.simulator.clock import Clock
    from sqslab.simulator.queues.message import Attributes
    from sqslab.simulator.queues.settings import Settings

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_DEDUPLICATION_SECONDS = 300
_FIRST_SEQUENCE_NUMBER = 18_850_000_000_000_000_000
_GONE_IN_ONE_LOOK = 32


class _Group:
    """The messages of one group in their order; such that are gone stay until they reach the front."""

    __slots__ = ("in_line", "messages", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.messages: deque[Message] = deque()
        self.in_line = False  # whether it stands in the queue's line, so that its first message can be received


class FifoQueue(Queue):
    """Groups come in the order in which they can be received; of each, as many messages as are wanted.

    Only an earlier message in flight keeps a message back, as recorded on AWS; see also
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
    """

    fifo = True

    def __init__(self, name: str, arn: str, settings: Settings, clock: Clock, number: int) -> None:
        super().__init__(name, arn, settings, clock, number)
        self._groups: dict[str, _Group] = {}
        self._line: deque[_Group] = deque()
        self._known: dict[tuple[str | None, str], Message] = {}
        self._forgetting: deque[tuple[float, tuple[str | None, str]]] = deque()

    def send(self, message_id: str, body: str, attributes: Attributes, group: str, deduplication_id: str) -> Message:
        """Let a message in, or give the one that was sent with the same deduplication id within five minutes.

        Args:
            message_id: its id.
            body: its body.
            attributes: its message attributes.
            group: its message group.
            deduplication_id: what makes two messages the same, also when the first one has been deleted.
        """
        now = self._clock.monotonic()
        while self._forgetting and self._forgetting[0][0] <= now:
            del self._known[self._forgetting.popleft()[1]]
        key = (group if self.settings.deduplicates_by_group else None, deduplication_id)
        if key in self._known:
            return self._known[key]
        system = {"MessageGroupId": group, "MessageDeduplicationId": deduplication_id}
        message = self.put(message_id, body, attributes, system, group, self.settings.delay)
        self._known[key] = message
        self._forgetting.append((now + _DEDUPLICATION_SECONDS, key))
        return message

    def _system_of(self, place: int) -> dict[str, str]:
        return {"SequenceNumber": str(_FIRST_SEQUENCE_NUMBER + place * 256)}

    def _admit(self, message: Message, now: float, delay: float) -> None:
        name = message.group or ""
        if name not in self._groups:
            self._groups[name] = _Group(name)
        self._groups[name].messages.append(message)
        super()._admit(message, now, delay)

    def _select(self, most: int, now: float, timeout: float) -> list[Message]:
        taken: list[Message] = []
        while self._line and len(taken) < most:
            group = self._line.popleft()  # it counts as in line as long as it is looked through: nothing puts it back
            gone = 0
            for message in group.messages:
                if message.state is State.IN_FLIGHT or message.state is State.DELAYED:
                    break
                if message.state is not State.WAITING:
                    gone += 1
                elif self._is_exhausted(message):
                    self._dead_letter(message, now)
                else:
                    self._deliver(message, now, timeout)
                    taken.append(message)
                    if len(taken) == most:
                        break
            if gone > _GONE_IN_ONE_LOOK:
                group.messages = deque(message for message in group.messages if message.place in self.live)
            group.in_line = False
            self._line_up(group)
        return taken

    def _waits(self, message: Message) -> None:
        self._line_up(self._groups[message.group or ""])

    def _left(self, message: Message) -> None:
        self._line_up(self._groups[message.group or ""])

    def _line_up(self, group: _Group) -> None:
        """Put a group into the line if its first message can be received; forget it if it has none."""
        if group.in_line:
            return
        messages = group.messages
        while messages and messages[0].place not in self.live:
            messages.popleft()
        if not messages:
            del self._groups[group.name]
        elif messages[0].state is State.WAITING:
            group.in_line = True
            self._line.append(group)
