"""on_success and on_failure, in each way of running a function."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from partial_batch import Message, PermanentFailure, batch_handler, bulk_handler

from tests.support import fifo_event, record, reported, standard_event
from tests.unit.conftest import SentMessages

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"

WAYS = ["plain", "threads", "async", "tasks", "bulk", "async bulk"]
each_way = pytest.mark.parametrize("way", WAYS)


class Failed(Exception):
    """What the function raises for a message whose id starts with "bad"."""


def process(message: Message) -> None:
    if message.id.startswith("bad"):
        raise Failed(message.id)


def handler_of(way: str, seen: list[Any] | None = None, **hooks: Any) -> Any:
    """A handler that fails the messages whose ids start with "bad", and notes which message it was called with."""

    def plain(message: Message) -> None:
        if seen is not None:
            seen.append(message)
        process(message)

    async def asynchronous(message: Message) -> None:
        await asyncio.sleep(0)
        plain(message)

    def bulk(messages: list[Message]) -> list[Message]:
        if seen is not None:
            seen.extend(messages)
        return [message for message in messages if message.id.startswith("bad")]

    async def asynchronous_bulk(messages: list[Message]) -> list[Message]:
        await asyncio.sleep(0)
        return bulk(messages)

    makes: dict[str, Callable[[], Any]] = {
        "plain": lambda: batch_handler(plain, **hooks),
        "threads": lambda: batch_handler(plain, concurrency=3, **hooks),
        "async": lambda: batch_handler(asynchronous, **hooks),
        "tasks": lambda: batch_handler(asynchronous, concurrency=3, **hooks),
        "bulk": lambda: bulk_handler(bulk, **hooks),
        "async bulk": lambda: bulk_handler(asynchronous_bulk, **hooks),
    }
    return makes[way]()


class TestOnSuccess:
    @each_way
    def test_it_is_called_once_with_each_message_that_succeeded(self, way: str) -> None:
        succeeded: list[Message] = []

        handler = handler_of(way, on_success=succeeded.append)

        assert reported(handler(standard_event("1", "bad2", "3", "bad4", "5"))) == ["bad2", "bad4"]
        assert sorted(message.id for message in succeeded) == ["1", "3", "5"]
        assert all(isinstance(message, Message) for message in succeeded)

    @each_way
    def test_its_message_is_the_one_the_function_had(self, way: str) -> None:
        seen: list[Message] = []
        succeeded: list[Message] = []

        handler_of(way, seen, on_success=succeeded.append)(standard_event("1"))

        assert succeeded[0] is seen[0]

    @each_way
    def test_it_is_called_before_its_message_counts_as_done_so_raising_fails_it(
        self, way: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        def on_success(message: Message) -> None:
            if message.id in ("2", "3"):
                raise LookupError("the success could not be noted")

        handler = handler_of(way, on_success=on_success)

        assert reported(handler(standard_event("1", "2", "3", "4"))) == ["2", "3"]
        assert "message 2 failed with LookupError" in caplog.text

    @each_way
    def test_raising_on_fifo_stops_what_is_behind_its_message(self, way: str) -> None:
        def on_success(message: Message) -> None:
            if message.id == "a1":
                raise LookupError

        grouped = {} if "bulk" in way else {"on_fifo_failure": "skip_group"}
        handler = handler_of(way, on_success=on_success, **grouped)

        assert reported(handler(fifo_event("a1", "b1", "a2"))) == ["a1", "a2"]

    @each_way
    def test_what_it_raises_is_passed_to_on_failure(self, way: str) -> None:
        failed: list[tuple[str, BaseException]] = []
        error = LookupError("no")

        def on_success(message: Message) -> None:
            raise error

        handler_of(
            way, on_success=on_success, on_failure=lambda message, problem: failed.append((message.id, problem))
        )(standard_event("1"))

        assert failed == [("1", error)]

    @each_way
    def test_its_permanent_failure_dead_letters_the_message(self, way: str, sent: SentMessages) -> None:
        sent.accepts()

        def on_success(message: Message) -> None:
            raise PermanentFailure("never")

        handler = handler_of(way, on_success=on_success, dead_letter_queue=QUEUE)

        assert reported(handler(standard_event("1"))) == []
        assert len(sent.requests) == 1

    @each_way
    def test_one_that_returns_a_coroutine_fails_its_message_since_nothing_ran(
        self, way: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def work(message: Message) -> None: ...

        def on_success(message: Message) -> Awaitable[None]:
            return work(message)

        handler = handler_of(way, on_success=on_success)

        assert reported(handler(standard_event("1", "2"))) == ["1", "2"]
        assert "failed with TypeError" in caplog.text

    @each_way
    def test_whatever_else_it_returns_is_ignored(self, way: str) -> None:
        assert reported(handler_of(way, on_success=lambda message: [message.id])(standard_event("1"))) == []

    @pytest.mark.parametrize("way", ["plain", "async", "bulk"])
    def test_a_keyboard_interrupt_in_it_ends_the_invocation(self, way: str) -> None:
        def on_success(message: Message) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            handler_of(way, on_success=on_success)(standard_event("1"))


class TestOnFailure:
    @each_way
    def test_it_is_called_once_with_each_message_that_failed_and_why(self, way: str) -> None:
        failed: dict[str, BaseException] = {}
        calls: list[str] = []

        def on_failure(message: Message, error: BaseException) -> None:
            calls.append(message.id)
            failed[message.id] = error

        handler = handler_of(way, on_failure=on_failure)

        assert reported(handler(standard_event("1", "bad2", "3", "bad4"))) == ["bad2", "bad4"]
        assert sorted(calls) == ["bad2", "bad4"]
        if "bulk" in way:
            assert all("the function named it" in str(error) for error in failed.values())
        else:
            assert {name: (type(error), str(error)) for name, error in failed.items()} == {
                "bad2": (Failed, "bad2"),
                "bad4": (Failed, "bad4"),
            }

    @each_way
    def test_its_message_is_the_one_the_function_had(self, way: str) -> None:
        seen: list[Message] = []
        failed: list[Message] = []

        handler_of(way, seen, on_failure=lambda message, error: failed.append(message))(standard_event("bad"))

        assert failed[0] is seen[0]

    @each_way
    def test_one_that_raises_is_logged_and_changes_nothing(self, way: str, caplog: pytest.LogCaptureFixture) -> None:
        def on_failure(message: Message, error: BaseException) -> None:
            raise LookupError("the hook's own problem")

        handler = handler_of(way, on_failure=on_failure)

        assert reported(handler(standard_event("bad1", "2", "bad3"))) == ["bad1", "bad3"]
        lines = [line for line in caplog.records if line.getMessage().startswith("on_failure raised")]
        assert sorted(vars(line)["partial_batch_message_id"] for line in lines) == ["bad1", "bad3"]
        assert {line.levelno for line in lines} == {logging.ERROR}
        assert "the hook's own problem" in caplog.text

    def test_one_that_raises_does_not_put_a_dead_lettered_message_back(self, sent: SentMessages) -> None:
        sent.accepts()

        def on_failure(message: Message, error: BaseException) -> None:
            raise LookupError

        @batch_handler(dead_letter_queue=QUEUE, on_failure=on_failure)
        def handler(message: Message) -> None:
            raise PermanentFailure("never")

        assert reported(handler(standard_event("1"))) == []

    def test_it_is_called_for_a_dead_lettered_message_too(self, sent: SentMessages) -> None:
        sent.accepts()
        failed: list[tuple[str, type[BaseException]]] = []

        @batch_handler(
            dead_letter_queue=QUEUE, on_failure=lambda message, error: failed.append((message.id, type(error)))
        )
        def handler(message: Message) -> None:
            raise PermanentFailure("never")

        handler(standard_event("1"))

        assert failed == [("1", PermanentFailure)]

    def test_it_is_not_called_for_messages_that_were_never_started(self) -> None:
        failed: list[str] = []

        @batch_handler(on_failure=lambda message, error: failed.append(message.id))
        def handler(message: Message) -> None:
            raise ValueError

        assert reported(handler(fifo_event("a1", "b1"))) == ["a1", "b1"]
        assert failed == ["a1"]

    def test_when_a_bulk_function_raises_it_is_called_with_each_message_and_that_exception(self) -> None:
        failed: list[tuple[str, BaseException]] = []
        error = ValueError("no")

        @bulk_handler(on_failure=lambda message, problem: failed.append((message.id, problem)))
        def handler(messages: list[Message]) -> None:
            raise error

        handler(standard_event("1", "2"))

        assert failed == [("1", error), ("2", error)]

    @pytest.mark.parametrize("way", ["plain", "async"])
    def test_it_is_called_after_the_message_s_fate_is_decided(self, way: str, sent: SentMessages) -> None:
        sent.accepts()
        sent_before: list[int] = []

        handler = handler_of(
            way,
            permanent=Failed,
            dead_letter_queue=QUEUE,
            on_failure=lambda message, error: sent_before.append(len(sent.requests)),
        )

        handler(standard_event("bad"))

        assert sent_before == [1]


def test_the_hooks_of_one_message_are_either_or(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[tuple[str, str]] = []

    @batch_handler(
        on_success=lambda message: calls.append(("success", message.id)),
        on_failure=lambda message, error: calls.append(("failure", message.id)),
    )
    def handler(message: Message) -> None:
        process(message)

    handler({"Records": [record("1"), record("bad2"), record("3")]})

    assert calls == [("success", "1"), ("failure", "bad2"), ("success", "3")]
