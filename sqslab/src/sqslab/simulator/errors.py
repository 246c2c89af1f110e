"""The errors of SQS and Lambda, as a boto3 client raises them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef

_SQS = "AWS.SimpleQueueService."  # SQS's older error codes keep this prefix


@dataclass
class Refused(Exception):
    """A request, or an entry of a batch, that the service refuses.

    Attributes:
        code: as in the response's `Error.Code`.
        message: as in the response's `Error.Message`.
        status: of the HTTP response.
    """

    code: str
    message: str
    status: int = 400

    def as_client_error(self, operation: str) -> ClientError:
        """Make the exception a boto3 client raises for it."""
        return ClientError(
            {
                "Error": {"Code": self.code, "Message": self.message},
                "ResponseMetadata": {
                    "HTTPStatusCode": self.status,
                    "RequestId": "simulated",
                    "HTTPHeaders": {},
                    "RetryAttempts": 0,
                    "HostId": "",
                },
            },
            operation,
        )

    def as_entry(self, entry_id: str) -> BatchResultErrorEntryTypeDef:
        """Make the entry of a batch response's `Failed` for it."""
        return {"Id": entry_id, "SenderFault": True, "Code": self.code, "Message": self.message}


def invalid_value(value: object, parameter: str, reason: str) -> Refused:
    """Refuse the value of a parameter."""
    return Refused("InvalidParameterValue", f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def missing(parameter: str) -> Refused:
    """Refuse a request that lacks a parameter."""
    return Refused("MissingParameter", f"The request must contain the parameter {parameter}.")


def no_such_queue() -> Refused:
    """Refuse a request for a queue that does not exist."""
    return Refused(f"{_SQS}NonExistentQueue", "The specified queue does not exist.")


def not_in_flight() -> Refused:
    """Refuse to change how long a message stays hidden that is not hidden."""
    return Refused(f"{_SQS}MessageNotInflight", "The specified message is not in flight.")


def no_handle(handle: str) -> Refused:
    """Refuse what this queue never gave as a receipt handle."""
    return Refused("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.', 404)


def expired_handle(handle: str) -> Refused:
    """Refuse a receipt handle whose visibility timeout has ended."""
    return invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")


def superseded_handle(handle: str) -> Refused:
    """Refuse a receipt handle whose message is gone or has been received again."""
    reason = "Message does not exist or is not available for visibility timeout change."
    return invalid_value(handle, "ReceiptHandle", reason)


def too_many_in_flight() -> Refused:
    """Refuse to receive more than a queue may have in flight."""
    return Refused("OverLimit", "Too many messages in flight.", 403)


def empty_batch() -> Refused:
    """Refuse a batch without entries."""
    return Refused(f"{_SQS}EmptyBatchRequest", "There should be at least one entry in the request.")


def too_many_entries(most: int, count: int) -> Refused:
    """Refuse a batch of too many entries."""
    text = f"Maximum number of entries per request are {most}. You have sent {count}."
    return Refused(f"{_SQS}TooManyEntriesInBatchRequest", text)


def bad_entry_id() -> Refused:
    """Refuse a batch with an entry whose id has other characters than it may have, or too many."""
    allowed = "can only contain alphanumeric characters, hyphens and underscores"
    text = f"A batch entry id {allowed}. It can be at most 80 letters long."
    return Refused(f"{_SQS}InvalidBatchEntryId", text)


def repeated_id(entry_id: str) -> Refused:
    """Refuse a batch two entries of which have the same id."""
    return Refused(f"{_SQS}BatchEntryIdsNotDistinct", f"Id {entry_id} repeated.")


def batch_too_long(most: int, size: int) -> Refused:
    """Refuse a batch of too many bytes."""
    text = f"Batch requests cannot be longer than {most} bytes. You have sent {size} bytes."
    return Refused(f"{_SQS}BatchRequestTooLong", text)


def message_too_long(most: int) -> Refused:
    """Refuse a message of too many bytes."""
    text = f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
    return Refused("InvalidParameterValue", text)
