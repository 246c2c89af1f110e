"""Sending a message to the dead-letter queue, with the reason."""

from __future__ import annotations

import re

from .client import CallFailed, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from partial_batch.message import Message

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
_MOST_ATTRIBUTES = 10
_MOST_BYTES = 1_048_576
_MOST_ERROR_CHARACTERS = 256
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html lists what is allowed.
_NOT_ALLOWED = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def send(queue_url: str, message: Message, error: BaseException, *, fifo: bool, end: float | None) -> None:
    """Send the message as it was, with the reason as message attributes.

    Args:
        queue_url: URL of the dead-letter queue.
        message: what to send.
        error: why.
        fifo: whether the queue is FIFO. The message keeps its group then, and its own id deduplicates it, so that
            sending it twice leaves one.
        end: when the function is stopped, on the clock of `time.monotonic`; None if nobody knows.

    Raises:
        CallFailed: it is not known to have arrived.
    """
    if not queue_url.startswith(("https://", "http://")):
        # sam local puts the resource's logical id where the deployed function has the URL
        raise CallFailed(f"{queue_url!r} is not a queue's URL")
    try:
        request: dict[str, Any] = {
            "QueueUrl": queue_url,
            "MessageBody": message.dead_letter_body(),
            "MessageAttributes": _attributes(message, error),
        }
    except Exception as problem:
        raise CallFailed(f"it cannot be sent on: {type(problem).__name__}", only_this=True) from problem
    if fifo:
        request |= {"MessageGroupId": message.group_id, "MessageDeduplicationId": message.id}
    call("send_message", end, **request)


def _attributes(message: Message, error: BaseException) -> dict[str, dict[str, Any]]:
    attributes = {
        name: _as_sent(attribute) for name, attribute in (message.record.get("messageAttributes") or {}).items()
    }
    reasons = {
        "ErrorType": _text(type(error).__name__),
        "ErrorMessage": _text(str(error)[:_MOST_ERROR_CHARACTERS]),
        "SourceQueueArn": _text(message.source_arn),
        "SourceMessageId": _text(message.id),
        "SourceReceiveCount": _text(str(message.receive_count), "Number"),
    }
    if "SourceMessageId" in attributes and attributes.get("SourceQueueArn") == reasons["SourceQueueArn"]:
        # Dead-lettered from here before, and sent back: the reasons are of that time and give way to today's.
        attributes = {name: value for name, value in attributes.items() if name not in reasons}
    size = len(message.dead_letter_body().encode()) + sum(_size(name, attributes[name]) for name in attributes)
    for name, value in reasons.items():
        size_with_it = size + _size(name, value)
        if (
            value["StringValue"]  # SQS takes no empty value
            and name not in attributes
            and len(attributes) < _MOST_ATTRIBUTES
            and size_with_it <= _MOST_BYTES
        ):
            attributes[name] = value
            size = size_with_it
    return attributes


def _as_sent(attribute: dict[str, str]) -> dict[str, Any]:
    """What Lambda gives in camelCase and base64, as SendMessage takes it."""
    if attribute["dataType"].startswith("Binary"):
        from base64 import b64decode

        return {"DataType": attribute["dataType"], "BinaryValue": b64decode(attribute["binaryValue"])}
    return {"DataType": attribute["dataType"], "StringValue": attribute["stringValue"]}


def _text(value: str, data_type: str = "String") -> dict[str, Any]:
    return {"DataType": data_type, "StringValue": re.sub(_NOT_ALLOWED, "\ufffd", value)}


def _size(name: str, attribute: dict[str, Any]) -> int:
    """What an attribute counts towards the size of a message, in bytes: its name, its type and its value."""
    value = attribute["BinaryValue"] if "BinaryValue" in attribute else attribute["StringValue"].encode()
    return len(name.encode()) + len(attribute["DataType"].encode()) + len(value)
