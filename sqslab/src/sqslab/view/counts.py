"""Counts, mapping by mapping, what the pollers tell."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqslab.mapping.events import BatchDone, BatchKept, BatchReceived, MappingEvent


@dataclass
class Count:
    """What one mapping has done since the start.

    Attributes:
        invocations: of its function, those that failed included.
        succeeded: messages that were done and deleted.
        failed: times a message was given back, by the function or because the whole batch failed.
        sent: message id to when it was sent, in seconds since the epoch, of unfinished messages; to when it was first
            received here if the endpoint does not say.
        receive_counts: message id to the receive count it had last, of unfinished messages.
    """

    invocations: int = 0
    succeeded: int = 0
    failed: int = 0
    sent: dict[str, float] = field(default_factory=dict)
    receive_counts: dict[str, int] = field(default_factory=dict)

    def forget(self, ids: Iterable[str]) -> None:
        """Take messages off the unfinished ones."""
        for message_id in ids:
            self.sent.pop(message_id, None)
            self.receive_counts.pop(message_id, None)


class BatchCounts:
    """A listener that counts. It may be told and asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = {}

    def __call__(self, mapping_event: MappingEvent) -> None:
        """Take note of what happened."""
        with self._lock:
            match mapping_event:
                case BatchReceived(mapping=mapping, deliveries=deliveries):
                    count = self._counts.setdefault(mapping.uuid, Count())
                    for delivery in deliveries:
                        sent_at = time.time() if delivery.sent_at is None else delivery.sent_at
                        count.sent.setdefault(delivery.message_id, sent_at)
                        count.receive_counts[delivery.message_id] = delivery.receive_count
                case BatchKept(mapping=mapping, message_ids=ids):
                    count = self._counts.setdefault(mapping.uuid, Count())
                    count.invocations += 1
                    count.failed += len(ids)
                case BatchDone(mapping=mapping, deleted=deleted, failed=failed):
                    count = self._counts.setdefault(mapping.uuid, Count())
                    count.invocations += 1
                    count.succeeded += len(deleted)
                    count.failed += len(failed)
                    count.forget(deleted)
                case _:
                    pass

    def numbers(self, uuid: str) -> tuple[int, int, int]:
        """Give invocations, succeeded and failed of a mapping."""
        with self._lock:
            count = self._counts.get(uuid, Count())
            return count.invocations, count.succeeded, count.failed

    def seconds_unfinished(self, uuid: str, max_receive_count: int | None, left: int) -> float | None:
        """Say how long ago the oldest unfinished message was sent, of those that were ever received.

        Args:
            uuid: the mapping.
            max_receive_count: of its queue; None if it dead-letters nothing.
            left: how many messages the queue holds.

        Returns:
            Seconds; None if there is none.
        """
        with self._lock:
            count = self._counts.get(uuid)
            if count is None:
                return None
            # SQS tells nobody when it dead-letters a message: those that are no longer there are the used-up ones.
            used_up = [
                message_id
                for message_id, receives in count.receive_counts.items()
                if left == 0 or (max_receive_count is not None and receives >= max_receive_count)
            ]
            used_up.sort(key=lambda message_id: count.sent[message_id])
            count.forget(used_up[: max(0, len(count.sent) - left)])
            oldest = min(count.sent.values(), default=None)
            return None if oldest is None else max(0.0, time.time() - oldest)  # its clock may be ahead of ours
