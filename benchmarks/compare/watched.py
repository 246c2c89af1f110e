"""The simulated SQS, writing down what becomes of the messages of one queue."""

# ruff: noqa: N803 (the parameters are boto3's)

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqslab.simulator import SimulatedSqs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mypy_boto3_sqs.type_defs import (
        DeleteMessageBatchResultTypeDef,
        EmptyResponseMetadataTypeDef,
        ReceiveMessageResultTypeDef,
        SendMessageResultTypeDef,
    )

    from benchmarks.compare.history import History
    from sqslab.simulator.clock import Clock
    from sqslab.simulator.queues.queue import Queue


class WatchedSqs(SimulatedSqs):
    """Notes receives, deletes and dead letters at the calls in which they happen.

    Args:
        clock: whose time it is.
        seed: of the message ids.
        histories: of the messages of one queue, by their bodies.
    """

    def __init__(self, clock: Clock, seed: int, histories: dict[str, History]) -> None:
        super().__init__(clock, seed)
        self._histories = histories
        self._body_of: dict[str, str] = {}  # by receipt handle
        self._watched: Queue | None = None
        self._noted = 0  # dead letters

    def watch(self, queue: Queue) -> None:
        """Begin to take notes: all messages are in this queue now, and in the order of their numbers."""
        self._watched = queue

    def receive_message(self, **request: Any) -> ReceiveMessageResultTypeDef:
        """Receive. SQS dead-letters at a receive what was received too often."""
        answer = super().receive_message(**request)
        self._note_dead_letters()
        for message in answer.get("Messages", []):
            self._body_of[message["ReceiptHandle"]] = message["Body"]
            self._histories[message["Body"]].received.append(self._clock.monotonic())
        return answer

    def send_message(self, **request: Any) -> SendMessageResultTypeDef:
        """Send. The layer dead-letters by sending."""
        answer = super().send_message(**request)
        self._note_dead_letters()
        return answer

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> EmptyResponseMetadataTypeDef:
        """Delete."""
        answer = super().delete_message(QueueUrl=QueueUrl, ReceiptHandle=ReceiptHandle)
        self._note_deleted([ReceiptHandle])
        return answer

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> DeleteMessageBatchResultTypeDef:
        """Delete up to ten."""
        answer = super().delete_message_batch(QueueUrl=QueueUrl, Entries=Entries)
        self._note_deleted(entry["ReceiptHandle"] for entry in Entries)
        return answer

    def _note_deleted(self, handles: Iterable[str]) -> None:
        if self._watched is None:
            return
        for handle in handles:
            history = self._histories[self._body_of[handle]]
            # A handle that is not the message's latest may delete nothing, so the queue itself tells.
            if history.ended is None and history.number + 1 not in self._watched.live:
                history.deleted = self._clock.monotonic()

    def _note_dead_letters(self) -> None:
        if self._watched is None or self._watched.dead_letters is None:
            return
        dead_letters = self._watched.dead_letters.live
        if len(dead_letters) > self._noted:
            for dead_letter in islice(dead_letters.values(), self._noted, None):
                self._histories[dead_letter.body].dead_lettered = self._clock.monotonic()
            self._noted = len(dead_letters)
