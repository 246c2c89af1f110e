"""Sending a message to the dead-letter queue, with the reason."""

from __future__ import annotations

import re

from .client import CallFailed, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from partial_batch.message import Message, ReceivedMessage

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
_MOST_ATTRIBUTES = 10
_MOST_BYTES = 1_048_576
_MOST_ERROR_CHARACTERS = 256
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html lists what is allowed.
_NOT_ALLOWED = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_SAME_KIND = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"


def send(queue_url: str, message: ReceivedMessage, error_type: str, error_message: str, *, end: float | None) -> None:
    """Send the message as it was, with the reason as message attributes.

    It keeps its message group, which on a standard queue names the tenant. On a FIFO queue its own id deduplicates it,
    so that sending it twice leaves one.

    Args:
        queue_url: URL of the dead-letter queue.
        message: what to send.
        error_type: name of the exception's type.
        error_message: what the exception says, which may be nothing.
        end: when the function is stopped, on the clock of `time.monotonic`; None if nobody knows.

    Raises:
        CallFailed: it is not known to have arrived.
    """
    _require_fitting_queue(queue_url, message)
    try:
        request = _request(message, error_type, error_message)
    except CallFailed:
        raise
    except Exception as problem:
        raise CallFailed(f"it cannot be sent on: {type(problem).__name__}", only_this=True) from problem
    _require_confirmed(call("send_message", end, QueueUrl=queue_url, **request), request["MessageBody"])


def _require_fitting_queue(queue_url: str, message: ReceivedMessage) -> None:
    """Refuse a queue that no message of this source can go to."""
    if not queue_url.startswith(("https://", "http://")):
        # sam local puts the resource's logical id where the deployed function has the URL
        raise CallFailed(f"{queue_url!r} is not a queue's URL", refused=True)
    fifo = queue_url.endswith(".fifo")
    if not message.has_visibility_timeout:
        if fifo:  # it takes only what has a message group
            raise CallFailed(f"a stream's dead-letter queue is a standard queue, and {queue_url} is FIFO", refused=True)
    elif fifo != message.fifo:
        kind = "FIFO" if message.fifo else "standard"
        raise CallFailed(f"a {kind} queue's dead-letter queue is a {kind} queue: {_SAME_KIND}", refused=True)


def _request(message: ReceivedMessage, error_type: str, error_message: str) -> dict[str, Any]:
    body = message.dead_letter_body()
    if not isinstance(body, str) or not body:
        raise CallFailed("its body is not a string, or empty, and SQS takes no such message", only_this=True)
    if re.search(_NOT_ALLOWED, body):
        raise CallFailed("its body has a character that SQS does not take", only_this=True)
    request: dict[str, Any] = {
        "MessageBody": body,
        "MessageAttributes": _attributes(message, len(body.encode()), error_type, error_message),
    }
    if not message.has_visibility_timeout:
        return request
    system = message.record.get("attributes")
    trace = system.get("AWSTraceHeader") if isinstance(system, dict) else None
    if isinstance(trace, str) and trace:
        # It does not count towards the size of the message.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
        request["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    if message.group_id:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
        request["MessageGroupId"] = message.group_id
    if message.fifo:
        if not message.group_id:
            raise CallFailed("it has no message group, and a FIFO queue takes no such message", only_this=True)
        request["MessageDeduplicationId"] = message.id
    return request


def _require_confirmed(answer: Any, body: str) -> None:
    """See to it that SQS says it has the message: a proxy on the way may answer 200 with anything.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_ResponseElements
    """
    identifier = answer.get("MessageId") if isinstance(answer, dict) else None
    if not isinstance(identifier, str) or not identifier:
        raise CallFailed("SQS did not confirm it: the answer has no MessageId")
    import hashlib

    try:
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    except ValueError:  # a Python built without MD5; then the MessageId has to do
        return
    if answer.get("MD5OfMessageBody") != digest:
        raise CallFailed("SQS did not confirm it: the MD5 of the body is another", only_this=True)


def _attributes(message: Message, body_bytes: int, error_type: str, error_message: str) -> dict[str, dict[str, Any]]:
    """The sender's attributes as they were, and as many of the reasons as there is room for."""
    attributes = {
        name: _as_sent(attribute) for name, attribute in (message.record.get("messageAttributes") or {}).items()
    }
    reasons = {
        "ErrorType": _text(error_type),
        "ErrorMessage": _text(error_message[:_MOST_ERROR_CHARACTERS]),
        "SourceQueueArn": _text(message.source_arn),
        "SourceMessageId": _text(message.id),
        "SourceReceiveCount": _text(str(message.receive_count), "Number"),
    }
    if "SourceMessageId" in attributes and attributes.get("SourceQueueArn") == reasons["SourceQueueArn"]:
        # Dead-lettered from here before, and sent back: the reasons are of that time and give way to today's.
        attributes = {name: value for name, value in attributes.items() if name not in reasons}
    size = body_bytes + sum(_size(name, attributes[name]) for name in attributes)
    if size > _MOST_BYTES:
        raise CallFailed(f"it is {size:,} bytes with its attributes, and SQS takes {_MOST_BYTES:,}", only_this=True)
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

        binary = b64decode(attribute["binaryValue"], validate=True)
        return {"DataType": attribute["dataType"], "BinaryValue": binary}
    value = attribute["stringValue"]
    if not isinstance(value, str):
        raise TypeError
    return {"DataType": attribute["dataType"], "StringValue": value}


def _text(value: str, data_type: str = "String") -> dict[str, Any]:
    return {"DataType": data_type, "StringValue": re.sub(_NOT_ALLOWED, "\ufffd", value)}


def _size(name: str, attribute: dict[str, Any]) -> int:
    """What an attribute counts towards the size of a message, in bytes: its name, its type and its value."""
    value = attribute["BinaryValue"] if "BinaryValue" in attribute else attribute["StringValue"].encode()
    return len(name.encode()) + len(attribute["DataType"].encode()) + len(value)
