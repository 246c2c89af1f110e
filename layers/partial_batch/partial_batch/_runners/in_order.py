"""Running a plain function, one message after the other."""

from __future__ import annotations

import sys
from time import monotonic

from partial_batch.errors import OutOfTime, is_interrupt

from .function import require_finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partial_batch.batch import Batch
    from partial_batch.message import Message


def run(function: Callable[[Message], object], batch: Batch, places: Iterable[int]) -> None:
    """Run the function for the messages at these places, as far as failures and time allow.

    What it does for each message is all that is done for each: no more than it needs to.
    """
    records = batch.records
    kind = batch.kind
    finished = batch.finished
    held_groups = batch.held_groups
    holding = bool(held_groups)
    on_success = batch.options.on_success
    clock = monotonic
    timed = batch.deadline is not None
    slowest = batch.slowest
    now = clock() if timed else 0.0
    for place in places:
        message = kind()
        message._record = records[place]
        message._context = batch.context
        if holding and message.group_id in held_groups:
            continue
        if now > batch.latest_start:
            return
        try:
            result = function(message)
            if result is not None:
                require_finished(result)
            if on_success is not None and not batch.closed:
                require_finished(on_success(message))
            finished[place] = True
        except BaseException as error:
            if not ends_message_only(error):
                raise
            batch.failed(place, message, error)
            if is_interrupt(error):
                raise
            holding = bool(held_groups)
        if timed:
            before = now
            now = clock()
            if now - before > slowest:
                slowest = batch.took(now - before)


def ends_message_only(error: BaseException) -> bool:
    """Whether what a function raised ends its message only: an Exception, a cancellation, or the end of its time."""
    if isinstance(error, Exception | OutOfTime):
        return True
    if isinstance(error, BaseExceptionGroup):  # of a TaskGroup, say, in which somebody ran out of time
        return all(ends_message_only(part) for part in error.exceptions)
    # Who raises CancelledError has loaded asyncio; this layer need not.
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)
