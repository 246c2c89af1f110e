"""The client of a simulated SQS: the methods of boto3's that a poller, a handler and a sender use."""

# ruff: noqa: N803 (the parameters are boto3's)

from __future__ import annotations

import hashlib
import random
import re
import uuid
from typing import TYPE_CHECKING, Any

from local.simulator import errors
from local.simulator.errors import Refused
from local.simulator.fifo import FifoQueue
from local.simulator.message import State, md5_of_attributes, md5_of_body, size_in_bytes
from local.simulator.queue import LONGEST_HIDDEN
from local.simulator.settings import MOST_BYTES, Settings
from local.simulator.standard import StandardQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchResultTypeDef,
        CreateQueueResultTypeDef,
        DeleteMessageBatchResultTypeDef,
        EmptyResponseMetadataTypeDef,
        GetQueueAttributesResultTypeDef,
        GetQueueUrlResultTypeDef,
        MessageAttributeValueOutputTypeDef,
        MessageTypeDef,
        ReceiveMessageResultTypeDef,
        ResponseMetadataTypeDef,
        SendMessageBatchResultTypeDef,
        SendMessageResultTypeDef,
    )

    from local.clock import Clock
    from local.simulator.message import Attributes, Message
    from local.simulator.queue import Queue

_MOST_ENTRIES = 10
_MOST_ATTRIBUTES = 10
_LONGEST_WAIT = 20
_LONGEST_DELAY = 900
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_GROUP_ID = re.compile(r"[!-~]{1,128}", re.ASCII)
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EVERYTHING = frozenset({"All", ".*"})


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
        with _answering("CreateQueue"):
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
        return {"QueueUrl": self._url(QueueName), "ResponseMetadata": _metadata()}

    def get_queue_url(self, *, QueueName: str, QueueOwnerAWSAccountId: str | None = None) -> GetQueueUrlResultTypeDef:
        """Give the URL of a queue."""
        with _answering("GetQueueUrl"):
            if QueueName not in self.queues or QueueOwnerAWSAccountId not in (None, self._account):
                raise errors.no_such_queue()
        return {"QueueUrl": self._url(QueueName), "ResponseMetadata": _metadata()}

    def get_queue_attributes(
        self, *, QueueUrl: str, AttributeNames: Collection[str] = ()
    ) -> GetQueueAttributesResultTypeDef:
        """Describe a queue; the numbers of messages are exact."""
        with _answering("GetQueueAttributes"):
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
        return {"Attributes": chosen, "ResponseMetadata": _metadata()}  # type: ignore[typeddict-item]

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
        with _answering("SendMessage"):
            queue = self._queue(QueueUrl)
            message = self._send(
                queue, MessageBody, MessageAttributes or {}, DelaySeconds, MessageGroupId, MessageDeduplicationId
            )
        answer = _sent(message, MessageBody, MessageAttributes or {})
        return {**answer, "ResponseMetadata": _metadata()}  # type: ignore[typeddict-item]

    def send_message_batch(
        self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]
    ) -> SendMessageBatchResultTypeDef:
        """Send up to ten messages; those that are refused are named in `Failed`."""
        with _answering("SendMessageBatch"):
            queue = self._queue(QueueUrl)
            size = sum(size_in_bytes(entry["MessageBody"], entry.get("MessageAttributes", {})) for entry in Entries)
            if size > MOST_BYTES:
                raise errors.batch_too_long(MOST_BYTES, size)

            def send(entry: Mapping[str, Any]) -> dict[str, Any]:
                body, attributes = entry["MessageBody"], entry.get("MessageAttributes", {})
                group, deduplication_id = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
                message = self._send(queue, body, attributes, entry.get("DelaySeconds"), group, deduplication_id)
                return _sent(message, body, attributes)

            return _each(Entries, send)  # type: ignore[return-value]

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
        with _answering("ReceiveMessage"):
            queue = self._queue(QueueUrl)
            if not 1 <= MaxNumberOfMessages <= _MOST_ENTRIES:
                reason = "Must be between 1 and 10, if provided."
                raise errors.invalid_value(MaxNumberOfMessages, "MaxNumberOfMessages", reason)
            wait = queue.settings.wait if WaitTimeSeconds is None else WaitTimeSeconds
            if not 0 <= wait <= _LONGEST_WAIT:
                reason = "Must be >= 0 and <= 20, if provided."
                raise errors.invalid_value(wait, "WaitTimeSeconds", reason)
            timeout = queue.settings.visibility_timeout if VisibilityTimeout is None else VisibilityTimeout
            _check_visibility_timeout(timeout)
            messages = queue.take(MaxNumberOfMessages, timeout)
            if not messages and wait:
                until = self._clock.monotonic() + wait
                while not messages and self._clock.monotonic() < until:
                    queue.wait_for_change(until)
                    messages = queue.take(MaxNumberOfMessages, timeout)
        if not messages:
            return {"ResponseMetadata": _metadata()}  # type: ignore[typeddict-item]
        system = {*MessageSystemAttributeNames, *AttributeNames}
        return {
            "Messages": [_received(message, system, MessageAttributeNames) for message in messages],
            "ResponseMetadata": _metadata(),
        }

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> EmptyResponseMetadataTypeDef:
        """Delete a message; deleting it again is a success."""
        with _answering("DeleteMessage"):
            self._queue(QueueUrl).delete(ReceiptHandle)
        return {"ResponseMetadata": _metadata()}

    def delete_message_batch(
        self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]
    ) -> DeleteMessageBatchResultTypeDef:
        """Delete up to ten messages; those that are refused are named in `Failed`."""
        with _answering("DeleteMessageBatch"):
            queue = self._queue(QueueUrl)

            def delete(entry: Mapping[str, Any]) -> dict[str, Any]:
                queue.delete(entry["ReceiptHandle"])
                return {}

            return _each(Entries, delete)  # type: ignore[return-value]

    def change_message_visibility(
        self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int
    ) -> EmptyResponseMetadataTypeDef:
        """Change how long a message in flight stays hidden, counted from now."""
        with _answering("ChangeMessageVisibility"):
            queue = self._queue(QueueUrl)
            _check_visibility_timeout(VisibilityTimeout)
            queue.hide(ReceiptHandle, VisibilityTimeout)
        return {"ResponseMetadata": _metadata()}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]
    ) -> ChangeMessageVisibilityBatchResultTypeDef:
        """Change it for up to ten messages; those that are refused are named in `Failed`."""
        with _answering("ChangeMessageVisibilityBatch"):
            queue = self._queue(QueueUrl)

            def change(entry: Mapping[str, Any]) -> dict[str, Any]:
                seconds = entry.get("VisibilityTimeout", 0)
                _check_visibility_timeout(seconds)
                queue.hide(entry["ReceiptHandle"], seconds)
                return {}

            return _each(Entries, change)  # type: ignore[return-value]

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
        if not body:
            raise errors.missing("MessageBody")
        if _FORBIDDEN.search(body):
            raise Refused("InvalidMessageContents", "Invalid characters found in the message body.")
        if len(attributes) > _MOST_ATTRIBUTES:
            text = f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}]."
            raise Refused("InvalidParameterValue", text)
        if size_in_bytes(body, attributes) > queue.settings.most_bytes:
            raise errors.message_too_long(queue.settings.most_bytes)
        if group is not None and not _GROUP_ID.fullmatch(group):
            reason = "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."
            raise errors.invalid_value(group, "MessageGroupId", reason)
        message_id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        if isinstance(queue, FifoQueue):
            _check_fifo(queue, group, deduplication_id, delay)
            if deduplication_id is None:
                deduplication_id = hashlib.sha256(body.encode()).hexdigest()
            return queue.send(message_id, body, attributes, group or "", deduplication_id)
        if deduplication_id is not None:
            raise errors.invalid_value(deduplication_id, "MessageDeduplicationId", _WRONG_KIND)
        if delay is not None and not 0 <= delay <= _LONGEST_DELAY:
            raise errors.invalid_value(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
        # A group on a standard queue is that of a fair queue; it does not order anything.
        system = {} if group is None else {"MessageGroupId": group}
        return queue.put(message_id, body, attributes, system, group, queue.settings.delay if delay is None else delay)


_WRONG_KIND = "The request include parameter that is not valid for this queue type."


def _check_fifo(queue: FifoQueue, group: str | None, deduplication_id: str | None, delay: int | None) -> None:
    if group is None:
        raise errors.missing("MessageGroupId")
    if deduplication_id is None and not queue.settings.content_based_deduplication:
        ways = "either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
        raise Refused("InvalidParameterValue", f"The queue should {ways}")
    if delay:
        raise errors.invalid_value(delay, "DelaySeconds", _WRONG_KIND)


def _check_visibility_timeout(seconds: int) -> None:
    if not 0 <= seconds <= LONGEST_HIDDEN:
        reason = f"VisibilityTimeout must be an integer between 0 and {LONGEST_HIDDEN}"
        raise errors.invalid_value(seconds, "VisibilityTimeout", reason)


class _answering:  # noqa: N801 (used like a function)
    """Turns a refusal in its block into what boto3 raises."""

    __slots__ = ("_operation",)

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Refused):
            raise error.as_client_error(self._operation) from None


def _each(entries: Sequence[Mapping[str, Any]], do: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Do the same with every entry of a batch, and list what was done and what was refused."""
    if not entries:
        raise errors.empty_batch()
    if len(entries) > _MOST_ENTRIES:
        raise errors.too_many_entries(_MOST_ENTRIES, len(entries))
    seen: set[str] = set()
    for entry in entries:
        if not _ENTRY_ID.fullmatch(entry["Id"]):
            raise errors.bad_entry_id()
        if entry["Id"] in seen:
            raise errors.repeated_id(entry["Id"])
        seen.add(entry["Id"])
    successful: list[dict[str, Any]] = []
    failed = []
    for entry in entries:
        try:
            successful.append({"Id": entry["Id"], **do(entry)})
        except Refused as refusal:
            failed.append(refusal.as_entry(entry["Id"]))
    response: dict[str, Any] = {"ResponseMetadata": _metadata()}
    # As boto3 gives it: a list that would be empty is not there.
    if successful:
        response["Successful"] = successful
    if failed:
        response["Failed"] = failed
    return response


def _sent(message: Message, body: str, attributes: Attributes) -> dict[str, Any]:
    """Answer a send; where it repeats an earlier one, with that one's id but the digests of what was sent now."""
    first = body is message.body
    answer = {"MessageId": message.message_id, "MD5OfMessageBody": message.body_md5 if first else md5_of_body(body)}
    if attributes:
        answer["MD5OfMessageAttributes"] = message.attributes_md5 if first else md5_of_attributes(attributes)
    if "SequenceNumber" in message.system:
        answer["SequenceNumber"] = message.system["SequenceNumber"]
    return answer


def _received(message: Message, system: set[str], names: Collection[str]) -> MessageTypeDef:
    answer: MessageTypeDef = {
        "MessageId": message.message_id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": message.body_md5,
        "Body": message.body,
    }
    if system:
        attributes = {**message.system, "ApproximateReceiveCount": str(message.receives)}
        if "All" not in system:
            attributes = {name: value for name, value in attributes.items() if name in system}
        if attributes:
            answer["Attributes"] = attributes  # type: ignore[typeddict-item]
    if message.attributes and names:
        chosen = _chosen(message.attributes, names)
        if chosen:
            whole = len(chosen) == len(message.attributes)
            answer["MD5OfMessageAttributes"] = message.attributes_md5 if whole else md5_of_attributes(chosen)
            answer["MessageAttributes"] = chosen
    return answer


def _chosen(attributes: Attributes, names: Collection[str]) -> dict[str, MessageAttributeValueOutputTypeDef]:
    """Pick message attributes by name, by the beginning of their name (`Name.*`), or all."""
    beginnings = tuple(name[:-1] for name in names if name.endswith(".*"))
    return {
        name: dict(value)  # type: ignore[misc]
        for name, value in attributes.items()
        if not _EVERYTHING.isdisjoint(names) or name in names or name.startswith(beginnings)
    }


def _metadata() -> ResponseMetadataTypeDef:
    return {"RequestId": "simulated", "HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
