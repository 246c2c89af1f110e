"""Running a plain function, one message after the other."""

from __future__ import annotations

from time import monotonic

from partial_batch.results import SUCCEEDED

from .alarm import SHORTEST_INTERVAL
from .function import require_finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partial_batch.batch import Batch
    from partial_batch.message import Message


def run_in_order(function: Callable[[Message], object], batch: Batch) -> None:
    """Run the function for the messages of the batch, and interrupt it when its time is over."""
    interruptible(lambda: run(function, batch, range(len(batch.records))), batch)


def interruptible(work: Callable[[], object], batch: Batch) -> None:
    """Call the work, and raise OutOfTime in it when the time of the batch is over."""
    seconds = batch.clock.seconds
    if seconds is None:
        work()
    else:
        # A function that does not leave, say because its cleanup waits, is interrupted again.
        interval = batch.options.time_reserve / 2
        batch.alarm.run(work, seconds, interval if interval > SHORTEST_INTERVAL else SHORTEST_INTERVAL)


def run(function: Callable[[Message], object], batch: Batch, positions: Iterable[int]) -> None:
    """Run the function for the messages at these positions, as far as failures and time allow.

    What it does for each message is all that is done for each: no more than it needs to.
    """
    records = batch.records
    kind = batch.kind
    context = batch.context
    limits = batch.clock
    outcomes = batch.results.outcomes
    held_groups = batch.held_groups
    holding = bool(held_groups)
    on_success = batch.options.on_success
    clock = monotonic
    timed = limits.deadline is not None
    slowest = limits.slowest
    now = clock() if timed else 0.0
    for position in positions:
        message = kind()
        message._record = records[position]
        message._context = context
        if holding and message.group_id in held_groups:
            continue
        if now > limits.latest_start:
            return
        try:
            result = function(message)
            if result is not None:
                require_finished(result)
            if on_success is not None and not batch.closed:
                require_finished(on_success(message))
            outcomes[position] = SUCCEEDED
        except BaseException as error:
            batch.failed(position, message, error)
            holding = bool(held_groups)
        if timed:
            before = now
            now = clock()
            if now - before > slowest:
                slowest = limits.took(now - before)
