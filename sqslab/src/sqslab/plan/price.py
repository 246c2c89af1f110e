"""What the consumer of a million messages costs: invocations, their duration, and requests to SQS.

Prices are those of us-east-1, without free tier, volume discount or savings plan; docs/scaling.md says where they are
from, and https://aws.amazon.com/lambda/pricing/ and https://aws.amazon.com/sqs/pricing/ have today's. Sending is not in
it, nor are logs, alarms and what the function itself calls.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqslab.plan.capacity import FIRST
from sqslab.plan.retries import batch_runs, course
from sqslab.plan.workload import Settings, Workload, batch_duration, full_batch

MILLION = 1_000_000
GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}  # dollars
MILLION_INVOCATIONS = 0.20
MILLION_REQUESTS = {False: 0.40, True: 0.50}  # to SQS, by whether the queue is FIFO
_CHUNK_BYTES = 65_536  # each counts as a request
_MOST_A_REQUEST = 10  # messages
_IDLE_POLL_SECONDS = 20
_MONTH_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Prices:
    """In dollars.

    Attributes:
        gb_second: of a function with 1 GB that runs for a second.
        million_invocations: of a function.
        million_requests: to SQS.
    """

    gb_second: float
    million_invocations: float
    million_requests: float


@dataclass(frozen=True, kw_only=True)
class Bill:
    """For a million messages brought to their end.

    Attributes:
        batch: messages an invocation runs, in the mean.
        invocations: of the function.
        gb_seconds: of all of them.
        requests: to SQS, as they are billed.
        dollars: for the three.
        idle_dollars: of the requests that find nothing, in 30 days without a message; not in `dollars`.
    """

    batch: float
    invocations: float
    gb_seconds: float
    requests: float
    dollars: float
    idle_dollars: float


def mean_batch(workload: Workload, settings: Settings, pollers: int = FIRST) -> float:
    """Say how many messages an invocation runs.

    A backlog fills every batch. Else a batch is what arrives within the window after its first message, at one of the
    pollers, which share the messages evenly; without a window that is one message. AWS documents five batches at a time
    for low traffic, not how messages are spread.

    Args:
        workload: the messages.
        settings: how they are carried.
        pollers: how many share the messages.
    """
    if workload.backlog or workload.fifo:
        return batch_runs(workload, settings) if workload.backlog else 1.0
    attempts = workload.rate * course(workload, settings).attempts
    at_once = attempts * batch_duration(workload, settings.batch_size, settings.concurrency) / settings.batch_size
    arrives = attempts * settings.window / max(pollers, at_once)
    return min(float(full_batch(workload, settings.batch_size)), 1 + arrives)


def bill(workload: Workload, settings: Settings, prices: Prices, pollers: int = FIRST) -> Bill:
    """Add up what a million messages cost."""
    batch = mean_batch(workload, settings, pollers)
    attempts = MILLION * course(workload, settings).attempts
    invocations = attempts / batch
    gb_seconds = invocations * batch_duration(workload, batch, settings.concurrency) * settings.memory / 1024
    requests = invocations * _requests_an_invocation(workload, settings, batch)
    if workload.fifo:
        requests += MILLION * course(workload, settings).dead_lettered  # the layer sends them itself
    idle = FIRST * _MONTH_SECONDS / _IDLE_POLL_SECONDS
    return Bill(
        batch=batch,
        invocations=invocations,
        gb_seconds=gb_seconds,
        requests=requests,
        dollars=gb_seconds * prices.gb_second
        + (invocations * prices.million_invocations + requests * prices.million_requests) / MILLION,
        idle_dollars=idle * prices.million_requests / MILLION,
    )


def _requests_an_invocation(workload: Workload, settings: Settings, batch: float) -> float:
    """Count receives by the 64 KB, deletions of what succeeded, and changes of visibility of what failed.

    A backlog comes ten messages a receive. Without one, each message is there alone when it is received.
    """
    if workload.backlog:
        received = full_batch(workload, settings.batch_size)
        receives = float(math.ceil(received / _MOST_A_REQUEST))
        messages_each = received / receives
    else:
        receives, messages_each = batch, 1.0
    chunks = math.ceil(messages_each * workload.message_bytes / _CHUNK_BYTES)
    share = workload.failure_rate
    calls = math.ceil(round(batch / _MOST_A_REQUEST, 9))
    return float(receives * chunks + calls * (1 - share**batch) + calls * (1 - (1 - share) ** batch))
