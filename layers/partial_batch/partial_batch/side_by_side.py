"""Work in several threads at once, for as long as there is time."""

from __future__ import annotations

from _queue import Empty, SimpleQueue
from contextvars import copy_context
from threading import Thread
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def run_in_threads(work: Callable[[], object], count: int, seconds: float | None) -> bool:
    """Call the work in so many threads at once and wait for all of them, as long as there is time.

    Args:
        work: as of `Threads`, and so count.
        count: of threads.
        seconds: how long to wait, None for no limit.

    Returns:
        Whether all threads ended in time.

    Raises:
        RuntimeError: no thread could be had.
        BaseException: the first that a work let out. The other threads are left behind then.
    """
    end = None if seconds is None else monotonic() + seconds
    threads = Threads(work, count)
    return threads.wait(None if end is None else end - monotonic())


class Threads:
    """Threads that do the same work at once, begun when this is made.

    A thread cannot be interrupted. One that nobody waits for any more is left behind.

    Args:
        work: called once in each thread, with a copy of the caller's context variables, which tracing lives in.
        count: of threads. If fewer can be had, those there are do the work.

    Raises:
        RuntimeError: no thread could be had.
    """

    def __init__(self, work: Callable[[], object], count: int) -> None:
        self._ended: SimpleQueue[BaseException | None] = SimpleQueue()
        self._running = 0
        self._work = work
        for _ in range(count):
            thread = Thread(target=copy_context().run, args=(self._run,), daemon=True)
            try:
                thread.start()
            except RuntimeError:
                if not self._running:
                    raise
                break
            self._running += 1

    def wait(self, seconds: float | None) -> bool:
        """Wait until all have ended, for so long at most (None: no limit); whether they have.

        Raises:
            BaseException: the first that a work let out.
        """
        end = None if seconds is None else monotonic() + seconds
        while self._running:
            try:
                error = self._ended.get(timeout=None if end is None else max(end - monotonic(), 0))
            except Empty:
                return False
            self._running -= 1
            if error is not None:
                raise error
        return True

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._ended.put(error)
        else:
            self._ended.put(None)
