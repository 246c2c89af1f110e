"""One world from its first message to its last, with all that a seed settles."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from partial_batch import Backoff

from benchmarks.settings import QUEUE_MAX_RECEIVE_COUNT
from benchmarks.soak.consumer import MODES, OUTAGE, WORKS, Behaviour, Mode
from benchmarks.soak.faults import DrawnFaults
from benchmarks.soak.world import LONGEST, Setup, World
from sqslab.mapping.record import MOST_PAYLOAD_BYTES

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Set

    from benchmarks.books import Balance


@dataclass(frozen=True)
class Outcome:
    """What came of a shard.

    Attributes:
        seed: of the shard.
        mode: its name.
        balance: of its books.
        counts: of the faults.
        virtual_seconds: how long it took in the world.
        most_receives: the highest receive count of a message that no code had failed on.
        repetitions: of messages that had succeeded, by what caused them.
        problems: what must not be; empty if all is well.
    """

    seed: int
    mode: str
    balance: Balance
    counts: Counter[str]
    virtual_seconds: float
    most_receives: int
    repetitions: Counter[str]
    problems: list[str]


def run_shard(seed: int, messages: int, without: Collection[str] = ()) -> Outcome:
    """Run one shard.

    Args:
        seed: of everything; also picks the mode, in turns.
        messages: how many.
        without: kinds of faults, and of what the function does, that are left out.
    """
    chance = random.Random(seed)  # noqa: S311 (not for secrets)
    name = list(MODES)[seed % len(MODES)]
    mode = MODES[name]
    setup = _drawn_setup(mode, chance, seed)
    faults = DrawnFaults(chance, without)
    left_out = set(without) if setup.bears_hanging else {*without, POISON_THAT_HANGS}
    groups = chance.choice([2, 5, 20, 100])
    poison = chance.choice([0.0, 0.005, 0.02])
    row = _Row(chance.choice(_ROWS), chance.randrange(messages)) if mode.fifo and ROW not in without else _Row()
    with World(setup, faults) as world:
        world.start_poller()
        sent = 0
        next_kill = _until_kill(chance)
        while (sent < messages or not world.is_drained) and world.clock.monotonic() < LONGEST:
            for number in range(sent, min(messages, sent + chance.randrange(400))):
                group = f"group {chance.randrange(groups)}".replace(" ", "-") if mode.fifo else None
                behaviour = _drawn_behaviour(chance, poison, left_out)
                if row.has(number, group):
                    behaviour = Behaviour(then="raises")
                elif behaviour.then != WORKS:
                    faults.counts[_POISON[behaviour.then]] += 1
                world.send(number, behaviour, group)
                sent = number + 1
                if group is not None and chance.random() < _OUTAGES and OUTAGE not in without:
                    world.consumer.outages[group] = world.clock.monotonic() + chance.choice(_OUTAGE_SECONDS)
            world.clock.wait(None, chance.uniform(0, 60))
            world.check()
            if world.clock.monotonic() > next_kill:
                if "poller killed" not in without:
                    faults.counts["poller killed"] += 1
                    world.kill_pollers()
                    for _ in range(chance.choice([1, 1, 2])):
                        world.start_poller()
                next_kill = world.clock.monotonic() + _until_kill(chance)
        balance = world.balance()
        problems = world.problems(balance)
        counts = faults.counts + world.consumer.counts
        counts[ROW] += row.count
        return Outcome(
            seed,
            name,
            balance,
            counts,
            world.clock.monotonic(),
            world.consumer.most_receives,
            world.deliveries.repetitions(),
            problems,
        )


# Besides what single messages do: for a while all messages of a group fail; or some that follow one another in it, for
# ever. Only on FIFO: on a standard queue nothing waits behind them.
ROW = "one of a row that fails for ever"
_ROWS = (0, 10, 30)  # messages
_OUTAGES = 0.002  # how often one begins, per message sent
_OUTAGE_SECONDS = (60, 600, 3_600)


@dataclass
class _Row:
    """Messages of one group that fail for ever.

    Attributes:
        left: how many are still to come.
        first: the number of the first one.
        count: how many there were.
    """

    left: int = 0
    first: int = 0
    count: int = 0
    _group: str | None = None

    def has(self, number: int, group: str | None) -> bool:
        """Whether the message is one of them; to be asked once of each that is sent."""
        if number == self.first:
            self._group = group
        if number < self.first or not self.left or group != self._group:
            return False
        self.left -= 1
        self.count += 1
        return True


def _most_receives(mode: Mode) -> int:
    """Choose the queue's maxReceiveCount: where innocents are safe, so high that no row of accidents reaches it."""
    if not mode.innocents_are_safe:
        return 10
    return QUEUE_MAX_RECEIVE_COUNT if mode.fifo else 40


SMALL_PAYLOAD = 3_000  # bytes: some of the small messages there are here


def _drawn_setup(mode: Mode, chance: random.Random, seed: int) -> Setup:
    batch_size = chance.choice([1, 2, 10, 10, 10] if mode.fifo else [1, 2, 10, 10, 50])
    return Setup(
        mode,
        batch_size=batch_size,
        window=0 if mode.fifo else chance.choice([1, 5]) if batch_size > 10 else chance.choice([0, 0, 1, 5]),
        concurrency=chance.choice([2, 5, 10]),
        visibility_timeout=chance.choice([60, 66, 90]),
        queue_max_receive_count=_most_receives(mode),
        backoff=chance.choice([None, Backoff(base=5, maximum=120), Backoff(base=1, jitter=False)]),
        payload=chance.choice([MOST_PAYLOAD_BYTES, MOST_PAYLOAD_BYTES, SMALL_PAYLOAD]),
        seed=seed,
    )


# How a message behaves that is neither poison nor works from the start: in its first runs.
_FIRST_RUNS = (
    ("is slow",),
    ("raises",),
    ("raises", "raises"),
    ("raises", "is slow"),
    ("retries later",),
    ("fails for good",),
    ("hangs",),
    ("kills its process",),
    ("kills its process", "raises"),
    ("exits",),
    ("is cancelled",),
    ("is not awaited",),
)
POISON_THAT_HANGS = "hangs for ever"
FOR_EVER = {"raises for ever": "raises", "is rejected for ever": "fails for good", POISON_THAT_HANGS: "hangs"}
_POISON = {does: name for name, does in FOR_EVER.items()}
_AT_FIRST = 0.12  # the share of messages that do


def _drawn_behaviour(chance: random.Random, poison: float, without: Set[str]) -> Behaviour:
    draw = chance.random()
    if draw < poison:
        return Behaviour(
            then=chance.choice([does for name, does in FOR_EVER.items() if not {name, does} & without] or [WORKS])
        )
    if draw < poison + _AT_FIRST:
        return Behaviour(tuple(kind for kind in chance.choice(_FIRST_RUNS) if kind not in without))
    return Behaviour()


def _until_kill(chance: random.Random) -> float:
    return chance.uniform(30, 1200)
