"""Hiding messages for longer, or showing them at once."""

from __future__ import annotations

import re
from itertools import batched
from math import ceil
from threading import Event, Lock

from partial_batch.errors import MOST_HIDDEN_SECONDS
from partial_batch.side_by_side import Threads

from .client import (
    LONGEST,
    MOST_CALLS_AT_ONCE,
    NO_ANSWER,
    TO_RETURN,
    CallFailed,
    attempt,
    await_client,
    now,
    require_queue,
    time_for_a_call,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from partial_batch.message import Message

    type Change = tuple[Message, float]
    type Failures = dict[str, list[Message]]

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
_MOST_ENTRIES = 10
# So many calls without an answer, of any one batch, and no more are made.
_MOST_UNANSWERED = 16
_SKIPPED = "no time was left"


def change_visibility(changes: Sequence[Change], end: float | None) -> list[tuple[list[Message], str]]:
    """Hide each message for so many seconds from now. Where that fails, the queue's own timeout still holds.

    Args:
        changes: messages, each with seconds, which are rounded up and cut at 42,000.
        end: when the function is stopped, on the clock of `time.monotonic`; None if nobody knows.

    Returns:
        The messages for which it is not known to have worked, each time with the reason.
    """
    failed: Failures = {}
    by_queue: dict[str, list[Change]] = {}
    for change in changes:
        message = change[0]
        handle = message.record.get("receiptHandle")
        if isinstance(handle, str) and handle:
            by_queue.setdefault(message.source_arn, []).append(change)
        else:
            failed.setdefault("the record has no receiptHandle", []).append(message)
    for arn, of_queue in by_queue.items():
        _add(failed, _Calls(arn, of_queue, end).failures())
    return [(messages, reason) for reason, messages in failed.items()]


class _Calls:
    """The calls for the messages of one queue, many at once.

    Args:
        arn: of the queue.
        changes: of the visibility of its messages.
        end: when the function is stopped.
    """

    def __init__(self, arn: str, changes: Sequence[Change], end: float | None) -> None:
        self._arn = arn
        self._end = end
        parts = arn.split(":")
        self._region = parts[3] if len(parts) == 6 and parts[3] else None
        self._parts = list(batched(changes, _MOST_ENTRIES, strict=False))
        self._waiting = iter(enumerate(self._parts))
        self._lock = Lock()
        self._begun: dict[int, float] = {}  # the calls that are being made, and since when
        self._results: dict[int, Failures] = {}  # of the calls that have ended
        self._unanswered = 0
        self._stop = ""  # why no more calls are begun
        self._given_up = Event()

    def failures(self) -> Failures:
        """Make the calls; give the messages that are not known to be changed, by reason."""
        try:
            require_queue()
            if not self._arn.startswith("arn:"):
                raise CallFailed("the record does not name its queue")
            self._make()
        except CallFailed as failure:
            self._stop = str(failure)
        except RuntimeError:
            self._stop = "no thread can be had for it"
        finally:
            self._given_up.set()
        results, begun = self._results.copy(), self._begun.copy()  # what comes later does not count
        failed: Failures = {}
        for number, part in enumerate(self._parts):
            if number in results:
                _add(failed, results[number])
            else:
                _add(failed, {NO_ANSWER if number in begun else self._stop: _messages(part)})
        return failed

    def _make(self) -> None:
        await_client(self._end, self._region)
        threads = Threads(self._work, min(MOST_CALLS_AT_ONCE, len(self._parts)))
        # One wait is enough as a rule. After it, calls that began meanwhile have their time, too.
        while True:
            began = now()
            until = max(self._begun.copy().values(), default=began) + LONGEST
            if self._end is not None:
                until = min(until, self._end - TO_RETURN)
            if threads.wait(until - began):
                return
            if self._end is not None and now() >= self._end - TO_RETURN:
                self._stop = self._stop or _SKIPPED
                return
            if (begun := self._begun.copy()) and now() - max(begun.values()) >= LONGEST:
                self._stop = self._stop or NO_ANSWER
                return

    def _work(self) -> None:
        """Make one call after the other, as long as there are any."""
        while not self._stop and not self._given_up.is_set():
            with self._lock:
                number, part = next(self._waiting, (None, ()))
            if number is None:
                return
            result: Failures
            try:
                time_for_a_call(self._end)
                self._begun[number] = now()
                request = {"QueueUrl": self._arn, "Entries": _entries(part)}
                answer = attempt("change_message_visibility_batch", self._region, request, self._given_up)
                result = _not_confirmed(part, answer)
            except CallFailed as failure:
                reason = _SKIPPED if failure.no_time else str(failure)
                result = {reason: _messages(part)}
                if failure.refused or failure.no_time:
                    self._stop = reason
                elif not failure.answered:
                    with self._lock:
                        self._unanswered += 1
                        if self._unanswered >= _MOST_UNANSWERED:
                            self._stop = reason
            self._results[number] = result
            self._begun.pop(number, None)


def _entries(part: tuple[Change, ...]) -> list[dict[str, Any]]:
    return [
        {
            "Id": str(number),
            "ReceiptHandle": message.record["receiptHandle"],
            # A comparison with NaN is false.
            "VisibilityTimeout": ceil(min(seconds, MOST_HIDDEN_SECONDS)) if seconds > 0 else 0,
        }
        for number, (message, seconds) in enumerate(part)
    ]


def _not_confirmed(part: tuple[Change, ...], answer: Any) -> Failures:
    """The messages of one call that the answer does not say are changed: one that names none has changed none."""
    done = {entry.get("Id") for entry in _listed(answer, "Successful") if isinstance(entry.get("Id"), str)}
    codes = {entry["Id"]: entry.get("Code") for entry in _listed(answer, "Failed") if isinstance(entry.get("Id"), str)}
    failed: Failures = {}
    for number, (message, _) in enumerate(part):
        identifier = str(number)
        if identifier in codes or identifier not in done:
            code = codes.get(identifier)
            # Anything else than a code may be the answer of something that is not SQS.
            if not isinstance(code, str) or not re.fullmatch(r"[\w.]{1,80}", code):
                code = "SQS did not confirm it"
            failed.setdefault(code, []).append(message)
    return failed


def _listed(answer: Any, name: str) -> list[dict[str, Any]]:
    entries = answer.get(name) if isinstance(answer, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _messages(part: tuple[Change, ...]) -> list[Message]:
    return [message for message, _ in part]


def _add(failed: Failures, more: Failures) -> None:
    for reason, messages in more.items():
        failed.setdefault(reason, []).extend(messages)
