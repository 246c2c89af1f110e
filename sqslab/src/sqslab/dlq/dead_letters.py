"""Looking into a dead-letter queue without consuming it."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqslab.aws_errors import AWS_ERRORS
from sqslab.queues import MOST_PER_CALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_sqs import SQSClient

# How long a message that is looked at stays hidden if we are killed before we can show it again.
HOLD_SECONDS = 60
# A large queue takes longer to go round than that, and a standard one gives in no order: what is seen again does not
# mean that there is nothing else. So many receives in a row that give only such do.
_MOST_SEEN_AGAIN = 10
# Long polling asks all of SQS's servers, short polling only some of them:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
_POLL_SECONDS = 1


@dataclass(frozen=True)
class DeadLetter:
    """A message of a dead-letter queue, in our hands for a moment.

    Attributes:
        message: the message as SQS gave it.
    """

    message: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its message id in the dead-letter queue."""
        return str(self.message["MessageId"])

    @property
    def handle(self) -> str:
        """The receipt handle of this look."""
        return str(self.message["ReceiptHandle"])

    @property
    def group(self) -> str | None:
        """The message group id, None if it has none."""
        return self.system("MessageGroupId")

    @property
    def receive_count(self) -> int:
        """How often it was received, looks included; what SQS moved itself brings its count along."""
        return int(self.system("ApproximateReceiveCount") or 0)

    @property
    def sent_at(self) -> float:
        """When it was sent, in seconds since the epoch: what SQS moved from a standard queue, to that queue."""
        return int(self.system("SentTimestamp") or 0) / 1000

    @property
    def source_id(self) -> str:
        """The message id in the queue it comes from; the same as here if SQS moved it."""
        return self.attribute("SourceMessageId") or self.id

    @property
    def source_arn(self) -> str | None:
        """The ARN of the queue it comes from; None if it was sent here by somebody who does not say."""
        return self.attribute("SourceQueueArn") or self.system("DeadLetterQueueSourceArn")

    @property
    def reason(self) -> str | None:
        """Why a function sent it here, as its message attributes say; None if SQS moved it, or nobody says."""
        if self.attribute("SourceMessageId") is None:
            return None
        parts = (self.attribute("ErrorType"), self.attribute("ErrorMessage"))
        return ": ".join(filter(None, parts)) or "none given"

    def attribute(self, name: str) -> str | None:
        """Give a message attribute as text."""
        value = self.message.get("MessageAttributes", {}).get(name, {})
        return str(value["StringValue"]) if "StringValue" in value else None

    def system(self, name: str) -> str | None:
        """Give one of SQS's own attributes."""
        value = self.message.get("Attributes", {}).get(name)
        return None if value is None else str(value)


class DeadLetters:
    """Takes messages of a queue and hides them for a minute; the `with` block of `held_dead_letters` shows them again.

    Args:
        sqs: a client of the endpoint that has the queue.
        queue_url: the queue.
    """

    def __init__(self, sqs: SQSClient, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._held: dict[str, DeadLetter] = {}

    def take(self, most: int) -> list[DeadLetter]:
        """Take up to `most` messages that were not taken before; none if the queue has no more to give.

        A FIFO queue gives at most ten of one message group: those behind them wait until the ten are gone.
        """
        for _ in range(_MOST_SEEN_AGAIN):
            messages = self._sqs.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=min(most, MOST_PER_CALL),
                VisibilityTimeout=HOLD_SECONDS,
                WaitTimeSeconds=_POLL_SECONDS,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            dead_letters = [DeadLetter(message) for message in messages]
            new = [dead_letter for dead_letter in dead_letters if dead_letter.id not in self._held]
            self._held |= {dead_letter.id: dead_letter for dead_letter in dead_letters}
            if new or not messages:
                return new
        return []

    def delete(self, dead_letter: DeadLetter) -> None:
        """Delete a message.

        Raises:
            botocore.exceptions.ClientError: SQS did not.
        """
        self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=self._held[dead_letter.id].handle)
        del self._held[dead_letter.id]

    def release(self) -> None:
        """Show again at once what was taken and not deleted; what SQS does not, shows by itself within the minute."""
        held, self._held = list(self._held.values()), {}
        for chunk in itertools.batched(held, MOST_PER_CALL, strict=False):
            try:
                self._sqs.change_message_visibility_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {"Id": str(position), "ReceiptHandle": dead_letter.handle, "VisibilityTimeout": 0}
                        for position, dead_letter in enumerate(chunk)
                    ],
                )
            except AWS_ERRORS:
                return


@contextmanager
def held_dead_letters(sqs: SQSClient, queue_url: str) -> Iterator[DeadLetters]:
    """Take messages in the `with` block, and have those shown again at its end that were not deleted."""
    dead_letters = DeadLetters(sqs, queue_url)
    try:
        yield dead_letters
    finally:
        dead_letters.release()
