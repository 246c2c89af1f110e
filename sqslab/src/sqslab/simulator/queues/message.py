"""A message in a simulated queue, and what SQS computes from its content."""

from __future__ import annotations

import enum
import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef

    type Attributes = Mapping[str, MessageAttributeValueOutputTypeDef]


_HANDLE = re.compile(r"([0-9a-f]+)\.([0-9a-f]+)\.[0-9a-f]+", re.ASCII)


class State(enum.Enum):
    """Where a message is. It is in exactly one of these states; the last three are final."""

    WAITING = "waiting"
    DELAYED = "delayed"
    IN_FLIGHT = "in flight"
    DELETED = "deleted"
    DEAD_LETTERED = "dead-lettered"
    EXPIRED = "expired"


class Message:
    """A message as it lies in one queue. Moved to a dead-letter queue, it is another object there.

    Args:
        place: its number in its queue, in the order of arrival.
        message_id: given by SQS when it was sent.
        body: as sent.
        attributes: message attributes as ReceiveMessage gives them.
        system: the system attributes that do not change, as ReceiveMessage gives them.
        group: its message group; None where it has none.
        enqueued_at: since when the retention period counts, in seconds of the clock.

    Attributes:
        state: where it is.
        receives: how often it was received, in all queues it was in.
        received_at: when it was last received.
        visible_at: until when it is hidden, while it is.
        handle: of its last receive; empty if there was none.
    """

    __slots__ = (
        "attributes",
        "attributes_md5",
        "body",
        "body_md5",
        "enqueued_at",
        "group",
        "handle",
        "message_id",
        "place",
        "received_at",
        "receives",
        "state",
        "system",
        "visible_at",
    )

    def __init__(
        self,
        place: int,
        message_id: str,
        body: str,
        attributes: Attributes,
        system: dict[str, str],
        group: str | None,
        enqueued_at: float,
    ) -> None:
        self.place = place
        self.message_id = message_id
        self.body = body
        self.body_md5 = md5_of_body(body)
        self.attributes = attributes
        self.attributes_md5 = md5_of_attributes(attributes) if attributes else ""
        self.system = system
        self.group = group
        self.enqueued_at = enqueued_at
        self.state = State.WAITING
        self.receives = 0
        self.received_at = 0.0
        self.visible_at = 0.0
        self.handle = ""


def size_in_bytes(body: str, attributes: Attributes) -> int:
    """Count what SQS counts: the body and the names, types and values of the message attributes.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    """
    return len(body.encode()) + sum(
        len(name.encode()) + len(value["DataType"].encode()) + len(_value(value)[1])
        for name, value in attributes.items()
    )


def md5_of_body(body: str) -> str:
    """Compute the digest that SQS gives for a body, in hexadecimal."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Attributes) -> str:
    """Compute the digest that SQS gives for message attributes, in hexadecimal.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        kind, content = _value(attributes[name])
        for part in (name.encode(), attributes[name]["DataType"].encode()):
            digest.update(len(part).to_bytes(4) + part)
        digest.update(kind + len(content).to_bytes(4) + content)
    return digest.hexdigest()


def _value(value: MessageAttributeValueOutputTypeDef) -> tuple[bytes, bytes]:
    """Give the transport type of a message attribute, 1 for text and 2 for bytes, and its content."""
    if "BinaryValue" in value:
        return b"\x02", bytes(value["BinaryValue"])
    return b"\x01", value.get("StringValue", "").encode()


def make_handle(queue: int, message: Message) -> str:
    """Make the receipt handle of a message's latest receive.

    Args:
        queue: the number of the queue.
        message: what was received.
    """
    return f"{queue:x}.{message.place:x}.{message.receives:x}"


def numbers_in_handle(handle: str) -> tuple[int, int]:
    """Read the number of the queue and the message's place in it from a receipt handle; two zeros if it is none."""
    match = _HANDLE.fullmatch(handle)
    return (int(match[1], 16), int(match[2], 16)) if match else (0, 0)
