"""OutOfTime never leaves the handler, whatever code does that is interrupted; what finished before is kept."""

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from partial_batch import Message, OutOfTime, batch_handler, bulk_handler
from partial_batch._runners.alarm import Alarm

from tests.support import Context, reported, standard_event

SOON = 0.2
"""Seconds: long enough for anything that does not hang, short enough to wait for."""
LONG = 60
"""Seconds: no test waits for it."""


released = threading.Event()
"""Set when a test is over: it ends the threads that were left behind."""


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    released.clear()
    yield
    released.set()
    for thread in set(threading.enumerate()) - before:
        with contextlib.suppress(RuntimeError):  # an interrupt came before it was started
            thread.join(LONG)


@pytest.fixture(autouse=True)
def the_user_s_handler_and_timer_are_put_back() -> Iterator[None]:
    def of_the_user(*_: object) -> None: ...

    before = signal.signal(signal.SIGALRM, of_the_user)
    signal.setitimer(signal.ITIMER_REAL, LONG, 7)
    try:
        yield
        assert signal.getsignal(signal.SIGALRM) is of_the_user
        seconds, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 0 < seconds <= LONG
        assert interval == 7
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def hang() -> None:
    """Wait in steps, so that each interrupt is met."""
    threading.Event().wait(LONG)
    raise AssertionError("it was not interrupted")


def swallow(layers: int) -> None:
    """Hang, and clean up in so many layers that each hang and swallow what interrupts them."""
    try:
        if layers:
            swallow(layers - 1)
        else:
            hang()
    finally:
        with contextlib.suppress(BaseException):
            time.sleep(LONG)


def swallow_all(layers: int) -> None:
    """The same, and return as if nothing had been."""
    with contextlib.suppress(BaseException):
        swallow(layers)


class TestSwallowingIt:
    @pytest.mark.parametrize("layers", [0, 1, 3])
    def test_costs_its_message_and_no_other_one(self, layers: int, caplog: pytest.LogCaptureFixture) -> None:
        @batch_handler(time_reserve=0.1)
        def handler(message: Message) -> None:
            if message.id == "hangs":
                swallow(layers)

        assert reported(handler(standard_event("1", "2", "hangs", "4"), Context(SOON))) == ["hangs", "4"]
        assert "hangs failed with OutOfTime" in caplog.text

    def test_it_rings_sooner_and_sooner_so_that_the_response_is_in_time(self) -> None:
        @batch_handler(time_reserve=1.0)
        def handler(message: Message) -> None:
            if message.id == "hangs":
                swallow(4)

        context = Context(1.2)
        assert reported(handler(standard_event("1", "hangs"), context)) == ["hangs"]
        assert context.get_remaining_time_in_millis() > 0

    def test_a_function_that_returns_in_spite_of_it_has_finished(self) -> None:
        @batch_handler(time_reserve=0.1)
        def handler(message: Message) -> None:
            if message.id == "hangs":
                swallow_all(2)

        assert reported(handler(standard_event("1", "hangs", "3"), Context(SOON))) == ["3"]

    @pytest.mark.parametrize("make", [batch_handler, bulk_handler])
    def test_in_on_success(self, make: Any, caplog: pytest.LogCaptureFixture) -> None:
        def on_success(message: Message) -> None:
            if message.id == "hangs":
                swallow(2)

        handler = make(lambda _: None, time_reserve=0.1, on_success=on_success)

        assert reported(handler(standard_event("1", "hangs", "3"), Context(SOON))) == ["hangs", "3"]
        assert "hangs failed with OutOfTime" in caplog.text

    @pytest.mark.parametrize("make", [batch_handler, bulk_handler])
    def test_in_on_failure(self, make: Any) -> None:
        def function(given: Any) -> Any:
            if make is bulk_handler:
                return ["fails"]
            if given.id == "fails":
                raise ValueError
            return None

        handler = make(function, time_reserve=0.1, on_failure=lambda *_: swallow(2))

        back = reported(handler(standard_event("1", "fails", "3"), Context(SOON)))
        assert back[0] == "fails"
        assert "1" not in back

    def test_in_a_bulk_function(self, caplog: pytest.LogCaptureFixture) -> None:
        handler = bulk_handler(lambda messages: swallow(2), time_reserve=0.1)  # type: ignore[func-returns-value]

        assert reported(handler(standard_event("1", "2"), Context(SOON))) == ["1", "2"]
        assert caplog.text.count("failed with OutOfTime") == 2

    def test_in_an_async_function(self) -> None:
        @batch_handler(time_reserve=0.1)
        async def handler(message: Message) -> None:
            if message.id == "hangs":
                swallow(2)

        assert reported(handler(standard_event("1", "hangs", "3"), Context(SOON))) == ["hangs", "3"]


def inner_of(kind: str, ran: list[str] | None = None, **options: Any) -> Callable[..., Any]:
    """A handler that hangs, to be called by the function of another."""

    def plain(message: Message) -> None:
        if ran is not None:
            ran.append(message.id)
        swallow(2)

    async def awaitable(message: Message) -> None:
        while not released.is_set():
            await asyncio.sleep(0.001)

    def bulk(messages: list[Message]) -> None:
        swallow(2)

    def in_thread(message: Message) -> None:
        released.wait(LONG)

    makes: dict[str, Callable[[], Any]] = {
        "plain": lambda: batch_handler(plain, **options),
        "threads": lambda: batch_handler(in_thread, concurrency=2, **options),
        "async": lambda: batch_handler(awaitable, **options),
        "bulk": lambda: bulk_handler(bulk, **options),
    }
    return makes[kind]()


class TestAHandlerInsideAnother:
    kinds = pytest.mark.parametrize("kind", ["plain", "threads", "async", "bulk"])
    ways = pytest.mark.parametrize("outer_is_async", [False, True])

    @staticmethod
    def outer(function: Callable[[], Any], is_async: bool) -> Callable[..., Any]:
        def work(message: Message) -> None:
            if message.id == "hangs":
                function()

        async def work_async(message: Message) -> None:
            work(message)

        made: Callable[..., Any] = batch_handler(work_async if is_async else work, time_reserve=0.1)
        return made

    @ways
    @kinds
    @pytest.mark.parametrize("inner_has", [None, LONG])
    def test_the_outer_one_s_time_ends_both(self, inner_has: float | None, kind: str, outer_is_async: bool) -> None:
        inner = inner_of(kind)
        returned: list[Any] = []
        context = None if inner_has is None else Context(inner_has)
        handler = self.outer(lambda: returned.append(inner(standard_event("x", "y"), context)), outer_is_async)

        assert reported(handler(standard_event("1", "hangs", "3"), Context(SOON))) == ["hangs", "3"]
        assert returned == []

    @ways
    @kinds
    def test_the_inner_one_s_time_ends_only_itself(self, kind: str, outer_is_async: bool) -> None:
        inner = inner_of(kind, time_reserve=0.1)
        returned: list[Any] = []
        handler = self.outer(lambda: returned.append(inner(standard_event("x", "y"), Context(SOON))), outer_is_async)

        assert reported(handler(standard_event("1", "hangs", "3"), Context(LONG))) == []
        assert [reported(response) for response in returned] == [["x", "y"]]

    def test_an_inner_one_that_does_not_leave_does_not_hold_up_the_outer_one(self) -> None:
        swallowed: list[OutOfTime] = []

        @batch_handler(time_reserve=0.1)
        def inner(message: Message) -> None:
            while len({error.alarm for error in swallowed}) < 2:
                try:
                    hang()
                except OutOfTime as error:
                    swallowed.append(error)
            raise swallowed[-1]

        handler = self.outer(lambda: inner(standard_event("x"), Context(SOON)), False)

        assert reported(handler(standard_event("1", "hangs", "3"), Context(2 * SOON))) == ["hangs", "3"]

    def test_one_that_is_called_after_the_interrupt_was_swallowed_is_interrupted_too(self) -> None:
        inner = inner_of("threads")
        returned: list[Any] = []

        def function() -> None:
            try:
                hang()
            except OutOfTime:
                # waits for its threads, in the layer's own code
                returned.append(inner(standard_event("x", "y"), Context(5)))

        handler = self.outer(function, False)

        assert reported(handler(standard_event("1", "hangs"), Context(SOON))) == ["hangs"]
        assert returned == []


class TestOneThatWasSaved:
    @pytest.mark.parametrize("kind", ["plain", "async", "bulk", "threads"])
    def test_raised_in_a_later_invocation_it_fails_its_message_only(self, kind: str) -> None:
        saved: list[OutOfTime] = []

        @batch_handler(time_reserve=0.1)
        def save(message: Message) -> None:
            try:
                hang()
            except OutOfTime as error:
                saved.append(error)
                raise

        assert reported(save(standard_event("1"), Context(SOON))) == ["1"]
        assert isinstance(saved[0].alarm, Alarm)

        def plain(message: Message) -> None:
            if message.id == "2":
                raise saved[0]

        async def awaitable(message: Message) -> None:
            plain(message)

        def bulk(messages: list[Message]) -> None:
            raise saved[0]

        handlers: dict[str, Any] = {
            "plain": lambda: batch_handler(plain),
            "threads": lambda: batch_handler(plain, concurrency=3),
            "async": lambda: batch_handler(awaitable),
            "bulk": lambda: bulk_handler(bulk),
        }
        for context in (None, Context(LONG)):
            back = reported(handlers[kind]()(standard_event("1", "2", "3"), context))
            assert back == (["1", "2", "3"] if kind == "bulk" else ["2"])
