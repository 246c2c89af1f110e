"""The answer to a question: every figure, and what to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.plan.capacity import (
    MOST_IN_FLIGHT,
    Capacity,
    backlog_seconds,
    capacity,
    in_flight,
)
from local.plan.price import Bill, bill
from local.plan.retries import BACKSTOP, Course, course, poison_seconds
from local.plan.workload import batch_duration, full_batch

if TYPE_CHECKING:
    from local.plan.arguments import Question
    from local.plan.workload import Settings, Workload

_ADVISED_TIMES_TIMEOUT = 6
_WORTH_A_NOTE = 0.0001  # of the messages


@dataclass(frozen=True)
class Answer:
    """What follows from a workload and settings.

    Attributes:
        overrides: the template's parameters.
        batch_seconds: of a full batch.
        capacity: what is carried, and what limits it.
        utilization: the part of it that the rate needs.
        backlog_seconds: until the backlog is worked off; infinite if never.
        poison_seconds: until a message that always fails is dead-lettered, in the mean and at most.
        course: what becomes of a message.
        in_flight: messages received and not deleted.
        bill: for a million messages.
        notes: what to know before these settings are used.
    """

    overrides: dict[str, int]
    batch_seconds: float
    capacity: Capacity
    utilization: float
    backlog_seconds: float
    poison_seconds: tuple[float, float]
    course: Course
    in_flight: float
    bill: Bill
    notes: list[str]


def answer(question: Question) -> Answer:
    """Work it out."""
    workload, settings = question.workload, question.settings
    most = capacity(workload, settings)
    return Answer(
        overrides=overrides(workload, settings),
        batch_seconds=batch_duration(workload, full_batch(workload, settings.batch_size), settings.concurrency),
        capacity=most,
        utilization=workload.rate / most.messages_a_second,
        backlog_seconds=backlog_seconds(workload, settings),
        poison_seconds=poison_seconds(workload, settings),
        course=course(workload, settings),
        in_flight=in_flight(workload, settings),
        bill=bill(workload, settings, question.prices),
        notes=list(_notes(workload, settings, most)),
    )


def overrides(workload: Workload, settings: Settings) -> dict[str, int]:
    """Give the parameters of the template that carry the settings."""
    if workload.fifo:
        batches = {"FifoBatchSize": settings.batch_size}
    else:
        batches = {"StandardBatchSize": settings.batch_size, "StandardBatchingWindow": settings.window}
    parameters = batches | {
        "MaximumConcurrency": settings.maximum_concurrency,
        "FunctionTimeout": settings.function_timeout,
        "VisibilityTimeout": settings.visibility_timeout,
        "MaxReceiveCount": settings.max_receive_count,
    }
    if workload.fifo:
        parameters["FifoQueueMaxReceiveCount"] = min(1000, BACKSTOP * settings.max_receive_count)
    return parameters | {"BackoffBase": settings.backoff_base}


def _notes(workload: Workload, settings: Settings, most: Capacity) -> list[str]:
    notes = []
    if workload.rate > most.messages_a_second:
        notes.append("More arrives than is carried: the backlog grows without end.")
    if (full := full_batch(workload, settings.batch_size)) < settings.batch_size:
        notes.append(f"A batch ends at {full:,} messages: more do not fit into the 6 MB of an invocation.")
    advised = _ADVISED_TIMES_TIMEOUT * settings.function_timeout + settings.window
    if settings.visibility_timeout < advised:
        notes.append(f"AWS advises a visibility timeout of 6 x the timeout + the window, {advised:,} s, or more.")
    if (hidden := in_flight(workload, settings)) > MOST_IN_FLIGHT:
        notes.append(f"About {hidden:,.0f} messages would be in flight; SQS allows {MOST_IN_FLIGHT:,}.")
    if settings.concurrency > 1:
        notes.append(f"In the handler: batch_handler(concurrency={settings.concurrency}).")
        if workload.fifo:
            notes.append("A full batch of FIFO messages is of one group, which concurrency does not speed up.")
    notes += _notes_on_failures(workload, settings)
    return notes


def _notes_on_failures(workload: Workload, settings: Settings) -> list[str]:
    wanted = workload.failure_rate**settings.max_receive_count
    dead = course(workload, settings).dead_lettered
    if workload.fifo and dead > 2 * wanted and dead > _WORTH_A_NOTE:
        return [
            f"What waits behind a failure is received and counted with it: {dead:.2%} of the messages are "
            f"dead-lettered, where {settings.max_receive_count} tries each would give {wanted:.2%}. "
            "A smaller FifoBatchSize helps."
        ]
    return []
