"""The options of `python -m local plan`, and what is recommended where one is not given."""

from __future__ import annotations

import argparse
import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.mappings import EventSourceMapping, refusal
from local.plan.capacity import concurrency_for
from local.plan.price import GB_SECOND, MILLION_INVOCATIONS, MILLION_REQUESTS, Prices
from local.plan.workload import Settings, Workload, batch_duration, full_batch

if TYPE_CHECKING:
    from collections.abc import Callable

_RESERVE_SECONDS = 1  # in which the layer starts nothing, its time_reserve
_SHORTEST_TIMEOUT, _LONGEST_TIMEOUT = 3, 900
_TIMES_TIMEOUT = 6  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
_DEFAULT_CONCURRENCY = 10  # MaximumConcurrency of the template, where no rate says what is needed


class InvalidPlan(ValueError):
    """Options that do not go together."""


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        workload: the messages.
        settings: as given, completed with what is recommended.
        prices: to reckon with.
    """

    workload: Workload
    settings: Settings
    prices: Prices


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of the command."""
    messages = parser.add_argument_group("the messages")
    messages.add_argument("--fifo", action="store_true", help="the queue is FIFO")
    messages.add_argument("--messages-per-second", type=_number(0, 1e6), default=0.0, metavar="N", help="sent to it")
    messages.add_argument("--backlog", type=_whole(0, 10**12), default=0, metavar="N", help="waiting in it already")
    messages.add_argument(
        "--function-time", type=_number(0.0001, 900), required=True, metavar="SECONDS", help="for one message"
    )
    messages.add_argument(
        "--batch-time", type=_number(0, 900), default=0.0, metavar="SECONDS", help="for each invocation besides; 0"
    )
    messages.add_argument(
        "--failure-rate", type=_number(0, 1), default=0.0, metavar="SHARE", help="of the attempts that fail, 0 to 1; 0"
    )
    messages.add_argument("--groups", type=_whole(1, 10**9), metavar="N", help="message groups at once; FIFO only")
    messages.add_argument(
        "--message-size", type=_whole(1, 1_048_576), default=1024, metavar="BYTES", help="of a body; 1024"
    )
    settings = parser.add_argument_group("settings, the template's if not given")
    settings.add_argument("--batch-size", type=_whole(1, 10_000), default=10, metavar="N", help="10")
    settings.add_argument("--window", type=_whole(0, 300), metavar="SECONDS", help="1; there is none on FIFO")
    settings.add_argument(
        "--concurrency", type=_whole(1, 1000), default=1, metavar="N", help="messages the handler runs at once; 1"
    )
    settings.add_argument("--maximum-concurrency", type=_whole(2, 1000), metavar="N", help="what the rate needs, or 10")
    settings.add_argument("--function-timeout", type=_whole(3, 900), metavar="SECONDS", help="twice a full batch")
    settings.add_argument(
        "--visibility-timeout", type=_whole(1, 43_200), metavar="SECONDS", help="6 x the timeout + the window"
    )
    settings.add_argument("--max-receive-count", type=_whole(2, 1000), default=5, metavar="N", help="5")
    settings.add_argument("--backoff-base", type=_whole(1, 900), default=30, metavar="SECONDS", help="30")
    settings.add_argument("--memory", type=_whole(128, 10_240), default=256, metavar="MB", help="256")
    prices = parser.add_argument_group("prices, those of us-east-1 if not given")
    prices.add_argument("--architecture", choices=list(GB_SECOND), default="x86_64", help="x86_64")
    prices.add_argument("--gb-second-price", type=_number(0, 1), metavar="DOLLARS", help="of Lambda")
    prices.add_argument("--invocations-price", type=_number(0, 1e3), metavar="DOLLARS", help="of a million")
    prices.add_argument("--requests-price", type=_number(0, 1e3), metavar="DOLLARS", help="of a million, to SQS")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def read(options: argparse.Namespace) -> Question:
    """Make the question from the options.

    Raises:
        InvalidPlan: they do not go together, or AWS would refuse the settings.
    """
    workload = _workload(options)
    prices = Prices(
        gb_second=_first(options.gb_second_price, GB_SECOND[options.architecture]),
        million_invocations=_first(options.invocations_price, MILLION_INVOCATIONS),
        million_requests=_first(options.requests_price, MILLION_REQUESTS[workload.fifo]),
    )
    return Question(workload, _settings(options, workload), prices)


def _workload(options: argparse.Namespace) -> Workload:
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


def _settings(options: argparse.Namespace, workload: Workload) -> Settings:
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


def _timeout(options: argparse.Namespace, full: float) -> int:
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


def _number(least: float, most: float) -> Callable[[str], float]:
    return lambda text: _within(float, text, least, most)


def _whole(least: int, most: int) -> Callable[[str], int]:
    return lambda text: _within(int, text, least, most)


def _within[N: (int, float)](kind: Callable[[str], N], text: str, least: N, most: N) -> N:
    try:
        value = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a {'whole ' * (kind is int)}number: {text!r}") from None
    if not least <= value <= most:  # not a number is not within either
        raise argparse.ArgumentTypeError(f"{text} is not {least:,} to {most:,}")
    return value
