"""Sample data for the picture of the dashboard: three hours in which what the consumers call is down for a while.

The numbers are made, by a small model of a queue: messages arrive, a share of the tries fails while the outage lasts,
what failed comes back later, and after so many tries is dead. They are the same each time.
"""

from __future__ import annotations

import math
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTES = 180
_OUTAGE = range(70, 96)  # minutes
_TRIES = 5
_DOOMED = 0.002  # share of the messages that cannot ever succeed
_BATCH = 10  # messages
_TIMED_OUT = 0.1  # share of the invocations of the outage, which end with the function's timeout
_THROTTLED = 0.1  # share of the invocations while all that may run at once do


@dataclass(frozen=True)
class Traffic:
    """What happens to a queue.

    Attributes:
        seed: of the random part of the arrivals.
        arrivals: messages a minute, on average.
        capacity: tries a minute, at most.
        outage_share: of the tries, the part that fails during the outage.
        minutes_hidden: how long a message stays hidden after each failure.
    """

    seed: int
    arrivals: int
    capacity: int
    outage_share: float
    minutes_hidden: tuple[int, ...]


TRAFFIC = {
    "Standard": Traffic(1, 420, 700, 0.8, (1, 2, 4, 8)),
    "Fifo": Traffic(2, 90, 160, 0.35, (1, 2, 4, 8)),
}


@dataclass
class _Run:
    """The series of one queue and its function, a value a minute."""

    received: list[float] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)
    dead_lettered: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)
    age: list[float] = field(default_factory=list)
    concurrency: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    throttles: list[float] = field(default_factory=list)
    dead: list[float] = field(default_factory=list)
    dead_age: list[float] = field(default_factory=list)


def _run(traffic: Traffic) -> _Run:
    rng = random.Random(traffic.seed)  # noqa: S311 - nothing secret
    run = _Run()
    ready: deque[tuple[int, int]] = deque()  # when it was sent, how often it was tried
    hidden: dict[int, list[tuple[int, int]]] = {}
    born: Counter[int] = Counter()  # unfinished messages by the minute they were sent in
    dead = 0
    first_dead: int | None = None
    for minute in range(MINUTES):
        arriving = round(traffic.arrivals * (1 + 0.3 * math.sin(minute / 25)) + rng.gauss(0, traffic.arrivals / 20))
        ready.extend(hidden.pop(minute, []))
        ready.extend([(minute, 0)] * arriving)
        born[minute] += arriving
        failed = refused = 0
        tried = min(len(ready), traffic.capacity)
        for _ in range(tried):
            sent, tries = ready.popleft()
            if rng.random() < _DOOMED:
                refused += 1
                born[sent] -= 1
            elif minute in _OUTAGE and rng.random() < traffic.outage_share:
                failed += 1
                if tries + 1 == _TRIES:
                    dead += 1
                    born[sent] -= 1
                else:
                    hidden.setdefault(minute + traffic.minutes_hidden[tries], []).append((sent, tries + 1))
            else:
                born[sent] -= 1
        dead += refused
        first_dead = minute if first_dead is None and dead else first_dead
        oldest = min((sent for sent, left in born.items() if left), default=minute)
        run.received.append(tried)
        run.failed.append(failed)
        run.dead_lettered.append(refused)
        run.waiting.append(len(ready))
        run.age.append(60.0 * (minute - oldest) + 2)
        run.concurrency.append(math.ceil(9 * tried / traffic.capacity))
        batches = tried / _BATCH
        run.errors.append(_some(rng, batches * _TIMED_OUT) if minute in _OUTAGE else 0.0)
        run.throttles.append(_some(rng, batches * _THROTTLED) if tried == traffic.capacity else 0.0)
        run.dead.append(dead)
        run.dead_age.append(0.0 if first_dead is None else 60.0 * (minute - first_dead))
    return run


def _some(rng: random.Random, mean: float) -> float:
    """Give a whole number somewhere about the mean."""
    return float(round(rng.uniform(0.5, 1.5) * mean))


class SampleMetrics:
    """CloudWatch, with the sample data in it."""

    def __init__(self) -> None:
        self._runs = {prefix: _run(traffic) for prefix, traffic in TRAFFIC.items()}

    def series(self, namespace: str, name: str, dimensions: Mapping[str, str]) -> list[float]:
        """Give a metric, a value a minute.

        Args:
            namespace: such as AWS/SQS.
            name: such as ApproximateAgeOfOldestMessage.
            dimensions: with the resources' names in the template as values.

        Raises:
            KeyError: there is no such metric among the sample data.
        """
        resource = dimensions.get("QueueName") or dimensions["FunctionName"]
        run = self._runs["Fifo" if resource.startswith("Fifo") else "Standard"]
        of_dead = resource.endswith("DeadLetterQueue")
        known = {
            ("AWS/SQS", "ApproximateAgeOfOldestMessage"): run.dead_age if of_dead else run.age,
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): run.dead if of_dead else run.waiting,
            ("AWS/Lambda", "ConcurrentExecutions"): run.concurrency,
            ("AWS/Lambda", "Errors"): run.errors,
            ("AWS/Lambda", "Throttles"): run.throttles,
            ("PartialBatch", "MessagesReceived"): run.received,
            ("PartialBatch", "MessagesFailed"): run.failed,
            ("PartialBatch", "MessagesDeadLettered"): run.dead_lettered,
        }
        return known[namespace, name]
