"""Running a function on the whole batch at once."""

from __future__ import annotations

from time import monotonic

from partial_batch.errors import OutOfTime, is_interrupt
from partial_batch.message import Message

from .alarm import run_with_alarm
from .function import require_finished
from .in_order import ends_message_only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partial_batch.batch import Batch


class ReportedFailure(Exception):
    """What a message failed with that the function named as failed."""


def run_bulk(function: Callable[[list[Message]], object], batch: Batch, *, interrupt: bool = True) -> None:
    """Run the function, unless there is no time or nothing to do, and note what became of each message.

    Args:
        function: of the whole batch.
        batch: not empty, or nothing is done.
        interrupt: raise OutOfTime in the function when the time is over; not if it sees to that itself.
    """
    seconds = batch.seconds_left()
    messages = [batch.message(place) for place in range(len(batch.records))]
    if not messages or (seconds is not None and seconds <= 0):
        return
    error: BaseException = OutOfTime("the time of the function was nearly over")
    returned = False

    def work() -> None:
        nonlocal error, returned
        try:
            failed = _failed_ids(function(list(messages)), messages)
            returned = True
        except BaseException as problem:
            if not ends_message_only(problem):
                raise
            error = problem
            if is_interrupt(problem):
                raise
        else:
            _settle(messages, failed, batch)

    if seconds is None or not interrupt:
        work()
    else:
        run_with_alarm(batch, seconds, work)
    if not returned:
        for place, message in enumerate(messages):
            if not _waits(message, batch):
                batch.failed(place, message, error)


def _waits(message: Message, batch: Batch) -> bool:
    """Whether it goes back with a failed one before it, which comes first, whatever became of it."""
    return batch.stopped or (bool(batch.held_groups) and message.group_id in batch.held_groups)


def _settle(messages: list[Message], failed: set[str], batch: Batch) -> None:
    on_success = batch.options.on_success
    for place, message in enumerate(messages):
        if _waits(message, batch):
            continue
        if message.id in failed:
            batch.failed(place, message, ReportedFailure("the function named it as failed"))
            if batch.fifo:
                # Even if it was dead-lettered: the function may have gone no further in its group.
                batch.held_groups.add(message.group_id)
            continue
        if on_success is not None:
            if monotonic() > batch.latest_start:
                return
            try:
                require_finished(on_success(message))
            except BaseException as error:
                if not ends_message_only(error):
                    raise
                batch.failed(place, message, error)
                if is_interrupt(error):
                    raise
                continue
        batch.finished[place] = True


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
