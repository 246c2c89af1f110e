"""One invocation: what is finished, what goes back, and when it will be seen again."""

from __future__ import annotations

from time import monotonic

from ._runners.function import require_finished
from .errors import OutOfTime, RetryLater

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypedDict

    from .message import Message, ReceivedMessage
    from .options import Options

    class BatchItemFailure(TypedDict):
        """One message to give back."""

        itemIdentifier: str

    class BatchResponse(TypedDict):
        """What Lambda expects: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html."""

        batchItemFailures: list[BatchItemFailure]


_FOREVER = float("inf")


class Batch:
    """The messages of one invocation. A message is unfinished until something finishes it.

    A message is named by its place in the batch, since a standard queue may deliver one twice.

    Args:
        records: of the event, in its order.
        kind: of message that they are.
        options: of the handler.
        context: Lambda's context object, or None: then there is no limit of time.
    """

    # What only some batches need stands on the class, so that the others need not set it.
    fifo = False
    ordered = False  # FIFO, or a stream
    seconds: float | None = None  # for all of the work, None if there is no limit
    deadline: float | None = None  # when work has to stop, on the clock of `time.monotonic`
    end: float | None = None  # when Lambda stops the function
    slowest = 0.0001  # seconds, of the messages so far; less is not worth noting
    dead_lettered = 0
    _skip_group = False
    stopped = False  # nothing more is to be started
    closed = False  # what still runs somewhere changes nothing any more
    shielded = False  # not to be interrupted
    _queue_refused = ""  # why nothing more is sent to the dead-letter queue
    _heads: dict[str | None, int] | None = None  # the place of the first message of each group, once it is asked for
    _first_error: BaseException | None = None
    _last_error: BaseException | None = None

    def __init__(
        self, records: list[dict[str, Any]], kind: type[ReceivedMessage], options: Options, context: Any
    ) -> None:
        self.records = records
        self.kind = kind
        self.options = options
        self.context = context
        self.finished = [False] * len(records)  # until it is known that a message is done
        self._failed: dict[int, float | None] = {}  # how long to hide it, None for the queue's visibility timeout
        # Changed in place, never replaced: several threads may do so at once.
        self.held_groups: set[str | None] = set()
        # Not on the class: an attribute that stands on both is slow to read, and this is read for each message.
        self.latest_start = _FOREVER  # no message is started later than that
        self.fifo = kind.fifo
        self.ordered = kind.ordered
        self._skip_group = kind.grouped and options.skip_group
        if context is not None:
            try:
                milliseconds = context.get_remaining_time_in_millis()
            except AttributeError:
                milliseconds = None
            if isinstance(milliseconds, (int, float)):  # a test's stand-in for a context may return anything
                self.end = end = monotonic() + milliseconds / 1000
                self.deadline = end - options.time_reserve
                self.seconds = milliseconds / 1000 - options.time_reserve
                self.latest_start = self.deadline - self.slowest

    def message(self, place: int) -> Message:
        """The message at this place. Messages are made when they are needed: to keep ten thousand would cost more."""
        message = self.kind()
        message._record = self.records[place]
        message._context = self.context
        return message

    def lanes(self) -> Iterable[Iterable[int]]:
        """The places that may run side by side; within each, one after the other."""
        everything = range(len(self.records))
        if self.options.concurrency == 1 or (self.ordered and not self._skip_group):
            return [everything]
        if not self._skip_group:
            return ((place,) for place in everything)
        groups: dict[str | None, list[int]] = {}
        for place in everything:
            groups.setdefault(self.message(place).group_id, []).append(place)
        return groups.values()

    def seconds_left(self) -> float | None:
        """Until work has to stop; None if there is no limit."""
        return None if self.deadline is None else self.deadline - monotonic()

    def took(self, seconds: float) -> float:
        """A message took so long: with less time left than the slowest took, nothing is started.

        Returns:
            What the slowest took, in seconds.
        """
        if seconds > self.slowest:
            self.slowest = seconds
            if self.deadline is not None:
                self.latest_start = self.deadline - seconds
                if self.stopped:  # by another thread, just now
                    self.stop()
        return self.slowest

    def stop(self) -> None:
        """Start nothing more."""
        self.stopped = True
        self.latest_start = -_FOREVER

    def failed(self, place: int, message: Message, error: BaseException) -> None:
        """The message at this place failed: dead-letter it if that is what it needs, or hold what is behind it."""
        if self.closed or self.is_settled(place):
            return
        self.shielded = True
        try:
            self._fail(place, message, error)
        finally:
            self.shielded = False
        if self.options.on_failure is not None:
            try:
                require_finished(self.options.on_failure(message, error))
            except Exception as problem:
                from ._reporting.log import log_hook_failure

                log_hook_failure(message, problem)

    def _fail(self, place: int, message: Message, error: BaseException) -> None:
        known = error is self._last_error  # a whole batch may fail with one error; its traceback is logged once
        self._last_error = error
        if self._first_error is None:
            self._first_error = error
        seconds = None
        why_not = ""
        dead_lettered = False
        if isinstance(error, self.options.permanent) or self._has_had_its_tries(place, message):
            dead_lettered, why_not = self._dead_letter(message, error)
        if dead_lettered:
            # It has left its group for good, as if SQS had moved it, so the group goes on.
            self.finished[place] = True
            self.dead_lettered += 1
        else:
            if not self.kind.has_visibility_timeout:
                pass  # a stream's records are not hidden
            elif isinstance(error, RetryLater):
                seconds = error.seconds
            elif self.options.backoff is not None:
                seconds = self.options.backoff.delay(message.receive_count)
            self._failed[place] = seconds
            if self._skip_group:
                self.held_groups.add(message.group_id)
            elif self.ordered:
                # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
                self.stop()
        from ._reporting.log import log_failure

        log_failure(message, error, why_not, dead_lettered=dead_lettered, seconds=seconds, traceback=not known)

    def interrupted(self, running: dict[int, Message]) -> None:
        """These messages, by their places, were still being processed when the time was over."""
        for place, message in sorted(running.items()):
            self.failed(place, message, OutOfTime("it still ran when the time of the function was nearly over"))

    def is_settled(self, place: int) -> bool:
        """Whether the message at this place is finished or has failed."""
        return self.finished[place] or place in self._failed

    def close(self) -> None:
        """Start nothing more; what still runs somewhere changes nothing any more."""
        self.closed = True
        self.stop()

    def response(self) -> BatchResponse:
        """Make visible what is to be seen earlier or later, report metrics, and say what goes back.

        Returns:
            Whatever is not finished, in the order of the batch, each id once. Of a stream, the first only: Lambda goes
            back to the lowest.

        Raises:
            RuntimeError: nothing of the batch is finished and the handler is to raise then.
        """
        options = self.options
        finished = self.finished
        if options.metrics_namespace is not None:
            from ._reporting.metrics import write_metrics

            write_metrics(options.metrics_namespace, self, failed=len(self._failed))
        if all(finished):
            return {"batchItemFailures": []}
        unfinished = [place for place, done in enumerate(finished) if not done]
        self._settle(unfinished)
        ids = dict.fromkeys(self.message(place).id for place in unfinished)
        if options.raise_if_all_failed and ids.keys() >= {self.message(place).id for place in range(len(finished))}:
            raise RuntimeError(f"all {len(finished)} messages of the batch failed") from self._first_error
        identifiers = self.kind.identifiers([self.message(place) for place in unfinished])
        return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}

    def _has_had_its_tries(self, place: int, message: Message) -> bool:
        """Whether the layer dead-letters a failing message itself, before SQS does it to those behind it as well.

        What stands behind another of its group waited until now: it was counted, but is tried for the first time. So
        does the rest of a batch that failures stop, once what stopped it is dead-lettered.
        """
        most = self.options.max_receive_count
        if most is None or not self.fifo or message.receive_count % most:
            return False
        if most == 1:
            return True
        if self.dead_lettered and not self._skip_group:
            return False
        if self._heads is None:
            heads: dict[str | None, int] = {}
            for other in range(len(self.records)):
                heads.setdefault(self.message(other).group_id, other)
            self._heads = heads
        return self._heads[message.group_id] == place

    def _dead_letter(self, message: Message, error: BaseException) -> tuple[bool, str]:
        """Whether the message is in the dead-letter queue now and, if not, why not."""
        if self.options.dead_letter_queue is None:
            return False, "no dead-letter queue is named"
        if self._queue_refused:
            return False, f"not sent to the dead-letter queue, as before: {self._queue_refused}"
        from ._sqs.client import CallFailed
        from ._sqs.dead_letters import send

        try:
            send(self.options.dead_letter_queue, message, type(error).__name__, str(error), end=self.end)
        except CallFailed as reason:
            # Trying again for each message of the batch would use up the function's time.
            self._queue_refused = "" if reason.only_this else str(reason)
            return False, f"not sent to the dead-letter queue: {reason}"
        return True, ""

    def _settle(self, unfinished: list[int]) -> None:
        """Hide failed messages for as long as they asked for; with a backoff, show those never started at once."""
        never_started = [place for place in unfinished if place not in self._failed]
        if never_started and self.deadline is not None and monotonic() + self.slowest > self.deadline:
            from ._reporting.log import log_never_started

            log_never_started(len(never_started), len(self.records))
        if not self.kind.has_visibility_timeout:
            return  # a stream's records are not hidden
        changes: dict[int, float] = {place: seconds for place, seconds in self._failed.items() if seconds is not None}
        if self.options.backoff is not None:
            changes |= dict.fromkeys(never_started, 0)
        if changes:
            from ._sqs.visibility import change_visibility

            failures = change_visibility([(self.message(place), changes[place]) for place in sorted(changes)], self.end)
            if failures:
                from ._reporting.log import log_visibility

                for messages, reason in failures:
                    log_visibility(messages, reason)
