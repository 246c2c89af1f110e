"""A thread that still runs when the time is over changes nothing afterwards: not this invocation, and no later one."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from partial_batch import Message, PermanentFailure, RetryLater, StopBatch, batch_handler
from partial_batch._sqs import dead_letters
from partial_batch.batch import Batch
from partial_batch.message import ReceivedMessage
from partial_batch.options import Options

from tests.support import Context, record, reported, standard_event
from tests.unit.conftest import SentMessages

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
COUNTS = ("MessagesSucceeded", "MessagesFailed", "MessagesUnprocessed", "MessagesDeadLettered")


class Hang:
    """A function that hangs for the message "hangs" until it is released, and then ends as it is told."""

    def __init__(self, ends: Callable[[], object]) -> None:
        self._ends = ends
        self._release = threading.Event()
        self._threads: list[threading.Thread] = []

    def __call__(self, message: Message) -> object:
        if message.id != "hangs":
            return None
        self._threads.append(threading.current_thread())
        self._release.wait(60)
        return self._ends()

    def release(self) -> None:
        """Let those threads go on, and wait for their ends."""
        self._release.set()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()


def raise_(error: BaseException) -> Any:
    raise error


ENDS: dict[str, Callable[[], object]] = {
    "returns": lambda: None,
    "returns what is not done": lambda: iter([]),
    "raises": lambda: raise_(ValueError()),
    "is never to be retried": lambda: raise_(PermanentFailure()),
    "is to be tried later": lambda: raise_(RetryLater(7)),
    "stops the batch": lambda: raise_(StopBatch()),
    "exits": lambda: raise_(SystemExit()),
}


@pytest.fixture(params=ENDS.values(), ids=ENDS.keys())
def hang(request: pytest.FixtureRequest) -> Iterator[Hang]:
    hang = Hang(request.param)
    yield hang
    hang.release()


def metrics(text: str) -> list[dict[str, int]]:
    return [json.loads(line) for line in text.splitlines()]


def test_however_it_ends(
    hang: Hang, sent: SentMessages, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    handler = batch_handler(
        hang,
        concurrency=2,
        time_reserve=0.5,
        dead_letter_queue=QUEUE,
        metrics_namespace="Test",
        on_success=lambda message: told.append(f"{message.id} succeeded"),
        on_failure=lambda message, error: told.append(f"{message.id} failed with {type(error).__name__}"),
    )

    response = handler(standard_event("1", "hangs", "3"), Context(1))

    so_far = ["1 succeeded", "3 succeeded", "hangs failed with OutOfTime"]
    assert reported(response) == ["hangs"]
    assert sorted(told) == so_far
    (line,) = metrics(capsys.readouterr().out)
    assert [line[name] for name in COUNTS] == [2, 1, 0, 0]
    caplog.clear()

    hang.release()

    assert reported(response) == ["hangs"]
    assert sorted(told) == so_far
    assert capsys.readouterr().out == ""
    assert caplog.text == ""
    assert sent.requests == []


def test_what_fails_while_the_time_ends_goes_back_and_nobody_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    options = Options({"dead_letter_queue": QUEUE, "on_failure": lambda message, _: told.append(message.id)})
    batch = Batch([record("1")], ReceivedMessage, options, None)
    monkeypatch.setattr(dead_letters, "send", lambda *_, **__: batch.close())

    batch.failed(0, batch.message(0), PermanentFailure())

    assert reported(batch.response()) == ["1"]
    assert told == []
    assert caplog.text == ""


def test_the_next_invocation_is_not_changed_either(hang: Hang, sent: SentMessages) -> None:
    told: list[str] = []
    handler = batch_handler(hang, concurrency=2, time_reserve=0.1, on_success=lambda message: told.append(message.id))
    assert reported(handler(standard_event("1", "hangs"), Context(0.3))) == ["hangs"]

    @batch_handler(concurrency=2)
    def releasing(message: Message) -> None:
        hang.release()

    assert reported(releasing(standard_event("1", "2", "3"), Context(60))) == []
    assert told == ["1"]
    assert reported(handler(standard_event("4", "5"), Context(60))) == []
    assert sorted(told) == ["1", "4", "5"]


def test_where_messages_end_just_when_the_time_does_each_is_counted_once(capsys: pytest.CaptureFixture[str]) -> None:
    wait = threading.Event().wait

    def work(message: Message) -> None:
        wait(0.0004 * int(message.id))
        if message.id.endswith("7"):
            raise ValueError

    handler = batch_handler(work, concurrency=8, time_reserve=0.02, metrics_namespace="Test")
    ids = [str(number) for number in range(60)]

    for number in range(20):
        back = reported(handler(standard_event(*ids), Context(0.04 + 0.001 * number)))

        (line,) = metrics(capsys.readouterr().out)
        assert sum(line[name] for name in COUNTS) == line["MessagesReceived"] == 60
        assert all(line[name] >= 0 for name in COUNTS)
        assert len(back) == 60 - line["MessagesSucceeded"]
