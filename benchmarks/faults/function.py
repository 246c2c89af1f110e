"""The function of benchmarks/faults: it does with each message what the message says, and logs every step.

A message's body is JSON: `number`, and for its receives one after the other what to do in `first`, `works` after these,
or for ever `then`. Each step is a line of the log, written in one piece before the next one begins, so that the lines
of all processes are in their true order: `began`, `succeeded`, `failed` or `rejected` (it failed for good), number,
process id, time, number of the receive, id of the invocation.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from partial_batch import Backoff, Message, PermanentFailure, RetryLater, batch_handler

_LOG = os.open(os.environ["RUNS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_WORK_SECONDS = 0.003
_HANG_SECONDS = 60
_invocation = ""


def note(event: str, message: Message) -> None:
    """Write a line, at once and whole: a file opened to append to takes one write after the other."""
    receive = message.record["attributes"]["ApproximateReceiveCount"]
    line = f"{event} {message.json()['number']} {os.getpid()} {time.time()} {receive} {_invocation}\n"
    os.write(_LOG, line.encode())


def work(message: Message) -> None:
    """Do with a message what it says."""
    note("began", message)
    try:
        time.sleep(_WORK_SECONDS)
        _do(_told(message))
    except PermanentFailure:
        note("rejected", message)
        raise
    except BaseException:
        note("failed", message)
        raise
    note("succeeded", message)


def _told(message: Message) -> str:
    body = message.json()
    first: list[str] = body["first"]
    told: str = first[message.receive_count - 1] if message.receive_count <= len(first) else body["then"]
    if told == "kills its process":
        note("failed", message)
        os.kill(os.getpid(), signal.SIGKILL)
    return told


def _do(told: str) -> None:
    match told:
        case "raises":
            raise RuntimeError("told to")
        case "retries at once":
            raise RetryLater(0)
        case "fails for good":
            raise PermanentFailure("told to")
        case "hangs":
            time.sleep(_HANG_SECONDS)  # until the layer interrupts it


_fifo = os.environ["DEAD_LETTER_QUEUE_URL"].endswith(".fifo")
_handler = batch_handler(
    work,
    on_fifo_failure="skip_group",
    backoff=Backoff(base=0.5, maximum=2),
    dead_letter_queue=os.environ["DEAD_LETTER_QUEUE_URL"],
    max_receive_count=int(os.environ["MAX_RECEIVE_COUNT"]) if _fifo else None,
)


def lambda_handler(event: Any, context: Any) -> object:
    """Handle a batch; the log names the invocation."""
    global _invocation
    _invocation = context.aws_request_id
    return _handler(event, context)
