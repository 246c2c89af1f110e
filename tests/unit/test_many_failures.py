"""Batches of thousands of failures: noting them stops in time, and what was not dead-lettered goes back."""

import threading
from typing import Any

import pytest
from partial_batch import Message, PermanentFailure, batch_handler, bulk_handler
from partial_batch._sqs import dead_letters
from partial_batch._sqs.client import CallFailed

from tests.support import FIFO_ARN, Context, record, reported
from tests.unit.conftest import Clock

MANY = 10_000
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead.fifo"
EVENT = {"Records": [record(str(number), arn=FIFO_ARN, group=str(number)) for number in range(MANY)]}
"""Each message is the head of a group of its own."""


def handler_of(kind: str, **options: Any) -> Any:
    """A handler for which all messages fail in a way that dead-letters them."""

    def names_them(messages: list[Message]) -> list[Message]:
        return messages

    async def names_them_async(messages: list[Message]) -> list[Message]:
        return messages

    def raises(_: Any) -> None:
        raise PermanentFailure

    async def raises_async(_: Any) -> None:
        raise PermanentFailure

    made: dict[str, Any] = {
        "bulk that names them": lambda: bulk_handler(names_them, max_receive_count=1, **options),
        "async bulk that names them": lambda: bulk_handler(names_them_async, max_receive_count=1, **options),
        "bulk that raises": lambda: bulk_handler(raises, **options),
        "async bulk that raises": lambda: bulk_handler(raises_async, **options),
        "one at a time": lambda: batch_handler(raises, **options),
    }
    return made[kind]()


KINDS = [
    "bulk that names them",
    "async bulk that names them",
    "bulk that raises",
    "async bulk that raises",
    "one at a time",
]


@pytest.mark.parametrize("kind", KINDS)
def test_dead_lettering_each_stops_while_half_of_the_reserve_is_left(
    kind: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[str] = []

    def send(queue_url: str, message: Message, *_: object, end: float | None) -> None:
        sent.append(message.id)
        clock.now += 0.02

    monkeypatch.setattr(dead_letters, "send", send)

    back = reported(handler_of(kind, dead_letter_queue=QUEUE)(EVENT, clock))

    assert clock.now <= 1000 + 60 - 0.5 + 0.02  # a minute after 1000, and half of the reserve before
    assert 2900 < len(sent) < MANY
    assert back == [str(number) for number in range(MANY) if str(number) not in set(sent)]
    if kind != "one at a time":
        assert f"{len(back)} more messages failed, and there was no time left to log each" in caplog.text


def test_where_no_time_is_left_at_all_ten_are_tried_and_logged(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[str] = []
    told: list[str] = []

    def send(queue_url: str, message: Message, *_: object, end: float | None) -> None:
        tried.append(message.id)
        raise CallFailed("no time is left for it", no_time=True, only_this=True)

    def names_all(messages: list[Message]) -> list[Message]:
        clock.now += 60
        return messages

    monkeypatch.setattr(dead_letters, "send", send)
    handler = bulk_handler(
        names_all,
        dead_letter_queue=QUEUE,
        max_receive_count=1,
        on_failure=lambda message, error: told.append(message.id),
    )
    names = [f"{number:02}" for number in range(13)]
    event = {"Records": [record(name, arn=FIFO_ARN, group=name) for name in names]}

    assert reported(handler(event, clock)) == names
    assert tried == told == names[:10]
    assert caplog.text.count("not sent to the dead-letter queue: no time is left for it") == 10
    assert "3 more messages failed, and there was no time left to log each" in caplog.messages


@pytest.mark.parametrize("kind", ["bulk that names them", "async bulk that raises"])
def test_the_response_is_in_time(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    answer = threading.Event()

    def send(queue_url: str, message: Message, *_: object, end: float | None) -> None:
        answer.wait(0.005)  # as long as SQS takes
        sent.append(message.id)

    monkeypatch.setattr(dead_letters, "send", send)
    context = Context(2.3)

    back = reported(
        handler_of(kind, dead_letter_queue=QUEUE, time_reserve=2)({"Records": EVENT["Records"][:2000]}, context)
    )

    assert context.get_remaining_time_in_millis() > 0
    assert 0 < len(sent) < 2000
    assert set(back) == {str(number) for number in range(2000)} - set(sent)


def test_what_a_bulk_function_finished_is_kept_where_noting_what_failed_took_all_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = Context(1.3)
    waited = threading.Event()

    def send(*_: object, end: float | None) -> None:
        while context.get_remaining_time_in_millis() > 900:  # past the interrupt at 1000
            waited.wait(0.001)

    monkeypatch.setattr(dead_letters, "send", send)
    event = {"Records": [record(name, arn=FIFO_ARN, group=name) for name in ("1", "fails", "3", "fails too", "5")]}

    @bulk_handler(dead_letter_queue=QUEUE, max_receive_count=1)
    def handler(messages: list[Message]) -> list[Message]:
        return [message for message in messages if "fails" in message.id]

    assert reported(handler(event, context)) == []
