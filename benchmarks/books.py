"""Keeps the books of a run with faults, and closes them: what was lost, out of order, dead-lettered for no reason.

Both runs use them, the one in virtual time (benchmarks/soak) and the one on the emulator (benchmarks/faults). They know
only what an onlooker knows: what was sent, what the function did, and what lies in the queues at the end.

What counts as what:

lost           it never succeeded, is not in the dead-letter queue and no longer in the queue.
out of order   FIFO: the function was started on it when an earlier message of its group had neither succeeded nor been
               dead-lettered. A repetition of what has succeeded is none: delivery is at least once.
innocent       no code ever failed on it: it never raised, hung, ran out of time or ended its process. One that waited
               behind others, or was in a batch that was killed, is innocent.
done           it succeeded at least once.
dead-lettered with a reason
               it never succeeded, code failed on it, and it is in the dead-letter queue: sent there by the layer, with
               its ErrorType, or moved there by SQS when it had been received too often.
too early      one of these on which code failed less often than it was to be tried, and not for good. Without state
               that cannot always be helped: docs/layer.md, "Bystanders".
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass
class Account:
    """One message.

    Attributes:
        group: its message group; None on a standard queue.
        earlier: the message sent before it to the same group.
        runs: how often the function was started on it.
        successes: how often it succeeded.
        failures: how often code failed on it.
        dead: whether it is in the dead-letter queue, as far as is known.
    """

    group: str | None
    earlier: int | None
    runs: int = 0
    successes: int = 0
    failures: int = 0
    dead: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether the messages behind it may go on."""
        return self.successes > 0 or self.dead


@dataclass
class Balance:
    """The outcome of a run, in messages. Balances can be added."""

    messages: int = 0
    done: int = 0
    dead_lettered_by_layer: int = 0
    dead_lettered_by_sqs: int = 0
    still_queued: int = 0
    lost: int = 0
    out_of_order: int = 0
    innocents_dead_lettered: int = 0
    dead_lettered_too_early: int = 0
    done_and_dead_lettered: int = 0
    runs: int = 0
    repetitions: int = 0

    def __add__(self, other: Self) -> Self:
        """Add up two runs."""
        return type(self)(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def problems(self, *, innocents_are_safe: bool = True) -> list[str]:
        """Say what must not be; nothing if all is well.

        Args:
            innocents_are_safe: whether it is promised that no innocent message is dead-lettered.
        """
        found = [
            (self.lost, "lost"),
            (self.out_of_order, "out of order"),
            (self.still_queued, "still in the queue"),
        ]
        if innocents_are_safe:
            found.append((self.innocents_dead_lettered, "innocent and dead-lettered"))
        settled = self.done + self.dead_lettered_by_layer + self.dead_lettered_by_sqs
        if innocents_are_safe and settled != self.messages:
            found.append((self.messages - settled, "neither done nor dead-lettered with a reason"))
        return [f"{count:,} {what}" for count, what in found if count]


class Books:
    """What is known of every message, by a number that is its body."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.out_of_order: list[tuple[int, int]] = []  # the message, and the earlier one it did not wait for
        self._last_of_group: dict[str, int] = {}

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

    def failed(self, number: int) -> None:
        """Code failed on it."""
        self.accounts[number].failures += 1

    def dead_lettered(self, number: int) -> None:
        """It is in the dead-letter queue."""
        self.accounts[number].dead = True

    def close(self, queued: Collection[int], dead_letters: Iterable[tuple[int, str | None]], tries: int = 1) -> Balance:
        """Find out what became of every message.

        Args:
            queued: what is in the queue.
            dead_letters: what is in the dead-letter queue, each with the layer's ErrorType; None if SQS moved it.
            tries: how often a message is to be tried.
        """
        balance = Balance(messages=len(self.accounts), out_of_order=len(self.out_of_order))
        by_layer: dict[int, bool] = {}
        for_good = set()
        for number, error_type in dead_letters:
            by_layer[number] = by_layer.get(number, False) or bool(error_type)
            if error_type == "PermanentFailure":
                for_good.add(number)
        for number, account in self.accounts.items():
            balance.runs += account.runs
            balance.repetitions += max(0, account.successes - 1)
            self._judge(balance, account, by_layer.get(number), is_queued=number in queued)
            if number in by_layer and number not in for_good and not account.successes:
                balance.dead_lettered_too_early += 0 < account.failures < tries
        return balance

    def _judge(self, balance: Balance, account: Account, by_layer: bool | None, *, is_queued: bool) -> None:
        """Enter one message.

        Args:
            balance: to add it to.
            account: of the message.
            by_layer: whether the layer dead-lettered it rather than SQS; None if nobody did.
            is_queued: whether it is still in the queue.
        """
        dead = by_layer is not None
        innocent = account.failures == 0
        balance.done += account.successes > 0
        balance.done_and_dead_lettered += account.successes > 0 and dead
        balance.innocents_dead_lettered += dead and innocent
        if account.successes or (dead and innocent):
            return
        if dead:
            balance.dead_lettered_by_layer += bool(by_layer)
            balance.dead_lettered_by_sqs += not by_layer
        elif is_queued:
            balance.still_queued += 1
        else:
            balance.lost += 1

    def _open_before(self, number: int) -> int | None:
        """Find an earlier message of the group that is not settled, if there is one."""
        before = self.accounts[number].earlier
        while before is not None and self.accounts[before].is_settled:
            before = self.accounts[before].earlier
        self.accounts[number].earlier = before  # what is settled stays so, and need not be looked at again
        return before


def dead_letter_of(body: str, attributes: Mapping[str, Mapping[str, object]]) -> tuple[int, str | None]:
    """Read a message of a dead-letter queue: its number, and the layer's ErrorType if the layer sent it."""
    error_type = attributes.get("ErrorType", {}).get("StringValue")
    return int(body), None if error_type is None else str(error_type)
