from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from partial_batch import _sqs


class SentMessages:
    """The layer's SQS client with its answers prepared, and what was asked of it."""

    def __init__(self, client: Any) -> None:
        self.requests: list[dict[str, Any]] = []
        self.stubber = Stubber(client)
        client.meta.events.register(
            "provide-client-params.sqs.SendMessage", lambda params, **_: self.requests.append(params)
        )

    def accepts(self, times: int = 1) -> None:
        for _ in range(times):
            self.stubber.add_response("send_message", {"MessageId": "new"})

    def refuses(self, code: str) -> None:
        self.stubber.add_client_error("send_message", code, http_status_code=400)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[SentMessages]:
    client = boto3.client("sqs")
    monkeypatch.setattr(_sqs, "_clients", {None: client, "us-east-1": client})
    messages = SentMessages(client)
    with messages.stubber:
        yield messages
    messages.stubber.assert_no_pending_responses()
