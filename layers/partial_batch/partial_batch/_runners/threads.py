"""Running a plain function for several messages at once, in threads."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from threading import Lock
from time import monotonic

from partial_batch.side_by_side import Threads

from .in_order import run
from .independent import independent_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from partial_batch.batch import Batch
    from partial_batch.message import Message


def run_side_by_side(function: Callable[[Message], object], batch: Batch) -> None:
    """Run messages side by side, at most `concurrency` at once; those of a group one after the other.

    A thread cannot be interrupted: one that still runs when the time is over is left behind, its message goes back,
    and whatever it does later changes nothing.
    """
    independent = list(independent_parts(batch))
    waiting = iter(independent)
    lock = Lock()
    started: dict[int, Message] = {}

    def start(position: int, message: Message) -> object:
        started[position] = message
        return function(message)

    def work() -> None:
        while True:
            with lock:
                positions = next(waiting, None)
            if positions is None:
                return
            for position in positions:
                # What a message binds to context variables is gone for the next one.
                copy_context().run(run, partial(start, position), batch, (position,), monotonic())

    if len(independent) < 2:
        # One after the other, and so on the main thread, where a message can be interrupted.
        batch.clock.run(batch.clock.seconds, batch.options.interval, work)
        return
    try:
        threads = Threads(work, min(batch.options.concurrency, len(independent)))
    except RuntimeError:  # no thread can be had at all
        batch.clock.run(batch.clock.seconds, batch.options.interval, work)
        return
    try:
        threads.wait(batch.clock.seconds_left())
    finally:
        batch.close()
    batch.interrupted(started)
