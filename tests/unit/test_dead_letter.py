"""Permanent failures and the dead-letter queue."""

import logging
import socket
import threading
from typing import Any

import pytest
from partial_batch import Message, PermanentFailure, batch_handler
from partial_batch._sqs import client as _sqs
from partial_batch._sqs import dead_letters
from partial_batch._sqs.client import CallFailed

from tests.support import FIFO_ARN, STANDARD_ARN, fifo_event, record, reported, standard_event
from tests.unit.conftest import SentMessages

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
FIFO_QUEUE = QUEUE + ".fifo"
LARGEST_MESSAGE = 1_048_576


def failing_with(error: Exception, **options: Any) -> Any:
    @batch_handler(**{"dead_letter_queue": QUEUE, "permanent": LookupError} | options)
    def handler(message: Message) -> None:
        if message.id.startswith("bad") or message.body == "bad":
            raise error

    return handler


def attribute(kind: str, value: str) -> dict[str, Any]:
    key = "binaryValue" if kind.startswith("Binary") else "stringValue"
    return {"dataType": kind, key: value, "stringListValues": [], "binaryListValues": []}


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


@pytest.mark.parametrize("error", [PermanentFailure("never"), LookupError("never"), KeyError("never")])
def test_it_is_sent_there_and_not_reported(error: Exception, sent: SentMessages) -> None:
    sent.accepts()

    assert reported(failing_with(error)(standard_event("good", "bad"))) == []
    assert [request["QueueUrl"] for request in sent.requests] == [QUEUE]


def test_any_other_failure_is_reported_and_not_sent(sent: SentMessages) -> None:
    assert reported(failing_with(ValueError("later"))(standard_event("good", "bad"))) == ["bad"]
    assert sent.requests == []


def test_an_async_function_s_permanent_failure_is_sent_too(sent: SentMessages) -> None:
    sent.accepts()

    @batch_handler(dead_letter_queue=QUEUE)
    async def handler(message: Message) -> None:
        raise PermanentFailure("never")

    assert reported(handler(standard_event("bad"))) == []


def test_the_message_goes_as_it_was_with_the_reason_as_attributes(sent: SentMessages) -> None:
    sent.accepts()
    body = '{"é": "\\ud83d\\ude00 \U0001f600", "spaces":  1}\n'
    attributes = {"trace": attribute("String.id", "t"), "n": attribute("Number", "1"), "b": attribute("Binary", "AAH/")}

    failing_with(PermanentFailure("quantity is 0"))(
        {"Records": [record("bad", body, receive_count=2, attributes=attributes)]}
    )

    assert sent.requests == [
        {
            "QueueUrl": QUEUE,
            "MessageBody": body,
            "MessageAttributes": {
                "trace": {"DataType": "String.id", "StringValue": "t"},
                "n": {"DataType": "Number", "StringValue": "1"},
                "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff"},
                "ErrorType": text("PermanentFailure"),
                "ErrorMessage": text("quantity is 0"),
                "SourceQueueArn": text(STANDARD_ARN),
                "SourceMessageId": text("bad"),
                "SourceReceiveCount": {"DataType": "Number", "StringValue": "2"},
            },
        }
    ]


def test_on_fifo_it_keeps_its_group_and_its_own_id_deduplicates_it(sent: SentMessages) -> None:
    sent.accepts()

    failing_with(PermanentFailure(), dead_letter_queue=FIFO_QUEUE)(
        {"Records": [record("bad", arn=FIFO_ARN, group="g")]}
    )

    assert sent.requests[0]["MessageGroupId"] == "g"
    assert sent.requests[0]["MessageDeduplicationId"] == "bad"


@pytest.mark.parametrize("option", ["stop_batch", "skip_group"])
def test_on_fifo_a_dead_lettered_message_does_not_stop_its_group(option: str, sent: SentMessages) -> None:
    sent.accepts()
    ran = []

    @batch_handler(dead_letter_queue=FIFO_QUEUE, on_fifo_failure=option)  # type: ignore[arg-type]
    def handler(message: Message) -> None:
        ran.append(message.id)
        if message.id == "a1":
            raise PermanentFailure

    assert reported(handler(fifo_event("a1", "a2", "b1"))) == []
    assert ran == ["a1", "a2", "b1"]


class TestLimits:
    def test_the_error_message_is_cut_at_256_characters(self, sent: SentMessages) -> None:
        sent.accepts()

        failing_with(PermanentFailure("é" * 300))(standard_event("bad"))

        assert sent.requests[0]["MessageAttributes"]["ErrorMessage"] == text("é" * 256)

    def test_an_empty_error_message_is_left_out_since_sqs_takes_no_empty_value(self, sent: SentMessages) -> None:
        sent.accepts()

        failing_with(PermanentFailure())(standard_event("bad"))

        assert "ErrorMessage" not in sent.requests[0]["MessageAttributes"]
        assert "ErrorType" in sent.requests[0]["MessageAttributes"]

    def test_characters_that_sqs_refuses_are_replaced(self, sent: SentMessages) -> None:
        sent.accepts()

        failing_with(PermanentFailure("a\x00b\ud800c\ufffed\t\U0001f600"))(standard_event("bad"))

        value = sent.requests[0]["MessageAttributes"]["ErrorMessage"]["StringValue"]
        assert value == "a\ufffdb\\ud800c\ufffdd\t\U0001f600"

    @pytest.mark.parametrize(("own", "added"), [(5, 5), (7, 3), (10, 0)])
    def test_there_are_at_most_ten_attributes_the_messages_own_first(
        self, own: int, added: int, sent: SentMessages
    ) -> None:
        sent.accepts()
        attributes = {f"own{number}": attribute("String", "x") for number in range(own)}

        failing_with(PermanentFailure("no"))({"Records": [record("bad", attributes=attributes)]})

        names = list(sent.requests[0]["MessageAttributes"])
        reasons = ["ErrorType", "ErrorMessage", "SourceQueueArn", "SourceMessageId", "SourceReceiveCount"]
        assert names == [*attributes, *reasons[:added]]

    def test_a_reason_that_would_take_the_message_over_1_mib_is_left_out(self, sent: SentMessages) -> None:
        sent.accepts(2)
        just_the_error_type = len("ErrorType") + len("String") + len("PermanentFailure")
        largest = "é" * ((LARGEST_MESSAGE - just_the_error_type - 1) // 2)

        failing_with(PermanentFailure("no reason fits"))(
            {"Records": [record("bad1", largest), record("bad2", "x" * LARGEST_MESSAGE)]}
        )

        assert list(sent.requests[0]["MessageAttributes"]) == ["ErrorType"]
        assert sent.requests[1]["MessageAttributes"] == {}

    @pytest.mark.parametrize(("too_long_by", "fits"), [(0, True), (1, False)])
    def test_the_sender_s_attributes_count_towards_it(self, too_long_by: int, fits: bool, sent: SentMessages) -> None:
        sent.accepts()
        own = {"n": attribute("Number", "17")}
        attributes = len("nNumber17") + len("ErrorTypeStringPermanentFailure")

        failing_with(PermanentFailure())(
            {"Records": [record("bad", "x" * (LARGEST_MESSAGE - attributes + too_long_by), attributes=own)]}
        )

        assert "n" in sent.requests[0]["MessageAttributes"]
        assert ("ErrorType" in sent.requests[0]["MessageAttributes"]) is fits

    def test_an_attribute_of_the_sender_is_not_overwritten(self, sent: SentMessages) -> None:
        sent.accepts()
        own = {"ErrorType": "mine", "SourceMessageId": "upstream-7", "SourceQueueArn": "arn:of:another:queue"}

        failing_with(PermanentFailure("no"))(
            {"Records": [record("bad", attributes={name: attribute("String", v) for name, v in own.items()})]}
        )

        sent_attributes = sent.requests[0]["MessageAttributes"]
        assert {name: sent_attributes[name] for name in own} == {name: text(value) for name, value in own.items()}

    def test_a_message_dead_lettered_again_after_a_redrive_carries_the_new_reasons(self, sent: SentMessages) -> None:
        sent.accepts()
        earlier = {
            "ErrorType": "OldError",
            "ErrorMessage": "old",
            "SourceQueueArn": STANDARD_ARN,
            "SourceMessageId": "old",
            "mine": "kept",
        }

        failing_with(PermanentFailure())(
            {"Records": [record("bad", attributes={name: attribute("String", v) for name, v in earlier.items()})]}
        )

        attributes = sent.requests[0]["MessageAttributes"]
        assert attributes["mine"] == text("kept")
        assert attributes["ErrorType"] == text("PermanentFailure")
        assert attributes["SourceMessageId"] == text("bad")
        assert "ErrorMessage" not in attributes


class TestSendingFails:
    """Nothing is lost: the message is failed like any other."""

    @pytest.mark.parametrize("code", ["InvalidMessageContents", "InvalidParameterValue"])
    def test_it_is_reported_when_sqs_refuses_it_and_the_next_is_tried(
        self, code: str, sent: SentMessages, caplog: pytest.LogCaptureFixture
    ) -> None:
        sent.refuses(code)
        sent.accepts()

        assert reported(failing_with(PermanentFailure())(standard_event("bad1", "bad2"))) == ["bad1"]
        assert code in caplog.text

    def test_on_fifo_its_group_waits_for_it(self, sent: SentMessages) -> None:
        sent.refuses("AccessDenied")
        handler = failing_with(PermanentFailure(), dead_letter_queue=FIFO_QUEUE, on_fifo_failure="skip_group")

        event = {"Records": [record(name, arn=FIFO_ARN, group="g") for name in ("bad1", "good2")]}
        assert reported(handler(event)) == ["bad1", "good2"]

    def test_what_is_no_url_is_not_even_tried(self, sent: SentMessages, caplog: pytest.LogCaptureFixture) -> None:
        handler = failing_with(PermanentFailure(), dead_letter_queue="StandardDeadLetterQueue")

        assert reported(handler(standard_event("bad1", "good", "bad2"))) == ["bad1", "bad2"]
        assert "'StandardDeadLetterQueue' is not a queue's URL" in caplog.text
        assert sent.requests == []

    def test_a_message_without_a_body_is_reported_and_the_next_is_tried(
        self, sent: SentMessages, caplog: pytest.LogCaptureFixture
    ) -> None:
        sent.accepts()
        broken = record("bad1")
        del broken["body"]

        assert reported(failing_with(PermanentFailure())({"Records": [broken, record("bad2")]})) == ["bad1"]
        assert "(not sent to the dead-letter queue: it cannot be sent on: KeyError)" in caplog.text

    def test_parameters_that_cannot_be_sent_are_about_their_message_only(self, sent: SentMessages) -> None:
        sent.accepts()
        of_no_group = record("bad1", arn=FIFO_ARN)

        handler = failing_with(PermanentFailure(), dead_letter_queue=FIFO_QUEUE, on_fifo_failure="skip_group")
        event = {"Records": [of_no_group, record("bad2", arn=FIFO_ARN, group="g")]}
        assert reported(handler(event)) == ["bad1"]

    def test_with_no_queue_named_it_goes_back_and_the_log_says_why(self, caplog: pytest.LogCaptureFixture) -> None:
        handler = failing_with(PermanentFailure(), dead_letter_queue=None)

        assert reported(handler(standard_event("bad"))) == ["bad"]
        assert "(no dead-letter queue is named)" in caplog.text

    @pytest.mark.parametrize("code", ["ServiceUnavailable", "AccessDenied", "AWS.SimpleQueueService.NonExistentQueue"])
    def test_a_queue_that_takes_none_is_not_asked_again_in_this_batch(
        self, code: str, sent: SentMessages, caplog: pytest.LogCaptureFixture
    ) -> None:
        sent.refuses(code)

        assert reported(failing_with(PermanentFailure())(standard_event("bad1", "bad2"))) == ["bad1", "bad2"]
        assert code in caplog.text
        assert f"(not sent to the dead-letter queue, as before: {code})" in caplog.text

    def test_whatever_goes_wrong_is_reported_by_its_type(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def send(*_: object, end: float | None) -> None:
            raise OSError("what it says may hold the body")

        monkeypatch.setattr(dead_letters, "send", send)

        assert reported(failing_with(PermanentFailure())(standard_event("bad1", "bad2"))) == ["bad1", "bad2"]
        assert caplog.text.count("(not sent to the dead-letter queue: OSError)") == 2

    def test_nor_after_a_message_that_was_on_its_way_in_another_thread_failed_for_itself(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        both = threading.Barrier(2)
        refused, third = threading.Event(), threading.Event()

        def send(url: str, message: Message, *_: object, **__: object) -> None:
            asked.append(message.id)
            if message.id == "bad3":
                return
            both.wait(10)
            if message.id == "bad1":
                raise CallFailed("AccessDenied", refused=True)
            refused.wait(10)
            raise CallFailed("InvalidMessageContents", only_this=True)

        def on_failure(message: Message, error: BaseException) -> None:
            if message.id == "bad1":
                refused.set()
                third.wait(10)
            else:
                third.set()

        monkeypatch.setattr("partial_batch._sqs.dead_letters.send", send)
        handler = failing_with(PermanentFailure(), concurrency=2, on_failure=on_failure)

        assert reported(handler(standard_event("bad1", "bad2", "bad3"))) == ["bad1", "bad2", "bad3"]
        assert sorted(asked) == ["bad1", "bad2"]

    def test_an_unreachable_queue_is_tried_once_a_batch_with_one_repeat(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]  # nobody listens there any more once it is closed
        monkeypatch.setattr(_sqs, "_clients", {})
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }.items():
            monkeypatch.setenv(name, value)
        handler = failing_with(PermanentFailure(), dead_letter_queue=f"http://127.0.0.1:{port}/0/dead")
        with caplog.at_level(logging.DEBUG, "botocore.endpoint"):
            assert reported(handler(standard_event("bad1", "bad2", "bad3"))) == ["bad1", "bad2", "bad3"]

        attempts = [line for line in caplog.messages if line.startswith("Sending http") and f":{port}/" in line]
        assert len(attempts) == 2
        assert caplog.text.count("(not sent to the dead-letter queue: EndpointConnectionError)") == 1
        assert caplog.text.count("(not sent to the dead-letter queue, as before: EndpointConnectionError)") == 2

    def test_a_client_gives_up_soon_and_is_made_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_sqs, "_clients", {})

        client = _sqs.sqs_client()

        config = client.meta.config
        assert config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]
        assert (config.connect_timeout + config.read_timeout) * 2 <= 3  # type: ignore[attr-defined]
        assert _sqs.sqs_client() is client
        assert _sqs.sqs_client("eu-west-1").meta.region_name == "eu-west-1"
