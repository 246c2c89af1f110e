"""Which messages failed, from the answers of AWS's own batch calls.

Each function takes the messages, in the order in which their entries were sent, and the response of the call, and
returns the messages whose entries failed, for a `bulk_handler` to return. It raises ValueError for a response that does
not fit the messages: then nothing is known of any of them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .message import Message

__all__ = ["dynamodb", "entry_ids", "eventbridge", "firehose", "kinesis", "sns", "sqs"]


def firehose(messages: Sequence[Message], response: Mapping[str, Any]) -> list[Message]:
    """Of Firehose's PutRecordBatch.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
    """
    return _by_position(messages, response, "RequestResponses", "RecordId")


def kinesis(messages: Sequence[Message], response: Mapping[str, Any]) -> list[Message]:
    """Of Kinesis' PutRecords.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
    """
    return _by_position(messages, response, "Records", "SequenceNumber")


def eventbridge(messages: Sequence[Message], response: Mapping[str, Any]) -> list[Message]:
    """Of EventBridge's PutEvents.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    """
    return _by_position(messages, response, "Entries", "EventId")


def entry_ids(messages: Sequence[Message]) -> list[str]:
    """An id for the entry of each message, in their order, for PublishBatch and SendMessageBatch.

    A message's own id may be longer than the 80 characters that an entry's id may have, and stand in a batch twice.
    """
    return [str(position) for position in range(len(messages))]


def sns(messages: Sequence[Message], response: Mapping[str, Any]) -> list[Message]:
    """Of SNS's PublishBatch, with entries named by `entry_ids`.

    https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
    """
    return _by_entry_id(messages, response)


def sqs(messages: Sequence[Message], response: Mapping[str, Any]) -> list[Message]:
    """Of SQS's SendMessageBatch, with entries named by `entry_ids`.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
    """
    return _by_entry_id(messages, response)


def dynamodb(
    messages: Sequence[Message], requests: Sequence[Mapping[str, Any]], response: Mapping[str, Any]
) -> list[Message]:
    """Of DynamoDB's BatchWriteItem.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html

    Args:
        messages: those the requests were made from.
        requests: the write request of each message, `{"PutRequest": ...}` or `{"DeleteRequest": ...}`, in their order.
        response: of the call. What is unprocessed is told by the requests themselves.
    """
    if len(requests) != len(messages):
        raise ValueError(f"{len(requests)} requests for {len(messages)} messages")
    tables = response.get("UnprocessedItems")
    if not isinstance(tables, dict):
        raise ValueError("the response has no UnprocessedItems")
    unprocessed = [request for requests_of_a_table in tables.values() for request in requests_of_a_table]
    if any(request not in requests for request in unprocessed):
        raise ValueError("UnprocessedItems has a request that was not made")
    return [message for message, request in zip(messages, requests, strict=True) if request in unprocessed]


def _by_position(messages: Sequence[Message], response: Mapping[str, Any], name: str, done: str) -> list[Message]:
    entries = response.get(name)
    if not isinstance(entries, list) or len(entries) != len(messages):
        found = f"{len(entries)} entries" if isinstance(entries, list) else "no list"
        raise ValueError(f"{name} has {found} for {len(messages)} messages")
    if not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{name} has an entry that is not an object")
    # An entry is not a success until it says so: what took it gives it an identifier.
    pairs = zip(messages, entries, strict=True)
    return [message for message, entry in pairs if entry.get("ErrorCode") or not entry.get(done)]


def _by_entry_id(messages: Sequence[Message], response: Mapping[str, Any]) -> list[Message]:
    succeeded = [entry["Id"] for entry in response.get("Successful", [])]
    failed = [entry["Id"] for entry in response.get("Failed", [])]
    # Each is named once, or the response is of another call and says nothing of the rest.
    if sorted(succeeded + failed) != sorted(entry_ids(messages)):
        raise ValueError(f"the entries are not those of the {len(messages)} messages; name them with entry_ids")
    return [messages[position] for position in sorted(map(int, failed))]
