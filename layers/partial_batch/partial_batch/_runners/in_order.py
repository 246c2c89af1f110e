"""Running a plain function, one message after the other."""

from __future__ import annotations

from time import monotonic

from partial_batch.outcomes import SUCCEEDED

from .function import require_finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partial_batch.batch import Batch
    from partial_batch.message import Message


def run_in_order(function: Callable[[Message], object], batch: Batch) -> None:
    """Run the function for the messages of the batch, and interrupt it when its time is over."""
    clock = batch.clock
    clock.run(clock.seconds, batch.options.interval, run, function, batch, range(len(batch.records)), clock.began)


def run(function: Callable[[Message], object], batch: Batch, positions: Iterable[int], now: float) -> None:
    """Run the function for the messages at these positions, as far as failures and time allow, from now on.

    What it does for each message is all that is done for each: no more than it needs to.
    """
    records = batch.records
    message_type = batch.message_type
    context = batch.context
    clock = batch.clock
    outcomes = batch.outcomes
    held_groups = batch.held_groups
    on_success = batch.options.on_success
    succeeded = SUCCEEDED
    time = monotonic
    timed = clock.deadline is not None
    latest_start = clock.latest_start
    slowest = clock.slowest
    for position in positions:
        message = message_type()
        message._record = records[position]
        message._context = context
        if held_groups and message.group_id in held_groups:
            continue
        if now > latest_start:
            return
        try:
            result = function(message)
            if result is not None:
                require_finished(result)
            if on_success is not None and not batch.closed:
                require_finished(on_success(message))
            outcomes[position] = succeeded
        except BaseException as error:
            batch.failed(position, message, error)
            held_groups = batch.held_groups
            latest_start = clock.latest_start
        if timed:
            before, now = now, time()
            if now - before > slowest:
                slowest = clock.note_duration(now - before)
                latest_start = clock.latest_start
