"""Gathers a batch: receives until it is full, the window has passed or the payload is large enough, and filters.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, "Batching behavior". Filters decide which messages count for
the batch: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqslab.aws_errors import AWS_ERRORS
from sqslab.mapping.events import MessagesFiltered
from sqslab.mapping.filters import accepts
from sqslab.mapping.record import fitting

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection

    from sqslab.mapping.event_source_mapping import EventSourceMapping
    from sqslab.mapping.events import Listener
    from sqslab.mapping.sqs_source import Received, SqsSource
    from sqslab.simulator.clock import Clock

_SHORTEST_POLL_SECONDS = 0.1  # so that an endpoint that knows no long polling is not asked without end


class Batcher:
    """Makes the batches of one mapping, one after the other. For one thread.

    Args:
        mapping: says how large a batch is, how long to wait for it, and what to filter.
        source: the mapping's queue.
        clock: whose time it is.
        stopping: set when nothing more is to be received.
        tell: who hears about filtered messages.
        long_poll: how many seconds one receive waits for a message.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        source: SqsSource,
        clock: Clock,
        stopping: threading.Event,
        tell: Listener,
        long_poll: int,
    ) -> None:
        self._mapping = mapping
        self._source = source
        self._clock = clock
        self._stopping = stopping
        self._tell = tell
        self._long_poll = long_poll
        self._held: list[Received] = []  # did not fit into the batch before

    def gather(self) -> list[Received]:
        """Wait a moment for a message, and then for a batch.

        Returns:
            The batch; empty if nothing came. On a standard queue it fits into an invocation, and what does not is kept
            for the next batch. On FIFO it may not fit: the messages of a group must go one batch after the other,
            which only the caller can see to.

        Raises:
            botocore.exceptions.ClientError: the endpoint refused to receive.
            botocore.exceptions.BotoCoreError: it did not answer.
        """
        batch = self._still_hidden(self._held) or self._first()
        self._held = []
        end = self._clock.monotonic() + self._mapping.window
        while batch and not self._is_full(batch) and not self._stopping.is_set():
            remaining = end - self._clock.monotonic()
            if remaining <= 0:
                break
            if remaining < 1:  # a long poll counts in whole seconds
                self._clock.wait(self._stopping, remaining)
            try:
                wait_seconds = min(int(remaining), self._long_poll)
                batch += self._receive(self._mapping.batch_size - len(batch), wait_seconds)
            except AWS_ERRORS:
                break  # what was received need not wait for its visibility timeout; the next receive tells
        if self._mapping.is_fifo:
            return batch
        count = fitting(len(received.record) for received in batch)
        self._held = batch[count:]
        return batch[:count]

    def _first(self) -> list[Received]:
        asked = self._clock.monotonic()
        batch = self._receive(self._mapping.batch_size, self._long_poll)
        if not batch and (missing := asked + _SHORTEST_POLL_SECONDS - self._clock.monotonic()) > 0:
            self._clock.wait(self._stopping, missing)
        return batch

    def _receive(self, most: int, wait_seconds: int) -> list[Received]:
        received = self._source.receive(most, wait_seconds)
        if not self._mapping.filters:
            return received
        wanted = [one for one in received if accepts(self._mapping.filters, one.message["Body"])]
        if len(wanted) < len(received):
            self._drop([one for one in received if one not in wanted])
        return wanted

    def _drop(self, unwanted: Collection[Received]) -> None:
        undeleted = self._source.delete(unwanted)
        ids = [received.message_id for received in unwanted]
        deleted = tuple(name for name in ids if name not in undeleted)
        self._tell(MessagesFiltered(self._mapping, deleted, undeleted))

    def _is_full(self, batch: Collection[Received]) -> bool:
        return len(batch) >= self._mapping.batch_size or fitting(len(received.record) for received in batch) < len(
            batch
        )

    def _still_hidden(self, held: list[Received]) -> list[Received]:
        """Drop what is visible again: it will be received again."""
        now = self._clock.monotonic()
        return [received for received in held if self._source.visible_again([received]) > now]
