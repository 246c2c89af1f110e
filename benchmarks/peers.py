"""The handlers that are compared, and the events and the context they are called with."""

import time
import uuid
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    SqsFifoPartialProcessor,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from partial_batch import Message, batch_handler

type Handler = Callable[[dict[str, Any], Any], Any]

LAYER = "this layer"
POWERTOOLS = "Powertools"
BARE = "bare try/except loop"

# More than one, so that there is something to tell apart; fewer than messages, so that a group has several.
_GROUPS = 5


class Context:
    """Lambda's context as far as the handlers look at it, with the arithmetic of Lambda's own runtime client."""

    function_name = "consumer"

    def __init__(self, seconds: float = 900) -> None:
        self._deadline = int((time.time() + seconds) * 1000)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the timeout."""
        remaining = self._deadline - int(time.time() * 1000)
        return remaining if remaining > 0 else 0


def event(count: int, *, fifo: bool) -> dict[str, Any]:
    """A batch of so many messages as Lambda hands it over."""
    return {"Records": [_record(number, fifo=fifo) for number in range(count)]}


def _record(number: int, *, fifo: bool) -> dict[str, Any]:
    attributes = {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1763760000123",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1763760000456",
    }
    if fifo:
        attributes |= {
            "MessageGroupId": f"group-{number % _GROUPS}",
            "MessageDeduplicationId": str(number),
            "SequenceNumber": str(18893957204271106048 + number),
        }
    return {
        "messageId": str(uuid.UUID(int=number)),
        "receiptHandle": f"AQEB{number:0200}",
        "body": '{"order": 1}',
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:orders{'.fifo' if fifo else ''}",
        "awsRegion": "us-east-1",
    }


def handlers(*, fifo: bool) -> dict[str, Handler]:
    """A handler of each peer that does nothing with each message, with its defaults; on FIFO, skipping groups."""
    return {LAYER: _layer(fifo=fifo), POWERTOOLS: _powertools(fifo=fifo), BARE: _bare}


def _layer(*, fifo: bool) -> Handler:
    def process(message: Message) -> None: ...

    handler: Handler = batch_handler(process, on_fifo_failure="skip_group") if fifo else batch_handler(process)
    return handler


def _powertools(*, fifo: bool) -> Handler:
    # As in https://docs.aws.amazon.com/powertools/python/latest/utilities/batch/: one processor, made at import.
    processor = SqsFifoPartialProcessor(skip_group_on_error=True) if fifo else BatchProcessor(event_type=EventType.SQS)

    def process(record: SQSRecord) -> None: ...

    def handler(event: dict[str, Any], context: Any) -> Any:
        return process_partial_response(event=event, record_handler=process, processor=processor, context=context)

    return handler


def _bare(event: dict[str, Any], context: Any) -> Any:
    failures = []
    for record in event["Records"]:
        try:
            _process(record)
        except Exception:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _process(record: dict[str, Any]) -> None: ...
