"""Keeps the books of a run with faults, and closes them: what was lost, out of order, dead-lettered for no reason.

Both runs use them, the one in virtual time (benchmarks/soak) and the one on the emulator (benchmarks/faults). They know
only what an onlooker knows: what was sent, what the function did, and what lies in the queues at the end.

Each message is one of these, so that they add up to all that were sent:

done           it succeeded at least once.
dead-lettered  it never succeeded, code failed on it, and it is in the dead-letter queue: sent there by the layer, with
               its ErrorType, or moved there by SQS.
innocent and dead-lettered
               no code ever failed on it: it never raised, hung, ran out of time or ended its process. One that waited
               behind others, or was in a batch that was killed, is innocent.
still queued   it is none of these, and in the queue.
lost           it is nowhere.

And beside that:

out of order   FIFO: the function was started on it when an earlier message of its group had neither succeeded nor been
               dead-lettered. A repetition of what has succeeded is none: delivery is at least once.
copy           it is done and in the dead-letter queue too; an innocent's copy if no code ever failed on it.
too early      dead-lettered, not for good, after code had failed on it less often than it was to be tried.
without a reason
               a dead letter that nothing explains. These explain one: code failed on it for good; or it is the layer
               that counts (FIFO), and code failed on it at a receive whose number is a multiple of the tries, and in
               that invocation nothing it waited behind had been dead-lettered before; or it has no ErrorType, and SQS
               had delivered it as often as the queue allows.

So a message that is dead-lettered too early, but with a reason, was counted when it was not tried: while it waited, or
in a receive that did not reach the function. Without state that cannot be helped: docs/layer.md, "Bystanders".
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

FOR_GOOD = "PermanentFailure"  # the layer's ErrorType of what must not be retried


@dataclass(frozen=True)
class Promise:
    """What a queue and its layer are set up to do.

    Attributes:
        tries: how often a message is to be tried.
        most_receives: the queue's maxReceiveCount.
        layer_counts: whether the layer dead-letters a message that has had its tries, rather than SQS alone.
        by_group: whether a message waits for its group only; else for the whole batch.
        innocents_are_safe: whether no innocent message is to be dead-lettered.
        tries_are_kept: whether none is to be dead-lettered too early: on a standard queue, where nothing waits.
    """

    tries: int
    most_receives: int
    layer_counts: bool = False
    by_group: bool = True
    innocents_are_safe: bool = True
    tries_are_kept: bool = False


@dataclass(frozen=True)
class Letter:
    """A message in the dead-letter queue.

    Attributes:
        number: of the message.
        error_type: the layer's; None if there is none, as on what SQS moves.
        receives: how often it had been received when it was sent or moved.
        sent_at: when it was sent, in seconds since the epoch: by the layer, or to the queue it was moved from.
    """

    number: int
    error_type: str | None
    receives: int
    sent_at: float = 0.0

    @classmethod
    def read(
        cls, number: int, attributes: Mapping[str, Mapping[str, object]], receives: int, sent_at: float = 0.0
    ) -> Self:
        """Read one.

        Args:
            number: of the message.
            attributes: its message attributes, as ReceiveMessage gives them.
            receives: how often SQS says that it was received before it came here. What the layer sends is a new
                message to SQS; it has the number in an attribute.
            sent_at: when it was sent, in seconds since the epoch.
        """
        error_type = attributes.get("ErrorType", {}).get("StringValue")
        if error_type is None:
            return cls(number, None, receives, sent_at)
        return cls(
            number, str(error_type), int(str(attributes.get("SourceReceiveCount", {}).get("StringValue", 0))), sent_at
        )


@dataclass(frozen=True)
class Failure:
    """Code failed on a message.

    Attributes:
        place: in the order of all failures.
        invocation: in which it did.
        for_good: whether it said that the message must not be retried.
    """

    place: int
    invocation: str
    for_good: bool


@dataclass
class Account:
    """One message.

    Attributes:
        group: its message group; None on a standard queue.
        earlier: the message sent before it to the same group.
        runs: how often the function was started on it.
        successes: how often it succeeded.
        failed_at: by the number of the receive, how code failed on it.
        dead: whether it is in the dead-letter queue, as far as is known.
    """

    group: str | None
    earlier: int | None
    runs: int = 0
    successes: int = 0
    failed_at: dict[int, Failure] = field(default_factory=dict)
    dead: bool = False

    @property
    def failures(self) -> int:
        """At how many of its receives code failed on it."""
        return len(self.failed_at)

    @property
    def is_settled(self) -> bool:
        """Whether the messages behind it may go on."""
        return self.successes > 0 or self.dead


@dataclass
class Balance:
    """The outcome of a run, in messages, dead letters, and runs of the function. Balances can be added."""

    messages: int = 0
    done: int = 0
    dead_lettered_by_layer: int = 0
    dead_lettered_by_sqs: int = 0
    innocents_dead_lettered: int = 0
    still_queued: int = 0
    lost: int = 0
    out_of_order: int = 0
    dead_lettered_too_early: int = 0
    letters_without_reason: int = 0
    done_and_dead_lettered: int = 0
    innocents_copied: int = 0
    runs: int = 0
    repetitions: int = 0

    def __add__(self, other: Self) -> Self:
        """Add up two runs."""
        return type(self)(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def accounted_for(self) -> int:
        """How many messages are in one of the states that a message can be in; all of them, or the books are wrong."""
        dead = self.dead_lettered_by_layer + self.dead_lettered_by_sqs + self.innocents_dead_lettered
        return self.done + dead + self.still_queued + self.lost

    def problems(self, promise: Promise) -> list[str]:
        """Say what must not be, given what was promised; nothing if all is well."""
        found = [
            (self.lost, "lost"),
            (self.out_of_order, "out of order"),
            (self.still_queued, "still in the queue"),
            (self.letters_without_reason, "dead-lettered without a reason"),
        ]
        if promise.innocents_are_safe:
            found.append((self.innocents_dead_lettered, "innocent and dead-lettered"))
            found.append((self.innocents_copied, "done, innocent, and a copy dead-lettered"))
        if promise.tries_are_kept:
            found.append((self.dead_lettered_too_early, "dead-lettered too early"))
        return [f"{count:,} {what}" for count, what in found if count]


class Books:
    """What is known of every message, by a number that is in its body."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.out_of_order: list[tuple[int, int]] = []  # the message, and the earlier one it did not wait for
        self._last_of_group: dict[str, int] = {}
        self._failures = 0

    def sent(self, number: int, group: str | None) -> None:
        """A message is in the queue; those of a group are told in their order."""
        earlier = None if group is None else self._last_of_group.get(group)
        self.accounts[number] = Account(group, earlier)
        if group is not None:
            self._last_of_group[group] = number

    def began(self, number: int) -> int:
        """The function is started on it; gives how often it has been, this time included."""
        account = self.accounts[number]
        account.runs += 1
        behind = self._open_before(number)
        if behind is not None:
            self.out_of_order.append((number, behind))
        return account.runs

    def succeeded(self, number: int) -> None:
        """The function has done all it does for it."""
        self.accounts[number].successes += 1

    def failed(self, number: int, receive: int, invocation: str, *, for_good: bool = False) -> None:
        """Code failed on it, which counts once for each receive.

        Args:
            number: of the message.
            receive: which one it was.
            invocation: what tells it from others.
            for_good: whether the code said that it must not be retried.
        """
        self._failures += 1
        self.accounts[number].failed_at.setdefault(receive, Failure(self._failures, invocation, for_good))

    def dead_lettered(self, number: int) -> None:
        """It is in the dead-letter queue."""
        self.accounts[number].dead = True

    def close(self, queued: Collection[int], letters: Collection[Letter], promise: Promise) -> Balance:
        """Find out what became of every message.

        Args:
            queued: what is in the queue.
            letters: what is in the dead-letter queue.
            promise: what the queue and the layer were to do.
        """
        balance = Balance(messages=len(self.accounts), out_of_order=len(self.out_of_order))
        by_layer: dict[int, bool] = {}
        for letter in letters:
            by_layer[letter.number] = by_layer.get(letter.number, False) or letter.error_type is not None
        for_good = {letter.number for letter in letters if letter.error_type == FOR_GOOD}
        for number, account in self.accounts.items():
            balance.runs += account.runs
            balance.repetitions += max(0, account.successes - 1)
            self._judge(balance, account, by_layer.get(number), is_queued=number in queued)
            if number in by_layer and number not in for_good and not account.successes:
                balance.dead_lettered_too_early += 0 < account.failures < promise.tries
        balance.letters_without_reason = len(self.without_reason(letters, promise))
        return balance

    def without_reason(self, letters: Collection[Letter], promise: Promise) -> list[Letter]:
        """Find the dead letters that nothing explains, but for those of innocents, which are counted as such."""
        first = self._first_of_each(letters, promise)
        guilty = (letter for letter in letters if self.accounts[letter.number].failures)
        return [letter for letter in guilty if not self._has_reason(letter, first, promise)]

    def _has_reason(self, letter: Letter, first: Mapping[tuple[str, str | None], int], promise: Promise) -> bool:
        if letter.error_type is None:
            return letter.receives >= promise.most_receives
        account = self.accounts[letter.number]
        failure = account.failed_at.get(letter.receives)
        if failure is None:
            return False
        if letter.error_type == FOR_GOOD:
            return failure.for_good
        # docs/layer.md, "Bystanders"
        is_judged = promise.layer_counts and letter.receives % promise.tries == 0
        return is_judged and failure.place <= first[failure.invocation, account.group if promise.by_group else None]

    def _first_of_each(self, letters: Iterable[Letter], promise: Promise) -> dict[tuple[str, str | None], int]:
        """Find, by invocation and by what waits for one another in it, the first failure that was dead-lettered."""
        first: dict[tuple[str, str | None], int] = {}
        for letter in letters:
            account = self.accounts[letter.number]
            failure = None if letter.error_type is None else account.failed_at.get(letter.receives)
            if failure is not None:
                lane = (failure.invocation, account.group if promise.by_group else None)
                first[lane] = min(failure.place, first.get(lane, failure.place))
        return first

    def _judge(self, balance: Balance, account: Account, by_layer: bool | None, *, is_queued: bool) -> None:
        """Enter one message.

        Args:
            balance: to add it to.
            account: of the message.
            by_layer: whether the layer dead-lettered it rather than SQS; None if nobody did.
            is_queued: whether it is still in the queue.
        """
        if account.successes:
            balance.done += 1
            balance.done_and_dead_lettered += by_layer is not None
            balance.innocents_copied += by_layer is not None and not account.failures
        elif by_layer is None:
            balance.still_queued += is_queued
            balance.lost += not is_queued
        elif not account.failures:
            balance.innocents_dead_lettered += 1
        else:
            balance.dead_lettered_by_layer += by_layer
            balance.dead_lettered_by_sqs += not by_layer

    def _open_before(self, number: int) -> int | None:
        """Find an earlier message of the group that is not settled, if there is one."""
        before = self.accounts[number].earlier
        while before is not None and self.accounts[before].is_settled:
            before = self.accounts[before].earlier
        self.accounts[number].earlier = before  # what is settled stays so, and need not be looked at again
        return before
