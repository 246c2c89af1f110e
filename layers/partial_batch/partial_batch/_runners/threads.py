"""Running a plain function for several messages at once, in threads."""

from __future__ import annotations

from contextvars import copy_context
from functools import partial
from threading import Lock

from partial_batch.side_by_side import Threads

from .in_order import interruptible, run

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
    independent = list(batch.independent())
    if len(independent) < 2:
        _run_here(function, batch)
        return
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
                _run_one(partial(start, position), batch, position)

    try:
        threads = Threads(work, min(batch.options.concurrency, len(independent)))
    except RuntimeError:  # no thread can be had at all
        _run_here(function, batch)
        return
    try:
        threads.wait(batch.clock.seconds_left())
    finally:
        batch.close()
    batch.interrupted(started)


def _run_one(function: Callable[[Message], object], batch: Batch, position: int) -> None:
    """Run the function for one message. What that binds to context variables is gone for the next one."""
    copy_context().run(run, function, batch, (position,))


def _run_here(function: Callable[[Message], object], batch: Batch) -> None:
    """Run one message after the other on this thread, where they can be interrupted."""

    def work() -> None:
        for position in range(len(batch.records)):
            _run_one(function, batch, position)

    interruptible(work, batch)
