"""The ways of handling a batch that are found in articles and in the wild, each a handler of a few lines.

`ship(order)` stands for the business code and raises when it fails, `sqs` for an ordinary client. docs/why.md tells
what becomes of each, with the code from here.
"""

# ruff: noqa: D103 (handlers as they are found; docs/why.md says what they do)

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from partial_batch import Message, batch_handler

from benchmarks.compare.shop import (
    BATCH_SIZE,
    FIFO_DEAD_LETTER_QUEUE_URL,
    MAX_RECEIVE_COUNT,
    QUEUE_MAX_RECEIVE_COUNT,
    QUEUE_URL,
    ShippingFailed,
    ship,
    ship_async,
    sqs,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def raise_(event: Any, context: Any) -> None:
    for record in event["Records"]:
        ship(record["body"])


def delete_as_you_go(event: Any, context: Any) -> None:
    for record in event["Records"]:
        ship(record["body"])
        sqs.delete_message(QueueUrl=QUEUE_URL, ReceiptHandle=record["receiptHandle"])


def delete_and_raise(event: Any, context: Any) -> None:
    failed = 0
    for record in event["Records"]:
        try:
            ship(record["body"])
            sqs.delete_message(QueueUrl=QUEUE_URL, ReceiptHandle=record["receiptHandle"])
        except ShippingFailed:
            failed += 1
    if failed:
        raise ShippingFailed(f"{failed} of the batch")


def report(event: Any, context: Any) -> Any:
    failures = []
    for record in event["Records"]:
        try:
            ship(record["body"])
        except ShippingFailed:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def bare_ids(event: Any, context: Any) -> Any:
    failures = []
    for record in event["Records"]:
        try:
            ship(record["body"])
        except ShippingFailed:
            failures.append(record["messageId"])
    return {"batchItemFailures": failures}


def null_on_success(event: Any, context: Any) -> Any:
    failures = []
    for record in event["Records"]:
        failed = None
        try:
            ship(record["body"])
        except ShippingFailed:
            failed = record["messageId"]
        failures.append({"itemIdentifier": failed})
    return {"batchItemFailures": failures}


def unawaited(event: Any, context: Any) -> Any:
    failures = []
    for record in event["Records"]:
        try:
            ship_async(record["body"])  # type: ignore[unused-coroutine]
        except ShippingFailed:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


@batch_handler
def layer(message: Message) -> None:
    ship(message.body)


def stop_silently(event: Any, context: Any) -> Any:
    for record in event["Records"]:
        try:
            ship(record["body"])
        except ShippingFailed:
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
    return {"batchItemFailures": []}


def stop(event: Any, context: Any) -> Any:
    records = event["Records"]
    for position, record in enumerate(records):
        try:
            ship(record["body"])
        except ShippingFailed:
            return {"batchItemFailures": [{"itemIdentifier": later["messageId"]} for later in records[position:]]}
    return {"batchItemFailures": []}


@batch_handler(on_fifo_failure="skip_group")
def layer_skip_group(message: Message) -> None:
    ship(message.body)


@batch_handler(
    on_fifo_failure="skip_group",
    dead_letter_queue=FIFO_DEAD_LETTER_QUEUE_URL,
    max_receive_count=MAX_RECEIVE_COUNT,
)
def layer_with_bystander_protection(message: Message) -> None:
    ship(message.body)


@dataclass(frozen=True)
class Strategy:
    """A way of handling a batch, with the settings it comes with.

    Attributes:
        name: what it is called.
        handler: the function's.
        batch_size: of the event source mapping.
        reports: whether the mapping has ReportBatchItemFailures.
        max_receive_count: of the queue's redrive policy.
        fifo: whether the queue is FIFO.
    """

    name: str
    handler: Callable[[Any, Any], Any]
    batch_size: int = BATCH_SIZE
    reports: bool = True
    max_receive_count: int = MAX_RECEIVE_COUNT
    fifo: bool = False


# In the order in which people come to them, and of docs/why.md.
STRATEGIES = (
    Strategy("raise", raise_, reports=False),
    Strategy("batch-size-1", raise_, batch_size=1, reports=False),
    Strategy("delete-as-you-go", delete_as_you_go, reports=False),
    Strategy("delete-and-raise", delete_and_raise, reports=False),
    Strategy("not-switched-on", report, reports=False),
    Strategy("bare-ids", bare_ids),
    Strategy("null-on-success", null_on_success),
    Strategy("unawaited", unawaited),
    Strategy("partial", layer),
    Strategy("continue", report, fifo=True),
    Strategy("stop-silently", stop_silently, fifo=True),
    Strategy("stop", stop, fifo=True),
    Strategy("layer stop_batch", layer, fifo=True),
    Strategy("layer skip_group", layer_skip_group, fifo=True),
    Strategy(
        "layer with bystander protection",
        layer_with_bystander_protection,
        max_receive_count=QUEUE_MAX_RECEIVE_COUNT,  # only the backstop then
        fifo=True,
    ),
)
