"""The answer to a question: every figure, and what to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqslab.plan.backlog import backlog_seconds
from sqslab.plan.capacity import Capacity, capacity, in_flight
from sqslab.plan.notes import notes
from sqslab.plan.price import Bill, bill
from sqslab.plan.retries import Course, course, group_failures, poison_seconds
from sqslab.plan.workload import batch_duration, full_batch

if TYPE_CHECKING:
    from sqslab.plan.question import Question


@dataclass(frozen=True)
class Answer:
    """What follows from a workload and settings.

    Attributes:
        overrides: the settings, by the names of the template's parameters or of AWS's properties.
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
        overrides=overrides(question),
        batch_seconds=batch_duration(workload, full_batch(workload, settings.batch_size), settings.concurrency),
        capacity=most,
        utilization=workload.rate / most.messages_a_second,
        backlog_seconds=backlog_seconds(workload, settings),
        poison_seconds=poison_seconds(workload, settings),
        course=course(workload, settings),
        in_flight=in_flight(workload, settings),
        bill=bill(workload, settings, question.prices),
        notes=list(notes(workload, settings, question.names.names)),
    )


def overrides(question: Question) -> dict[str, int]:
    """Give the parameters that carry the settings."""
    workload, settings = question.workload, question.settings
    values = {
        "batch_size": settings.batch_size,
        "window": settings.window,
        "maximum_concurrency": settings.maximum_concurrency,
        "function_timeout": settings.function_timeout,
        "visibility_timeout": settings.visibility_timeout,
        "max_receive_count": settings.max_receive_count,
        "backoff_base": settings.backoff_base,
    }
    if workload.fifo:
        values["queue_max_receive_count"] = group_failures(workload, settings).queue_tries
    return {name: values[setting] for setting, name in question.names.names.items()}
