"""Events of SQS queues."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from .values import ACCOUNT, REGION, SENT_AT, md5_of, text_of


def sqs_event(
    *bodies: Any,
    fifo: bool = False,
    group_id: str | Sequence[str] | None = None,
    receive_count: int = 1,
    attributes: Mapping[str, str | int | float | bytes] | None = None,
    queue: str = "orders",
    sent_at: float = SENT_AT,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, Any]:
    """Make the event of an SQS queue.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html

    Args:
        bodies: one for each message. Text is taken as it is, anything else is written as JSON.
        fifo: the queue is FIFO. Its name gets the ending `.fifo` if it lacks it.
        group_id: of all messages, or a list with one for each. On FIFO "default" if None; on a standard queue it names
            a tenant.
        receive_count: how often each message has been received, this time included.
        attributes: message attributes of each message, as `message.attributes` gives them.
        queue: name of the queue. One that ends in `.fifo` is FIFO.
        sent_at: when the messages were sent, in seconds since the epoch.
        account: of the queue, twelve digits.
        region: of the queue.
    """
    fifo = fifo or queue.endswith(".fifo")
    name = queue if not fifo or queue.endswith(".fifo") else f"{queue}.fifo"
    arn = f"arn:aws:sqs:{region}:{account}:{name}"
    if not isinstance(receive_count, int) or isinstance(receive_count, bool) or receive_count < 1:
        raise ValueError(f"receive_count is a whole number from 1, not {receive_count!r}")
    groups = _groups(group_id, len(bodies), "default" if fifo else None)
    message_attributes = {key: _attribute(key, value) for key, value in (attributes or {}).items()}
    milliseconds = round(sent_at * 1000)
    records = []
    for number, (body, group) in enumerate(zip(bodies, groups, strict=True)):
        text = text_of(body, f"bodies[{number}]")
        identifier = _uuid(f"{arn} {number}")
        system = {
            "ApproximateReceiveCount": str(receive_count),
            "SentTimestamp": str(milliseconds),
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": str(milliseconds + 5),
        }
        if group is not None:
            system["MessageGroupId"] = group
        if fifo:
            system["SequenceNumber"] = str(18849496460467696128 + 256 * number)
            system["MessageDeduplicationId"] = hashlib.sha256(f"{identifier} {text}".encode()).hexdigest()
        record: dict[str, Any] = {
            "messageId": identifier,
            "receiptHandle": base64.b64encode(f"receipt handle {receive_count} of {identifier}".encode()).decode(),
            "body": text,
            "attributes": system,
            "messageAttributes": {key: dict(value) for key, value in message_attributes.items()},
            "md5OfBody": md5_of(text.encode()),
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": region,
        }
        if message_attributes:
            record["md5OfMessageAttributes"] = _md5_of_attributes(message_attributes)
        records.append(record)
    return {"Records": records}


def _groups(group_id: str | Sequence[str] | None, count: int, default: str | None) -> list[str | None]:
    if group_id is None or isinstance(group_id, str):
        return [group_id if group_id is not None else default] * count
    if len(group_id) != count:
        raise ValueError(f"{count} bodies have {len(group_id)} group ids; give one, or one for each")
    return list(group_id)


def _attribute(name: str, value: Any) -> dict[str, Any]:
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    if isinstance(value, bool) or not isinstance(value, str | int | float | bytes):
        raise TypeError(f"attribute {name!r} is a {type(value).__name__}, not a str, int, float or bytes")
    if value in ("", b""):
        raise ValueError(f"attribute {name!r} is empty, and SQS takes no empty value")
    if isinstance(value, bytes):
        return {"binaryValue": base64.b64encode(value).decode(), **lists, "dataType": "Binary"}
    return {"stringValue": str(value), **lists, "dataType": "String" if isinstance(value, str) else "Number"}


def _uuid(name: str) -> str:
    return str(uuid.UUID(hex=md5_of(name.encode()), version=4))


def _md5_of_attributes(attributes: Mapping[str, dict[str, Any]]) -> str:
    """As SQS counts it.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    parts = []
    for name in sorted(attributes):
        attribute = attributes[name]
        binary = "binaryValue" in attribute
        value = base64.b64decode(attribute["binaryValue"]) if binary else attribute["stringValue"].encode()
        for part in (name.encode(), attribute["dataType"].encode()):
            parts += [len(part).to_bytes(4), part]
        parts += [b"\2" if binary else b"\1", len(value).to_bytes(4), value]
    return md5_of(b"".join(parts))
