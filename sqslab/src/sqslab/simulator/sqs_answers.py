"""What a simulated SQS checks in a request and answers, in the shape in which boto3 gives it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqslab.simulator import errors
from sqslab.simulator.errors import Refused
from sqslab.simulator.queues.message import md5_of_attributes, md5_of_body, size_in_bytes
from sqslab.simulator.queues.queue import LONGEST_HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mypy_boto3_sqs.type_defs import (
        MessageAttributeValueOutputTypeDef,
        MessageTypeDef,
        ResponseMetadataTypeDef,
    )

    from sqslab.simulator.queues.fifo import FifoQueue
    from sqslab.simulator.queues.message import Attributes, Message
    from sqslab.simulator.queues.settings import Settings

MOST_ENTRIES = 10
_MOST_ATTRIBUTES = 10
_LONGEST_DELAY = 900
_LONGEST_WAIT = 20
_GROUP_ID = re.compile(r"[!-~]{1,128}", re.ASCII)
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_EVERYTHING = frozenset({"All", ".*"})
WRONG_KIND = "The request include parameter that is not valid for this queue type."


def check_message(settings: Settings, body: str, attributes: Attributes, group: str | None) -> None:
    """Refuse what no queue takes."""
    if not body:
        raise errors.missing("MessageBody")
    if _FORBIDDEN.search(body):
        raise Refused("InvalidMessageContents", "Invalid characters found in the message body.")
    if len(attributes) > _MOST_ATTRIBUTES:
        text = f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}]."
        raise Refused("InvalidParameterValue", text)
    if size_in_bytes(body, attributes) > settings.most_bytes:
        raise errors.message_too_long(settings.most_bytes)
    if group is not None and not _GROUP_ID.fullmatch(group):
        reason = "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise errors.invalid_value(group, "MessageGroupId", reason)


def check_receive(most: int, wait: int) -> None:
    """Refuse a number of messages, or a wait for them, that is out of range."""
    if not 1 <= most <= MOST_ENTRIES:
        raise errors.invalid_value(most, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
    if not 0 <= wait <= _LONGEST_WAIT:
        raise errors.invalid_value(wait, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")


def check_standard(deduplication_id: str | None, delay: int | None) -> None:
    """Refuse what a standard queue does not take."""
    if deduplication_id is not None:
        raise errors.invalid_value(deduplication_id, "MessageDeduplicationId", WRONG_KIND)
    if delay is not None and not 0 <= delay <= _LONGEST_DELAY:
        raise errors.invalid_value(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")


def check_fifo(queue: FifoQueue, group: str | None, deduplication_id: str | None, delay: int | None) -> None:
    """Refuse what a FIFO queue does not take."""
    if group is None:
        raise errors.missing("MessageGroupId")
    if deduplication_id is None and not queue.settings.content_based_deduplication:
        ways = "either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
        raise Refused("InvalidParameterValue", f"The queue should {ways}")
    if delay:
        raise errors.invalid_value(delay, "DelaySeconds", WRONG_KIND)


def check_visibility_timeout(seconds: int) -> None:
    """Refuse a visibility timeout that is out of range."""
    if not 0 <= seconds <= LONGEST_HIDDEN:
        reason = f"VisibilityTimeout must be an integer between 0 and {LONGEST_HIDDEN}"
        raise errors.invalid_value(seconds, "VisibilityTimeout", reason)


class answering:  # noqa: N801 (used like a function)
    """Turns a refusal in its block into what boto3 raises."""

    __slots__ = ("_operation",)

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Refused):
            raise error.as_client_error(self._operation) from None


def each_entry(
    entries: Sequence[Mapping[str, Any]], do: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Do the same with every entry of a batch, and list what was done and what was refused."""
    if not entries:
        raise errors.empty_batch()
    if len(entries) > MOST_ENTRIES:
        raise errors.too_many_entries(MOST_ENTRIES, len(entries))
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
    response: dict[str, Any] = {"ResponseMetadata": metadata()}
    # As boto3 gives it: a list that would be empty is not there.
    if successful:
        response["Successful"] = successful
    if failed:
        response["Failed"] = failed
    return response


def sent(message: Message, body: str, attributes: Attributes) -> dict[str, Any]:
    """Answer a send; where it repeats an earlier one, with that one's id but the digests of what was sent now."""
    first = body is message.body
    answer = {"MessageId": message.message_id, "MD5OfMessageBody": message.body_md5 if first else md5_of_body(body)}
    if attributes:
        answer["MD5OfMessageAttributes"] = message.attributes_md5 if first else md5_of_attributes(attributes)
    if "SequenceNumber" in message.system:
        answer["SequenceNumber"] = message.system["SequenceNumber"]
    return answer


def received(message: Message, system: set[str], names: Collection[str]) -> MessageTypeDef:
    """Answer a receive with one message, and those of its attributes that were asked for."""
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


def metadata() -> ResponseMetadataTypeDef:
    """Give what every answer carries."""
    return {"RequestId": "simulated", "HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
