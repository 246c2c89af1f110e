"""What `sqslab plan` is asked, and what is recommended where an option is not given."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqslab.mapping.event_source_mapping import EventSourceMapping, refusal
from sqslab.plan.capacity import concurrency_for
from sqslab.plan.parameters import ParameterNames
from sqslab.plan.price import GB_SECOND, MILLION_INVOCATIONS, MILLION_REQUESTS, Prices
from sqslab.plan.workload import Settings, Workload, batch_duration, full_batch

if TYPE_CHECKING:
    from types import SimpleNamespace

_RESERVE_SECONDS = 1  # in which the layer starts nothing, its time_reserve
_SHORTEST_TIMEOUT, _LONGEST_TIMEOUT = 3, 900
_TIMES_TIMEOUT = 6  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_DEFAULT_CONCURRENCY = 10  # where no rate says what is needed


class InvalidPlan(ValueError):
    """Options that do not go together."""


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        workload: the messages.
        settings: as given, completed with what is recommended.
        prices: to reckon with.
        names: what the parameters of the template are called.
    """

    workload: Workload
    settings: Settings
    prices: Prices
    names: ParameterNames


def read(options: SimpleNamespace) -> Question:
    """Make the question from the options.

    Args:
        options: those of the command, by their names.

    Raises:
        InvalidPlan: they do not go together, or AWS would refuse the settings.
    """
    workload = _workload(options)
    prices = Prices(
        gb_second=_first(options.gb_second_price, GB_SECOND[options.architecture]),
        million_invocations=_first(options.invocations_price, MILLION_INVOCATIONS),
        million_requests=_first(options.requests_price, MILLION_REQUESTS[workload.fifo]),
    )
    names = ParameterNames.read(options.parameter_names, fifo=workload.fifo)
    return Question(workload, _settings(options, workload), prices, names)


def _workload(options: SimpleNamespace) -> Workload:
    if not options.messages_per_second and not options.backlog:
        raise InvalidPlan("say --messages-per-second, --backlog or both")
    if options.fifo and options.groups is None:
        raise InvalidPlan("a FIFO queue runs one batch a message group at once: say --groups")
    if not options.fifo and options.groups is not None:
        raise InvalidPlan("--groups is for --fifo: the order of a standard queue's groups is not kept")
    return Workload(
        message_seconds=options.function_time,
        batch_seconds=options.batch_time,
        rate=options.messages_per_second,
        backlog=options.backlog,
        failure_rate=options.failure_rate,
        message_bytes=options.message_size,
        fifo=options.fifo,
        groups=options.groups or 1,
    )


def _settings(options: SimpleNamespace, workload: Workload) -> Settings:
    window = _first(options.window, 0 if options.fifo else 1)
    name = "queue.fifo" if options.fifo else "queue"
    mapping = EventSourceMapping(
        uuid="",
        queue_arn=f"arn:aws:sqs:us-east-1:000000000000:{name}",
        function_arn="",
        batch_size=options.batch_size,
        window=window,
        reports_item_failures=True,
    )
    if reason := refusal(mapping):
        raise InvalidPlan(reason)
    full = batch_duration(workload, full_batch(workload, options.batch_size), options.concurrency)
    timeout = _timeout(options, full)
    visibility = _first(options.visibility_timeout, _TIMES_TIMEOUT * timeout + window)
    if visibility < timeout:
        raise InvalidPlan(f"Lambda refuses a visibility timeout ({visibility} s) under the function's ({timeout} s)")
    settings = Settings(
        batch_size=options.batch_size,
        window=window,
        concurrency=options.concurrency,
        maximum_concurrency=options.maximum_concurrency or _DEFAULT_CONCURRENCY,
        function_timeout=timeout,
        visibility_timeout=visibility,
        max_receive_count=options.max_receive_count,
        backoff_base=options.backoff_base,
        memory=options.memory,
    )
    if options.maximum_concurrency is None and workload.rate:
        return dataclasses.replace(settings, maximum_concurrency=concurrency_for(workload, settings))
    return settings


def _timeout(options: SimpleNamespace, full: float) -> int:
    """Give the function's timeout: the one asked for, or twice what a full batch takes, and the layer's reserve."""
    if options.function_timeout is None:
        recommended = math.ceil(round(2 * full, 9)) + _RESERVE_SECONDS
        timeout = min(_LONGEST_TIMEOUT, max(_SHORTEST_TIMEOUT, recommended))
    else:
        timeout = options.function_timeout
    if full > timeout - _RESERVE_SECONDS:
        raise InvalidPlan(
            f"a full batch takes {full:,.1f} s, and a function with a timeout of {timeout} s works "
            f"{timeout - _RESERVE_SECONDS} s: smaller batches or more --concurrency"
        )
    return int(timeout)


def _first[T](given: T | None, otherwise: T) -> T:
    return otherwise if given is None else given
