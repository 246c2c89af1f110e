"""Lets the layer, as it is, take its time from a virtual clock: its deadlines, its alarm, its threads, its event loop.

Replaced are what it takes time from, and nothing it decides: `time.monotonic`, the timer and the signal of its alarm,
`threading.Thread` and the queue that threads answer through, asyncio's event loop, and the SQS client. A signal comes
in real time and anywhere; here the alarm rings where the function sleeps. That it saves the batch in real time, too, is
tested in tests/unit/test_time.py and by benchmarks/faults.
"""

from __future__ import annotations

import asyncio
import selectors
import signal
import threading
from _queue import Empty
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.soak.invocation import Invocation
from sqslab.simulator.clock import Killed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqslab.simulator.virtual_clock import VirtualClock
    from sqslab.simulator.virtual_task import VirtualTask

_TIMED = (
    "_runners.alarm",
    "_runners.event_loop",
    "clock",
    "_runners.bulk",
    "_runners.in_order",
    "_runners.threads",
    "_sqs.client",
    "_runners.tasks",
    "side_by_side",
)


class Process:
    """The process an invocation runs in: with it end the threads the layer has started. Made in its main thread.

    Args:
        invocation: the one.

    Attributes:
        ended: whether it was killed; nothing of it runs any more then.
    """

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.ended = False
        self.threads: list[VirtualTask] = []
        self._main_thread = threading.get_ident()
        self._ring: Any = signal.SIG_DFL
        self._alarm_at: float | None = None
        self._interval = 0.0

    def kill(self) -> None:
        """End all of its threads."""
        self.ended = True
        for thread in self.threads:
            with suppress(Killed):  # of the one who kills, if it is being killed itself
                thread.kill()

    def set_handler(self, number: int, handler: Any) -> Any:
        """Do what `signal.signal` does; gives the handler before.

        Raises:
            ValueError: off the main thread.
        """
        if threading.get_ident() != self._main_thread:
            raise ValueError("signal only works in main thread of the main interpreter")
        before, self._ring = self._ring, handler
        return before

    def set_timer(self, now: float, seconds: float, interval: float) -> tuple[float, float]:
        """Do what `signal.setitimer` does; no other timer is set in this process."""
        self._alarm_at = now + seconds if seconds else None
        self._interval = interval
        return (0.0, 0.0)

    def sleep(self, clock: VirtualClock, seconds: float) -> None:
        """Let time pass; on the main thread the alarm, when it rings, raises what its handler does."""
        end = clock.monotonic() + seconds
        in_main_thread = threading.get_ident() == self._main_thread
        while in_main_thread and self._alarm_at is not None and self._alarm_at < end:
            clock.wait(None, self._alarm_at - clock.monotonic())
            self._alarm_at += self._interval
            self._ring(signal.SIGALRM, None)
        clock.wait(None, end - clock.monotonic())


_process: ContextVar[Process] = ContextVar("process")


def this_process() -> Process:
    """Give the process that the caller, a function's code, runs in."""
    return _process.get()


def in_a_process(
    handler: Callable[[Any, Any], Any],
    ended: Callable[[Invocation, Any, BaseException | None], None],
) -> Callable[[Any, Any], Any]:
    """Make a handler whose invocations each have a process, which does not survive their end by anything but returning.

    One that returns leaves behind the threads that still run, as on Lambda.

    Args:
        handler: made by the layer.
        ended: hears of the end of each invocation, with the context it had and what it raised.
    """

    def invoke(event: Any, context: Any) -> Any:
        process = Process(Invocation(context.aws_request_id, event["Records"]))
        token = _process.set(process)
        try:
            response = handler(event, context)
        except BaseException as error:
            ended(process.invocation, context, error)
            process.kill()
            raise
        else:
            ended(process.invocation, context, None)
            return response
        finally:
            _process.reset(token)

    return invoke


@contextmanager
def virtual_layer(clock: VirtualClock, sqs: Any) -> Iterator[None]:
    """Let the layer take its time from a clock and call this SQS, in the block.

    Args:
        clock: whose participants invoke the handlers.
        sqs: the client of it, for every region.
    """
    with ExitStack() as patches:
        for module in _TIMED:
            patches.enter_context(patch(f"partial_batch.{module}.monotonic", clock.monotonic))
        patches.enter_context(patch("partial_batch._runners.alarm.getsignal", lambda number: signal.SIG_DFL))
        patches.enter_context(
            patch(
                "partial_batch._runners.alarm.signal",
                lambda number, handler: this_process().set_handler(number, handler),
            )
        )
        patches.enter_context(
            patch(
                "partial_batch._runners.alarm.setitimer",
                lambda which, seconds, interval=0.0: this_process().set_timer(clock.monotonic(), seconds, interval),
            )
        )
        patches.enter_context(patch.dict("partial_batch._sqs.client._clients", {None: sqs, "us-east-1": sqs}))
        for module in ("side_by_side",):
            patches.enter_context(patch(f"partial_batch.{module}.Thread", _thread_maker(clock)))
            patches.enter_context(patch(f"partial_batch.{module}.SimpleQueue", lambda: _Queue(clock)))
        patches.enter_context(patch("asyncio.new_event_loop", lambda: _Loop(clock)))
        yield


def _thread_maker(clock: VirtualClock) -> type:
    class Thread:
        """A participant of the clock, with what the layer needs of `threading.Thread`."""

        def __init__(self, target: Callable[..., object], args: Sequence[Any], *, daemon: bool) -> None:
            self._target, self._args = target, args

        def start(self) -> None:
            this_process().threads.append(clock.start(lambda: self._target(*self._args), "thread of the layer"))

    return Thread


class _Queue:
    """What the layer needs of `queue.SimpleQueue`."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._items: list[Any] = []
        self._changed = threading.Event()

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._changed.set()

    def get(self, timeout: float | None) -> Any:
        if not self._items:
            self._changed.clear()
            self._clock.wait(self._changed, timeout)
        if not self._items:
            raise Empty
        return self._items.pop(0)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that waits in virtual time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._virtual_clock = clock
        super().__init__(_Selector(clock))

    def time(self) -> float:
        return self._virtual_clock.monotonic()

    def close(self) -> None:
        """End what was begun and not finished, as the process that is killed does; else Python warns of it."""
        for task in asyncio.all_tasks(self):
            coroutine: Any = task.get_coro()
            coroutine.close()
        super().close()


class _Selector(selectors.BaseSelector):
    """Nothing is ever ready to be read or written; to select is to let the time pass."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        descriptor = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        self._keys[fileobj] = selectors.SelectorKey(fileobj, descriptor, events, data)
        return self._keys[fileobj]

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._clock.wait(None, timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys
