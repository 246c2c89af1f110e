"""Uses that type checkers must accept, with the types they must see. Checked by test_typing.py, never run."""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, assert_type

from partial_batch import (
    Backoff,
    InvalidEvent,
    Message,
    OutOfTime,
    PermanentFailure,
    RetryLater,
    batch_apis,
    batch_handler,
    bulk_handler,
)

if TYPE_CHECKING:
    from partial_batch.outcomes import BatchItemFailure, BatchResponse


# One message at a time.


@batch_handler
def plain(message: Message) -> None: ...


@batch_handler
async def asynchronous(message: Message) -> None: ...


@batch_handler()
def without_options(message: Message) -> int:
    return 1


@batch_handler(
    on_fifo_failure="skip_group",
    concurrency=10,
    backoff=Backoff(base=2, maximum=60.5, jitter=False),
    dead_letter_queue="https://sqs.us-east-1.amazonaws.com/123456789012/dead",
    max_receive_count=3,
    permanent=(ValueError, KeyError),
    time_reserve=2,
    raise_if_all_failed=True,
    metrics_namespace="Orders",
    on_success=print,
    on_failure=lambda message, error: print(message.id, error.args),
)
def with_options(message: Message) -> str:
    return message.body


@batch_handler(concurrency=10, permanent=ValueError)
async def asynchronous_with_options(message: Message) -> str:
    return message.body


@batch_handler(
    on_fifo_failure=None, backoff=None, dead_letter_queue=None, max_receive_count=None, metrics_namespace=None
)
def with_none(message: Message) -> None: ...


def plain_handlers(event: dict[str, Any], context: object) -> None:
    assert_type(plain(event, context), BatchResponse)
    assert_type(plain(event), BatchResponse)
    assert_type(asynchronous(event, context), BatchResponse)
    assert_type(with_options(event=event, context=context), BatchResponse)
    assert_type(plain(event)["batchItemFailures"], list[BatchItemFailure])
    assert_type(plain(event)["batchItemFailures"][0]["itemIdentifier"], str)


async def wrapped_functions(message: Message) -> None:
    plain.__wrapped__(message)
    assert_type(without_options.__wrapped__(message), int)
    assert_type(with_options.__wrapped__(message), str)
    assert_type(with_options.__wrapped__(message=message), str)  # its parameter's name is kept
    await asynchronous.__wrapped__(message)
    assert_type(await asynchronous_with_options.__wrapped__(message), str)
    coroutine: Coroutine[Any, Any, str] = asynchronous_with_options.__wrapped__(message)
    await coroutine


# Called instead of used as a decorator; what else is callable.


def process(message: Message, table: str = "orders") -> bool:
    return bool(message.body and table)


class Processor:
    def __call__(self, message: Message) -> None: ...

    def method(self, message: Message) -> int:
        return 1


def takes_anything(*arguments: object) -> None: ...


assert_type(batch_handler(process).__wrapped__(Message({})), bool)
assert_type(batch_handler(process, concurrency=2).__wrapped__(Message({}), "other"), bool)
assert_type(batch_handler(Processor()).__wrapped__, Processor)
assert_type(batch_handler(Processor().method, concurrency=2).__wrapped__(Message({})), int)
batch_handler(partial(process, table="returns"))
batch_handler(takes_anything)
batch_handler(lambda message: None)
batch_handler(on_success=process)(process)


def decorated[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    return function


@batch_handler(backoff=Backoff())
@decorated
def under_another_decorator(message: Message) -> float:
    return 1.0


assert_type(under_another_decorator.__wrapped__(Message({})), float)


# The whole batch at once.


@bulk_handler
def bulk(messages: list[Message]) -> list[Message]:
    return messages[:1]


@bulk_handler
async def asynchronous_bulk(messages: list[Message]) -> list[str]:
    return [message.id for message in messages]


@bulk_handler(
    backoff=Backoff(),
    dead_letter_queue="https://sqs.us-east-1.amazonaws.com/123456789012/dead",
    max_receive_count=3,
    permanent=ValueError,
    time_reserve=0.5,
    raise_if_all_failed=False,
    metrics_namespace="Orders",
    on_success=print,
    on_failure=print,
)
def bulk_with_options(messages: Sequence[Message]) -> None: ...


@bulk_handler()
async def asynchronous_bulk_with_options(messages: list[Message]) -> None: ...


async def bulk_handlers(event: dict[str, Any], messages: list[Message]) -> None:
    assert_type(bulk(event), BatchResponse)
    assert_type(bulk_with_options(event, None), BatchResponse)
    assert_type(bulk.__wrapped__(messages), list[Message])
    assert_type(await asynchronous_bulk.__wrapped__(messages), list[str])
    await asynchronous_bulk_with_options.__wrapped__(messages)
    bulk_with_options.__wrapped__(tuple(messages))


# What functions work with.


def message_types(message: Message) -> None:
    assert_type(message.id, str)
    assert_type(message.body, str)
    assert_type(message.json(), Any)
    assert_type(message.receive_count, int)
    assert_type(message.sent_at, float)
    assert_type(message.group_id, str | None)
    assert_type(message.deduplication_id, str | None)
    assert_type(message.sequence_number, str | None)
    assert_type(message.attributes, dict[str, str | int | float | bytes])
    assert_type(message.source_arn, str)
    assert_type(message.record, dict[str, Any])


def batch_api_types(messages: list[Message], response: dict[str, Any]) -> None:
    assert_type(batch_apis.firehose(messages, response), list[Message])
    assert_type(batch_apis.kinesis(messages, response), list[Message])
    assert_type(batch_apis.eventbridge(tuple(messages), response), list[Message])
    assert_type(batch_apis.sns(messages, response), list[Message])
    assert_type(batch_apis.sqs(messages, response), list[Message])
    assert_type(batch_apis.dynamodb(messages, [{"PutRequest": {}}], response), list[Message])
    assert_type(batch_apis.entry_ids(messages), list[str])


def exceptions() -> None:
    value_error: ValueError = InvalidEvent("")
    errors: list[Exception] = [PermanentFailure(), PermanentFailure("why"), RetryLater(5), RetryLater(0.5, "why")]
    base: BaseException = OutOfTime()
    print(value_error, errors, base)
