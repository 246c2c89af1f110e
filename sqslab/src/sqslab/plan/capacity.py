"""How many messages a second are carried, and what limits that.

Lambda's scaling: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html. A standard queue begins with
five batches at once and gets up to 300 more a minute, as mapping/concurrency.py has it; on FIFO there is one a
message group.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqslab.plan.retries import batch_runs, course
from sqslab.plan.workload import Settings, Workload, batch_duration, full_batch

FIRST = 5
MORE_A_SECOND = 300 / 60
MOST_CONCURRENCY = 1_000  # of a mapping that has a MaximumConcurrency
LEAST_CONCURRENCY = 2
_UTILIZATION = 0.7  # of the recommended concurrency by the rate that is known
# FIFO without high throughput, of each kind of request:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
FIFO_REQUESTS_A_SECOND = 300
RECEIVES = f"SQS: {FIFO_REQUESTS_A_SECOND} receives a second of a FIFO queue without high throughput"
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
        received = FIFO_REQUESTS_A_SECOND * batch_runs(workload, settings) / message.attempts
        limits.append(Capacity(received, RECEIVES))
    return min(limits, key=lambda limit: limit.messages_a_second)


def concurrency_for(workload: Workload, settings: Settings) -> int:
    """Recommend a MaximumConcurrency: what the rate needs, with room to spare."""
    needed = workload.rate * seconds_a_message(workload, settings)
    return min(MOST_CONCURRENCY, max(LEAST_CONCURRENCY, math.ceil(round(needed / _UTILIZATION, 9))))


def in_flight(workload: Workload, settings: Settings) -> float:
    """Say how many messages are received and not deleted, in the mean: with the function, or hidden after a failure."""
    carried = capacity(workload, settings).messages_a_second
    rate = carried if workload.backlog else min(workload.rate, carried)
    full = full_batch(workload, settings.batch_size)
    message = course(workload, settings)
    received = settings.window + batch_duration(workload, full, settings.concurrency)
    return rate * (message.attempts * received + message.hidden)
