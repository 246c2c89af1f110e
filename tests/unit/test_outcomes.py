"""Each outcome a function can have, one message at a time, on standard and FIFO queues."""

import asyncio
import concurrent.futures
import functools
import json
import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import pytest
from partial_batch import Message, PermanentFailure, batch_handler

from tests.support import Context, fifo_event, reported, standard_event


def three_messages(queue: str) -> dict[str, Any]:
    """Three messages, of three groups on FIFO."""
    return standard_event("a1", "b1", "c1") if queue == "standard" else fifo_event("a1", "b1", "c1")


def handler_of(behaviour: Callable[[Message], object], kind: str, **options: Any) -> Any:
    """A handler, plain or async, of a function that behaves so on b1 and returns for the others."""

    def plain(message: Message) -> object:
        return behaviour(message) if message.id == "b1" else None

    async def asynchronous(message: Message) -> object:
        await asyncio.sleep(0)
        return behaviour(message) if message.id == "b1" else None

    return batch_handler(plain if kind == "plain" else asynchronous, **options)


def raises(error: BaseException) -> Callable[[Message], object]:
    def behaviour(message: Message) -> object:
        raise error

    return behaviour


both_queues = pytest.mark.parametrize("queue", ["standard", "fifo"])
both_kinds = pytest.mark.parametrize("kind", ["plain", "async"])


@both_queues
@both_kinds
def test_a_function_that_returns_succeeds_whatever_it_returns(queue: str, kind: str) -> None:
    handler = handler_of(lambda message: {"batchItemFailures": "anything"}, kind)

    assert handler(three_messages(queue)) == {"batchItemFailures": []}


@both_kinds
def test_a_function_that_raises_fails_its_message_alone_on_a_standard_queue(kind: str) -> None:
    handler = handler_of(raises(ValueError("no")), kind)

    assert handler(three_messages("standard")) == {"batchItemFailures": [{"itemIdentifier": "b1"}]}


@both_kinds
def test_a_function_that_raises_sends_the_rest_back_on_a_fifo_queue(kind: str) -> None:
    handler = handler_of(raises(ValueError("no")), kind)

    assert reported(handler(three_messages("fifo"))) == ["b1", "c1"]


@both_kinds
@pytest.mark.parametrize("result", [[1, 2], ("a",), {"a": 1}, MagicMock(), range(3)], ids=type)
def test_what_is_no_work_to_be_done_may_be_returned(kind: str, result: object) -> None:
    assert reported(handler_of(lambda message: result, kind)(three_messages("standard"))) == []


@both_queues
@both_kinds
@pytest.mark.parametrize("permanent", [PermanentFailure("never"), json.JSONDecodeError("never", "", 0)])
def test_a_permanent_failure_without_a_dead_letter_queue_is_failed_like_any_other(
    queue: str, kind: str, permanent: Exception
) -> None:
    handler = handler_of(raises(permanent), kind, permanent=json.JSONDecodeError, on_fifo_failure="skip_group")

    assert reported(handler(three_messages(queue))) == ["b1"]


@both_kinds
def test_a_cancelled_function_fails_its_message_and_the_others_go_on(kind: str) -> None:
    handler = handler_of(raises(asyncio.CancelledError()), kind)

    assert reported(handler(three_messages("standard"))) == ["b1"]


def test_an_async_function_that_cancels_its_own_task_fails_its_message_and_the_others_go_on() -> None:
    @batch_handler
    async def handler(message: Message) -> None:
        if message.id == "b1":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)

    assert reported(handler(three_messages("standard"))) == ["b1"]


@both_queues
@both_kinds
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_an_exception_that_ends_the_program_fails_the_whole_invocation(
    queue: str, kind: str, error: BaseException
) -> None:
    handler = handler_of(raises(error), kind)

    with pytest.raises(type(error)):
        handler(three_messages(queue))


async def work(message: Message) -> None:
    """What a plain function forgets to await."""


def generator(message: Message) -> Any:
    yield message


async def async_generator(message: Message) -> Any:
    yield message


def future(message: Message) -> Any:
    return concurrent.futures.Future[None]()


def lazy(message: Message) -> Any:
    return map(work, [message])


def not_gathered(message: Message) -> Any:
    return [work(message), work(message)]


@both_kinds
@pytest.mark.parametrize("unfinished", [work, generator, async_generator, future, lazy, not_gathered])
def test_work_that_is_returned_instead_of_done_fails_its_message_and_says_why(
    kind: str, unfinished: Callable[[Message], object], caplog: pytest.LogCaptureFixture
) -> None:
    handler = handler_of(unfinished, kind)

    assert reported(handler(three_messages("standard"))) == ["b1"]
    assert "TypeError" in caplog.text
    assert "was not processed" in caplog.text


class AsyncCallable:
    async def __call__(self, message: Message) -> None:
        await asyncio.sleep(0)
        raise ValueError(message.id)

    async def method(self, message: Message) -> None:
        await self(message)

    @staticmethod
    async def static(message: Message) -> None:
        raise ValueError(message.id)


async def fails_with_option(option: int, message: Message) -> None:
    raise ValueError(message.id)


def decorated_without_await(function: Callable[[Message], Any]) -> Callable[[Message], Any]:
    @functools.wraps(function)
    def wrapper(message: Message) -> Any:
        return function(message)

    return wrapper


@pytest.mark.parametrize(
    "function",
    [
        AsyncCallable(),
        AsyncCallable().method,
        AsyncCallable.static,
        functools.partial(fails_with_option, 1),
        functools.partial(AsyncCallable()),
        functools.partial(functools.partial(fails_with_option), 1),
        decorated_without_await(AsyncCallable().method),
    ],
)
def test_an_async_function_is_never_silently_not_awaited(function: Any) -> None:
    assert reported(batch_handler(function)(standard_event("a", "b"))) == ["a", "b"]


async def succeeds(message: Message) -> None:
    await asyncio.sleep(0)


class CallsThroughPartial:
    __call__ = staticmethod(functools.partial(succeeds))


@pytest.mark.parametrize("function", [staticmethod(succeeds), CallsThroughPartial()])
def test_an_async_function_is_recognized_behind_what_wraps_it(function: Any) -> None:
    assert reported(batch_handler(function)(standard_event("a", "b"))) == []


@pytest.mark.parametrize(("unfinished", "what"), [(work, "coroutine"), (not_gathered, "list with a coroutine")])
def test_it_says_what_was_returned_instead(unfinished: Callable[[Message], object], what: str) -> None:
    errors = []
    handler = batch_handler(lambda message: unfinished(message), on_failure=lambda _, error: errors.append(str(error)))

    assert reported(handler(standard_event("1"))) == ["1"]
    assert errors[0].startswith(f"the function returned a {what}, so")


def test_an_empty_batch_is_a_success_and_runs_nothing() -> None:
    assert handler_of(raises(ValueError()), "plain")({"Records": []}) == {"batchItemFailures": []}


def test_ids_are_reported_in_the_order_of_the_batch_each_once() -> None:
    @batch_handler
    def handler(message: Message) -> None:
        if message.id != "good":
            raise ValueError

    assert reported(handler(standard_event("z", "good", "a", "z", "m", "a"))) == ["z", "a", "m"]


def test_an_id_that_stands_in_the_batch_twice_is_reported_when_either_copy_failed() -> None:
    outcomes = iter([None, ValueError()])

    @batch_handler
    def handler(message: Message) -> None:
        if error := next(outcomes):
            raise error

    assert reported(handler(standard_event("twice", "twice"))) == ["twice"]


def test_a_handler_holds_no_state_between_invocations() -> None:
    @batch_handler
    def handler(message: Message) -> None:
        if message.body == "bad":
            raise ValueError

    assert reported(handler(fifo_event("a1") | standard_event("a1", body="bad"))) == ["a1"]
    assert reported(handler(standard_event("a1"))) == []


def test_two_invocations_at_once_do_not_see_each_other() -> None:
    barrier = threading.Barrier(2, timeout=10)

    @batch_handler
    def handler(message: Message) -> None:
        barrier.wait()  # both are in the middle of their batch
        if message.id.startswith("bad"):
            raise ValueError

    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        good = threads.submit(handler, standard_event("good1", "good2"))
        bad = threads.submit(handler, standard_event("bad1", "bad2"))

    assert reported(good.result()) == []
    assert reported(bad.result()) == ["bad1", "bad2"]


def test_the_wrapped_function_stays_reachable_for_tests_of_the_business_code_alone() -> None:
    def function(message: Message) -> str:
        """Ship it."""
        return message.id

    handler = batch_handler(function)

    assert handler.__wrapped__ is function
    assert handler.__name__ == "function"  # type: ignore[attr-defined]
    assert handler.__doc__ == "Ship it."


class TestRaiseIfAllFailed:
    @both_kinds
    def test_it_raises_from_the_first_error_when_the_whole_batch_would_go_back(self, kind: str) -> None:
        handler = handler_of(raises(ValueError("no")), kind, raise_if_all_failed=True)

        with pytest.raises(RuntimeError, match="all 1 messages") as raised:
            handler(standard_event("b1"))
        assert isinstance(raised.value.__cause__, ValueError)

    def test_the_first_failure_is_the_cause(self) -> None:
        def fails(message: Message) -> None:
            raise ValueError(message.id)

        handler = batch_handler(fails, raise_if_all_failed=True)

        with pytest.raises(RuntimeError) as raised:
            handler(standard_event("b1", "b2"))
        assert str(raised.value.__cause__) == "b1"

    def test_there_is_no_cause_where_there_was_no_time_to_start_any(self) -> None:
        handler = batch_handler(print, raise_if_all_failed=True, time_reserve=5)

        with pytest.raises(RuntimeError, match="all 2 messages") as raised:
            handler(standard_event("1", "2"), Context(1))
        assert raised.value.__cause__ is None

    def test_it_counts_messages_that_were_never_started(self) -> None:
        handler = handler_of(raises(ValueError("no")), "plain", raise_if_all_failed=True)

        with pytest.raises(RuntimeError, match="all 3 messages"):
            handler(fifo_event("b1", "b2", "b3"))

    def test_it_returns_when_one_succeeded(self) -> None:
        handler = handler_of(raises(ValueError("no")), "plain", raise_if_all_failed=True)

        assert reported(handler(standard_event("a1", "b1"))) == ["b1"]

    def test_an_id_that_is_reported_counts_as_failed_though_a_copy_of_it_succeeded(self) -> None:
        outcomes = iter([None, ValueError()])

        @batch_handler(raise_if_all_failed=True)
        def handler(message: Message) -> None:
            if error := next(outcomes):
                raise error

        with pytest.raises(RuntimeError):
            handler(standard_event("twice", "twice"))

    def test_it_returns_for_an_empty_batch(self) -> None:
        assert reported(batch_handler(print, raise_if_all_failed=True)({"Records": []})) == []

    def test_without_it_the_whole_batch_is_returned(self) -> None:
        assert reported(handler_of(raises(ValueError("no")), "plain")(standard_event("b1"))) == ["b1"]
