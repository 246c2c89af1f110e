"""The event loop of async functions. It is kept between invocations, so that async clients can be kept, too."""

from __future__ import annotations

import asyncio
import atexit
from contextlib import suppress
from threading import current_thread, main_thread
from time import monotonic

from partial_batch.side_by_side import run_in_threads

from .executor import Executor
from .loop_tasks import Tasks, forget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from partial_batch.batch import Batch

    type Work = Callable[[Tasks], Coroutine[Any, Any, None]]

# What cancelled functions may take to clean up, at the least, before the batch goes on without them.
_CLEAN_UP_SECONDS = 0.1
# What swallows a cancellation has half of that time. After it, it is cancelled as often as this.
_AGAIN_SECONDS = 0.005
# What blocks the loop is interrupted when the alarm has met it twice.
_BLOCKED_SECONDS = 0.05

_loop: asyncio.AbstractEventLoop | None = None
_executor: Executor | None = None  # of that loop
_left_behind: list[asyncio.Task[Any]] = []  # kept, so that nothing is said of them when they are collected


def run_on_loop(work: Work, batch: Batch) -> None:
    """Run the work to its end; on the main thread with the loop that is kept.

    The loop survives. What the work leaves pending is cancelled.

    Raises:
        BaseException: something ended the invocation.
    """
    seconds = batch.clock.seconds_left()
    if _is_in_a_loop():
        # A loop cannot run inside a loop.
        run_in_threads(
            lambda: _run_on_new_loop(work, batch), 1, None if seconds is None else seconds + _clean_up_seconds(batch)
        )
    elif current_thread() is not main_thread():
        _run_on_new_loop(work, batch)
    else:
        loop = _kept_loop()
        tasks = Tasks(loop, alone=False)
        if seconds is None:
            _run_on_kept_loop(loop, tasks, work, batch)
            return
        # What waits is cancelled in time; the alarm is for what blocks the loop.
        batch.clock.may_interrupt = tasks.is_blocked
        batch.clock.run(seconds + _BLOCKED_SECONDS, _BLOCKED_SECONDS, _run_on_kept_loop, loop, tasks, work, batch)


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _kept_loop() -> asyncio.AbstractEventLoop:
    global _loop, _executor
    if _loop is None or _loop.is_closed():
        if _loop is None:
            atexit.register(_close_kept_loop)
        _loop = asyncio.new_event_loop()
        asyncio.set_event_loop(_loop)  # as asyncio.Runner does
        _executor = None
    # asyncio's own attributes: a function may have shut its executor down, or one of its own that it had set.
    shut_down = getattr(getattr(_loop, "_default_executor", None), "_shutdown", False)
    if _executor is None or shut_down:
        _executor = Executor()
        _loop.set_default_executor(_executor)
    if shut_down:
        _loop._executor_shutdown_called = False  # type: ignore[attr-defined]
    return _loop


def _run_on_kept_loop(loop: asyncio.AbstractEventLoop, tasks: Tasks, work: Work, batch: Batch) -> None:
    global _loop, _executor
    try:
        ended = _run_to_its_end(loop, tasks, work, batch)
    finally:
        if _executor is not None and _executor.works():
            # Its threads may hang in what asyncio.to_thread was given.
            _executor.shutdown(wait=False)
            _executor = None
    if not ended:
        batch.log.loop_replaced()
        _leave(loop)
        _loop = None


def _run_on_new_loop(work: Work, batch: Batch) -> None:
    loop = asyncio.new_event_loop()
    try:
        _run_to_its_end(loop, Tasks(loop, alone=True), work, batch)
    finally:
        _leave(loop)  # asyncio.run would wait for threads that were left behind


def _run_to_its_end(loop: asyncio.AbstractEventLoop, tasks: Tasks, work: Work, batch: Batch) -> bool:
    """Run the work and cancel what it leaves pending; whether all of that has ended."""
    ended = False
    try:
        whole = tasks.start(work(tasks))
        while not whole.done():
            try:
                loop.run_until_complete(whole)
            except (RuntimeError, asyncio.CancelledError) as error:
                # A function that stops the loop does not stop the batch.
                if loop.is_closed() or loop.is_running() or whole.done():
                    tasks.interrupt()
                    batch.log.loop_stopped(error)
                    break
    except BaseException as error:
        tasks.interrupt()
        tasks.ended_by(error)
        raise
    finally:
        ended = _end(tasks, loop, batch)
    return ended


def _end(tasks: Tasks, loop: asyncio.AbstractEventLoop, batch: Batch) -> bool:
    if loop.is_closed():
        return True
    seconds = _clean_up_seconds(batch)
    until = monotonic() + seconds
    patience = seconds / 2
    while pending := tasks.cancel():
        left = until - monotonic()
        if left <= 0:
            break
        with suppress(Exception, asyncio.CancelledError):
            loop.run_until_complete(asyncio.Task(asyncio.wait(pending, timeout=min(left, patience)), loop=loop))
        patience = _AGAIN_SECONDS
    tasks.forget()
    return not pending


def _clean_up_seconds(batch: Batch) -> float:
    return max(batch.options.time_reserve / 4, _CLEAN_UP_SECONDS)


def _leave(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop for good, whatever is pending on it."""
    if not loop.is_closed():
        pending = asyncio.all_tasks(loop)
        forget(pending)
        _left_behind.extend(pending)
        loop.close()


def _close_kept_loop() -> None:
    """At exit: end what is pending, so that Python does not warn of it, and wait for no thread."""
    loop = _loop
    if loop is None or loop.is_closed() or loop.is_running():
        return
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    with suppress(BaseException):
        if pending:
            loop.run_until_complete(asyncio.wait(pending, timeout=_CLEAN_UP_SECONDS))
    forget(pending)
    _leave(loop)
