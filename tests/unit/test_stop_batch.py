"""StopBatch: what the function calls is down. Nothing more is started, and what succeeded stays done."""

import asyncio
import threading
from typing import Any

import pytest
from partial_batch import Backoff, Message, StopBatch, batch_handler
from partial_batch.testing import LambdaContext, dynamodb_event, kafka_event, kinesis_event

from tests.support import fifo_event, reported, standard_event
from tests.unit.conftest import SentMessages
from tests.unit.ways import at_once, every_way, make_async, make_plain, one_by_one

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead.fifo"

in_order = pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "async"])
events = pytest.mark.parametrize("event", [standard_event, fifo_event], ids=["standard", "fifo"])
with_or_without_limit = pytest.mark.parametrize("limited", [False, True], ids=["no limit", "limit"])


def stopping_at(bad: str, *arguments: Any, started: list[str] | None = None) -> Any:
    def function(message: Message) -> None:
        if started is not None:
            started.append(message.id)
        if message.id == bad:
            raise StopBatch(*arguments)

    return function


def make(function: Any, asynchronous: bool, **options: Any) -> Any:
    return (make_async if asynchronous else make_plain)(function, **options)


@in_order
@events
@with_or_without_limit
@pytest.mark.parametrize("skip_group", [False, True])
def test_what_succeeded_stays_done_and_nothing_more_is_started(
    asynchronous: bool, event: Any, limited: bool, skip_group: bool, sent: SentMessages
) -> None:
    sent.changes_visibility()
    started: list[str] = []
    options = {"on_fifo_failure": "skip_group"} if skip_group else {}
    handler = make(stopping_at("b1", started=started), asynchronous, **options)

    context = LambdaContext(600) if limited else None
    assert reported(handler(event("a1", "b1", "c1", "d1"), context)) == ["b1", "c1", "d1"]
    assert started == ["a1", "b1"]


@in_order
@events
def test_the_rest_is_released_at_once_and_the_message_itself_waits_as_long_as_the_queue_says(
    asynchronous: bool, event: Any, sent: SentMessages
) -> None:
    sent.changes_visibility()

    make(stopping_at("b1"), asynchronous)(event("a1", "b1", "c1"))

    assert sent.hidden == {"handle of c1": 0}


@in_order
def test_without_seconds_the_message_itself_waits_by_the_backoff(asynchronous: bool, sent: SentMessages) -> None:
    sent.changes_visibility()

    make(stopping_at("b"), asynchronous, backoff=Backoff(base=7, jitter=False))(standard_event("a", "b", "c"))

    assert sent.hidden == {"handle of b": 7, "handle of c": 0}


@in_order
@events
@pytest.mark.parametrize(("seconds", "hidden"), [(0, 0), (5, 5), (4.2, 5), (10**9, 42_000), (float("inf"), 42_000)])
def test_with_seconds_all_that_goes_back_is_hidden_for_so_long(
    asynchronous: bool, event: Any, seconds: float, hidden: int, sent: SentMessages
) -> None:
    sent.changes_visibility()

    make(stopping_at("b1", seconds), asynchronous)(event("a1", "b1", "c1", "d1"))

    assert sent.hidden == {f"handle of {name}": hidden for name in ("b1", "c1", "d1")}


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_seconds_that_cannot_be_are_an_error(seconds: float) -> None:
    with pytest.raises(ValueError, match="0 seconds or more"):
        StopBatch(seconds)


class Down(StopBatch):
    def __init__(self, seconds: Any) -> None:
        self._seconds = seconds

    @property
    def seconds(self) -> Any:  # type: ignore[override]
        if isinstance(self._seconds, BaseException):
            raise self._seconds
        return self._seconds


@in_order
@pytest.mark.parametrize("seconds", ["60", float("nan"), -5, [], RuntimeError(), SystemExit()], ids=repr)
def test_a_subclass_that_says_nonsense_releases_the_rest_and_waits_itself(
    asynchronous: bool, seconds: Any, sent: SentMessages, caplog: pytest.LogCaptureFixture
) -> None:
    def function(message: Message) -> None:
        raise Down(seconds)

    sent.changes_visibility()

    assert reported(make(function, asynchronous)(standard_event("a", "b"))) == ["a", "b"]
    assert sent.hidden == {"handle of b": 0}
    assert "Down gives no number of seconds to hide it" in caplog.text


@at_once
@events
def test_out_of_on_success_of_a_whole_batch_the_rest_goes_back(make: Any, event: Any, sent: SentMessages) -> None:
    sent.changes_visibility()
    handler = make(lambda message: None, on_success=stopping_at("b1"))

    assert reported(handler(event("a1", "b1", "c1"))) == ["b1", "c1"]
    assert sent.hidden == {"handle of c1": 0}


@one_by_one
def test_out_of_on_success_it_does_the_same(make: Any, sent: SentMessages) -> None:
    sent.changes_visibility()
    handler = make(lambda message: None, on_success=stopping_at("a", 9))

    assert reported(handler(standard_event("a"))) == ["a"]
    assert sent.hidden == {"handle of a": 9}


@pytest.mark.parametrize("way", ["threads", "tasks"])
@events
def test_what_runs_beside_it_ends_and_counts(way: str, event: Any, sent: SentMessages) -> None:
    sent.changes_visibility()
    go = threading.Event()
    started = []

    def function(message: Message) -> None:
        started.append(message.id)
        if message.id == "a1":
            assert go.wait(10)
        if message.id == "b1":
            threading.Timer(0.1, go.set).start()
            raise StopBatch(6)

    async def asynchronous(message: Message) -> None:
        started.append(message.id)
        if message.id == "a1":
            await asyncio.sleep(0.1)
        if message.id == "b1":
            raise StopBatch(6)

    handler: Any = batch_handler(function if way == "threads" else asynchronous, concurrency=2)

    assert reported(handler(event("a1", "b1", "c1", "d1"))) == ["b1", "c1", "d1"]
    assert sorted(started) == ["a1", "b1"]
    assert sent.hidden == {f"handle of {name}": 6 for name in ("b1", "c1", "d1")}


@at_once
@events
def test_out_of_a_bulk_function_it_is_every_message_s(make: Any, event: Any, sent: SentMessages) -> None:
    """None of them was never started, so none comes back at once to meet what is down."""
    failed = []
    handler = make(stopping_at("b1"), on_failure=lambda message, error: failed.append(message.id))

    assert reported(handler(event("a1", "b1", "c1"))) == ["a1", "b1", "c1"]
    assert failed == ["a1", "b1", "c1"]
    assert sent.hidden == {}


@at_once
def test_out_of_a_bulk_function_its_seconds_hold_for_all(make: Any, sent: SentMessages) -> None:
    sent.changes_visibility()

    assert reported(make(stopping_at("b", 8))(standard_event("a", "b", "c"))) == ["a", "b", "c"]
    assert sent.hidden == {f"handle of {name}": 8 for name in "abc"}


@at_once
def test_out_of_a_bulk_function_s_on_success_nothing_more_is_told(make: Any, sent: SentMessages) -> None:
    sent.changes_visibility()
    told: list[str] = []
    handler = make(lambda message: None, on_success=stopping_at("b", 8, started=told))

    assert reported(handler(standard_event("a", "b", "c"))) == ["b", "c"]
    assert told == ["a", "b"]


@every_way
@pytest.mark.parametrize(
    "event",
    [kinesis_event("1", "2"), dynamodb_event({"id": {"S": "1"}}, {"id": {"S": "2"}}), kafka_event("1", "2")],
    ids=["kinesis", "dynamodb", "kafka"],
)
def test_of_a_stream_the_first_is_reported_and_sqs_is_asked_nothing(make: Any, event: Any, sent: SentMessages) -> None:
    def function(message: Message) -> None:
        raise StopBatch(5)

    assert len(make(function)(event)["batchItemFailures"]) == 1
    assert sent.requests == []


def test_one_that_is_permanent_is_dead_lettered_and_stops_the_batch(sent: SentMessages) -> None:
    sent.accepts()
    sent.changes_visibility()
    handler = batch_handler(stopping_at("a1", 5), dead_letter_queue=QUEUE, permanent=StopBatch)

    assert reported(handler(fifo_event("a1", "a2"))) == ["a2"]
    assert sent.hidden == {"handle of a2": 5}


def test_one_at_its_last_receive_is_dead_lettered_and_stops_the_batch(sent: SentMessages) -> None:
    sent.accepts()
    sent.changes_visibility()
    handler = batch_handler(stopping_at("a1", 5), dead_letter_queue=QUEUE, max_receive_count=3)

    event = fifo_event("a1", "a2")
    for record in event["Records"]:
        record["attributes"]["ApproximateReceiveCount"] = "3"

    assert reported(handler(event)) == ["a2"]
    assert sent.hidden == {"handle of a2": 5}


def test_it_is_not_said_that_time_ran_out(sent: SentMessages, caplog: pytest.LogCaptureFixture) -> None:
    sent.changes_visibility()
    batch_handler(stopping_at("a"))(standard_event("a", "b"), LambdaContext(60))

    assert "no time was left" not in caplog.text
