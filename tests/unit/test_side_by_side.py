"""Work in several threads at once."""

import threading
from contextvars import ContextVar

import pytest
from partial_batch import side_by_side
from partial_batch.side_by_side import run_in_threads

from tests.unit.conftest import Clock

HANG_GUARD = 10


def test_all_run_at_once_and_are_waited_for() -> None:
    together = threading.Barrier(4, timeout=HANG_GUARD)

    assert run_in_threads(lambda: together.wait() and None, 4, None)


def test_one_that_still_runs_is_left_behind() -> None:
    release = threading.Event()
    try:
        assert not run_in_threads(lambda: release.wait(HANG_GUARD) and None, 2, 0.01)
        assert not run_in_threads(lambda: release.wait(HANG_GUARD) and None, 2, -1)
    finally:
        release.set()


def test_each_has_a_copy_of_the_caller_s_context_variables() -> None:
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("caller's")
    seen = []

    def work() -> None:
        seen.append(variable.get())
        variable.set("changed")

    assert run_in_threads(work, 2, HANG_GUARD)
    assert seen == ["caller's"] * 2
    assert variable.get() == "caller's"


def test_what_a_work_lets_out_comes_out_at_once() -> None:
    release, turns = threading.Event(), iter([0, 1])

    def work() -> None:
        if next(turns):
            raise KeyboardInterrupt
        release.wait(HANG_GUARD)

    try:
        with pytest.raises(KeyboardInterrupt):
            run_in_threads(work, 2, None)
    finally:
        release.set()


@pytest.mark.parametrize("available", [0, 1, 2])
def test_those_threads_that_can_be_had_do_the_work(available: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[threading.Thread] = []
    ran = []

    class Limited(threading.Thread):
        def start(self) -> None:
            if len(made) == available:
                raise RuntimeError("can't start new thread")
            made.append(self)
            super().start()

    monkeypatch.setattr(side_by_side, "Thread", Limited)

    if available:
        assert run_in_threads(lambda: ran.append(1), 3, HANG_GUARD)
    else:
        with pytest.raises(RuntimeError, match="can't start"):
            run_in_threads(lambda: ran.append(1), 3, HANG_GUARD)
    assert len(ran) == available


def test_what_starting_the_threads_takes_counts_towards_the_time(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float | None] = []

    class SlowToStart:
        def __init__(self, work: object, count: int) -> None:
            clock.now += 2

        def wait(self, seconds: float | None) -> bool:
            waited.append(seconds)
            return True

    monkeypatch.setattr("partial_batch.side_by_side.Threads", SlowToStart)

    assert run_in_threads(list, 1, 5)
    assert run_in_threads(list, 1, None)
    assert waited == [3, None]
