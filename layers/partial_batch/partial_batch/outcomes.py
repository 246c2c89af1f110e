"""What became of a message: it begins as NEVER_STARTED and ends as one of these.

A batch has one for each position, since a standard queue may deliver one message twice. Whatever is not known to have
ended well, as SUCCEEDED or DEAD_LETTERED, goes back.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class BatchItemFailure(TypedDict):
        """One message to give back."""

        itemIdentifier: str  # of a Kafka record, whose handlers nobody calls from typed code: a dict

    class BatchResponse(TypedDict):
        """What Lambda expects: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html."""

        batchItemFailures: list[BatchItemFailure]


NEVER_STARTED, SUCCEEDED, FAILED, DEAD_LETTERED = range(4)
