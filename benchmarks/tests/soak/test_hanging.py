"""A message that hangs at each of its runs ends in the dead-letter queue after its tries, as one that raises does."""

import pytest
from partial_batch import Backoff

from benchmarks.settings import MAX_RECEIVE_COUNT
from benchmarks.soak.consumer import MODES, Behaviour
from benchmarks.soak.world import Setup, World
from benchmarks.tests.soak.test_group_fails import NoFaults

_STANDARD_RECEIVES = 8


@pytest.mark.parametrize("backoff", [None, Backoff(base=5, jitter=False)], ids=["no backoff", "backoff"])
@pytest.mark.parametrize("mode", MODES)
def test_a_message_that_hangs_for_ever_is_dead_lettered_after_its_tries(mode, backoff):
    protected = MODES[mode].fifo and MODES[mode].protected
    receives = {} if protected else {"queue_max_receive_count": _STANDARD_RECEIVES}
    with World(Setup(MODES[mode], backoff=backoff, **receives), NoFaults()) as world:
        world.send(0, Behaviour(then="hangs"), "a" if MODES[mode].fifo else None)
        world.start_poller()
        world.drain()
        balance = world.balance()
    assert world.problems(balance) == []
    assert (balance.dead_lettered_by_layer, balance.dead_lettered_by_sqs) == ((1, 0) if protected else (0, 1))
    assert world.books.accounts[0].failures == (MAX_RECEIVE_COUNT if protected else _STANDARD_RECEIVES)


@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if mode.fifo and mode.protected])
def test_those_behind_it_are_done_then(mode):
    with World(Setup(MODES[mode]), NoFaults()) as world:
        for number in range(10):
            world.send(number, Behaviour(then="hangs") if number == 4 else Behaviour(), "a")
        world.start_poller()
        world.drain()
        balance = world.balance()
    assert world.problems(balance) == []
    assert (balance.done, balance.dead_lettered_by_layer) == (9, 1)


def test_on_a_standard_queue_it_parts_from_those_not_started_if_there_is_a_backoff():
    def innocents(backoff):
        setup = Setup(MODES["standard"], backoff=backoff, window=1, queue_max_receive_count=_STANDARD_RECEIVES)
        with World(setup, NoFaults()) as world:
            for number in range(10):
                world.send(number, Behaviour() if number else Behaviour(then="hangs"), None)
            world.start_poller()
            world.drain()
            return world.balance().innocents_dead_lettered

    assert innocents(Backoff(base=5, jitter=False)) == 0
    assert innocents(None) == 9
