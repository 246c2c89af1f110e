"""Running a plain function, one message after the other."""

from __future__ import annotations

import sys
from time import monotonic

from ._errors import OutOfTime
from ._function import require_finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._batch import Batch
    from ._message import Message


def run(function: Callable[[Message], object], batch: Batch, places: Iterable[int]) -> None:
    """Run the function for the messages at these places, as far as failures and time allow.

    What it does for each message is all that is done for each: no more than it needs to.
    """
    messages = batch.messages
    finished = batch.finished
    held_groups = batch.held_groups
    on_success = batch.options.on_success
    deadline = batch.deadline
    now = 0.0 if deadline is None else monotonic()
    for place in places:
        message = messages[place]
        if held_groups and message.group_id in held_groups:
            continue
        if deadline is not None and now + batch.slowest > deadline:
            return
        try:
            result = function(message)
            if result is not None:
                require_finished(result)
            if on_success is not None:
                require_finished(on_success(message))
            finished[place] = 1
        except Exception as error:
            batch.failed(place, error)
        except BaseException as error:
            if not ends_message_only(error):
                raise
            batch.failed(place, error)
        if batch.stopped:
            return
        if deadline is not None:
            before = now
            now = monotonic()
            if now - before > batch.slowest:
                batch.slowest = now - before


def ends_message_only(error: BaseException) -> bool:
    """Whether what is no Exception still ends only the message: a cancellation, or the end of its time."""
    # Who raises CancelledError has loaded asyncio; this layer need not.
    asyncio = sys.modules.get("asyncio")
    return isinstance(error, OutOfTime) or (asyncio is not None and isinstance(error, asyncio.CancelledError))
