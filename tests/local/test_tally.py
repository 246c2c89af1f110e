"""The numbers of the live view that come from what the pollers tell."""

import pytest

from local import tally as tally_module
from local.happenings import BatchDone, BatchKept, BatchReceived, Delivery, TroubleBegan
from local.tally import Tally


@pytest.fixture
def now(monkeypatch):
    """A clock that the test sets."""
    times = {"now": 100.0}
    monkeypatch.setattr(tally_module.time, "time", lambda: times["now"])
    return times


@pytest.fixture
def received(make_mapping):
    def make(*ids, receive_count=1, sent_at=None):
        return BatchReceived(make_mapping(), tuple(Delivery(name, receive_count, sent_at) for name in ids))

    return make


def test_what_was_never_heard_of_is_zero():
    assert Tally().numbers("uuid-1") == (0, 0, 0)
    assert Tally().seconds_unfinished("uuid-1", 3, 5) is None


def test_invocations_successes_and_failures_are_counted_by_mapping(make_mapping, received):
    tally = Tally()
    tally(received("a", "b", "c"))
    tally(BatchDone(make_mapping(), ("a",), ("b", "c"), {}))
    tally(BatchKept(make_mapping(), ("b", "c"), "the function failed"))
    tally(BatchDone(make_mapping(uuid="other"), ("x",), (), {}))
    tally(TroubleBegan("somewhere", "something"))
    assert tally.numbers("uuid-1") == (2, 1, 4)
    assert tally.numbers("other") == (1, 1, 0)


def test_the_age_of_the_oldest_is_counted_from_when_it_was_sent_until_it_is_done(make_mapping, received, now):
    tally = Tally()
    tally(received("young", sent_at=98.0))
    tally(received("old", sent_at=40.0))
    now["now"] += 1
    tally(received("young", sent_at=98.0, receive_count=2))
    assert tally.seconds_unfinished("uuid-1", None, 2) == 61
    tally(BatchDone(make_mapping(), ("old",), ("young",), {}))
    assert tally.seconds_unfinished("uuid-1", None, 1) == 3


def test_where_nobody_says_when_it_was_sent_it_is_counted_from_the_first_receive(received, now):
    tally = Tally()
    tally(received("a"))
    now["now"] += 5
    tally(received("a", receive_count=2))
    assert tally.seconds_unfinished("uuid-1", None, 1) == 5


def test_a_clock_that_is_ahead_makes_no_age_below_zero(received, now):
    tally = Tally()
    tally(received("a", sent_at=now["now"] + 3))
    assert tally.seconds_unfinished("uuid-1", None, 1) == 0


def test_what_sqs_has_dead_lettered_is_not_the_oldest(received, now):
    tally = Tally()
    tally(received("poison", receive_count=3))
    now["now"] += 5
    tally(received("young"))
    assert tally.seconds_unfinished("uuid-1", 3, 2) == 5  # still there, in flight
    assert tally.seconds_unfinished("uuid-1", 3, 1) == 0


def test_an_empty_queue_has_no_oldest(received):
    tally = Tally()
    tally(received("a"))
    assert tally.seconds_unfinished("uuid-1", None, 0) is None
