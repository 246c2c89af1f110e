"""The tasks that one invocation has on the event loop."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context

from .alarm import is_of_layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from types import FrameType
    from typing import Any

    from partial_batch.message import Message

_message: ContextVar[object] = ContextVar("partial_batch_message", default=None)


class Tasks:
    """The tasks of one invocation.

    Args:
        loop: on which they run.
        alone: the loop is for this invocation, and so is whatever runs on it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, alone: bool) -> None:
        self._loop = loop
        self._alone = alone
        self._own: list[asyncio.Task[Any]] = []
        self._running: dict[asyncio.Task[Any], Message] = {}
        self._interrupted: set[int] = set()  # ids of the messages that still ran when the time was over
        self._ended: set[asyncio.Task[Any]] = set()  # by the layer, so that nobody else asks how
        self._seen: object = None
        self._over = False

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do this in a task of the layer's own."""
        task = asyncio.Task(work, loop=self._loop)  # not by the loop's task factory, which a function may have set
        self._own.append(task)
        return task

    async def ended(self, process: Coroutine[Any, Any, None], message: Message) -> None:
        """Do the work of a message in a task of its own, with context variables of its own, and wait for its end.

        Raises:
            CancelledError: the batch does not go on.
        """
        context = copy_context()
        context.run(_message.set, message)
        task = asyncio.Task(process, loop=self._loop, context=context)
        self._running[task] = message
        while not task.done():
            try:
                await task
            except asyncio.CancelledError:
                # Of that task or, by a function that cancels every task of the loop, of this one: the batch goes on.
                if self._over:
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
        started = [self.start(worker) for worker in workers]
        end = None if seconds is None else self._loop.time() + seconds
        while True:
            left = None if end is None else end - self._loop.time()
            try:
                done, pending = await asyncio.wait(started, timeout=left, return_when=asyncio.FIRST_EXCEPTION)
            except asyncio.CancelledError:
                continue  # as above
            break
        raised = [task for task in done if not task.cancelled() and task.exception() is not None]
        if pending and not raised:
            self.interrupt()
            out_of_time()

    def interrupt(self) -> None:
        """Note which messages are running, and are not to go on."""
        self._interrupted.update(id(message) for message in self._running.values())

    def is_blocked(self, frame: FrameType | None) -> bool:
        """Whether what runs in this frame, and is to be interrupted, did so the last time that this was asked.

        What is raised in a task or a callback ends that, and not the loop.
        """
        running, of_user = _callback(frame)
        task = asyncio.current_task(self._loop)
        running = task if running is None else running  # a loop that is not written in Python has no such frame
        seen, self._seen = self._seen, running
        if running is None or running is not seen or not of_user:
            return False
        if task is not None:
            self._ended.add(task)
            message = task.get_context().get(_message)
            if any(message is other for other in self._running.values()):
                self._interrupted.add(id(message))
        return True

    def cancel(self) -> list[asyncio.Task[Any]]:
        """Cancel what is not done: of the layer's, and what interrupted messages began and did not wait for."""
        self._over = True
        tasks = {task for task in (*self._own, *self._running) if not task.done()}
        if self._interrupted or self._alone:
            tasks.update(
                task
                for task in asyncio.all_tasks(self._loop)
                if self._alone or id(task.get_context().get(_message)) in self._interrupted
            )
        for task in tasks:
            task.cancel()
        self._ended |= tasks
        return list(tasks)

    def ended_by(self, error: BaseException) -> None:
        """Note which task raised this through the event loop, and out of it."""
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code is asyncio.Handle._run.__code__:
                task = getattr(getattr(traceback.tb_frame.f_locals["self"], "_callback", None), "__self__", None)
                if isinstance(task, asyncio.Task):
                    self._ended.add(task)
            traceback = traceback.tb_next

    def forget(self) -> None:
        """Let asyncio say nothing of the exceptions of what was ended: they are nobody's."""
        forget(self._ended)


def forget(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Let asyncio say nothing of these tasks, which the layer has cancelled: how they ended, or that they did not."""
    for task in tasks:
        if not task.done():
            task._log_destroy_pending = False  # type: ignore[attr-defined] # asyncio's own way to be silent about it
        elif not task.cancelled():
            task.exception()


def _callback(frame: FrameType | None) -> tuple[object, bool]:
    """What the event loop is calling, as a task's step is, and whether any code but the layer's runs in it."""
    first = frame
    of_user = False
    while frame is not None:
        if frame.f_code is asyncio.Handle._run.__code__:
            return frame.f_locals.get("self"), of_user or frame is first
        of_user = of_user or not (is_of_layer(frame) or str(frame.f_globals.get("__name__")).startswith("asyncio."))
        frame = frame.f_back
    return None, of_user
