"""The alarm itself: when it is set to ring, what it leaves behind, and a ring at the worst moment."""

import linecache
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from partial_batch import Message, OutOfTime, batch_handler
from partial_batch._runners import alarm as _alarm

from tests.support import Context, reported, standard_event
from tests.unit.conftest import Clock

type Timer = tuple[float, float]


class Timers:
    """Stands in for the system's timer: what it is set to, and what was set before."""

    def __init__(self, previous: Timer = (0.0, 0.0)) -> None:
        self.set: list[Timer] = []
        self.now = previous
        self.at_the_end: Callable[[], None] = lambda: None

    def __call__(self, which: int, seconds: float, interval: float = 0.0) -> Timer:
        assert which == signal.ITIMER_REAL
        if seconds == 0:
            self.at_the_end()
        before, self.now = self.now, (seconds, interval)
        self.set.append(self.now)
        return before


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    timers = Timers()
    monkeypatch.setattr(_alarm, "setitimer", timers)
    return timers


@pytest.fixture(autouse=True)
def the_handler_of_the_signal_is_put_back() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize(("reserve", "again"), [(1.0, 0.5), (10, 5), (0.1, 0.05), (0.02, 0.05), (0, 0.05)])
def test_it_is_set_to_ring_at_the_reserve_and_again_after_half_of_it(
    reserve: float, again: float, timers: Timers, clock: Clock
) -> None:
    assert reported(batch_handler(lambda message: None, time_reserve=reserve)(standard_event("1"), clock)) == []

    assert timers.set == [(60 - reserve, again), (0, 0)]


@pytest.mark.parametrize("reserve", [60, 70])
def test_it_rings_at_once_when_no_time_is_left(reserve: float, timers: Timers, clock: Clock) -> None:
    batch_handler(lambda message: None, time_reserve=reserve)(standard_event("1"), clock)

    assert timers.set[0] == (1e-6, reserve / 2)


@pytest.mark.parametrize(
    ("before", "after"), [((50.0, 7.0), (40.0, 7.0)), ((50.0, 0.0), (40.0, 0.0)), ((9.0, 7.0), (1e-6, 7.0))]
)
def test_a_timer_that_ran_before_goes_on_as_if_there_had_been_none(
    before: Timer, after: Timer, timers: Timers, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_alarm, "monotonic", clock)
    timers.now = before

    def work(message: Message) -> None:
        clock.now += 10

    batch_handler(work)(standard_event("1"), clock)

    assert timers.now == after


def test_the_function_is_told_why_it_is_interrupted() -> None:
    failures = []

    @batch_handler(time_reserve=0.1, on_failure=lambda message, error: failures.append(repr(error)))
    def handler(message: Message) -> None:
        threading.Event().wait(60)

    assert reported(handler(standard_event("1"), Context(0.3))) == ["1"]
    assert failures == ["OutOfTime('the time of the function is nearly over')"]


def test_a_ring_after_the_work_changes_nothing(timers: Timers) -> None:
    timers.at_the_end = lambda: signal.raise_signal(signal.SIGALRM)

    assert reported(batch_handler(lambda message: None)(standard_event("1"), Context(60))) == []


def test_a_ring_between_the_work_and_its_end_changes_nothing_nor_does_the_next(timers: Timers) -> None:
    timers.at_the_end = lambda: signal.raise_signal(signal.SIGALRM)
    started = threading.Event()
    rings: list[OutOfTime] = []

    def ring_at_the_end(frame: FrameType, event: str, argument: object) -> Any:
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and started.is_set() and not rings and line == "self.live = False":
            try:
                signal.raise_signal(signal.SIGALRM)  # raises in the line that is traced
            except OutOfTime as interrupt:
                rings.append(interrupt)
                raise
        return ring_at_the_end

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        return ring_at_the_end if frame.f_code.co_filename == _alarm.__file__ else None

    @batch_handler
    def handler(message: Message) -> None:
        started.set()

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        response = handler(standard_event("1"), Context(60))
    finally:
        sys.settrace(previous)
    assert reported(response) == []
    assert len(rings) == 1
