"""Why a message is not sent to the dead-letter queue: what the log says of it, and whether another message may be."""

import threading
from typing import Any

import pytest
from partial_batch import StopBatch
from partial_batch._runners.executor import Executor
from partial_batch._sources import read_event
from partial_batch._sqs import client, dead_letters
from partial_batch._sqs.client import CallFailed, attempt, await_client
from partial_batch._sqs.dead_letters import send
from partial_batch.testing import kinesis_event

from tests.support import FIFO_ARN, STANDARD_ARN, record

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"


def failure_of(of: dict[str, Any], url: str = URL) -> CallFailed:
    message = read_event({"Records": [of]})[1]()
    message._record = of
    with pytest.raises(CallFailed) as raised:
        send(url, message, "ValueError", "why", end=None)
    return raised.value


@pytest.fixture(autouse=True)
def no_call_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(*_: object, **__: object) -> None:
        raise AssertionError("this is refused before any call")

    monkeypatch.setattr(dead_letters, "call", call)


@pytest.mark.parametrize(
    ("of", "url", "text"),
    [
        (record("1"), "DeadLetterQueue", "'DeadLetterQueue' is not a queue's URL"),
        (record("1", arn=STANDARD_ARN), f"{URL}.fifo", "a standard queue's dead-letter queue is a standard queue: "),
        (record("1", arn=FIFO_ARN, group="g"), URL, "a FIFO queue's dead-letter queue is a FIFO queue: "),
        (
            kinesis_event("1")["Records"][0],
            f"{URL}.fifo",
            f"a stream's dead-letter queue is a standard queue, and {URL}.fifo is FIFO",
        ),
    ],
)
def test_what_is_wrong_with_the_queue_is_so_for_every_message(of: dict[str, Any], url: str, text: str) -> None:
    failure = failure_of(of, url)

    assert str(failure).startswith(text)
    assert (failure.refused, failure.only_this) == (True, False)


NO_GROUP = record("1", arn=FIFO_ARN, group="g")
del NO_GROUP["attributes"]["MessageGroupId"]
NOT_BASE64 = {"dataType": "Binary", "binaryValue": "YQ==\n!"}


@pytest.mark.parametrize(
    ("of", "url", "text"),
    [
        (record("1", ""), URL, "its body is not a string, or empty, and SQS takes no such message"),
        (record("1", "\x00"), URL, "its body has a character that SQS does not take"),
        (NO_GROUP, f"{URL}.fifo", "it has no message group, and a FIFO queue takes no such message"),
        (record("1") | {"messageAttributes": {"a": NOT_BASE64}}, URL, "it cannot be sent on: Error"),
    ],
)
def test_what_is_wrong_with_a_message_is_so_for_it_alone(of: dict[str, Any], url: str, text: str) -> None:
    failure = failure_of(of, url)

    assert str(failure) == text
    assert (failure.refused, failure.only_this) == (False, True)


class Refused(Exception):
    def __init__(self, **response: Any) -> None:
        super().__init__("what it says may hold the body")
        self.response = response


def failure_after(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> CallFailed:
    class Client:
        def send_message(self, **_: object) -> None:
            raise problem

    monkeypatch.setattr(client, "sqs_client", lambda _: Client())
    with pytest.raises(CallFailed) as raised:
        attempt("send_message", None, {"QueueUrl": URL}, threading.Event())
    return raised.value


@pytest.mark.parametrize(("status", "refused"), [(399, False), (400, True), (499, True), (500, False), (501, False)])
def test_a_refusal_is_an_answer_of_the_four_hundreds(
    monkeypatch: pytest.MonkeyPatch, status: int, refused: bool
) -> None:
    problem = Refused(Error={"Code": "Odd"}, ResponseMetadata={"HTTPStatusCode": status})
    failure = failure_after(monkeypatch, problem)

    assert (str(failure), failure.refused, failure.answered) == ("Odd", refused, True)


@pytest.mark.parametrize("code", [5, "", None])
def test_an_answer_without_a_code_is_named_by_its_exception(monkeypatch: pytest.MonkeyPatch, code: object) -> None:
    assert str(failure_after(monkeypatch, Refused(Error={"Code": code}))) == "Refused"


def test_the_client_that_is_waited_for_is_the_one_of_the_queue_s_region(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str | None] = []
    monkeypatch.setattr(client, "_clients", {})
    monkeypatch.setattr(client, "sqs_client", made.append)

    await_client(None, "eu-south-2")

    assert made == ["eu-south-2"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [((), "nothing more of the batch is to be started"), ((60,), "nothing more"), ((60, "down"), "down")],
)
def test_a_stopped_batch_says_its_reason(arguments: tuple[Any, ...], text: str) -> None:
    assert str(StopBatch(*arguments)).startswith(text)


def test_the_executor_s_threads_are_named_as_asyncio_s_own() -> None:
    with Executor() as executor:
        assert executor.submit(threading.current_thread).result().name.startswith("asyncio_")
