"""The order of a standard queue."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING

from sqslab.simulator.queues.message import Message, State
from sqslab.simulator.queues.queue import Queue

if TYPE_CHECKING:
    from sqslab.simulator.clock import Clock
    from sqslab.simulator.queues.settings import Settings


class StandardQueue(Queue):
    """Messages come in the order in which they can be received; one that comes back, comes last.

    Args:
        name: of the queue.
        arn: of the queue.
        settings: how it is set up.
        clock: whose time passes here.
        number: a number no other queue of the same service has.
        duplicates: the probability with which a delivery leaves the message visible, so that it is delivered again:
            https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
        chance: draws whether it does.
    """

    fifo = False

    def __init__(
        self,
        name: str,
        arn: str,
        settings: Settings,
        clock: Clock,
        number: int,
        duplicates: float,
        chance: random.Random,
    ) -> None:
        super().__init__(name, arn, settings, clock, number)
        self._line: deque[Message] = deque()
        self._duplicates = duplicates
        self._chance = chance

    def _select(self, most: int, now: float, timeout: float) -> list[Message]:
        line = self._line
        taken: list[Message] = []
        while line and len(taken) < most:
            message = line.popleft()
            if message.state is not State.WAITING:
                continue  # deleted or expired while it stood in the line
            if self._is_exhausted(message):
                self._dead_letter(message, now)
                continue
            duplicate = self._duplicates > 0 and self._chance.random() < self._duplicates
            # Hidden for no time, it is in line again at the next receive; so a receive gives no message twice.
            self._deliver(message, now, 0 if duplicate else timeout)
            taken.append(message)
        return taken

    def _waits(self, message: Message) -> None:
        self._line.append(message)

    def _left(self, message: Message) -> None:
        pass  # it is skipped when its turn comes
