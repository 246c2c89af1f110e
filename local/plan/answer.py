"""The answer to a question: every figure, and what to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.plan.backlog import backlog_seconds
from local.plan.capacity import Capacity, capacity, in_flight
from local.plan.notes import notes
from local.plan.price import Bill, bill
from local.plan.retries import Course, course, group_failures, poison_seconds
from local.plan.workload import batch_duration, full_batch

if TYPE_CHECKING:
    from local.plan.arguments import Question
    from local.plan.workload import Settings, Workload


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
        notes=list(notes(workload, settings)),
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
        parameters["FifoQueueMaxReceiveCount"] = group_failures(workload, settings).queue_tries
    return parameters | {"BackoffBase": settings.backoff_base}
