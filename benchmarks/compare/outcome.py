"""What a strategy did, in figures and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from benchmarks.compare.run import Played


@dataclass(frozen=True)
class Outcome:
    """The figures of one run, in the order in which `--json` gives them; docs/why.md explains them to users.

    Attributes:
        strategy: its name.
        queue: `standard` or `fifo`.
        poison: whether one message always failed.
        invocations: of the function.
        runs: of the business code, each on one message.
        repeated_runs: those on a message that had already succeeded.
        done: messages that succeeded and were deleted.
        lost: messages that were deleted, never succeeded and are not in the dead-letter queue.
        out_of_order: runs that began while an earlier message of the group was still to be done; None on standard.
        dead_lettered: messages in the dead-letter queue.
        poison_dead_lettered: whether the poison message is among them; None without one.
        innocents_dead_lettered: those among them that never failed, or succeeded.
        early_dead_lettered: those among them that failed, but not as often as they were to be tried.
        drained_after: virtual seconds until the last message had left the queue; None for never.
        remaining: messages that were still in the queue at the horizon. With `done`, `lost` and `dead_lettered` they
            are all that were sent.
    """

    strategy: str
    queue: str
    poison: bool
    invocations: int
    runs: int
    repeated_runs: int
    done: int
    lost: int
    out_of_order: int | None
    dead_lettered: int
    poison_dead_lettered: bool | None
    innocents_dead_lettered: int
    early_dead_lettered: int
    drained_after: float | None
    remaining: int

    @classmethod
    def of(cls, played: Played) -> Self:
        """Count what happened."""
        histories, fifo, poison = played.histories, played.strategy.fifo, played.messages.poison
        attempts = [attempt for history in histories for attempt in history.attempts]
        dead_letters = [history for history in histories if history.dead_lettered is not None]
        ends = [history.ended for history in histories if history.ended is not None]
        lost = sum(history.lost for history in histories)
        return cls(
            strategy=played.strategy.name,
            queue="fifo" if fifo else "standard",
            poison=poison,
            invocations=played.invocations,
            runs=len(attempts),
            repeated_runs=sum(attempt.repeated for attempt in attempts),
            done=len(ends) - len(dead_letters) - lost,
            lost=lost,
            out_of_order=sum(attempt.overtook for attempt in attempts) if fifo else None,
            dead_lettered=len(dead_letters),
            poison_dead_lettered=any(dead_letter.poison for dead_letter in dead_letters) if poison else None,
            innocents_dead_lettered=sum(dead_letter.innocent for dead_letter in dead_letters),
            early_dead_lettered=sum(dead_letter.early for dead_letter in dead_letters),
            drained_after=round(max(ends), 3) if len(ends) == len(histories) else None,
            remaining=len(histories) - len(ends),
        )

    @property
    def faults(self) -> list[str]:
        """What is wrong with it, in words; nothing for a strategy that does no harm."""
        said = [
            (self.lost, f"loses {_count(self.lost, 'message')}"),
            (self.out_of_order, f"breaks the order {_count(self.out_of_order or 0, 'time')}"),
            (self.repeated_runs, f"repeats {_count(self.repeated_runs, 'run')}"),
            (self.innocents_dead_lettered or self.early_dead_lettered, f"dead-letters {self._wronged}"),
            (self.remaining, f"never done with {_count(self.remaining, 'message')}"),
        ]
        return [words for number, words in said if number]

    @property
    def does_harm(self) -> bool:
        """Whether something worse happened than that a message failed and had fewer tries than it was to have."""
        return bool(
            self.lost or self.out_of_order or self.repeated_runs or self.innocents_dead_lettered or self.remaining
        )

    @property
    def _wronged(self) -> str:
        innocents, early = self.innocents_dead_lettered, self.early_dead_lettered
        said = [(innocents, _count(innocents, "innocent")), (early, f"{early:,} too early")]
        return " and ".join(words for number, words in said if number)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
