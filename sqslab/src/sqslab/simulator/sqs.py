"""The client of a simulated SQS: the methods of boto3's that a poller, a handler and a sender use."""

# ruff: noqa: N803 (the parameters are boto3's)

from __future__ import annotations

import hashlib
import random
import uuid
from typing import TYPE_CHECKING, Any

from sqslab.simulator import errors
from sqslab.simulator.errors import Refused
from sqslab.simulator.queues.fifo import FifoQueue
from sqslab.simulator.queues.message import State, size_in_bytes
from sqslab.simulator.queues.settings import MOST_BYTES, Settings
from sqslab.simulator.queues.standard import StandardQueue
from sqslab.simulator.sqs_answers import (
    answering,
    check_fifo,
    check_message,
    check_receive,
    check_standard,
    check_visibility_timeout,
    each_entry,
    metadata,
    received,
    sent,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchResultTypeDef,
        CreateQueueResultTypeDef,
        DeleteMessageBatchResultTypeDef,
        EmptyResponseMetadataTypeDef,
        GetQueueAttributesResultTypeDef,
        GetQueueUrlResultTypeDef,
        ReceiveMessageResultTypeDef,
        SendMessageBatchResultTypeDef,
        SendMessageResultTypeDef,
    )

    from sqslab.simulator.clock import Clock
    from sqslab.simulator.queues.message import Attributes, Message
    from sqslab.simulator.queues.queue import Queue


class SimulatedSqs:
    """SQS in virtual time.

    Every method takes what boto3's takes, gives the same dicts and raises the same `ClientError`. A request takes no
    time, apart from a long poll. To be used by the participants of its clock only, of which one runs at a time.

    Args:
        clock: whose time it is.
        seed: of what is drawn: message ids and duplicates. One seed, one outcome.
        duplicates: the probability with which a message of a standard queue stays visible when it is delivered.
        region: of the queues.
        account: of the queues.

    Attributes:
        queues: by name; for those who look deeper than the API lets them.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int = 0,
        *,
        duplicates: float = 0.0,
        region: str = "us-east-1",
        account: str = "000000000000",
    ) -> None:
        self.queues: dict[str, Queue] = {}
        self._clock = clock
        self._chance = random.Random(seed)  # noqa: S311 (not for secrets)
        self._duplicates = duplicates
        self._region = region
        self._account = account
        self._by_url: dict[str, Queue] = {}

    def create_queue(self, *, QueueName: str, Attributes: Mapping[str, str] | None = None) -> CreateQueueResultTypeDef:
        """Create a queue; a dead-letter queue named in its RedrivePolicy must exist and be of the same kind.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
        """
        with answering("CreateQueue"):
            if QueueName in self.queues:
                raise Refused("QueueAlreadyExists", "A queue already exists with the same name.")
            settings = Settings.from_attributes(Attributes or {})
            fifo = QueueName.endswith(".fifo")
            if fifo != ((Attributes or {}).get("FifoQueue") == "true"):
                raise errors.invalid_value(QueueName, "QueueName", "The name of a FIFO queue ends in .fifo.")
            dead_letters = self._dead_letter_queue(settings.dead_letter_arn, fifo)
            arn = f"arn:aws:sqs:{self._region}:{self._account}:{QueueName}"
            number = len(self.queues) + 1
            queue = (
                FifoQueue(QueueName, arn, settings, self._clock, number)
                if fifo
                else StandardQueue(QueueName, arn, settings, self._clock, number, self._duplicates, self._chance)
            )
            queue.dead_letters = dead_letters
            self.queues[QueueName] = self._by_url[self._url(QueueName)] = queue
        return {"QueueUrl": self._url(QueueName), "ResponseMetadata": metadata()}

    def get_queue_url(self, *, QueueName: str, QueueOwnerAWSAccountId: str | None = None) -> GetQueueUrlResultTypeDef:
        """Give the URL of a queue."""
        with answering("GetQueueUrl"):
            if QueueName not in self.queues or QueueOwnerAWSAccountId not in (None, self._account):
                raise errors.no_such_queue()
        return {"QueueUrl": self._url(QueueName), "ResponseMetadata": metadata()}

    def get_queue_attributes(
        self, *, QueueUrl: str, AttributeNames: Collection[str] = ()
    ) -> GetQueueAttributesResultTypeDef:
        """Describe a queue; the numbers of messages are exact."""
        with answering("GetQueueAttributes"):
            queue = self._queue(QueueUrl)
        counts = queue.counts()
        attributes = queue.settings.as_attributes() | {
            "QueueArn": queue.arn,
            "ApproximateNumberOfMessages": str(counts[State.WAITING]),
            "ApproximateNumberOfMessagesNotVisible": str(counts[State.IN_FLIGHT]),
            "ApproximateNumberOfMessagesDelayed": str(counts[State.DELAYED]),
            "CreatedTimestamp": str(int(queue.created_at)),
            "LastModifiedTimestamp": str(int(queue.created_at)),
        }
        if queue.dead_letters is not None:
            attributes["RedrivePolicy"] = (
                f'{{"deadLetterTargetArn":"{queue.dead_letters.arn}","maxReceiveCount":{queue.settings.most_receives}}}'
            )
        if queue.fifo:
            content_based = str(queue.settings.content_based_deduplication).lower()
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": content_based}
        chosen = {
            name: value for name, value in attributes.items() if "All" in AttributeNames or name in AttributeNames
        }
        return {"Attributes": chosen, "ResponseMetadata": metadata()}  # type: ignore[typeddict-item]

    def send_message(
        self,
        *,
        QueueUrl: str,
        MessageBody: str,
        DelaySeconds: int | None = None,
        MessageAttributes: Attributes | None = None,
        MessageDeduplicationId: str | None = None,
        MessageGroupId: str | None = None,
    ) -> SendMessageResultTypeDef:
        """Send a message."""
        with answering("SendMessage"):
            queue = self._queue(QueueUrl)
            message = self._send(
                queue, MessageBody, MessageAttributes or {}, DelaySeconds, MessageGroupId, MessageDeduplicationId
            )
        answer = sent(message, MessageBody, MessageAttributes or {})
        return {**answer, "ResponseMetadata": metadata()}  # type: ignore[typeddict-item]

    def send_message_batch(
        self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]
    ) -> SendMessageBatchResultTypeDef:
        """Send up to ten messages; those that are refused are named in `Failed`."""
        with answering("SendMessageBatch"):
            queue = self._queue(QueueUrl)
            size = sum(size_in_bytes(entry["MessageBody"], entry.get("MessageAttributes", {})) for entry in Entries)
            if size > MOST_BYTES:
                raise errors.batch_too_long(MOST_BYTES, size)

            def send(entry: Mapping[str, Any]) -> dict[str, Any]:
                body, attributes = entry["MessageBody"], entry.get("MessageAttributes", {})
                group, deduplication_id = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
                message = self._send(queue, body, attributes, entry.get("DelaySeconds"), group, deduplication_id)
                return sent(message, body, attributes)

            return each_entry(Entries, send)  # type: ignore[return-value]

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int = 1,
        VisibilityTimeout: int | None = None,
        WaitTimeSeconds: int | None = None,
        MessageSystemAttributeNames: Collection[str] = (),
        MessageAttributeNames: Collection[str] = (),
        AttributeNames: Collection[str] = (),
    ) -> ReceiveMessageResultTypeDef:
        """Receive messages, and wait in virtual time until there are some, for as long as the long poll lasts."""
        with answering("ReceiveMessage"):
            queue = self._queue(QueueUrl)
            wait = queue.settings.wait if WaitTimeSeconds is None else WaitTimeSeconds
            check_receive(MaxNumberOfMessages, wait)
            timeout = queue.settings.visibility_timeout if VisibilityTimeout is None else VisibilityTimeout
            check_visibility_timeout(timeout)
            messages = queue.take(MaxNumberOfMessages, timeout)
            if not messages and wait:
                until = self._clock.monotonic() + wait
                while not messages and self._clock.monotonic() < until:
                    queue.wait_for_change(until)
                    messages = queue.take(MaxNumberOfMessages, timeout)
        if not messages:
            return {"ResponseMetadata": metadata()}  # type: ignore[typeddict-item]
        system = {*MessageSystemAttributeNames, *AttributeNames}
        return {
            "Messages": [received(message, system, MessageAttributeNames) for message in messages],
            "ResponseMetadata": metadata(),
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> EmptyResponseMetadataTypeDef:
        """Delete a message; deleting it again is a success."""
        with answering("DeleteMessage"):
            self._queue(QueueUrl).delete(ReceiptHandle)
        return {"ResponseMetadata": metadata()}

    def delete_message_batch(
        self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]
    ) -> DeleteMessageBatchResultTypeDef:
        """Delete up to ten messages; those that are refused are named in `Failed`."""
        with answering("DeleteMessageBatch"):
            queue = self._queue(QueueUrl)

            def delete(entry: Mapping[str, Any]) -> dict[str, Any]:
                queue.delete(entry["ReceiptHandle"])
                return {}

            return each_entry(Entries, delete)  # type: ignore[return-value]

    def change_message_visibility(
        self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int
    ) -> EmptyResponseMetadataTypeDef:
        """Change how long a message in flight stays hidden, counted from now."""
        with answering("ChangeMessageVisibility"):
            queue = self._queue(QueueUrl)
            check_visibility_timeout(VisibilityTimeout)
            queue.hide(ReceiptHandle, VisibilityTimeout)
        return {"ResponseMetadata": metadata()}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]
    ) -> ChangeMessageVisibilityBatchResultTypeDef:
        """Change it for up to ten messages; those that are refused are named in `Failed`."""
        with answering("ChangeMessageVisibilityBatch"):
            queue = self._queue(QueueUrl)

            def change(entry: Mapping[str, Any]) -> dict[str, Any]:
                seconds = entry.get("VisibilityTimeout", 0)
                check_visibility_timeout(seconds)
                queue.hide(entry["ReceiptHandle"], seconds)
                return {}

            return each_entry(Entries, change)  # type: ignore[return-value]

    def _url(self, name: str) -> str:
        return f"https://sqs.{self._region}.amazonaws.com/{self._account}/{name}"

    def _queue(self, url: str) -> Queue:
        try:
            return self._by_url[url]
        except KeyError:
            raise errors.no_such_queue() from None

    def _dead_letter_queue(self, arn: str | None, fifo: bool) -> Queue | None:
        if arn is None:
            return None
        for queue in self.queues.values():
            if queue.arn == arn:
                if queue.fifo != fifo:
                    reason = "Dead-letter queue must be same type of queue as the source."
                    raise errors.invalid_value(arn, "RedrivePolicy", reason)
                return queue
        raise errors.invalid_value(arn, "RedrivePolicy", "Dead letter target does not exist.")

    def _send(
        self,
        queue: Queue,
        body: str,
        attributes: Attributes,
        delay: int | None,
        group: str | None,
        deduplication_id: str | None,
    ) -> Message:
        check_message(queue.settings, body, attributes, group)
        message_id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        if isinstance(queue, FifoQueue):
            check_fifo(queue, group, deduplication_id, delay)
            if deduplication_id is None:
                deduplication_id = hashlib.sha256(body.encode()).hexdigest()
            return queue.send(message_id, body, attributes, group or "", deduplication_id)
        check_standard(deduplication_id, delay)
        # A group on a standard queue is that of a fair queue; it does not order anything.
        system = {} if group is None else {"MessageGroupId": group}
        return queue.put(message_id, body, attributes, system, group, queue.settings.delay if delay is None else delay)
