"""Makes the record a function gets from the message SQS gave.

Lambda's shape: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

# A batch goes to the function when its payload reaches 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
MOST_PAYLOAD_BYTES = 6 * 1024 * 1024
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_BEFORE, _BETWEEN, _AFTER = b'{"Records": [', b", ", b"]}"


def make_record(message: MessageTypeDef, queue_arn: str) -> dict[str, Any]:
    """Make one entry of `Records`.

    Args:
        message: as ReceiveMessage returns it, asked for all attributes.
        queue_arn: the queue it came from.

    Returns:
        The record. Body and attributes are those of the message, character by character; nothing is parsed.
    """
    record: dict[str, Any] = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        # All that SQS names: SequenceNumber, MessageGroupId and MessageDeduplicationId only where there are some.
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _message_attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def record_json(record: dict[str, Any]) -> bytes:
    """Write a record as JSON.

    Args:
        record: as `make_record` makes it.

    Returns:
        UTF-8. Characters are only escaped where they cannot be written: half a surrogate pair, which an emulator may
        let through.
    """
    try:
        return _ENCODER.encode(record).encode()
    except UnicodeEncodeError:
        return json.dumps(record).encode()


def event_json(records: Iterable[bytes]) -> bytes:
    """Put records, each written as JSON, together to the event a function gets."""
    return _BEFORE + _BETWEEN.join(records) + _AFTER


def fitting(sizes: Iterable[int]) -> int:
    """Say how many records fit into one event.

    Args:
        sizes: of the records as JSON, in bytes.

    Returns:
        How many of the first ones; one at least, if there is one.
    """
    total = len(_BEFORE) + len(_AFTER) - len(_BETWEEN)
    count = 0
    for size in sizes:
        total += len(_BETWEEN) + size
        if count and total > MOST_PAYLOAD_BYTES:
            break
        count += 1
    return count


def _message_attribute(value: MessageAttributeValueOutputTypeDef) -> dict[str, Any]:
    """Write a message attribute as Lambda does: keys in camelCase, bytes as base64, the unused lists empty."""
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode("ascii")
    return attribute
