"""What failures cost: attempts, time hidden, dead letters, and how long a message that never succeeds stays."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.plan.workload import batch_duration, full_batch

if TYPE_CHECKING:
    from local.plan.workload import Settings, Workload

_LONGEST_BACKOFF = 900  # seconds, of the layer's Backoff as the consumers have it
BACKSTOP = 5  # times MaxReceiveCount is the FIFO queue's own


@dataclass(frozen=True)
class Course:
    """What becomes of a message, in the mean.

    Attributes:
        attempts: how often the function runs it.
        hidden: seconds it is hidden for its failures.
        dead_lettered: the probability that it ends there.
    """

    attempts: float
    hidden: float
    dead_lettered: float


def hidden_at_most(receives: int, base: int) -> int:
    """Say how many seconds a message that fails at this receive is hidden, at most."""
    return min(_LONGEST_BACKOFF, base << min(receives - 1, 10))


def hidden_in_the_mean(receives: int, base: int) -> float:
    """Say the same in the mean: the layer draws from 0 to the most, and rounds up to whole seconds."""
    return (hidden_at_most(receives, base) + 1) / 2


def course(workload: Workload, settings: Settings) -> Course:
    """Say what becomes of a message that fails at each attempt with the workload's failure rate."""
    share, tries = workload.failure_rate, settings.max_receive_count
    if workload.fifo:
        return _in_its_group(share, full_batch(workload, settings.batch_size), tries, settings.backoff_base)
    return Course(
        attempts=math.fsum(share**failures for failures in range(tries)),
        hidden=math.fsum(
            share**failure * hidden_in_the_mean(failure, settings.backoff_base) for failure in range(1, tries + 1)
        ),
        dead_lettered=share**tries,
    )


def poison_seconds(workload: Workload, settings: Settings) -> tuple[float, float]:
    """Say how long a message that always fails takes to reach the dead-letter queue, once it is received.

    A standard queue moves it at the receive after the last one allowed, so that the last failure hides it, too:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html. On FIFO the layer
    dead-letters it at its last failure (the handler's max_receive_count).

    Returns:
        Seconds in the mean, when it is alone in its batches; and at most, in full batches with the longest backoff. In
        both cases batches are fetched without delay.
    """
    tries, base = settings.max_receive_count, settings.backoff_base
    hidings = range(1, tries if workload.fifo else tries + 1)
    alone = batch_duration(workload, 1, settings.concurrency)
    full = batch_duration(workload, full_batch(workload, settings.batch_size), settings.concurrency)
    mean = math.fsum(hidden_in_the_mean(receives, base) for receives in hidings)
    most = math.fsum(hidden_at_most(receives, base) for receives in hidings)
    return tries * (settings.window + alone) + mean, tries * (settings.window + full) + most


@functools.cache
def _in_its_group(share: float, batch: int, tries: int, base: int) -> Course:
    """Follow a message of a group that always fills the batch.

    What stands behind a failure goes back and is received again, and counted, with the message that failed at the head.
    The layer goes by that count for the backoff and for dead-lettering, so a message may fail for the first time at its
    third receive.
    """
    last = tries * BACKSTOP  # SQS gives no message out more often
    fails_at = [share * (1 - share) ** place for place in range(batch)]  # the place of a batch's first failure

    @functools.cache
    def follow(place: int, receives: int) -> tuple[float, float, float]:
        """Give attempts, hidden seconds and dead letters to come of who is received at this place, from 0."""
        if receives > last:
            return 0.0, 0.0, 1.0
        is_run = (1 - share) ** place
        attempts, hidden, dead = is_run, 0.0, 0.0
        for first, chance in enumerate(fails_at[: place + 1]):
            if chance == 0:
                continue
            if first == place and receives % tries == 0:
                dead += chance
                continue
            if first == place:
                hidden += chance * hidden_in_the_mean(receives, base)
            further = follow(place - first, receives + 1)
            attempts += chance * further[0]
            hidden += chance * further[1]
            dead += chance * further[2]
        return attempts, hidden, dead

    # A batch whose first failure stands at `place` leaves so many places at the end of the next one to new messages.
    none_fails = (1 - share) ** batch
    new_at = [none_fails + math.fsum(fails_at[batch - place :]) for place in range(batch)]
    total = math.fsum(new_at)
    if not total:  # every attempt fails: who comes next is the head
        return Course(*follow(0, 1))
    sums = [
        math.fsum(weight * follow(place, 1)[part] for place, weight in enumerate(new_at)) / total for part in range(3)
    ]
    return Course(*sums)
