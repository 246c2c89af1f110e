"""The attributes a queue is created with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sqslab.simulator.errors import Refused, invalid_value

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86_400
MOST_BYTES = 1_048_576


@dataclass(frozen=True)
class Settings:
    """How a queue is set up.

    Defaults and bounds: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html

    Attributes:
        visibility_timeout: seconds a received message stays hidden, unless the receive says otherwise.
        retention: seconds after which a message is dropped.
        most_bytes: size of the largest message.
        delay: seconds a message waits before it can be received.
        wait: seconds of a receive's long poll, unless the receive says otherwise.
        dead_letter_arn: where messages go that were received too often; None to keep them.
        most_receives: how often a message is received before it goes there.
        content_based_deduplication: whether the body's SHA-256 serves as the deduplication id where there is none.
        deduplicates_by_group: whether a deduplication id counts within its message group only.
    """

    visibility_timeout: int = 30
    retention: int = 4 * DAY
    most_bytes: int = MOST_BYTES
    delay: int = 0
    wait: int = 0
    dead_letter_arn: str | None = None
    most_receives: int = 0
    content_based_deduplication: bool = False
    deduplicates_by_group: bool = False

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, str]) -> Self:
        """Read the attributes of CreateQueue.

        Raises:
            Refused: one is not known, or its value out of bounds.
        """
        settings: dict[str, int] = {}
        dead_letter_arn, most_receives = None, 0
        for name, value in attributes.items():
            if name in _NUMBERS:
                field, least, most = _NUMBERS[name]
                if not value.isdecimal() or not least <= int(value) <= most:
                    raise Refused("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
                settings[field] = int(value)
            elif name == "RedrivePolicy":
                dead_letter_arn, most_receives = _redrive_policy(value)
            elif name not in _OTHERS:
                raise Refused("InvalidAttributeName", f"Unknown Attribute {name}.")
        return cls(
            **settings,
            dead_letter_arn=dead_letter_arn,
            most_receives=most_receives,
            content_based_deduplication=attributes.get("ContentBasedDeduplication") == "true",
            deduplicates_by_group=attributes.get("DeduplicationScope") == "messageGroup",
        )

    def as_attributes(self) -> dict[str, str]:
        """Give those attributes of GetQueueAttributes that a queue always has."""
        return {name: str(getattr(self, field)) for name, (field, _, _) in _NUMBERS.items()}


# Each with the field it sets, its least and its greatest value.
_NUMBERS = {
    "VisibilityTimeout": ("visibility_timeout", 0, 43_200),
    "MessageRetentionPeriod": ("retention", 60, 14 * DAY),
    "MaximumMessageSize": ("most_bytes", 1024, MOST_BYTES),
    "DelaySeconds": ("delay", 0, 900),
    "ReceiveMessageWaitTimeSeconds": ("wait", 0, 20),
}
_OTHERS = {
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled",
    "Policy",
    "RedriveAllowPolicy",
}


def _redrive_policy(text: str) -> tuple[str, int]:
    try:
        policy = json.loads(text)
        arn, most = str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])
    except (ValueError, KeyError, TypeError):
        raise invalid_value(text, "RedrivePolicy", "Amazon SQS can't parse the redrive policy.") from None
    if not 1 <= most <= 1000:
        raise invalid_value(text, "RedrivePolicy", "Invalid value for maxReceiveCount: must be from 1 to 1000.")
    return arn, most
