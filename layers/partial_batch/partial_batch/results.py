"""What became of each message of a batch."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypedDict

    class BatchItemFailure(TypedDict):
        """One message to give back."""

        itemIdentifier: Any

    class BatchResponse(TypedDict):
        """What Lambda expects: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html."""

        batchItemFailures: list[BatchItemFailure]


# The life of a message: it begins as the first and ends as one of them.
NEVER_STARTED, SUCCEEDED, FAILED, DEAD_LETTERED = range(4)


class Results:
    """One outcome for each position of the batch: a standard queue may deliver one message twice.

    Whatever is not known to have ended well, as SUCCEEDED or DEAD_LETTERED, goes back.

    Args:
        count: of messages.
    """

    first_error: BaseException | None = None

    def __init__(self, count: int) -> None:
        self.outcomes = bytearray(count)  # all NEVER_STARTED
        self.delays: dict[int, float] = {}  # seconds to hide a failed message, where anybody said so

    def count(self, outcome: int) -> int:
        """How many messages have this outcome."""
        return self.outcomes.count(outcome)

    def with_outcome(self, *outcomes: int) -> Iterator[int]:
        """The positions of the messages with one of these outcomes, in their order."""
        return (position for position, outcome in enumerate(self.outcomes) if outcome in outcomes)

    def unfinished(self) -> list[int]:
        """The positions of the messages that go back, in their order."""
        return list(self.with_outcome(NEVER_STARTED, FAILED))

    def freeze(self) -> None:
        """From now on, nothing that writes to the `outcomes` it had changes these results."""
        self.outcomes = self.outcomes.copy()
        self.delays = self.delays.copy()
