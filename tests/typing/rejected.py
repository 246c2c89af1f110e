"""Uses that type checkers must reject, each with what they say. Checked by test_typing.py, never run.

An ignored line that a checker has nothing against is an error itself: mypy's `warn_unused_ignores`, and pyright's
`reportUnnecessaryTypeIgnoreComment`.
"""

from typing import Any

from partial_batch import Backoff, Message, RetryLater, batch_apis, batch_handler, bulk_handler


def process(message: Message) -> None: ...


def process_all(messages: list[Message]) -> None: ...


# A function of something else.


def of_text(body: str) -> None: ...


def of_two(message: Message, context: object) -> None: ...


def of_nothing() -> None: ...


async def asynchronous_of_text(body: str) -> None: ...


batch_handler(of_text)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
batch_handler(of_two)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
batch_handler(of_nothing)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
batch_handler(asynchronous_of_text)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
batch_handler(process_all)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
batch_handler("process")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
batch_handler(concurrency=2)(of_text)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
batch_handler(concurrency=2)(asynchronous_of_text)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
batch_handler(of_text, concurrency=2)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
bulk_handler(process)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
bulk_handler(of_nothing)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
bulk_handler(raise_if_all_failed=True)(process)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
bulk_handler(process, raise_if_all_failed=True)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]


@batch_handler  # type: ignore[type-var]  # pyright: ignore[reportArgumentType, reportCallIssue]
def decorated(event: dict[str, Any], context: object) -> None: ...


@bulk_handler()  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
async def decorated_bulk(message: Message) -> None: ...


# An option that does not exist, or not for this decorator.

batch_handler(retries=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
batch_handler(process, retries=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
batch_handler(process, process)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
bulk_handler(concurrency=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
bulk_handler(on_fifo_failure="skip_group")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
bulk_handler(process_all, concurrency=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]

# A value that an option does not take.

batch_handler(on_fifo_failure="stop")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(process, on_fifo_failure="stop")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
batch_handler(concurrency=2.5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(concurrency="2")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(concurrency=None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(backoff=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(dead_letter_queue=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(max_receive_count="3")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(permanent="ValueError")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(permanent=ValueError("an instance"))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(permanent=[ValueError])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(permanent=KeyboardInterrupt)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
batch_handler(time_reserve="1")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(time_reserve=None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(raise_if_all_failed="no")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(metrics_namespace=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
batch_handler(on_success=of_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
batch_handler(on_success=of_nothing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
batch_handler(on_failure=process)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
bulk_handler(backoff=5)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
bulk_handler(permanent=KeyboardInterrupt)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
bulk_handler(on_failure=process)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Backoff("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Backoff(jitter="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RetryLater()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
RetryLater("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# The handler is no longer the function, and gives what Lambda expects.

handler = batch_handler(process)
handler()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
handler({}, None, None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
handler.__wrapped__("body")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
handler({})["failures"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
handler({})["batchItemFailures"][0]["messageId"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]

# A message is read-only, and a batch API needs the messages.


def change(message: Message) -> None:
    message.body = ""  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    message.id = ""  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    message.group = ""  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    message.sequence_number.upper()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]


batch_apis.firehose({})  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
batch_apis.firehose(["id"], {})  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
batch_apis.dynamodb([], {})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
batch_apis.s3([], {})  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
