"""FIFO messages that wait behind a failing one, and are counted as often as it is."""

import hashlib
from typing import Any

import pytest
from partial_batch import Message, RetryLater, batch_handler

from tests.support import FIFO_ARN, STANDARD_ARN, record, reported
from tests.unit.conftest import SentMessages

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead.fifo"
TRIES = 3


def event(*messages: tuple[str, int], arn: str = FIFO_ARN) -> dict[str, Any]:
    """Messages by name, whose first letter is the group, each with its receive count."""
    return {"Records": [record(name, arn=arn, group=name[0], receive_count=count) for name, count in messages]}


def handler_failing_on(*failing: str, error: Exception | None = None, **options: Any) -> Any:
    @batch_handler(**{"dead_letter_queue": QUEUE, "max_receive_count": TRIES} | options)
    def handler(message: Message) -> None:
        if message.id in failing:
            raise error or ValueError("no")

    return handler


both_ways = pytest.mark.parametrize("option", ["stop_batch", "skip_group"])


@both_ways
@pytest.mark.parametrize("count", [3, 6, 9])
def test_a_message_that_fails_at_a_multiple_of_the_count_is_dead_lettered_and_those_behind_it_run(
    option: str, count: int, sent: SentMessages, caplog: pytest.LogCaptureFixture
) -> None:
    sent.accepts()
    handler = handler_failing_on("a1", on_fifo_failure=option)

    assert reported(handler(event(("a1", count), ("a2", count), ("a3", count)))) == []
    (request,) = sent.requests
    assert request["MessageDeduplicationId"] == "a1"
    assert request["MessageGroupId"] == "a"
    assert request["MessageAttributes"]["ErrorType"]["StringValue"] == "ValueError"
    assert request["MessageAttributes"]["SourceReceiveCount"]["StringValue"] == str(count)
    assert "it was sent to the dead-letter queue" in caplog.text


@both_ways
@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_at_any_other_count_it_goes_back_with_those_behind_it(option: str, count: int, sent: SentMessages) -> None:
    handler = handler_failing_on("a1", on_fifo_failure=option)

    assert reported(handler(event(("a1", count), ("a2", count)))) == ["a1", "a2"]
    assert sent.requests == []


@both_ways
def test_one_behind_it_that_fails_goes_back_since_it_was_counted_but_never_tried(
    option: str, sent: SentMessages
) -> None:
    sent.accepts()
    handler = handler_failing_on("a1", "a2", on_fifo_failure=option)

    assert reported(handler(event(("a1", 3), ("a2", 3), ("a3", 3)))) == ["a2", "a3"]
    assert len(sent.requests) == 1


@both_ways
def test_one_behind_another_that_succeeds_now_is_tried_for_the_first_time_too(option: str, sent: SentMessages) -> None:
    handler = handler_failing_on("a2", on_fifo_failure=option)

    assert reported(handler(event(("a1", 3), ("a2", 3), ("a3", 3)))) == ["a2", "a3"]
    assert sent.requests == []


@both_ways
def test_where_one_try_is_all_there_is_the_first_was_it(option: str, sent: SentMessages) -> None:
    sent.accepts(2)
    handler = handler_failing_on("a2", "a3", on_fifo_failure=option, max_receive_count=1)

    assert reported(handler(event(("a1", 1), ("a2", 1), ("a3", 1), ("a4", 1)))) == []
    assert [request["MessageDeduplicationId"] for request in sent.requests] == ["a2", "a3"]


@both_ways
def test_one_behind_another_group_is_the_head_of_its_own(option: str, sent: SentMessages) -> None:
    sent.accepts()

    assert reported(handler_failing_on("b1", on_fifo_failure=option)(event(("a1", 3), ("b1", 3), ("b2", 3)))) == []
    assert [request["MessageGroupId"] for request in sent.requests] == ["b"]


def test_with_stop_batch_the_other_groups_waited_behind_it_too(sent: SentMessages) -> None:
    sent.accepts()
    handler = handler_failing_on("a1", "b1", on_fifo_failure="stop_batch")

    assert reported(handler(event(("a1", 3), ("b1", 3)))) == ["b1"]
    assert len(sent.requests) == 1


def test_being_the_head_now_it_has_as_many_receives_of_its_own(sent: SentMessages) -> None:
    sent.accepts(2)
    handler = handler_failing_on("a1", "a2", on_fifo_failure="skip_group")

    # given a1 is dead-lettered and a2 goes back
    assert reported(handler(event(("a1", 3), ("a2", 3)))) == ["a2"]
    # when it fails on and on
    assert reported(handler(event(("a2", 4)))) == ["a2"]
    assert reported(handler(event(("a2", 5)))) == ["a2"]
    # then it is judged at the next multiple
    assert reported(handler(event(("a2", 6)))) == []


def test_groups_are_judged_apart(sent: SentMessages) -> None:
    sent.accepts(2)
    handler = handler_failing_on("a1", "b1", on_fifo_failure="skip_group")

    assert reported(handler(event(("a1", 3), ("b1", 3), ("a2", 3), ("b2", 3)))) == []
    assert [request["MessageGroupId"] for request in sent.requests] == ["a", "b"]


def test_when_sending_fails_it_goes_back_with_those_behind_it(sent: SentMessages) -> None:
    sent.refuses("AccessDenied")
    handler = handler_failing_on("a1", on_fifo_failure="skip_group")

    assert reported(handler(event(("a1", 3), ("b1", 3), ("a2", 3)))) == ["a1", "a2"]


def test_a_retry_asked_for_counts_as_well(sent: SentMessages) -> None:
    sent.accepts()

    assert reported(handler_failing_on("a1", error=RetryLater(60))(event(("a1", 3), ("a2", 3)))) == []


def test_a_standard_queue_is_left_to_sqs(sent: SentMessages) -> None:
    assert reported(handler_failing_on("a1")(event(("a1", 3), ("a2", 3), arn=STANDARD_ARN))) == ["a1"]
    assert sent.requests == []


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_poison_message_takes_no_bystander_with_it(concurrency: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue of one group in small: receives are counted for all, SQS gives up at five times the layer's count."""
    dead: list[str] = []

    class Queue:
        def send_message(self, **request: Any) -> dict[str, str]:
            dead.append(request["MessageAttributes"]["SourceMessageId"]["StringValue"])
            return {"MessageId": "new", "MD5OfMessageBody": hashlib.md5(request["MessageBody"].encode()).hexdigest()}

    monkeypatch.setattr("partial_batch._sqs.client._clients", {None: Queue()})
    options = {"concurrency": concurrency} if concurrency > 1 else {"on_fifo_failure": "skip_group"}
    handler = handler_failing_on("a1", "a4", **options)
    waiting = [f"a{number}" for number in range(1, 8)]
    counts = dict.fromkeys(waiting, 0)
    for _ in range(2 * TRIES):
        counts |= {name: counts[name] + 1 for name in waiting}
        assert max(counts.values()) <= 5 * TRIES
        waiting = reported(handler(event(*((name, counts[name]) for name in waiting))))

    assert dead == ["a1", "a4"]
    assert waiting == []
