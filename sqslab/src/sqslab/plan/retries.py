"""What failures cost: attempts, time hidden, dead letters, and how long a message that never succeeds stays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqslab.plan.groups import Failing, Followed, hidden_at_most, in_the_mean
from sqslab.plan.workload import batch_duration, full_batch

if TYPE_CHECKING:
    from sqslab.plan.workload import Settings, Workload

MOST_RECEIVE_COUNT = 1_000  # of a redrive policy; the simulator refuses more, as SQS does
_BEGINNING_SHOWS = 0.3  # of the attempts; with less it is under 2 % of them
_BEGINNING_IS_OVER = 20_000  # messages


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


def hidden_in_the_mean(receives: int, base: int) -> float:
    """Say how many seconds a message that fails at this receive is hidden, in the mean.

    The layer draws from 0 to the most, and rounds up to whole seconds.
    """
    return (hidden_at_most(receives, base) + 1) / 2


def course(workload: Workload, settings: Settings) -> Course:
    """Say what becomes of a message that fails at each attempt with the workload's failure rate."""
    if group := _group(workload, settings):
        return Course(group.attempts / group.ended, group.hidden / group.ended, group.dead_lettered / group.ended)
    share, tries = workload.failure_rate, settings.max_receive_count
    return Course(
        attempts=math.fsum(share**failures for failures in range(tries)),
        hidden=math.fsum(
            share**receives * hidden_in_the_mean(receives, settings.backoff_base)
            for receives in _hiding_receives(workload, settings)
        ),
        dead_lettered=share**tries,
    )


def batch_runs(workload: Workload, settings: Settings) -> float:
    """Say how many messages of a full batch are run: on FIFO, not those that wait behind a failure."""
    if group := _group(workload, settings):
        return group.attempts / group.invocations
    return full_batch(workload, settings.batch_size)


def group_failures(workload: Workload, settings: Settings) -> Failing:
    """Say how the messages of a group fail."""
    return Failing(
        share=workload.failure_rate,
        batch=full_batch(workload, settings.batch_size),
        tries=settings.max_receive_count,
        queue_tries=min(MOST_RECEIVE_COUNT, safe_receive_count(settings)),
        base=settings.backoff_base,
    )


def safe_receive_count(settings: Settings) -> int:
    """Say which maxReceiveCount of a FIFO queue leaves dead-lettering to the layer, as docs/layer.md has it.

    It may be over MOST_RECEIVE_COUNT, which is as far as SQS goes.
    """
    return 2 * settings.max_receive_count * settings.batch_size


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
    hidings = _hiding_receives(workload, settings)
    alone = batch_duration(workload, 1, settings.concurrency)
    full = batch_duration(workload, full_batch(workload, settings.batch_size), settings.concurrency)
    mean = math.fsum(hidden_in_the_mean(receives, base) for receives in hidings)
    most = math.fsum(hidden_at_most(receives, base) for receives in hidings)
    return tries * (settings.window + alone) + mean, tries * (settings.window + full) + most


def _hiding_receives(workload: Workload, settings: Settings) -> range:
    """Give the receives whose failure hides a message that is alone: on FIFO not the last one."""
    return range(1, settings.max_receive_count + (not workload.fifo))


def _group(workload: Workload, settings: Settings) -> Followed | None:
    """Follow message groups; None if each message is on its own, and nothing waits behind failures of others.

    While the first messages of a group are in the works their counts are alike, and more of them are tried often, which
    shows where most attempts fail.
    """
    failing = group_failures(workload, settings)
    if not workload.fifo or not failing.share or failing.batch == 1:
        return None
    if workload.rate or not workload.backlog or failing.share < _BEGINNING_SHOWS:
        return in_the_mean(failing)
    each = math.ceil(workload.backlog / workload.groups)
    return in_the_mean(failing, min(_BEGINNING_IS_OVER, max(each, failing.batch)))
