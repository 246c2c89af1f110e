"""The function of benchmarks/faults: it does with each message what the message says, and logs every step.

A message's body is JSON: `number`, and for its receives one after the other what to do in `first`, `works` after these,
or for ever `then`. Each step is a line of the log, written in one piece before the next one begins, so that the lines
of all processes are in their true order: `began`, `succeeded` or `failed`, number, process id, time.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from partial_batch import Backoff, Message, PermanentFailure, batch_handler

_LOG = os.open(os.environ["RUNS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_WORK_SECONDS = 0.003
_HANG_SECONDS = 60


def note(event: str, number: int) -> None:
    """Write a line, at once and whole: a file opened to append to takes one write after the other."""
    os.write(_LOG, f"{event} {number} {os.getpid()} {time.time()}\n".encode())


def work(message: Message) -> None:
    """Do with a message what it says."""
    body = message.json()
    number: int = body["number"]
    note("began", number)
    try:
        time.sleep(_WORK_SECONDS)
        _do(_told(body, message.receive_count))
    except BaseException:
        note("failed", number)
        raise
    note("succeeded", number)


def _told(body: dict[str, Any], receive: int) -> str:
    first: list[str] = body["first"]
    told: str = first[receive - 1] if receive <= len(first) else body["then"]
    if told == "kills its process":
        note("failed", body["number"])
        os.kill(os.getpid(), signal.SIGKILL)
    return told


def _do(told: str) -> None:
    match told:
        case "raises":
            raise RuntimeError("told to")
        case "fails for good":
            raise PermanentFailure("told to")
        case "hangs":
            time.sleep(_HANG_SECONDS)  # until the layer interrupts it


_fifo = os.environ["DEAD_LETTER_QUEUE_URL"].endswith(".fifo")
lambda_handler = batch_handler(
    work,
    on_fifo_failure="skip_group",
    backoff=Backoff(base=0.5, maximum=2),
    dead_letter_queue=os.environ["DEAD_LETTER_QUEUE_URL"],
    max_receive_count=int(os.environ["MAX_RECEIVE_COUNT"]) if _fifo else None,
)
