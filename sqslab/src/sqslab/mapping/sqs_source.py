"""The queue of one mapping: receiving from it and deleting."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqslab.aws_errors import AWS_ERRORS, describe
from sqslab.mapping.record import make_record, record_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef

    from sqslab.mapping.event_source_mapping import EventSourceMapping
    from sqslab.simulator.clock import Clock

MOST_PER_CALL = 10  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
_ATTRIBUTES_LAST = 60.0  # seconds after which the queue is asked for its visibility timeout again


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it was received once.

    Attributes:
        message: as SQS gave it.
        record: the record the function gets, as JSON.
        at: when it was asked for, in seconds of the clock's `monotonic`; its visibility timeout begins no earlier.
    """

    message: MessageTypeDef
    record: bytes
    at: float

    @property
    def message_id(self) -> str:
        """The message's id, the same at every receive."""
        return self.message["MessageId"]

    @property
    def receive_count(self) -> int:
        """How often it has been received, this time included."""
        return int(self.message.get("Attributes", {}).get("ApproximateReceiveCount", 1))

    @property
    def sent_at(self) -> float | None:
        """When it was sent, in seconds since the epoch; None if the endpoint does not say."""
        milliseconds = self.message.get("Attributes", {}).get("SentTimestamp")
        return None if milliseconds is None else int(milliseconds) / 1000

    @property
    def group(self) -> str | None:
        """The message group; a message of a standard queue may have one as well."""
        return self.message.get("Attributes", {}).get("MessageGroupId")


class SqsSource:
    """A queue, with what its mapping says about it.

    Args:
        mapping: names the queue.
        sqs: a client of the endpoint that has it.
        clock: whose time it is.
    """

    def __init__(self, mapping: EventSourceMapping, sqs: SQSClient, clock: Clock) -> None:
        self._mapping = mapping
        self._sqs = sqs
        self._clock = clock
        self._known_url: str | None = None
        self._known_visibility = 0.0
        self._ask_again = float("-inf")

    def receive(self, most: int, wait_seconds: int) -> list[Received]:
        """Receive messages.

        Args:
            most: how many at most; SQS gives ten at most.
            wait_seconds: how long to wait for the first one, in whole seconds.

        Raises:
            botocore.exceptions.ClientError: the endpoint refuses.
            botocore.exceptions.BotoCoreError: it does not answer.
        """
        at = self._clock.monotonic()
        response = self._sqs.receive_message(
            QueueUrl=self._url(),
            MaxNumberOfMessages=min(most, MOST_PER_CALL),
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [
            Received(message, record_json(make_record(message, self._mapping.queue_arn)), at)
            for message in response.get("Messages", [])
        ]

    def delete(self, messages: Iterable[Received]) -> dict[str, str]:
        """Delete messages, ten a call.

        What Lambda does when this fails is not documented. Here the message is left alone, and comes back.

        Returns:
            The ids of those that could not be deleted, each with the reason.
        """
        undeleted: dict[str, str] = {}
        for chunk in itertools.batched(messages, MOST_PER_CALL, strict=False):
            # The position as id: a standard queue may deliver a message twice, and ids must differ.
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(position), "ReceiptHandle": received.message["ReceiptHandle"]}
                for position, received in enumerate(chunk)
            ]
            try:
                response = self._sqs.delete_message_batch(QueueUrl=self._url(), Entries=entries)
            except AWS_ERRORS as error:
                undeleted |= {received.message_id: describe(error) for received in chunk}
            else:
                for entry in response.get("Failed", []):
                    undeleted[chunk[int(entry["Id"])].message_id] = entry["Code"]
        return undeleted

    def visible_again(self, messages: Iterable[Received]) -> float:
        """Say when the first of some messages may be visible again, if nobody but us has changed that.

        Returns:
            In seconds of the clock's `monotonic`; long ago if the queue cannot be asked.
        """
        return min(received.at for received in messages) + self._visibility_timeout()

    def _visibility_timeout(self) -> float:
        if self._clock.monotonic() >= self._ask_again:
            try:
                self._known_visibility = visibility_timeout_of(self._sqs, self._mapping)
            except AWS_ERRORS:
                return float("-inf")
            self._ask_again = self._clock.monotonic() + _ATTRIBUTES_LAST
        return self._known_visibility

    def _url(self) -> str:
        if self._known_url is None:
            self._known_url = _url_of(self._sqs, self._mapping)
        return self._known_url


def visibility_timeout_of(sqs: SQSClient, mapping: EventSourceMapping) -> int:
    """Ask for how many seconds a queue hides what was received.

    Raises:
        botocore.exceptions.ClientError: the endpoint refuses.
        botocore.exceptions.BotoCoreError: it does not answer.
    """
    url = _url_of(sqs, mapping)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    return int(attributes["VisibilityTimeout"])


def _url_of(sqs: SQSClient, mapping: EventSourceMapping) -> str:
    return sqs.get_queue_url(QueueName=mapping.queue_name, QueueOwnerAWSAccountId=mapping.account)["QueueUrl"]
