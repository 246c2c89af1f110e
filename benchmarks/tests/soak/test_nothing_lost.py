"""Whatever goes wrong, and in whatever order: the layer, the poller and the queues lose nothing and reorder nothing."""

from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from partial_batch import Backoff

from benchmarks.settings import QUEUE_MAX_RECEIVE_COUNT
from benchmarks.soak.consumer import FAILURES, IS_SLOW, MODES, WORKS, Behaviour
from benchmarks.soak.faults import RATES
from benchmarks.soak.shard import SMALL_PAYLOAD
from benchmarks.soak.world import Setup, World
from sqslab.mapping.record import MOST_PAYLOAD_BYTES

runs = st.lists(st.sampled_from([*FAILURES, IS_SLOW]), max_size=2).map(tuple)
behaviours = st.builds(
    Behaviour, runs, st.sampled_from([WORKS, WORKS, WORKS, IS_SLOW, "raises", "fails for good", "hangs"])
)


class ArmedFaults:
    """Each strikes when it was armed and its turn has come."""

    def __init__(self):
        self.armed = Counter()
        self.chosen = 0

    def strikes(self, kind):
        self.armed[kind] -= 1
        return self.armed[kind] >= 0 or self.armed.update({kind: 1})

    def choose(self, choices):
        self.chosen += 1
        return list(choices)[self.chosen % len(choices)]


class Operations(RuleBasedStateMachine):
    """Sends, lets things go wrong, kills pollers and lets time pass; at the end all is brought to its end."""

    mode = None

    @initialize(
        batch_size=st.sampled_from([1, 3, 10]),
        concurrency=st.sampled_from([2, 5]),
        backoff=st.sampled_from([None, Backoff(base=5, maximum=60, jitter=False)]),
        payload=st.sampled_from([MOST_PAYLOAD_BYTES, SMALL_PAYLOAD]),
    )
    def set_up(self, batch_size, concurrency, backoff, payload):
        self.faults = ArmedFaults()
        self.setup = Setup(
            self.mode,
            batch_size=batch_size,
            concurrency=concurrency,
            queue_max_receive_count=QUEUE_MAX_RECEIVE_COUNT if self.mode.fifo else 30,
            backoff=backoff,
            payload=payload,
        )
        self.world = World(self.setup, self.faults)
        self.world.__enter__()
        self.world.start_poller()

    @rule(messages=st.lists(st.tuples(st.sampled_from("aab"), behaviours), min_size=1, max_size=12))
    def send(self, messages):
        for group, drawn in messages:
            bearable = self.setup.bears_hanging or drawn.then != "hangs"
            behaviour = drawn if bearable else Behaviour(drawn.first)
            number = len(self.world.books.accounts)
            self.world.send(number, behaviour, group if self.mode.fifo else None)

    @rule(kind=st.sampled_from(sorted(RATES)), times=st.integers(1, 3))
    def let_go_wrong(self, kind, times):
        self.faults.armed[kind] += times

    @rule(group=st.sampled_from("ab"), seconds=st.sampled_from([61, 600]))
    def let_a_group_fail(self, group, seconds):
        self.world.consumer.outages[group] = self.world.clock.monotonic() + seconds

    @rule(seconds=st.sampled_from([0.25, 1, 5, 11, 61, 600]))
    def let_time_pass(self, seconds):
        self.world.clock.wait(None, seconds)

    @rule(pollers=st.integers(0, 2))
    def kill_the_pollers_and_start_others(self, pollers):
        self.world.kill_pollers()
        for _ in range(pollers):
            self.world.start_poller()

    @invariant()
    def nothing_is_lost_or_out_of_order_or_dead_lettered_without_a_reason(self):
        self.world.check()
        balance = self.world.balance()
        balance.still_queued = 0  # not yet
        assert self.world.problems(balance) == []

    def teardown(self):
        if not hasattr(self, "world"):
            return
        try:
            self.world.start_poller()
            self.world.drain()
            assert self.world.problems(self.world.balance()) == []
        finally:
            self.world.__exit__(None, None, None)


@pytest.mark.parametrize("name", MODES)
def test_nothing_is_lost_out_of_order_or_dead_lettered_without_a_reason(name):
    class InThisMode(Operations):
        mode = MODES[name]

    examples = max(1, settings().max_examples // 10)  # each is a world of its own
    run_state_machine_as_test(
        InThisMode, settings=settings(max_examples=examples, stateful_step_count=20, print_blob=True)
    )
