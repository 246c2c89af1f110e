"""Every message of a group fails, as when what the function calls is down: each has its tries, and SQS takes none."""

import math

import pytest
from partial_batch import Backoff

from benchmarks.settings import MAX_RECEIVE_COUNT
from benchmarks.soak.consumer import MODES, Behaviour
from benchmarks.soak.world import Setup, World

PROTECTED = [name for name, mode in MODES.items() if mode.fifo and mode.protected]
over_modes = pytest.mark.parametrize("mode", PROTECTED)
over_messages = pytest.mark.parametrize("messages", [10, 30])  # one batch of the group, and several


class NoFaults:
    """Nothing else goes wrong."""

    def strikes(self, kind):
        return False


def outage(mode, messages, seconds, **setup):
    """Let all messages of a group fail for some seconds; gives the world when the queue is empty."""
    with World(Setup(MODES[mode], **setup), NoFaults()) as world:
        world.consumer.outages["g"] = seconds
        for number in range(messages):
            world.send(number, Behaviour(), "g")
        world.start_poller()
        world.drain()
        return world


@over_messages
@over_modes
def test_when_all_of_a_group_fail_for_ever_the_layer_dead_letters_each_after_its_tries(mode, messages):
    world = outage(mode, messages, math.inf)
    balance = world.balance()
    assert world.problems(balance) == []
    assert balance.dead_lettered_by_layer == messages
    # One that comes first within the invocation that dead-letters the one before it, is tried once more.
    assert {account.failures for account in world.books.accounts.values()} <= {MAX_RECEIVE_COUNT, MAX_RECEIVE_COUNT + 1}


def test_five_times_the_tries_are_too_few_for_the_queue():
    balance = outage("FIFO, skip_group", 10, math.inf, queue_max_receive_count=5 * MAX_RECEIVE_COUNT).balance()
    assert balance.innocents_dead_lettered > 0


@pytest.mark.parametrize("seconds", [60, 600, 3_600])
@over_messages
@over_modes
def test_after_an_outage_the_rest_of_a_group_succeeds(mode, messages, seconds):
    world = outage(mode, messages, seconds, backoff=Backoff(base=30, jitter=False))
    balance = world.balance()
    assert world.problems(balance) == []
    assert balance.dead_lettered_by_sqs == 0
    assert balance.done >= messages - 2
