"""How long a failed message stays hidden."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from partial_batch import Backoff, Message, RetryLater, batch_handler, bulk_handler
from partial_batch._sqs import visibility

from tests.support import FIFO_ARN, STANDARD_ARN, fifo_event, record, reported, standard_event
from tests.unit.conftest import Clock, SentMessages

STEADY = Backoff(base=2, maximum=60, jitter=False)


def fails(message: Message) -> None:
    if message.id != "good":
        raise ValueError


class TestBackoff:
    def test_it_doubles_after_each_failure_up_to_its_maximum(self) -> None:
        assert [STEADY.delay(failures) for failures in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]

    @given(st.floats(0.001, 1e6), st.floats(0.001, 1e6), st.integers(1, 10**6), st.booleans())
    def test_it_is_above_zero_and_never_longer_than_its_maximum(
        self, base: float, maximum: float, failures: int, jitter: bool
    ) -> None:
        assert 0 < Backoff(base, maximum, jitter).delay(failures) <= maximum

    def test_with_jitter_it_is_anywhere_up_to_that(self) -> None:
        delays = [Backoff(base=100).delay(1) for _ in range(1000)]

        assert max(delays) <= 100
        assert min(delays) < 20
        assert max(delays) > 80

    @pytest.mark.parametrize(("drawn", "delay"), [(b"\xff" * 6, 100), (bytes(6), 100 / 2**48)])
    def test_jitter_reaches_all_of_it_and_never_zero(
        self, drawn: bytes, delay: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("partial_batch.backoff.urandom", lambda count: drawn[:count])

        assert Backoff(base=100).delay(1) == delay

    def test_its_defaults_are_a_second_a_quarter_of_an_hour_and_jitter(self) -> None:
        assert repr(Backoff()) == "Backoff(base=1.0, maximum=900.0, jitter=True)"

    def test_it_doubles_64_times_at_the_most_so_that_no_number_of_failures_is_too_large(self) -> None:
        assert Backoff(base=2.0**-64, jitter=False).delay(10**6) == 1

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"base": 0}, ValueError),
            ({"base": -1}, ValueError),
            ({"maximum": float("inf")}, ValueError),
            ({"base": float("nan")}, ValueError),
            ({"base": "1"}, TypeError),
            ({"maximum": None}, TypeError),
            ({"jitter": 1}, TypeError),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, arguments: dict[str, object], error: type[Exception]) -> None:
        with pytest.raises(error, match=f"^{next(iter(arguments))} is "):
            Backoff(**arguments)  # type: ignore[arg-type]


class TestRetryLater:
    def test_its_message_is_hidden_for_that_long_without_any_backoff(self, sent: SentMessages) -> None:
        sent.changes_visibility()

        @batch_handler
        def handler(message: Message) -> None:
            if message.id == "later":
                raise RetryLater(90)
            fails(message)

        assert reported(handler(standard_event("good", "later", "bad"))) == ["later", "bad"]
        assert sent.hidden == {"handle of later": 90}

    def test_it_goes_before_the_backoff(self, sent: SentMessages) -> None:
        sent.changes_visibility()

        @batch_handler(backoff=STEADY)
        def handler(message: Message) -> None:
            raise RetryLater(90) if message.id == "later" else ValueError

        handler(standard_event("later", "bad"))

        assert sent.hidden == {"handle of later": 90, "handle of bad": 2}

    @pytest.mark.parametrize(("asked", "seconds"), [(0, 0), (0.2, 1), (1.5, 2), (10**400, 42_000), (42_000, 42_000)])
    def test_seconds_are_whole_and_within_what_sqs_takes(self, asked: float, seconds: int, sent: SentMessages) -> None:
        sent.changes_visibility()

        @batch_handler
        def handler(message: Message) -> None:
            raise RetryLater(asked)

        handler(standard_event("1"))

        assert sent.hidden == {"handle of 1": seconds}

    @pytest.mark.parametrize("seconds", [-1, float("nan")])
    def test_what_is_no_time_to_wait_is_an_error(self, seconds: float) -> None:
        with pytest.raises(ValueError, match="0 seconds or more"):
            RetryLater(seconds)

    def test_one_of_ones_own_that_forgets_its_seconds_is_seen_again_at_once(self, sent: SentMessages) -> None:
        class Busy(RetryLater):
            def __init__(self) -> None: ...

        sent.changes_visibility()

        @batch_handler
        def handler(message: Message) -> None:
            raise Busy

        assert reported(handler(standard_event("1"))) == ["1"]
        assert sent.hidden == {"handle of 1": 0}

    def test_without_a_reason_it_says_when(self) -> None:
        assert str(RetryLater(90)) == "to be tried again in 90 s"
        assert str(RetryLater(90, "closed")) == "closed"

    def test_its_reason_stands_in_the_log(self, sent: SentMessages, caplog: pytest.LogCaptureFixture) -> None:
        sent.changes_visibility()

        @batch_handler
        def handler(message: Message) -> None:
            raise RetryLater(90, "the carrier is closed")

        with caplog.at_level(logging.INFO, "partial_batch"):
            handler(standard_event("1"))

        assert "it goes back to the queue: the carrier is closed" in caplog.text
        assert "message 1 is hidden for 90 s" in caplog.text


class TestChanging:
    def test_each_failed_message_waits_by_its_own_receive_count(self, sent: SentMessages) -> None:
        sent.changes_visibility()
        event = {"Records": [record("1", receive_count=1), record("good"), record("4", receive_count=4)]}

        assert reported(batch_handler(fails, backoff=STEADY)(event)) == ["1", "4"]
        assert sent.hidden == {"handle of 1": 2, "handle of 4": 16}

    def test_a_call_takes_ten_messages(self, sent: SentMessages) -> None:
        for _ in range(3):
            sent.changes_visibility()

        batch_handler(fails, backoff=STEADY)(standard_event(*(str(number) for number in range(25))))

        assert [len(request["Entries"]) for request in sent.requests] == [10, 10, 5]
        assert len(sent.hidden) == 25
        for request in sent.requests:
            assert len({entry["Id"] for entry in request["Entries"]}) == len(request["Entries"])

    def test_the_url_is_made_from_the_arn_so_that_no_right_to_look_it_up_is_needed(self, sent: SentMessages) -> None:
        sent.changes_visibility()

        batch_handler(fails, backoff=STEADY)(standard_event("1"))

        (request,) = sent.requests
        assert request["QueueUrl"] == "https://sqs.us-east-1.amazonaws.com/123456789012/orders"

    def test_messages_never_started_are_shown_at_once(self, sent: SentMessages) -> None:
        sent.changes_visibility()

        handler = batch_handler(fails, backoff=STEADY)

        assert reported(handler(fifo_event("a1", "b1", "a2"))) == ["a1", "b1", "a2"]
        assert sent.hidden == {"handle of a1": 2, "handle of b1": 0, "handle of a2": 0}

    def test_without_a_backoff_nothing_is_asked_of_sqs(self, sent: SentMessages) -> None:
        batch_handler(fails)(fifo_event("a1", "b1", "a2"))

        assert sent.requests == []

    def test_nothing_is_asked_when_all_succeed(self, sent: SentMessages) -> None:
        batch_handler(fails, backoff=STEADY)(standard_event("good"))

        assert sent.requests == []

    def test_a_bulk_function_s_failures_wait_too(self, sent: SentMessages) -> None:
        sent.changes_visibility()
        handler = bulk_handler(lambda messages: messages[1:], backoff=STEADY)

        assert reported(handler(standard_event("1", "2", "3"))) == ["2", "3"]
        assert sent.hidden == {"handle of 2": 2, "handle of 3": 2}

    def test_both_copies_of_a_message_that_stands_in_the_batch_twice_are_hidden(self, sent: SentMessages) -> None:
        sent.changes_visibility()
        event = {"Records": [record("1") | {"receiptHandle": handle} for handle in ("first", "second")]}

        assert reported(batch_handler(fails, backoff=STEADY)(event)) == ["1"]
        assert sent.hidden == {"first": 2, "second": 2}


class TestChangingFails:
    """Nothing else changes: the queue's own visibility timeout still holds."""

    def test_entries_that_sqs_reports_as_failed_are_logged(
        self, sent: SentMessages, caplog: pytest.LogCaptureFixture
    ) -> None:
        sent.changes_visibility("1")

        assert reported(batch_handler(fails, backoff=STEADY)(standard_event("1", "2", "3"))) == ["1", "2", "3"]
        (line,) = [line for line in caplog.records if "visibility timeout of" in line.getMessage()]
        assert vars(line)["partial_batch_message_ids"] == ["2"]
        assert "ReceiptHandleIsInvalid" in line.getMessage()

    def test_a_call_that_fails_is_logged_with_all_that_were_to_be_changed(
        self, sent: SentMessages, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("partial_batch._sqs.visibility.MOST_CALLS_AT_ONCE", 1)  # the second might begin before
        sent.stubber.add_client_error("change_message_visibility_batch", "AccessDenied", http_status_code=403)
        ids = [str(number) for number in range(12)]

        assert reported(batch_handler(fails, backoff=STEADY)(standard_event(*ids))) == ids
        (line,) = [line for line in caplog.records if "visibility timeout of" in line.getMessage()]
        assert vars(line)["partial_batch_message_ids"] == ids
        assert "AccessDenied" in line.getMessage()

    def test_a_record_without_a_receipt_handle_does_not_keep_the_others_from_being_hidden(
        self, sent: SentMessages
    ) -> None:
        sent.changes_visibility()
        broken = record("1")
        del broken["receiptHandle"]

        assert reported(batch_handler(fails, backoff=STEADY)({"Records": [broken, record("2")]})) == ["1", "2"]
        assert sent.hidden == {"handle of 2": 2}

    @pytest.mark.parametrize("arn", ["", "not an arn", "arn:aws:sqs"])
    def test_a_record_that_does_not_say_its_queue_is_logged(
        self, arn: str, sent: SentMessages, caplog: pytest.LogCaptureFixture
    ) -> None:
        event = {"Records": [record("1", arn=arn)]}

        assert reported(batch_handler(fails, backoff=STEADY)(event)) == ["1"]
        assert "the visibility timeout of 1 message stays the queue's" in caplog.text


def test_the_calls_are_told_when_the_function_is_stopped(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[float | None] = []
    monkeypatch.setattr(visibility, "change_visibility", lambda changes, end: ends.append(end) or [])

    assert reported(batch_handler(fails, backoff=STEADY)(standard_event("1"), clock)) == ["1"]
    assert ends == [1060]  # a minute after 1000; the reserve is there to be used


def test_the_client_is_of_the_queue_s_region(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Client:
        class meta:  # noqa: N801 - as boto3 has it
            endpoint_url = "https://sqs.eu-west-1.amazonaws.com"

        def change_message_visibility_batch(self, **request: object) -> dict[str, object]:
            asked.append(request["QueueUrl"])
            return {}

    monkeypatch.setattr("partial_batch._sqs.client._clients", {"eu-west-1": Client()})
    for arn in (STANDARD_ARN, FIFO_ARN):
        batch_handler(fails, backoff=STEADY)({"Records": [record("1", arn=arn.replace("us-east-1", "eu-west-1"))]})

    assert asked == [
        "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/movements.fifo",
    ]
