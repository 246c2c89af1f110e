"""A FIFO message group whose messages fail, followed invocation by invocation.

What stands behind a failure goes back and is received again, and counted, with the message that failed at the head.
The layer goes by that count for the backoff and for dead-lettering (docs/layer.md, "Bystanders"), so what becomes of a
message depends on the counts of all that are received with it: too many states for a formula, so they are drawn.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import operator
import random
from dataclasses import dataclass

_LONGEST_BACKOFF = 900  # seconds, of the layer's Backoff as the consumers have it
_FAILURES = 50_000  # followed for a mean
_ENDLESS = 10**30  # messages
_LONGEST_RUN = 1e18  # of successes; more is not told from no failures at all


@dataclass
class Followed:
    """What happened in a group.

    Attributes:
        invocations: with messages of the group.
        attempts: messages that they ran.
        hidden: seconds that the group waited for a backoff.
        failures: attempts that failed.
        dead_lettered: messages.
        ended: messages that succeeded or were dead-lettered.
    """

    invocations: int = 0
    attempts: int = 0
    hidden: int = 0
    failures: int = 0
    dead_lettered: int = 0
    ended: int = 0

    def __add__(self, other: Followed) -> Followed:
        """Add up two groups."""
        return Followed(*map(operator.add, dataclasses.astuple(self), dataclasses.astuple(other)))


@dataclass(frozen=True)
class Failing:
    """How the messages of a group fail, and what is done about it.

    Attributes:
        share: of the attempts that fail, over 0.
        batch: messages of the group in a batch, at most.
        tries: the layer's max_receive_count.
        queue_tries: the queue's own.
        base: of the backoff, in seconds.
    """

    share: float
    batch: int
    tries: int
    queue_tries: int
    base: int


def hidden_at_most(receives: int, base: int) -> int:
    """Say how many seconds a message that fails at this receive is hidden, at most."""
    return min(_LONGEST_BACKOFF, base << min(receives - 1, 10))


@functools.cache
def in_the_mean(failing: Failing, messages: int | None = None) -> Followed:
    """Follow groups until the means are steady.

    Args:
        failing: how their messages fail.
        messages: in each of them; None for a group that never ends.
    """
    chance = random.Random(0)  # noqa: S311 (not for secrets)
    total = Followed()
    while total.failures < _FAILURES:
        total += follow(failing, messages or _ENDLESS, chance, failures=_FAILURES)
    return total


def follow(failing: Failing, messages: int, chance: random.Random, *, failures: float = math.inf) -> Followed:
    """Follow a group.

    Args:
        failing: how its messages fail.
        messages: that wait in it.
        chance: where failures and backoff are drawn from.
        failures: after how many it stops, though messages are left.
    """
    batch, tries = failing.batch, failing.tries
    found = Followed()
    waiting: list[int] = []  # for each message that went back, the invocation that had it first
    successes = _successes(failing.share, chance)  # in a row, until the next failure
    while (waiting or messages) and found.failures < failures:
        if not waiting:  # full batches without a failure
            full = min(successes, messages) // batch
            found.invocations += full
            found.attempts += full * batch
            found.ended += full * batch
            successes -= full * batch
            messages -= full * batch
        found.invocations += 1
        while waiting and found.invocations - waiting[0] >= failing.queue_tries:  # SQS moves it
            del waiting[0]
            found.dead_lettered += 1
            found.ended += 1
        new = min(batch - len(waiting), messages)
        waiting += [found.invocations] * new
        messages -= new
        head = True  # what comes behind another one in its batch is tried for the first time
        while waiting:
            succeed = min(successes, len(waiting))
            head = head and not succeed
            del waiting[:succeed]
            successes -= succeed
            found.attempts += succeed
            found.ended += succeed
            if not waiting:
                break
            found.attempts += 1
            found.failures += 1
            successes = _successes(failing.share, chance)
            receives = found.invocations - waiting[0] + 1
            if not head or receives % tries:
                found.hidden += 1 + int(chance.random() * hidden_at_most(receives, failing.base))
                break
            del waiting[0]
            found.dead_lettered += 1
            found.ended += 1
            head = False
    return found


def _successes(share: float, chance: random.Random) -> int:
    """Draw how many attempts succeed before the next one fails."""
    if share == 1:
        return 0
    return int(min(_LONGEST_RUN, math.log1p(-chance.random()) / math.log1p(-share)))
