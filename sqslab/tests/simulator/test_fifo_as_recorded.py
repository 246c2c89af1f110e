"""The order and the locks of FIFO queues, row by row as recorded on AWS.

The queue holds g1-1, g1-2, g1-3 (and g1-4) of group g1 and g2-1 of g2. "Take" is one ReceiveMessage.
"""

import pytest

LONGER = 600


@pytest.fixture
def url(backend):
    return backend.queue(fifo=True, VisibilityTimeout=LONGER)


@pytest.mark.differs("one take interleaves the groups")
def test_nothing_taken_one_take_gives_as_many_of_a_group_as_it_can_then_others(backend, url):
    backend.send(url, "g1-1", "g2-1", "g1-2", "g1-3")
    assert backend.take(url).bodies == ["g1-1", "g1-2", "g1-3", "g2-1"]


def test_after_the_visibility_of_a_group_ends_it_comes_again_in_order(backend):
    url = backend.queue(fifo=True, VisibilityTimeout=1)
    backend.send(url, "g1-1", "g1-2", "g1-3")
    assert backend.take(url).bodies == ["g1-1", "g1-2", "g1-3"]
    backend.until_in_flight(url, 0)
    assert backend.take(url).bodies == ["g1-1", "g1-2", "g1-3"]


def test_while_two_of_a_group_are_taken_it_is_locked(backend, url):
    backend.send(url, "g1-1", "g1-2", "g1-3", "g2-1")
    assert backend.take(url, 2).bodies == ["g1-1", "g1-2"]
    assert backend.take(url).bodies == ["g2-1"]


@pytest.mark.differs("any message in flight locks its group")
def test_hiding_the_first_for_0_s_gives_it_again_but_none_behind_one_in_flight(backend, url):
    backend.send(url, "g1-1", "g1-2", "g1-3", "g2-1")
    taken = backend.take(url, 2)
    backend.hide(url, taken["g1-1"], 0)
    assert sorted(backend.take(url).bodies) == ["g1-1", "g2-1"]


@pytest.mark.differs("any message in flight locks its group")
def test_hiding_the_first_for_1_s_gives_it_again_then_but_none_behind_one_in_flight(backend, url):
    backend.send(url, "g1-1", "g1-2", "g1-3", "g2-1")
    taken = backend.take(url, 2)
    backend.hide(url, taken["g1-1"], 1)
    backend.until_in_flight(url, 1)
    assert sorted(backend.take(url).bodies) == ["g1-1", "g2-1"]


def take_all_and_hide_one_longer(backend, hidden):
    """Take all three of g1 for a second, hide one of them longer, and wait until the others' visibility has ended."""
    url = backend.queue(fifo=True, VisibilityTimeout=1)
    backend.send(url, "g1-1", "g1-2", "g1-3")
    backend.hide(url, backend.take(url)[hidden], LONGER)
    backend.until_in_flight(url, 1)
    return url


def test_while_the_first_is_hidden_longer_nothing_comes(backend):
    assert backend.take(take_all_and_hide_one_longer(backend, "g1-1")).bodies == []


@pytest.mark.differs("any message in flight locks its group")
def test_while_the_second_is_hidden_longer_only_the_first_comes(backend):
    assert backend.take(take_all_and_hide_one_longer(backend, "g1-2")).bodies == ["g1-1"]


@pytest.mark.differs("any message in flight locks its group")
def test_while_the_third_is_hidden_longer_the_first_two_come(backend):
    assert backend.take(take_all_and_hide_one_longer(backend, "g1-3")).bodies == ["g1-1", "g1-2"]


def test_after_both_taken_are_deleted_the_group_is_free(backend, url):
    backend.send(url, "g1-1", "g1-2", "g1-3", "g2-1")
    backend.delete(url, *backend.take(url, 2))
    assert sorted(backend.take(url).bodies) == ["g1-3", "g2-1"]


def test_after_one_of_two_taken_is_deleted_the_group_stays_locked(backend, url):
    backend.send(url, "g1-1", "g1-2", "g1-3", "g2-1")
    backend.delete(url, backend.take(url, 2)["g1-1"])
    assert backend.take(url).bodies == ["g2-1"]


def test_a_message_sent_while_its_group_is_locked_waits_with_it(backend, url):
    backend.send(url, "g1-1")
    taken = backend.take(url)
    backend.send(url, "g1-2")
    assert backend.take(url).bodies == []
    backend.delete(url, *taken)
    assert backend.take(url).bodies == ["g1-2"]
