"""A success that is not a message's first has a cause, or the soak is not clean."""

import pytest

from benchmarks.soak.deliveries import EXPIRED, Deliveries

TIMEOUT = 60


@pytest.fixture
def deliveries():
    """Message 7, received as `first` at 0 s and as `again` at 100 s."""
    deliveries = Deliveries(TIMEOUT)
    deliveries.received(7, "first", 0)
    deliveries.received(7, "again", 100)
    return deliveries


def succeed(deliveries, *handles):
    for handle in handles:
        deliveries.succeeded(7, handle)


def test_one_success_is_no_repetition(deliveries):
    succeed(deliveries, "first")
    assert not deliveries.repetitions()


def test_without_anything_that_went_wrong_it_has_no_cause(deliveries):
    succeed(deliveries, "first", "again")
    assert deliveries.repetitions() == {"": 1}


def test_deleted_and_delivered_again_has_no_cause():
    deliveries = Deliveries(TIMEOUT)
    deliveries.received(7, "first", 0)
    succeed(deliveries, "first")
    deliveries.deleted("first")
    deliveries.received(7, "again", 100)
    succeed(deliveries, "again")
    assert deliveries.repetitions() == {"": 1}


def test_the_same_delivery_twice_has_no_cause(deliveries):
    succeed(deliveries, "first", "first")
    assert deliveries.repetitions() == {"": 1}


def test_the_cause_is_the_first_thing_that_went_wrong_with_the_delivery_before(deliveries):
    deliveries.went_wrong(["first"], "its response was lost")
    deliveries.went_wrong(["first", "again"], "its deletion was refused")
    succeed(deliveries, "again", "first")
    assert deliveries.repetitions() == {"its response was lost": 1}


def test_what_went_wrong_with_the_last_delivery_is_no_cause(deliveries):
    deliveries.went_wrong(["again"], "its response was lost")
    succeed(deliveries, "first", "again")
    assert deliveries.repetitions() == {"": 1}


@pytest.mark.parametrize(("at", "cause"), [(TIMEOUT - 1, ""), (TIMEOUT, EXPIRED)], ids=["too soon", "in time"])
def test_a_queue_refuses_to_delete_only_what_is_visible_again(deliveries, at, cause):
    succeed(deliveries, "first", "again")
    deliveries.refused("first", at)
    assert deliveries.repetitions() == {cause: 1}


@pytest.mark.parametrize(("received_at", "cause"), [(TIMEOUT - 1, ""), (TIMEOUT, EXPIRED)], ids=["too soon", "in time"])
def test_a_deletion_that_comes_after_the_next_delivery_came_too_late(received_at, cause):
    deliveries = Deliveries(TIMEOUT)
    deliveries.received(7, "first", 0)
    deliveries.received(7, "failed", received_at)
    deliveries.deleted("first")
    deliveries.received(7, "again", 200)
    succeed(deliveries, "first", "again")
    assert deliveries.repetitions() == {cause: 1}
