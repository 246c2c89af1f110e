"""The interface of a clock, and the clock of this machine. `virtual_clock` has one in which an hour passes in no time.

The interface is four methods (`Clock`):

    clock.monotonic()            seconds, never going back; only differences mean something
    clock.time()                 seconds since the epoch
    clock.wait(event, seconds)   wait until a plain threading.Event is set (None: for the time only) or the seconds have
                                 passed (None: without end); returns whether the event is set
    clock.start(target, name)    run something beside the caller; returns a Task with `join(seconds=None)` and `done`

Code that runs on both blocks in no other way than these: no time.sleep, no event.wait(), no thread, executor or queue
of its own, and no lock held across a call that may wait (receiving is one, so is invoking). Setting an event needs no
clock: `event.set()` wakes who waits for it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Killed(SystemExit):
    """Raised where a participant waits that was killed.

    No `Exception`: code that handles failures must not take its own end for one.
    """


class Task(Protocol):
    """Something that runs beside its starter."""

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        ...

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended.

        Args:
            seconds: at most this long; None for as long as it takes.

        Returns:
            Whether it has ended.

        Raises:
            Exception: what the target raised, if it did.
        """
        ...


class Clock(Protocol):
    """What passes time, and waits for it to pass."""

    def monotonic(self) -> float:
        """Give the seconds since some moment; they never go back."""
        ...

    def time(self) -> float:
        """Give the seconds since the epoch."""
        ...

    def wait(self, event: threading.Event | None, seconds: float | None) -> bool:
        """Wait until the event is set or the time has passed.

        Args:
            event: may be set by whoever likes to; None to wait for the time only.
            seconds: how long at most; zero or less only looks, None waits without end.

        Returns:
            Whether the event is set.
        """
        ...

    def start(self, target: Callable[[], object], name: str) -> Task:
        """Run a function beside the caller.

        Args:
            target: what to run. What it raises is raised by `join`.
            name: of its thread, for those who debug.
        """
        ...


class RealClock:
    """The time of this machine, and ordinary threads."""

    def monotonic(self) -> float:
        """Give the seconds since some moment."""
        return time.monotonic()

    def time(self) -> float:
        """Give the seconds since the epoch."""
        return time.time()

    def wait(self, event: threading.Event | None, seconds: float | None) -> bool:
        """Wait until the event is set or the seconds have passed; say whether it is set."""
        if event is not None:
            return event.wait(seconds)
        return threading.Event().wait(seconds)

    def start(self, target: Callable[[], object], name: str) -> Task:
        """Run a function in a thread that does not keep the process alive."""
        task = TaskRun(self, target)
        threading.Thread(target=task.run, name=name, daemon=True).start()
        return task


class TaskRun:
    """A function that runs in a thread, and what became of it."""

    def __init__(self, clock: Clock, target: Callable[[], object]) -> None:
        self._clock = clock
        self._target = target
        self._error: Exception | None = None
        self.finished = threading.Event()

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.finished.is_set()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; say whether it has, or raise what it raised."""
        ended = self._clock.wait(self.finished, seconds)
        if ended and self._error is not None:
            raise self._error
        return ended

    def run(self) -> None:
        """Run the function, in the thread that is its own."""
        try:
            self._target()
        except Killed:
            pass
        except Exception as error:
            self._error = error
        finally:
            self.finished.set()
