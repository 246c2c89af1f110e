"""The layer's own calls of SQS: where they go, whether there is time for them, and what their failures are called."""

from typing import Any

import pytest
from partial_batch._sqs import client as _sqs

from tests.unit.conftest import Clock, SentMessages

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
LEAST = 0.05
"""Seconds; with less left no call is begun."""


def send(end: float | None = None, url: str = URL) -> Any:
    return _sqs.call("send_message", end, QueueUrl=url, MessageBody="body")


def why_it_fails(end: float | None = None) -> str:
    with pytest.raises(_sqs.CallFailed) as failure:
        send(end)
    return str(failure.value)


class TestUnderSamLocal:
    @pytest.fixture(autouse=True)
    def sam_local(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SAM_LOCAL", "true")

    def test_none_is_made_since_a_sample_event_comes_from_no_queue(self, sent: SentMessages) -> None:
        assert why_it_fails() == "under sam local there is no queue, unless AWS_ENDPOINT_URL_SQS names where"
        assert sent.requests == []

    @pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
    def test_it_is_made_when_the_environment_says_where_to(
        self, name: str, sent: SentMessages, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, "http://127.0.0.1:4566")
        sent.accepts()

        send()

        assert len(sent.requests) == 1


class TestWhetherThereIsTime:
    def test_it_is_made_when_there_is_just_enough(self, sent: SentMessages, clock: Clock) -> None:
        sent.accepts()

        send(end=clock.now + LEAST + 0.001)

        assert len(sent.requests) == 1

    def test_it_is_not_made_when_there_is_less(self, sent: SentMessages, clock: Clock) -> None:
        assert why_it_fails(end=clock.now + LEAST - 0.001) == "no time is left for it"
        assert sent.requests == []


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://127.0.0.1:4566/"])
def test_the_url_of_a_queue_is_made_from_its_arn(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Client:
        class meta:  # noqa: N801 - as boto3 has it
            endpoint_url = endpoint  # as the environment has it, which may end so

        def send_message(self, **request: object) -> None:
            asked.append(request["QueueUrl"])

    monkeypatch.setattr(_sqs, "_clients", {None: Client()})

    send(url="arn:aws:sqs:us-east-1:123456789012:orders")

    assert asked == ["http://127.0.0.1:4566/123456789012/orders"]


class TestWhatAFailureIsCalled:
    @pytest.mark.parametrize("answer", [{}, {"Error": {}}])
    def test_by_its_type_when_the_answer_has_no_code(
        self, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Refused(Exception):
            response = answer

        class Client:
            def send_message(self, **request: object) -> None:
                raise Refused

        monkeypatch.setattr(_sqs, "_clients", {None: Client()})

        assert why_it_fails() == "Refused"
