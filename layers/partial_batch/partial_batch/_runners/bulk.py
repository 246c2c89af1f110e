"""Running a function on the whole batch at once."""

from __future__ import annotations

from functools import partial
from time import monotonic

from partial_batch.errors import OutOfTime, ends_invocation
from partial_batch.message import Message
from partial_batch.outcomes import NEVER_STARTED, SUCCEEDED

from .function import require_finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from partial_batch.batch import Batch


class ReportedFailure(Exception):
    """What a message failed with that the function named as failed."""


def run_bulk(function: Callable[[list[Message]], object], batch: Batch) -> None:
    """Run a plain function, unless there is no time or nothing to do, and note what became of each message."""
    bulk = _Bulk(batch)
    if bulk.may_start():
        batch.clock.run(batch.clock.seconds, batch.options.interval, bulk.work, function)
        bulk.note_the_rest()


def run_bulk_async(function: Callable[[list[Message]], Awaitable[object]], batch: Batch) -> None:
    """Run an async function likewise."""
    bulk = _Bulk(batch)
    if bulk.may_start():
        from .tasks import result_of

        bulk.work(partial(result_of, function, batch))
        bulk.note_the_rest()


class _Bulk:
    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._messages: list[Message] = [batch.message(position) for position in range(len(batch.records))]
        self._error: BaseException | None = OutOfTime("the time of the function was nearly over")
        self._failed: set[str] = set()  # ids of what the function named

    def may_start(self) -> bool:
        """Whether there is anything to do, and time for it."""
        return bool(self._messages) and self._batch.clock.seconds_left() != 0

    def work(self, function: Callable[[list[Message]], object]) -> None:
        try:
            self._failed = _failed_ids(function(list(self._messages)), self._messages)
        except BaseException as error:
            if ends_invocation(error, self._batch.clock):
                raise
            self._error = error
            return
        self._error = None
        self._note()

    def note_the_rest(self) -> None:
        """Note what there was no time for. If the function did not return, all messages failed with what it raised."""
        if self._error is None:
            self._note()
            return
        for position, message in enumerate(self._messages):
            if not self._waits(message):
                self._batch.failed(position, message, self._error)

    def _note(self) -> None:
        """Note what the function said of each message. An interrupt may have ended this before."""
        batch = self._batch
        on_success = batch.options.on_success
        outcomes = batch.outcomes
        for position, message in enumerate(self._messages):
            if outcomes[position] != NEVER_STARTED or self._waits(message):
                continue
            if message.id in self._failed:
                if batch.message_type.grouped:
                    # Even if it is dead-lettered: the function may have gone no further in its group.
                    batch.hold(message)
                batch.failed(position, message, ReportedFailure("the function named it as failed"))
                continue
            if on_success is not None:
                if monotonic() > batch.clock.latest_start:
                    return
                try:
                    require_finished(on_success(message))
                except BaseException as error:
                    batch.failed(position, message, error)
                    continue
            outcomes[position] = SUCCEEDED

    def _waits(self, message: Message) -> bool:
        """Whether it goes back with a failed one before it, which comes first, whatever became of it."""
        batch = self._batch
        if batch.held_groups and message.group_id in batch.held_groups:
            return True
        # A StopBatch that the function raised is every message's: it was called with all.
        return batch.clock.stopped and batch.message_type.ordered and not batch.skips_group


def _failed_ids(result: object, messages: list[Message]) -> set[str]:
    """The ids of the messages that the function returned as failed.

    Raises:
        TypeError: it returned something else than messages or ids.
        ValueError: one of them is not of this batch, so nothing is known of any.
    """
    if result is None:
        return set()
    require_finished(result)
    if isinstance(result, str | bytes | dict) or not hasattr(result, "__iter__"):
        raise TypeError(f"the failed messages or their ids are returned as a list, not {type(result).__name__}")
    entries: Iterable[object] = result
    failed = set()
    known = {message.id for message in messages}
    for entry in entries:
        identifier = entry.id if isinstance(entry, Message) else entry
        if not isinstance(identifier, str):
            raise TypeError(f"a failed message is named by itself or its id, not by a {type(entry).__name__}")
        if identifier not in known:
            raise ValueError(f"the function named a message as failed that is not in the batch: {identifier!r}")
        failed.add(identifier)
    return failed
