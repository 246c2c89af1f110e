"""Functions of the whole batch."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from partial_batch import InvalidEvent, Message, PermanentFailure, RetryLater, bulk_handler

from tests.support import fifo_event, reported, standard_event
from tests.unit.conftest import SentMessages

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"


def handler_returning(result: Callable[[list[Message]], object], kind: str = "plain", **options: Any) -> Any:
    def plain(messages: list[Message]) -> Any:
        return result(messages)

    async def awaitable(messages: list[Message]) -> Any:
        return result(messages)

    return bulk_handler(plain if kind == "plain" else awaitable, **options)


def test_what_the_function_names_fails_with_that_as_its_reason() -> None:
    failures = []
    handler = bulk_handler(
        lambda messages: ["2"], on_failure=lambda message, error: failures.append((message.id, str(error)))
    )

    assert reported(handler(standard_event("1", "2"))) == ["2"]
    assert failures == [("2", "the function named it as failed")]


both_kinds = pytest.mark.parametrize("kind", ["plain", "async"])


@both_kinds
@pytest.mark.parametrize("nothing", [None, [], (), set()])
def test_nothing_returned_means_that_all_succeeded(nothing: Iterable[Message] | None, kind: str) -> None:
    assert reported(handler_returning(lambda _: nothing, kind)(standard_event("1", "2"))) == []


@both_kinds
@pytest.mark.parametrize(
    "failed",
    [
        lambda messages: [messages[2], messages[0]],
        lambda messages: ["3", "1"],
        lambda messages: {"1", "3"},
        lambda messages: (messages[0], "3", messages[2]),
    ],
)
def test_what_it_returns_failed_as_messages_or_ids_in_the_order_of_the_batch(
    failed: Callable[[list[Message]], object], kind: str
) -> None:
    assert reported(handler_returning(failed, kind)(standard_event("1", "2", "3"))) == ["1", "3"]


def raise_(error: BaseException) -> Any:
    raise error


@both_kinds
@pytest.mark.parametrize("error", [ValueError("no"), KeyError("no"), RuntimeError()])
def test_when_it_raises_all_failed(error: Exception, kind: str) -> None:
    assert reported(handler_returning(lambda _: raise_(error), kind)(standard_event("1", "2"))) == ["1", "2"]


@both_kinds
@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (["4"], "not in the batch: '4'"),
        (["1", ""], "not in the batch: ''"),
        ("1", "as a list, not str"),
        ({"batchItemFailures": []}, "as a list, not dict"),
        (True, "as a list, not bool"),
        ([1], "not by a int"),
        ([None], "not by a NoneType"),
        ((name for name in ["1"]), "returned a generator"),
    ],
)
def test_what_names_no_message_of_the_batch_fails_all_of_it(
    result: object, complaint: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert reported(handler_returning(lambda _: result, kind)(standard_event("1", "2"))) == ["1", "2"]
    assert complaint in caplog.text


def test_a_coroutine_that_nobody_awaited_fails_all_of_it() -> None:
    async def forgotten() -> None: ...

    assert reported(handler_returning(lambda _: forgotten())(standard_event("1"))) == ["1"]


@both_kinds
def test_an_exception_that_ends_the_program_fails_the_invocation(kind: str) -> None:
    with pytest.raises(SystemExit):
        handler_returning(lambda _: raise_(SystemExit()), kind)(standard_event("1"))


def test_an_empty_batch_is_a_success_and_the_function_is_not_called() -> None:
    assert reported(handler_returning(lambda _: raise_(ValueError()))({"Records": []})) == []


def test_a_malformed_event_is_refused() -> None:
    with pytest.raises(InvalidEvent):
        handler_returning(lambda _: None)({"Records": [{}]})


class TestFifo:
    def test_everything_behind_the_first_failed_message_of_a_group_is_reported_with_it(self) -> None:
        handler = handler_returning(lambda messages: [message for message in messages if message.id in ("a2", "c1")])

        assert reported(handler(fifo_event("a1", "b1", "a2", "c1", "a3", "b2", "c2"))) == ["a2", "c1", "a3", "c2"]

    def test_a_function_that_raises_reports_all(self) -> None:
        event = fifo_event("a1", "b1", "a2")

        assert reported(handler_returning(lambda _: raise_(ValueError()))(event)) == ["a1", "b1", "a2"]


class TestOptions:
    def test_a_permanent_failure_dead_letters_all(self, sent: SentMessages) -> None:
        sent.accepts(2)
        handler = handler_returning(lambda _: raise_(PermanentFailure()), dead_letter_queue=QUEUE)

        assert reported(handler(standard_event("1", "2"))) == []

    def test_retry_later_hides_all(self, sent: SentMessages) -> None:
        sent.changes_visibility()
        handler = handler_returning(lambda _: raise_(RetryLater(60)))

        assert reported(handler(standard_event("1", "2"))) == ["1", "2"]
        assert sent.hidden == {"handle of 1": 60, "handle of 2": 60}

    def test_the_head_of_a_group_is_dead_lettered_at_its_count_and_those_behind_it_are_reported(
        self, sent: SentMessages
    ) -> None:
        """The function may have gone no further in the group, so that they are not known to have succeeded."""
        sent.accepts()
        handler = handler_returning(
            lambda messages: messages[:1], dead_letter_queue=f"{QUEUE}.fifo", max_receive_count=1
        )

        assert reported(handler(fifo_event("a1", "b1", "a2"))) == ["a2"]
        assert len(sent.requests) == 1

    def test_raise_if_all_failed_raises(self) -> None:
        with pytest.raises(RuntimeError, match="all 2 messages"):
            handler_returning(lambda messages: messages, raise_if_all_failed=True)(standard_event("1", "2"))

    @pytest.mark.parametrize("option", ["concurrency", "on_fifo_failure"])
    def test_what_makes_no_sense_for_a_whole_batch_is_no_option(self, option: str) -> None:
        with pytest.raises(TypeError, match=option):
            bulk_handler(**{option: 1})  # type: ignore[call-overload]

    def test_a_generator_function_is_refused(self) -> None:
        def function(messages: list[Message]) -> Any:
            yield from messages

        with pytest.raises(TypeError, match="generator function"):
            bulk_handler(function)


def test_the_wrapped_function_stays_reachable() -> None:
    def function(messages: list[Message]) -> None: ...

    assert bulk_handler(function).__wrapped__ is function


def test_the_list_it_gets_is_its_own() -> None:
    handler = handler_returning(lambda messages: messages.clear())

    assert reported(handler(standard_event("1", "2"))) == []
