"""Measures how fast `poll` drains a queue on the emulator, and what it costs while there is nothing to do.

A function that returns at once, 2,000 messages, batches of ten: at most three times what one client needs to receive
and delete them ten at a time without invoking anything. Idle, under 2 % of one core. Exits 1 if one of them is missed.
From the repository's root:

    python -m benchmarks.poll
"""

from __future__ import annotations

import io
import sys
import threading
import time
import zipfile
from typing import TYPE_CHECKING

from sqslab.clients import make_clients
from sqslab.mapping.concurrency import DEFAULT_LIMIT
from sqslab.mapping.events import BatchDone, MappingEvent
from sqslab.stack.emulator import Emulator
from sqslab.stack.environment import local_environment, replace_environment
from sqslab.workers import Workers

if TYPE_CHECKING:
    from sqslab.clients import Clients

_MESSAGES = 2_000
_PER_CALL = 10
_MOST_TIMES = 3.0
_IDLE_SECONDS = 10.0
_MOST_IDLE_PERCENT = 2.0
_RUNS = 3
_BOUND_SECONDS = 120.0  # not meant to be reached
_SOURCE = "def lambda_handler(event, context): pass"


def main() -> int:
    """Measure, print, and say by the exit code whether it is fast enough."""
    with Emulator() as emulator:
        replace_environment(local_environment(emulator.endpoint_url))
        clients = make_clients(emulator.endpoint_url)
        url = _make_queue_and_function(clients)
        bare = min(_seconds_without_invoking(clients, url) for _ in range(_RUNS))
        _make_mapping(clients)
        _seconds_by_polling(emulator.endpoint_url, clients, url)  # starts the function's processes
        polled = min(_seconds_by_polling(emulator.endpoint_url, clients, url) for _ in range(_RUNS))
        idle = _idle_percent(emulator.endpoint_url, clients)
    print(f"{_MESSAGES:,} messages, {_PER_CALL} a batch, at most {DEFAULT_LIMIT} batches at once, best of {_RUNS}")
    print(f"one client, nothing invoked: {bare:.2f} s")
    print(f"poll: {polled:.2f} s, {polled / bare:.2f} times as long (at most {_MOST_TIMES:.0f})")
    print(f"poll with nothing to do: {idle:.2f} % of one core (under {_MOST_IDLE_PERCENT:.0f} %)")
    return int(polled > _MOST_TIMES * bare or idle >= _MOST_IDLE_PERCENT)


class _Countdown:
    """A listener that knows when all messages are done."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()
        self._finished = threading.Event()

    def __call__(self, event: MappingEvent) -> None:
        if isinstance(event, BatchDone):
            with self._lock:
                self._left -= len(event.deleted)
                if self._left == 0:
                    self._finished.set()

    def wait(self) -> None:
        """Wait until they are."""
        if not self._finished.wait(_BOUND_SECONDS):
            raise RuntimeError(f"{self._left} messages were not done")


def _seconds_without_invoking(clients: Clients, url: str) -> float:
    _fill(clients, url)
    begin = time.perf_counter()
    left = _MESSAGES
    while left:
        messages = clients.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_PER_CALL,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        clients.sqs.delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"]}
                for position, message in enumerate(messages)
            ],
        )
        left -= len(messages)
    return time.perf_counter() - begin


def _seconds_by_polling(endpoint_url: str, clients: Clients, url: str) -> float:
    _fill(clients, url)
    countdown = _Countdown(_MESSAGES)
    begin = time.perf_counter()
    with Workers(endpoint_url, clients, countdown):
        countdown.wait()
        return time.perf_counter() - begin


def _idle_percent(endpoint_url: str, clients: Clients) -> float:
    """Follow the mapping of an empty queue for a while; give the share of one core that this process needs."""
    with Workers(endpoint_url, clients, lambda _: None) as pollers:
        pollers.follow()
        begin, used = time.perf_counter(), time.process_time()
        while time.perf_counter() < begin + _IDLE_SECONDS:
            pollers.follow()
        return 100 * (time.process_time() - used) / (time.perf_counter() - begin)


def _fill(clients: Clients, url: str) -> None:
    for _ in range(_MESSAGES // _PER_CALL):
        clients.sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": str(number), "MessageBody": "{}"} for number in range(_PER_CALL)]
        )


def _make_queue_and_function(clients: Clients) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", _SOURCE)
    clients.functions.create_function(
        FunctionName="returns",
        Runtime="python3.13",
        Handler="app.lambda_handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": archive.getvalue()},
    )
    return clients.sqs.create_queue(QueueName="drain", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]


def _make_mapping(clients: Clients) -> None:
    clients.functions.create_event_source_mapping(
        EventSourceArn="arn:aws:sqs:us-east-1:000000000000:drain",
        FunctionName="returns",
        BatchSize=_PER_CALL,
        Enabled=False,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )


if __name__ == "__main__":
    sys.exit(main())
