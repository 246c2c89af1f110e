"""The threads behind `asyncio.to_thread`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import Any


class Executor(ThreadPoolExecutor):
    """An executor that knows whether it still works. A thread that hangs takes one of its few places for ever."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="asyncio")
        self._unfinished: set[Future[Any]] = set()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call the function in a thread."""
        future = super().submit(function, *args, **kwargs)
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)
        return future

    def works(self) -> bool:
        """Whether anything that was submitted has not ended."""
        return bool(self._unfinished)
