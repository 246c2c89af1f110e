"""How many messages a second are carried, what limits that, and how long a backlog takes.

Lambda's scaling: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html. A standard queue begins with
five batches at once and gets up to 300 more a minute, as local/pace.py has it; on FIFO there is one a message group.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from local.plan.retries import course
from local.plan.workload import Settings, Workload, batch_duration, full_batch

FIRST = 5
MORE_A_SECOND = 300 / 60
MOST_CONCURRENCY = 1_000  # of a mapping that has a MaximumConcurrency
LEAST_CONCURRENCY = 2
_UTILIZATION = 0.7  # of the recommended concurrency by the rate that is known
# FIFO without high throughput, of each kind of request:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
_FIFO_REQUESTS_A_SECOND = 300
# Received and not deleted, on both kinds of queue:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-fifo.html
MOST_IN_FLIGHT = 120_000


@dataclass(frozen=True)
class Capacity:
    """What is carried when there is always a full batch to fetch.

    Attributes:
        messages_a_second: brought to their end, successful or dead-lettered.
        limited_by: the setting or quota that would have to change for more.
    """

    messages_a_second: float
    limited_by: str


def batch_runs(workload: Workload, settings: Settings) -> float:
    """Say how many messages of a full batch are run: on FIFO, as many as up to the first failure of the group."""
    full = full_batch(workload, settings.batch_size)
    share = workload.failure_rate
    if not workload.fifo or not share:
        return full
    return float((1 - (1 - share) ** full) / share)


def seconds_a_message(workload: Workload, settings: Settings) -> float:
    """Say for how many seconds a message keeps one batch's place busy, with all its attempts."""
    runs = batch_runs(workload, settings)
    attempts = course(workload, settings).attempts
    if workload.fifo:
        return attempts * (workload.message_seconds + workload.batch_seconds / runs)
    return attempts * batch_duration(workload, runs, settings.concurrency) / runs


def capacity(workload: Workload, settings: Settings) -> Capacity:
    """Say how many messages a second the settings carry, once Lambda has scaled up."""
    busy = seconds_a_message(workload, settings)
    limits = [Capacity(settings.maximum_concurrency / busy, "MaximumConcurrency")]
    if workload.fifo:
        # While a failed message is hidden, its group waits.
        message = course(workload, settings)
        limits.append(Capacity(workload.groups / (busy + message.hidden), "the number of message groups"))
        received = _FIFO_REQUESTS_A_SECOND * batch_runs(workload, settings) / message.attempts
        limits.append(Capacity(received, "SQS: 300 receives a second of a FIFO queue without high throughput"))
    return min(limits, key=lambda limit: limit.messages_a_second)


def concurrency_for(workload: Workload, settings: Settings) -> int:
    """Recommend a MaximumConcurrency: what the rate needs, with room to spare."""
    needed = workload.rate * seconds_a_message(workload, settings)
    return min(MOST_CONCURRENCY, max(LEAST_CONCURRENCY, math.ceil(round(needed / _UTILIZATION, 9))))


def backlog_seconds(workload: Workload, settings: Settings) -> float:
    """Say how long it takes to work off the backlog, while messages go on to arrive.

    The last failures of it wait out their backoff after that.

    Returns:
        Seconds; infinity if more arrives than is carried.
    """
    most = capacity(workload, settings).messages_a_second
    if not workload.backlog:
        return 0.0
    full_speed = max(0.0, (settings.maximum_concurrency - FIRST) / MORE_A_SECOND)  # when it is reached
    if workload.fifo or not full_speed:
        return workload.backlog / (most - workload.rate) if most > workload.rate else math.inf
    # While it scales up, (FIRST + MORE_A_SECOND * t) / busy messages a second are carried.
    busy = seconds_a_message(workload, settings)
    grows, begins = MORE_A_SECOND / busy / 2, FIRST / busy - workload.rate
    carried = full_speed * (begins + full_speed * grows)
    if carried >= workload.backlog:
        return (math.sqrt(begins**2 + 4 * grows * workload.backlog) - begins) / (2 * grows)
    if most <= workload.rate:
        return math.inf
    return full_speed + (workload.backlog - carried) / (most - workload.rate)


def in_flight(workload: Workload, settings: Settings) -> float:
    """Say how many messages are received and not deleted, in the mean: with the function, or hidden after a failure."""
    carried = capacity(workload, settings).messages_a_second
    rate = carried if workload.backlog else min(workload.rate, carried)
    full = full_batch(workload, settings.batch_size)
    message = course(workload, settings)
    received = settings.window + batch_duration(workload, full, settings.concurrency)
    return rate * (message.attempts * received + message.hidden)
