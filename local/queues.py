"""The stack's queues as the demo sees them: sending to them, counting what is in them, reading dead letters."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef, SendMessageBatchRequestEntryTypeDef

    from local.samples import Sample

_MOST_PER_CALL = 10


@dataclass(frozen=True)
class Queue:
    """A queue with its dead-letter queue.

    Attributes:
        label: `Standard` or `Fifo`, as in the stack's outputs.
        url: the queue's URL.
        dead_letter_url: the URL of its dead-letter queue.
    """

    label: str
    url: str
    dead_letter_url: str

    @property
    def name(self) -> str:
        """The name of the queue."""
        return self.url.rsplit("/", 1)[-1]


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


@dataclass(frozen=True)
class DeadLetter:
    """A message as it lies in a dead-letter queue.

    Attributes:
        message_id: the id it had in its own queue.
        body: its body.
        reason: why the function sent it there; None if SQS moved it.
    """

    message_id: str
    body: str
    reason: str | None


def queues_of(outputs: Mapping[str, str]) -> list[Queue]:
    """Pick the queues out of the stack's outputs; a fork may have dropped or renamed some."""
    return [
        Queue(label, outputs[f"{label}QueueUrl"], outputs[f"{label}DeadLetterQueueUrl"])
        for label in ("Standard", "Fifo")
        if {f"{label}QueueUrl", f"{label}DeadLetterQueueUrl"} <= outputs.keys()
    ]


def send(sqs: SQSClient, queue: Queue, samples: Iterable[Sample]) -> dict[str, Sample]:
    """Send samples in their order, ten a call.

    Returns:
        The message ids SQS gave, each with its sample.

    Raises:
        LocalError: SQS did not take one.
    """
    sent: dict[str, Sample] = {}
    for chunk in itertools.batched(samples, _MOST_PER_CALL, strict=False):
        response = sqs.send_message_batch(
            QueueUrl=queue.url, Entries=[_entry(position, sample) for position, sample in enumerate(chunk)]
        )
        for failure in response.get("Failed", []):
            raise LocalError(f"{queue.label}Queue did not take {chunk[int(failure['Id'])].name}: {failure['Code']}.")
        sent |= {entry["MessageId"]: chunk[int(entry["Id"])] for entry in response["Successful"]}
    return sent


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


def drain_dead_letters(sqs: SQSClient, queue: Queue) -> list[DeadLetter]:
    """Take all messages off a dead-letter queue."""
    letters: list[DeadLetter] = []
    while True:
        messages = sqs.receive_message(
            QueueUrl=queue.dead_letter_url,
            MaxNumberOfMessages=_MOST_PER_CALL,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return letters
        letters += [_dead_letter(message) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=queue.dead_letter_url, ReceiptHandle=message["ReceiptHandle"])


def _entry(position: int, sample: Sample) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(position), "MessageBody": sample.body}
    if sample.group is not None:
        entry["MessageGroupId"] = sample.group
        entry["MessageDeduplicationId"] = sample.name
    return entry


def _dead_letter(message: MessageTypeDef) -> DeadLetter:
    """Tell what the function sent, a copy with attributes that say so, from what SQS moved, the message itself."""
    attributes = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    if not {"SourceMessageId", "SourceQueueArn"} <= attributes.keys():
        return DeadLetter(message["MessageId"], message["Body"], None)
    reason = ": ".join(filter(None, [attributes.get("ErrorType"), attributes.get("ErrorMessage")]))
    return DeadLetter(attributes["SourceMessageId"], message["Body"], reason or "no reason given")
