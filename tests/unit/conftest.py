import hashlib
import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from partial_batch._sqs import client as _sqs


class SentMessages:
    """The layer's SQS client with its answers prepared, and what was asked of it."""

    def __init__(self, client: Any) -> None:
        self.requests: list[dict[str, Any]] = []
        self.stubber = Stubber(client)
        client.meta.events.register("provide-client-params.sqs", self._asked)
        client.meta.events.register("after-call.sqs", self._confirm)

    def _asked(self, params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        self.requests.append(params)
        context["asked"] = params

    def _confirm(self, parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        """Complete a prepared answer as SQS does."""
        asked = context["asked"]
        if "MessageId" in parsed:
            parsed.setdefault("MD5OfMessageBody", hashlib.md5(asked["MessageBody"].encode()).hexdigest())
        if "Failed" in parsed:
            failed = {entry["Id"] for entry in parsed["Failed"]}
            parsed["Successful"] = [{"Id": e["Id"]} for e in asked["Entries"] if e["Id"] not in failed]

    def accepts(self, times: int = 1) -> None:
        for _ in range(times):
            self.stubber.add_response("send_message", {"MessageId": "new"})

    def refuses(self, code: str) -> None:
        self.stubber.add_client_error("send_message", code, http_status_code=400)

    def changes_visibility(self, *failed: str) -> None:
        """One call, which fails for the entries with these ids."""
        failures = [{"Id": entry, "SenderFault": True, "Code": "ReceiptHandleIsInvalid"} for entry in failed]
        self.stubber.add_response("change_message_visibility_batch", {"Successful": [], "Failed": failures})

    @property
    def hidden(self) -> dict[str, int]:
        """The receipt handles whose visibility timeout was changed, each with the seconds."""
        return {
            entry["ReceiptHandle"]: entry["VisibilityTimeout"]
            for request in self.requests
            for entry in request.get("Entries", [])
        }


@pytest.fixture(autouse=True, scope="session")
def no_log_of_lost_tasks() -> None:
    """asyncio tells of a task that was left behind when that is collected: in the log of whatever test runs then."""
    logging.getLogger("asyncio").propagate = False


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator of other tests is none of these."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[SentMessages]:
    client = boto3.client("sqs")
    monkeypatch.setattr(_sqs, "_clients", {None: client, "us-east-1": client})
    messages = SentMessages(client)
    with messages.stubber:
        yield messages
    messages.stubber.assert_no_pending_responses()


class Clock:
    """Stands in for `time.monotonic` in the layer."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def get_remaining_time_in_millis(self) -> int:
        """As a context: a minute is left at first."""
        return 60_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (
        "_runners.event_loop",
        "clock",
        "_runners.bulk",
        "_runners.in_order",
        "_runners.threads",
        "_sqs.client",
        "_runners.tasks",
        "side_by_side",
    ):
        monkeypatch.setattr(f"partial_batch.{module}.monotonic", clock)
    return clock
