"""How long a backlog takes, to the end of its last batch."""

from __future__ import annotations

import functools
import math
import random
from typing import TYPE_CHECKING

from sqslab.plan.capacity import FIFO_REQUESTS_A_SECOND, FIRST, MORE_A_SECOND, capacity, seconds_a_message
from sqslab.plan.groups import follow
from sqslab.plan.retries import batch_runs, course, group_failures
from sqslab.plan.workload import Settings, Workload, batch_duration, full_batch

if TYPE_CHECKING:
    from sqslab.plan.groups import Followed

_STEPS = 60  # of a bisection
_ROUNDING = 1e-9  # of a number of batches
_GROUPS = 1_000  # message groups that are followed, at most
_ATTEMPTS = 100_000  # in all of them, at most: in longer groups chance evens out


@functools.cache
def backlog_seconds(workload: Workload, settings: Settings) -> float:
    """Say how long it takes to work off the backlog, while messages go on to arrive.

    On a standard queue the last failures of it wait out their backoff after that.

    Returns:
        Seconds until the last batch has ended; infinity if more arrives than is carried.
    """
    if not workload.backlog:
        return 0.0
    fluid = _fluid_seconds(workload, settings)
    if math.isinf(fluid):
        return fluid
    messages = workload.backlog + workload.rate * fluid  # with what arrives meanwhile
    return (_fifo_seconds if workload.fifo else _standard_seconds)(workload, settings, messages)


def _fluid_seconds(workload: Workload, settings: Settings) -> float:
    """Say when as much is carried as there was and has arrived, as if messages were a fluid."""
    most = capacity(workload, settings).messages_a_second
    if most <= workload.rate:
        return math.inf
    full_speed = max(0.0, (settings.maximum_concurrency - FIRST) / MORE_A_SECOND)  # when it is reached
    if workload.fifo or not full_speed:
        return workload.backlog / (most - workload.rate)
    # While it scales up, (FIRST + MORE_A_SECOND * t) / busy messages a second are carried.
    busy = seconds_a_message(workload, settings)
    grows, begins = MORE_A_SECOND / busy / 2, FIRST / busy - workload.rate
    carried = full_speed * (begins + full_speed * grows)
    if carried >= workload.backlog:
        return (math.sqrt(begins**2 + 4 * grows * workload.backlog) - begins) / (2 * grows)
    return full_speed + (workload.backlog - carried) / (most - workload.rate)


def _standard_seconds(workload: Workload, settings: Settings, messages: float) -> float:
    """Say when the last of full batches has ended, and the rest, for which the window is waited out."""
    attempts = messages * course(workload, settings).attempts
    full = full_batch(workload, settings.batch_size)
    batches = math.floor(attempts / full + _ROUNDING)
    rest = attempts - batches * full
    lasts = batch_duration(workload, full, settings.concurrency)
    end = _batches_end(batches, lasts, settings.maximum_concurrency)
    if rest < _ROUNDING * full:
        return end
    rest_lasts = batch_duration(workload, rest, settings.concurrency)
    begins = _batches_end(batches + 1, lasts, settings.maximum_concurrency) - lasts
    return max(end, begins + settings.window + rest_lasts)


def _batches_end(batches: int, lasts: float, most: int) -> float:
    """Say when so many batches have ended, if there is always one more to begin."""
    if not batches:
        return 0.0
    places = [max(0.0, (place - FIRST) / MORE_A_SECOND) for place in range(1, most + 1)]  # when each one is there
    too_soon, enough = 0.0, places[-1] + math.ceil(batches / most) * lasts
    for _ in range(_STEPS):
        middle = (too_soon + enough) / 2
        ended = sum(int((middle - begin) / lasts + _ROUNDING) for begin in places if begin < middle)
        too_soon, enough = (too_soon, middle) if ended >= batches else (middle, enough)
    return enough


def _fifo_seconds(workload: Workload, settings: Settings, messages: float) -> float:
    """Say when all batches have ended: of the slowest group, of all groups at so many places, as fast as received."""
    runs = min(batch_runs(workload, settings), messages)
    lasts = workload.batch_seconds + runs * workload.message_seconds
    batches = math.ceil(messages * course(workload, settings).attempts / runs - _ROUNDING)
    return max(
        _slowest_group_seconds(workload, settings, messages),
        math.ceil(batches / settings.maximum_concurrency) * lasts,
        (batches - 1) / FIFO_REQUESTS_A_SECOND + lasts,
    )


def _slowest_group_seconds(workload: Workload, settings: Settings, messages: float) -> float:
    """Say when the slowest group ends, in the mean; an estimate if there are more than can be followed, or longer."""
    groups = math.ceil(min(workload.groups, messages) - _ROUNDING)
    each = math.ceil(messages / groups - _ROUNDING)
    one = course(workload, settings)
    followed = min(_GROUPS, int(_ATTEMPTS / (each * one.attempts)))
    if not workload.failure_rate or not followed:
        batches = math.ceil(each * one.attempts / batch_runs(workload, settings))
        return batches * workload.batch_seconds + each * (one.attempts * workload.message_seconds + one.hidden)
    failing = group_failures(workload, settings)
    chance = random.Random(0)  # noqa: S311 (not for secrets)
    at_once = min(groups, followed)
    slowest = [
        max(_seconds(workload, follow(failing, each, chance)) for _ in range(at_once))
        for _ in range(followed // at_once)
    ]
    return math.fsum(slowest) / len(slowest)


def _seconds(workload: Workload, group: Followed) -> float:
    return group.invocations * workload.batch_seconds + group.attempts * workload.message_seconds + group.hidden
