"""What to know before the settings of an answer are used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqslab.plan.backlog import backlog_seconds
from sqslab.plan.capacity import MOST_IN_FLIGHT, RECEIVES, capacity, in_flight
from sqslab.plan.report import duration
from sqslab.plan.retries import MOST_RECEIVE_COUNT, course, poison_seconds, safe_receive_count
from sqslab.plan.workload import full_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqslab.plan.workload import Settings, Workload

_ADVISED_TIMES_TIMEOUT = 6
_WORTH_A_NOTE = 0.0001  # of the messages
_DAY = 24 * 3600
# Where a queue does not say, it has SQS's default:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
_RETENTION, _LONGEST_RETENTION = 4 * _DAY, 14 * _DAY


def notes(workload: Workload, settings: Settings, names: Mapping[str, str]) -> Iterator[str]:
    """Give the notes, one sentence or two each.

    Args:
        workload: the messages.
        settings: which carry them.
        names: what the settings are called.
    """
    yield from _on_scale(workload, settings)
    yield from _on_settings(workload, settings)
    yield from _on_failures(workload, settings, names)
    yield from _on_retention(workload, settings)


def _on_scale(workload: Workload, settings: Settings) -> Iterator[str]:
    most = capacity(workload, settings)
    if workload.rate > most.messages_a_second:
        yield "More arrives than is carried: the backlog grows without end."
    elif math.isinf(backlog_seconds(workload, settings)):
        yield "As much arrives as is carried: the backlog never shrinks."
    if most.limited_by == RECEIVES:
        yield (
            "High throughput for FIFO takes the queue beyond this limit: DeduplicationScope messageGroup and "
            "FifoThroughputLimit perMessageGroupId."
        )
    if (hidden := in_flight(workload, settings)) > MOST_IN_FLIGHT:
        yield f"About {hidden:,.0f} messages would be in flight; SQS allows {MOST_IN_FLIGHT:,}."


def _on_settings(workload: Workload, settings: Settings) -> Iterator[str]:
    if (full := full_batch(workload, settings.batch_size)) < settings.batch_size:
        yield f"A batch ends at {full:,} messages: more do not fit into the 6 MB of an invocation."
    advised = _ADVISED_TIMES_TIMEOUT * settings.function_timeout + settings.window
    if settings.visibility_timeout < advised:
        yield f"AWS advises a visibility timeout of 6 x the timeout + the window, {advised:,} s, or more."
    if settings.concurrency > 1:
        yield f"In the handler: batch_handler(concurrency={settings.concurrency})."
        if workload.fifo:
            yield "A full batch of FIFO messages is of one group, which concurrency does not speed up."


def _on_failures(workload: Workload, settings: Settings, names: Mapping[str, str]) -> Iterator[str]:
    if not workload.fifo:
        return
    tries = settings.max_receive_count
    if (safe := safe_receive_count(settings)) > MOST_RECEIVE_COUNT:
        yield (
            f"{names['queue_max_receive_count']} should be 2 x {tries} x {settings.batch_size} = {safe:,}, and "
            f"SQS allows {MOST_RECEIVE_COUNT:,}: it may dead-letter messages that had fewer tries, or none. "
            f"A smaller {names['max_receive_count']} or {names['batch_size']} helps."
        )
    wanted = workload.failure_rate**tries
    dead = course(workload, settings).dead_lettered
    if dead > 2 * wanted and dead > _WORTH_A_NOTE:
        yield (
            f"What waits behind a failure is received and counted with it: {dead:.2%} of the messages are "
            f"dead-lettered, where {tries} tries each would give {wanted:.2%}. "
            f"A smaller {names['batch_size']} helps."
        )


def _on_retention(workload: Workload, settings: Settings) -> Iterator[str]:
    worked_off = backlog_seconds(workload, settings)
    if math.isfinite(worked_off) and worked_off > _RETENTION:
        yield f"The backlog takes {duration(worked_off)}. {_kept()}"
    _, dead_lettered = poison_seconds(workload, settings)
    if dead_lettered > _RETENTION:
        yield f"A poison message may take {duration(dead_lettered)} to the dead-letter queue. {_kept()}"


def _kept() -> str:
    return (
        f"SQS deletes messages after {_RETENTION // _DAY} days if the queue does not say; a MessageRetentionPeriod of "
        f"{_LONGEST_RETENTION // _DAY} days is the most there is."
    )
