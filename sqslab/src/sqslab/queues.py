"""Queues: their names, and how many messages they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Entries of a batch request, and messages of a receive.
MOST_PER_CALL = 10


@dataclass(frozen=True)
class Backlog:
    """How many messages a queue holds.

    Attributes:
        waiting: can be received now, or once their delay is over.
        in_flight: were received and are hidden until their visibility timeout ends.
    """

    waiting: int
    in_flight: int

    @property
    def empty(self) -> bool:
        """Whether there is none."""
        return self.waiting == self.in_flight == 0


def backlog(sqs: SQSClient, url: str) -> Backlog:
    """Count the messages in a queue."""
    attributes = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    return Backlog(
        waiting=int(attributes["ApproximateNumberOfMessages"])
        + int(attributes.get("ApproximateNumberOfMessagesDelayed", 0)),
        in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
    )


def name_of(queue: str) -> str:
    """Give the name of a queue from its URL."""
    return queue.rstrip("/").rsplit("/", 1)[-1]
