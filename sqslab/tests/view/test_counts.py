"""The numbers of the live view that come from what the pollers tell."""

import pytest

from sqslab.mapping.events import BatchDone, BatchKept, BatchReceived, Delivery, OutageBegan
from sqslab.view import counts as counts_module
from sqslab.view.counts import BatchCounts


@pytest.fixture
def now(monkeypatch):
    """A clock that the test sets."""
    times = {"now": 100.0}
    monkeypatch.setattr(counts_module.time, "time", lambda: times["now"])
    return times


@pytest.fixture
def received(make_mapping):
    def make(*ids, receive_count=1, sent_at=None):
        return BatchReceived(make_mapping(), tuple(Delivery(name, receive_count, sent_at) for name in ids))

    return make


def test_what_was_never_heard_of_is_zero():
    assert BatchCounts().numbers("uuid-1") == (0, 0, 0)
    assert BatchCounts().seconds_unfinished("uuid-1", 3, 5) is None


def test_invocations_successes_and_failures_are_counted_by_mapping(make_mapping, received):
    counts = BatchCounts()
    counts(received("a", "b", "c"))
    counts(BatchDone(make_mapping(), ("a",), ("b", "c"), {}))
    counts(BatchKept(make_mapping(), ("b", "c"), "the function failed"))
    counts(BatchDone(make_mapping(uuid="other"), ("x",), (), {}))
    counts(OutageBegan("somewhere", "something"))
    assert counts.numbers("uuid-1") == (2, 1, 4)
    assert counts.numbers("other") == (1, 1, 0)


def test_the_age_of_the_oldest_is_counted_from_when_it_was_sent_until_it_is_done(make_mapping, received, now):
    counts = BatchCounts()
    counts(received("young", sent_at=98.0))
    counts(received("old", sent_at=40.0))
    now["now"] += 1
    counts(received("young", sent_at=98.0, receive_count=2))
    assert counts.seconds_unfinished("uuid-1", None, 2) == 61
    counts(BatchDone(make_mapping(), ("old",), ("young",), {}))
    assert counts.seconds_unfinished("uuid-1", None, 1) == 3


def test_where_nobody_says_when_it_was_sent_it_is_counted_from_the_first_receive(received, now):
    counts = BatchCounts()
    counts(received("a"))
    now["now"] += 5
    counts(received("a", receive_count=2))
    assert counts.seconds_unfinished("uuid-1", None, 1) == 5


def test_a_clock_that_is_ahead_makes_no_age_below_zero(received, now):
    counts = BatchCounts()
    counts(received("a", sent_at=now["now"] + 3))
    assert counts.seconds_unfinished("uuid-1", None, 1) == 0


def test_what_sqs_has_dead_lettered_is_not_the_oldest(received, now):
    counts = BatchCounts()
    counts(received("poison", receive_count=3))
    now["now"] += 5
    counts(received("young"))
    assert counts.seconds_unfinished("uuid-1", 3, 2) == 5  # still there, in flight
    assert counts.seconds_unfinished("uuid-1", 3, 1) == 0


def test_an_empty_queue_has_no_oldest(received):
    counts = BatchCounts()
    counts(received("a"))
    assert counts.seconds_unfinished("uuid-1", None, 0) is None
