"""Writes down what the pollers tell: which message was received how often, and which were done."""

import threading
from collections import Counter

from sqslab.mapping.events import BatchDone, BatchReceived, MappingEvent


class DeliveryLog:
    """A listener that remembers. All message ids are those SQS gave.

    Attributes:
        receive_counts: message id to the receive count it had last.
        successes: ids of the messages that succeeded and were deleted, in that order; twice if it happened twice.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retried: dict[str, set[str]] = {}
        self.receive_counts: Counter[str] = Counter()
        self.successes: list[str] = []

    def __call__(self, mapping_event: MappingEvent) -> None:
        """Take note of what happened."""
        with self._lock:
            match mapping_event:
                case BatchReceived(mapping, deliveries):
                    for delivery in deliveries:
                        self.receive_counts[delivery.message_id] = delivery.receive_count
                        if delivery.receive_count > 1:
                            self._retried.setdefault(mapping.queue_name, set()).add(delivery.message_id)
                case BatchDone(deleted=deleted):
                    self.successes.extend(deleted)

    def retried(self, queue_name: str) -> int:
        """Say how many messages of a queue were received more than once."""
        with self._lock:
            return len(self._retried.get(queue_name, ()))
