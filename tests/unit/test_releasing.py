"""What sets a delay for one message shows those that were never started at once."""

import asyncio
from typing import Any

import pytest
from partial_batch import Backoff, Message, RetryLater, StopBatch, batch_handler, bulk_handler

from tests.support import Context, fifo_event, reported, standard_event
from tests.unit.conftest import Clock, SentMessages


@pytest.mark.parametrize("is_async", [False, True])
def test_retry_later_on_fifo_releases_what_waits_behind_it(is_async: bool, sent: SentMessages) -> None:
    sent.changes_visibility()

    def work(message: Message) -> None:
        if message.id == "a2":
            raise RetryLater(5)

    async def work_async(message: Message) -> None:
        work(message)

    handler: Any = batch_handler(work_async if is_async else work)

    assert reported(handler(fifo_event("a1", "a2", "b1", "a3"))) == ["a2", "b1", "a3"]
    assert sent.hidden == {"handle of a2": 5, "handle of b1": 0, "handle of a3": 0}


@pytest.mark.parametrize("concurrency", [1, 2])
def test_with_groups_apart_it_releases_its_own_group_and_others_run(concurrency: int, sent: SentMessages) -> None:
    sent.changes_visibility()

    @batch_handler(on_fifo_failure="skip_group", concurrency=concurrency)
    def handler(message: Message) -> None:
        if message.id == "a1":
            raise RetryLater(5)

    assert reported(handler(fifo_event("a1", "b1", "a2"))) == ["a1", "a2"]
    assert sent.hidden == {"handle of a1": 5, "handle of a2": 0}


def test_on_a_standard_queue_it_releases_what_no_time_was_left_for(sent: SentMessages, clock: Clock) -> None:
    sent.changes_visibility()

    @batch_handler
    def handler(message: Message) -> None:
        clock.now += 25
        if message.id == "later":
            raise RetryLater(5)

    assert reported(handler(standard_event("1", "later", "3", "4"), clock)) == ["later", "3", "4"]
    assert sent.hidden == {"handle of later": 5, "handle of 3": 0, "handle of 4": 0}


def test_a_whole_batch_has_nothing_to_release_but_what_waits_in_a_group(sent: SentMessages) -> None:
    sent.changes_visibility()

    @bulk_handler
    def handler(messages: list[Message]) -> None:
        raise RetryLater(5)

    assert reported(handler(fifo_event("a1", "b1", "a2"))) == ["a1", "b1", "a2"]
    assert sent.hidden == {"handle of a1": 5, "handle of b1": 5, "handle of a2": 0}


def test_one_that_gives_no_seconds_sets_no_delay_and_releases_nothing(sent: SentMessages) -> None:
    class Broken(RetryLater):
        def __init__(self) -> None:
            self.seconds = float("nan")

    @batch_handler
    def handler(message: Message) -> None:
        raise Broken

    assert reported(handler(fifo_event("a1", "a2"))) == ["a1", "a2"]
    assert sent.hidden == {}


def test_stop_batch_releases_them_as_well_as_the_message_s_own_delay_says(sent: SentMessages) -> None:
    sent.changes_visibility()

    @batch_handler
    def handler(message: Message) -> None:
        raise StopBatch(30)

    assert reported(handler(fifo_event("a1", "a2"))) == ["a1", "a2"]
    assert sent.hidden == {"handle of a1": 30, "handle of a2": 30}


def test_a_message_that_hangs_with_a_backoff_releases_what_was_never_started(sent: SentMessages) -> None:
    sent.changes_visibility()

    @batch_handler(backoff=Backoff(base=8, jitter=False))
    async def handler(message: Message) -> None:
        if message.id == "a1":
            await asyncio.sleep(60)

    assert reported(handler(fifo_event("a1", "a2"), Context(1.2))) == ["a1", "a2"]
    assert sent.hidden == {"handle of a1": 8, "handle of a2": 0}


def test_without_any_delay_nothing_is_asked_of_sqs(sent: SentMessages) -> None:
    @batch_handler
    def handler(message: Message) -> None:
        raise ValueError

    assert reported(handler(fifo_event("a1", "a2"))) == ["a1", "a2"]
    assert sent.requests == []
