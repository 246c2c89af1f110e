"""What became of each message of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.compare.shop import MAX_RECEIVE_COUNT


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of the business code on a message.

    Attributes:
        at: when it ended, in virtual seconds since the messages were there.
        failed: whether it raised.
        repeated: whether the message had succeeded before.
        overtook: whether an earlier message of its group was still to be done. Always false on a standard queue.
    """

    at: float
    failed: bool
    repeated: bool
    overtook: bool


@dataclass(slots=True)
class History:
    """One message.

    Attributes:
        number: which it is, in the order in which they were sent.
        group: its message group; None on a standard queue.
        poison: whether it always fails.
        received: when it was received, and so counted, in virtual seconds.
        begun: how many runs of the business code have begun.
        attempts: those that have ended.
        deleted: when it was deleted; None if it was not.
        dead_lettered: when it went to the dead-letter queue; None if it did not.
    """

    number: int
    group: int | None
    poison: bool
    received: list[float] = field(default_factory=list)
    begun: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    deleted: float | None = None
    dead_lettered: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the business code ever did not fail on it."""
        return any(not attempt.failed for attempt in self.attempts)

    @property
    def failures(self) -> int:
        """How often the business code failed on it."""
        return sum(attempt.failed for attempt in self.attempts)

    @property
    def ended(self) -> float | None:
        """When it left the queue; None if it is still there."""
        return self.deleted if self.dead_lettered is None else self.dead_lettered

    @property
    def lost(self) -> bool:
        """Whether it is gone without having succeeded, and not to the dead-letter queue."""
        return self.deleted is not None and self.dead_lettered is None and not self.succeeded

    @property
    def innocent(self) -> bool:
        """Whether it is in the dead-letter queue, not poison, and never failed or even succeeded."""
        return self.dead_lettered is not None and not self.poison and (self.succeeded or not self.failures)

    @property
    def early(self) -> bool:
        """Whether it is in the dead-letter queue, not poison, for fewer failures than it was to have tries."""
        return (
            self.dead_lettered is not None
            and not self.poison
            and 0 < self.failures < MAX_RECEIVE_COUNT
            and not self.succeeded
        )
