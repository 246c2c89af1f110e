"""The event loop of async functions. It is kept between invocations, so that async clients can be kept, too."""

from __future__ import annotations

import asyncio
import atexit
from contextlib import suppress
from contextvars import ContextVar, copy_context
from functools import partial
from threading import current_thread, main_thread
from time import monotonic

from partial_batch.side_by_side import run_in_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from types import FrameType
    from typing import Any

    from partial_batch.batch import Batch
    from partial_batch.message import Message

    type Work = Callable[[Tasks], Coroutine[Any, Any, None]]

# What cancelled functions may take to clean up, at the least, before the batch goes on without them.
_CLEAN_UP_SECONDS = 0.1
# A task that blocks the loop is interrupted when the alarm has met it twice.
_BLOCKED_SECONDS = 0.05

_runner: asyncio.Runner | None = None
_left_behind: list[asyncio.Task[Any]] = []  # kept, so that nothing is said of them when they are collected

_message: ContextVar[object] = ContextVar("partial_batch_message", default=None)


class Tasks:
    """The tasks of one invocation."""

    def __init__(self) -> None:
        self._own: list[asyncio.Task[Any]] = []
        self._running: dict[asyncio.Task[Any], Message] = {}
        self._interrupted: set[int] = set()  # ids of the messages that still ran when the time was over

    async def ended(self, process: Coroutine[Any, Any, None], message: Message) -> None:
        """Do the work of a message in a task of its own, with context variables of its own, and wait for its end.

        Raises:
            CancelledError: the one who waits was cancelled, and so the task.
        """
        waiting = asyncio.current_task()
        context = copy_context()
        context.run(_message.set, message)
        task = asyncio.get_running_loop().create_task(process, context=context)
        self._running[task] = message
        try:
            await task
        except asyncio.CancelledError:
            if waiting is not None and waiting.cancelling():
                raise
        del self._running[task]

    async def until(
        self, workers: Iterable[Coroutine[Any, Any, None]], seconds: float | None, out_of_time: Callable[[], object]
    ) -> None:
        """Do the work, for so many seconds at most (None: no limit), or until a worker raises.

        Args:
            workers: what is to be done.
            seconds: for all of it.
            out_of_time: called if that did not do.
        """
        loop = asyncio.get_running_loop()
        started = [loop.create_task(worker) for worker in workers]
        self._own += started
        if (current := asyncio.current_task()) is not None:
            self._own.append(current)
        done, pending = await asyncio.wait(started, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        raised = [task for task in done if not task.cancelled() and task.exception() is not None]
        if pending and not raised:
            self.interrupt()
            out_of_time()

    def interrupt(self) -> None:
        """Note which messages are running, and are not to go on."""
        self._interrupted.update(id(message) for message in self._running.values())

    def pending(self, loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
        """What is not done: of the layer's, and what interrupted messages began and did not wait for."""
        tasks = [task for task in (*self._own, *self._running) if not task.done()]
        if self._interrupted:
            own = set(tasks)
            tasks += [
                task
                for task in asyncio.all_tasks(loop)
                if task not in own and id(task.get_context().get(_message)) in self._interrupted
            ]
        return tasks

    @property
    def interrupted(self) -> bool:
        """Whether a message was."""
        return bool(self._interrupted)


def run_on_loop(work: Work, batch: Batch) -> None:
    """Run the work to its end; on the main thread with the loop that is kept.

    The loop survives. What the work leaves pending is cancelled.

    Raises:
        BaseException: something ended the invocation.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        # A loop cannot run inside a loop.
        seconds = batch.clock.seconds_left()
        run_in_threads(
            lambda: _run_on_new_loop(work, batch), 1, None if seconds is None else seconds + _clean_up_seconds(batch)
        )
        return
    if current_thread() is not main_thread():
        _run_on_new_loop(work, batch)
        return
    seconds = batch.clock.seconds_left()
    if seconds is None:
        _run_on_kept_loop(work, batch)
        return
    # What waits is cancelled in time; the alarm is for what blocks the loop.
    batch.clock.may_interrupt = _Blocked().is_blocked
    batch.clock.run(seconds + _BLOCKED_SECONDS, _BLOCKED_SECONDS, _run_on_kept_loop, work, batch)


class _Blocked:
    """Tells what blocks the loop from what is at work just now."""

    def __init__(self) -> None:
        self._seen: object = None

    def is_blocked(self, frame: FrameType | None) -> bool:
        # Only in a task or a callback: what is raised there ends that and not the loop.
        running: object = None if _runner is None else asyncio.current_task(_runner.get_loop())
        if running is None and frame is not None:
            module = str(frame.f_globals.get("__name__"))
            running = None if module == "selectors" or module.startswith("asyncio.") else module
        seen, self._seen = self._seen, running
        return running is not None and running == seen


def _run_on_kept_loop(work: Work, batch: Batch) -> None:
    global _runner
    if _runner is None:
        atexit.register(_close_kept_loop)
    if _runner is None or _runner.get_loop().is_closed():
        _runner = asyncio.Runner()
    loop = _runner.get_loop()
    # Each invocation has its own context variables, which tracing lives in.
    if not _run_to_its_end(partial(_runner.run, context=copy_context()), loop, work, batch):
        batch.log.loop_replaced()
        loop.close()
        _runner = None


def _run_on_new_loop(work: Work, batch: Batch) -> None:
    loop = asyncio.new_event_loop()
    try:
        _run_to_its_end(loop.run_until_complete, loop, work, batch)
    finally:
        loop.close()  # asyncio.run would wait for threads that were left behind


def _run_to_its_end(run: Callable[..., object], loop: asyncio.AbstractEventLoop, work: Work, batch: Batch) -> bool:
    """Run the work and cancel what it leaves pending; whether all of that has ended."""
    tasks = Tasks()
    ended = False
    try:
        run(work(tasks))
    except RuntimeError as error:
        # The function has stopped or closed the loop.
        tasks.interrupt()
        batch.log.loop_stopped(error)
    except BaseException:
        tasks.interrupt()
        raise
    finally:
        ended = _end(tasks, loop, batch)
    return ended


def _end(tasks: Tasks, loop: asyncio.AbstractEventLoop, batch: Batch) -> bool:
    if loop.is_closed():
        return True
    if tasks.interrupted and getattr(loop, "_default_executor", None) is not None:
        # Its threads may hang in what asyncio.to_thread was given. The idle ones end when it is collected.
        from concurrent.futures import ThreadPoolExecutor

        loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
    until = monotonic() + _clean_up_seconds(batch)
    while pending := tasks.pending(loop):
        left = until - monotonic()
        if left <= 0:
            break
        for task in pending:
            task.cancel()
        with suppress(Exception):
            # One that swallows the first cancellation gets another.
            loop.run_until_complete(asyncio.wait(pending, timeout=left / 2 if left > _BLOCKED_SECONDS else left))
    for task in pending:
        task._log_destroy_pending = False  # type: ignore[attr-defined] # asyncio's own way to be silent about it
    _left_behind.extend(pending)
    return not pending


def _clean_up_seconds(batch: Batch) -> float:
    return max(batch.options.time_reserve / 4, _CLEAN_UP_SECONDS)


def _close_kept_loop() -> None:
    """At exit: end what is pending, so that Python does not warn of it, and wait for no thread."""
    loop = None if _runner is None else _runner.get_loop()
    if loop is None or loop.is_closed() or loop.is_running():
        return
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    with suppress(BaseException):
        if pending:
            loop.run_until_complete(asyncio.wait(pending, timeout=_CLEAN_UP_SECONDS))
    loop.close()
