"""The virtual clock: who runs when, and that time passes only where something waits."""

import threading

import pytest

from sqslab.simulator.clock import RealClock
from sqslab.simulator.virtual_clock import Deadlock, LimitReached, VirtualClock


def test_waiting_passes_the_time_and_nothing_else_does(clock):
    assert clock.monotonic() == 0
    before = clock.time()
    assert clock.wait(None, 3600.5) is False
    assert (clock.monotonic(), clock.time() - before) == (3600.5, 3600.5)


def test_participants_run_in_the_order_of_their_moments_then_of_their_waiting(clock):
    seen = []

    def tick(name, seconds):
        for _ in range(3):
            clock.wait(None, seconds)
            seen.append((clock.monotonic(), name))

    tasks = [clock.start(lambda name=name, s=s: tick(name, s), name) for name, s in [("a", 2), ("b", 1), ("c", 2)]]
    for task in tasks:
        task.join()
    # at 2, a and c began to wait before b did
    expected = [(1, "b"), (2, "a"), (2, "c"), (2, "b"), (3, "b"), (4, "a"), (4, "c"), (6, "a"), (6, "c")]
    assert seen == expected


def test_an_event_wakes_at_the_moment_at_which_it_is_set(clock):
    event = threading.Event()
    clock.start(lambda: (clock.wait(None, 5), event.set()), "setter")
    assert clock.wait(event, 10) is True
    assert clock.monotonic() == 5


def test_an_event_that_is_not_set_ends_at_the_time(clock):
    assert clock.wait(threading.Event(), 10) is False
    assert clock.monotonic() == 10


def test_a_set_event_and_no_time_need_no_waiting(clock):
    event = threading.Event()
    assert clock.wait(event, 0) is False
    event.set()
    assert clock.wait(event, 10) is True
    assert clock.monotonic() == 0


def test_join_raises_what_the_target_raised(clock):
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        clock.start(fail, "failing").join()


def test_join_gives_up_after_its_time(clock):
    task = clock.start(lambda: clock.wait(None, 10), "slow")
    assert task.join(4) is False
    assert not task.done
    assert task.join() is True
    assert clock.monotonic() == 10


def test_when_nothing_can_go_on_it_is_said(clock):
    with pytest.raises(Deadlock):
        clock.wait(threading.Event(), None)
    task = clock.start(lambda: clock.wait(None, None), "stuck")
    with pytest.raises(Deadlock):
        task.join()


def test_a_killed_participant_ends_where_it_waits(clock):
    seen = []

    def stubborn():
        try:
            clock.wait(None, 10)
        finally:
            seen.append(clock.monotonic())

    task = clock.start(stubborn, "victim")
    clock.wait(None, 1)
    task.kill()
    assert task.done
    assert seen == [1]
    task.kill()  # an ended one stays as it is


def test_a_limit_ends_what_waits_past_it(clock):
    def work():
        with clock.limit(5):
            clock.wait(None, 4)
            clock.wait(None, 4)

    with pytest.raises(LimitReached):
        work()
    assert clock.monotonic() == 5
    clock.wait(None, 4)
    assert clock.monotonic() == 9


def test_at_its_end_a_clock_leaves_no_thread():
    with VirtualClock() as clock:
        for _ in range(5):
            clock.start(lambda: clock.wait(None, None), "waiting")
        clock.wait(None, 1)
        clock.start(lambda: clock.wait(None, None), "not begun")
        names = [thread.name for thread in threading.enumerate()]
        assert (names.count("waiting"), names.count("not begun")) == (5, 0)
        others = {thread for thread in threading.enumerate() if thread.name == "waiting"}
    for thread in others:
        thread.join()


def test_short_tasks_one_after_the_other_share_a_thread(clock):
    clock.start(lambda: clock.wait(None, 100), "staying")
    threads = set()
    for number in range(50):
        name = f"short {number}"
        task = clock.start(lambda: (clock.wait(None, 0.5), threads.add(threading.current_thread())), name)
        task.join()
        assert name in {thread.name for thread in threads}
    assert len(threads) == 1


def test_with_the_last_task_its_thread_ends():
    clock = VirtualClock()
    threads = []
    tasks = [clock.start(lambda: (clock.wait(None, 1), threads.append(threading.current_thread())), "x") for _ in "abc"]
    for task in tasks:
        task.join()
    for thread in threads:
        thread.join()
    assert len(set(threads)) == 3
    assert clock.start(int, "one more").join() is True


def test_a_task_killed_before_it_began_never_runs(clock):
    seen = []
    task = clock.start(lambda: seen.append("ran"), "victim")
    task.kill()
    assert task.done
    clock.wait(None, 1)
    assert seen == []


def test_what_ends_a_thread_is_told_and_ends_no_other_task(clock, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda details: told.append(details.exc_type))

    def fail():
        raise KeyboardInterrupt

    failing, other = clock.start(fail, "failing"), clock.start(lambda: clock.wait(None, 1), "other")
    assert other.join() is True
    assert failing.done
    assert told == [KeyboardInterrupt]


def test_a_thread_the_clock_did_not_start_cannot_wait(clock):
    errors = []

    def stranger():
        try:
            clock.wait(None, 1)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=stranger)
    thread.start()
    thread.join()
    assert len(errors) == 1


def test_the_real_clock_has_the_same_interface():
    clock = RealClock()
    event = threading.Event()
    before = clock.monotonic()
    task = clock.start(event.set, "setter")
    assert clock.wait(event, 60) is True
    assert task.join(60) is True
    assert task.done
    assert clock.wait(None, 0.001) is False
    assert clock.monotonic() > before
    assert clock.time() > 0
