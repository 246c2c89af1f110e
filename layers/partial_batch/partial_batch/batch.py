"""The life of a batch: which messages succeed, which fail and what becomes of them, and what goes back."""

from __future__ import annotations

from _thread import allocate_lock

from .backoff import delay_of, says_how_long
from .clock import Clock
from .errors import OutOfTime, StopBatch, ends_invocation, is_of
from .outcomes import DEAD_LETTERED, FAILED, NEVER_STARTED, SUCCEEDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from typing import Any

    from ._reporting.log import BatchLog
    from .message import Message, ReceivedMessage
    from .options import Options
    from .outcomes import BatchResponse

_FEW = 10  # messages
_GOES_BACK = (NEVER_STARTED, FAILED)

_lock = allocate_lock()  # of `closed` and the outcomes that failures set, of any batch


class Batch:
    """The messages of one invocation.

    Args:
        records: of the event, in its order.
        message_type: what to make of them, which says what the batch must know of the source.
        options: of the handler.
        context: Lambda's context object, or None.
    """

    held_groups: Set[str | None] = frozenset()  # of which nothing more is started
    closed = False  # what still runs somewhere changes nothing any more
    _log: BatchLog | None = None
    _first_error: BaseException | None = None
    _queue_refused = ""  # why nothing more is sent to the dead-letter queue
    _first_of_group: dict[str | None, int] | None = None  # positions, once they are asked for
    _released: float | None = None  # seconds to hide what was never started, None for the queue's timeout
    _logged = 0  # failed messages, dead-lettered ones included
    _not_logged = 0

    def __init__(
        self, records: list[dict[str, Any]], message_type: type[ReceivedMessage], options: Options, context: Any
    ) -> None:
        self.records = records
        self.message_type = message_type
        self.options = options
        self.context = context
        self.clock = Clock(context, options.time_reserve)
        self.outcomes = [NEVER_STARTED] * len(records)
        self._delays: dict[int, float] = {}  # seconds to hide failed messages, where anybody said so

    def message(self, position: int) -> ReceivedMessage:
        """The message at this position. Messages are made when needed: to keep ten thousand would cost more."""
        message = self.message_type()
        message._record = self.records[position]
        message._context = self.context
        return message

    @property
    def skips_group(self) -> bool:
        """Whether only its group waits behind a failed message."""
        return self.message_type.grouped and self.options.skip_group

    def hold(self, message: Message) -> None:
        """Start nothing more of the message's group."""
        if isinstance(self.held_groups, set):
            self.held_groups.add(message.group_id)
        else:
            self.held_groups = {message.group_id}

    def failed(self, position: int, message: Message, error: BaseException) -> None:
        """The function raised for this message. Dead-letter it if that is what it needs, or hold what is behind it.

        Raises:
            BaseException: the error itself, if it ends the invocation.
        """
        self.clock.shielded = True
        try:
            if ends_invocation(error, self.clock):
                raise error
            if self.closed:
                return
            logged = self._fail(position, message, error)
        finally:
            self.clock.shielded = False
        if logged and self.options.on_failure is not None:
            self.log.calling_on_failure(self.options.on_failure, message, error)

    def interrupted(self, started: Mapping[int, Message]) -> None:
        """Of these messages, those that did not end were still running when the time was over."""
        on_failure = self.options.on_failure
        for position in sorted(started):
            if self.outcomes[position] == NEVER_STARTED:
                error = OutOfTime("it still ran when the time of the function was nearly over")
                if self._fail(position, started[position], error, late=True) and on_failure is not None:
                    self.log.calling_on_failure(on_failure, started[position], error)

    def close(self) -> None:
        """Start nothing more; what still runs somewhere changes nothing any more."""
        with _lock:
            self.closed = True
            self.clock.stop()
            self.outcomes = self.outcomes.copy()  # what still runs writes to the one it had

    @property
    def log(self) -> BatchLog:
        """What tells of this batch in the log."""
        if self._log is None:
            from ._reporting.log import BatchLog

            self._log = BatchLog(self.options.error_text, self.message_type.source)
        return self._log

    def response(self) -> BatchResponse:
        """Make visible what is to be seen earlier or later, report, and say what goes back.

        Raises:
            RuntimeError: the whole batch goes back, and the handler is to raise then.
        """
        outcomes = self.outcomes
        unfinished = []
        if outcomes.count(SUCCEEDED) < len(outcomes):
            unfinished = [position for position, outcome in enumerate(outcomes) if outcome in _GOES_BACK]
            self._change_visibility(unfinished)
        if self.options.metrics_namespace is not None:
            from ._reporting.metrics import write_metrics

            try:
                write_metrics(self)
            except BaseException as problem:
                self.log.report_failed(problem)
        if not unfinished:
            return {"batchItemFailures": []}
        messages = [self.message(position) for position in unfinished]
        if self.options.raise_if_all_failed:
            going_back = {message.id for message in messages}
            if all(self.message(position).id in going_back for position in range(len(self.records))):
                cause = None if self._first_error is None else self.log.safe(self._first_error)
                raise RuntimeError(f"all {len(self.records)} messages of the batch failed") from cause
        identifiers = self.message_type.identifiers(messages)
        return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}

    def _fail(self, position: int, message: Message, error: BaseException, *, late: bool = False) -> bool:
        """Note what becomes of a failed message, and log it; whether that was done."""
        # What fails one by one at the end of the time, in a batch of thousands, must not use up what is left.
        in_time = self.clock.may_report() or self._logged < _FEW
        dead_lettered, why_not = False, ""
        if in_time and (is_of(error, self.options.permanent) or self._reached_max_receive_count(position, message)):
            dead_lettered, why_not = self._dead_letter(self.message(position), error)
        delay, no_delay = delay_of(error, self.options.backoff, message.receive_count)
        with _lock:
            if self.closed and not late:
                return False
            self.outcomes[position] = DEAD_LETTERED if dead_lettered else FAILED
            if self._first_error is None:
                self._first_error = error
            if not dead_lettered:
                if delay is not None:
                    self._delays[position] = delay
                # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
                if self.skips_group:
                    self.hold(message)
                elif self.message_type.ordered:
                    self.clock.stop()
        if issubclass(type(error), StopBatch):
            self._released = 0.0 if delay is None or not says_how_long(error) else delay
            self.clock.stop()
        if not in_time:
            self._not_logged += 1
            return False
        self._logged += 1
        self.log.failure(message, error, dead_lettered=dead_lettered, why_not=why_not, no_delay=no_delay)
        return True

    def _reached_max_receive_count(self, position: int, message: Message) -> bool:
        """Whether the layer dead-letters a failing message itself, before SQS does it to those behind it as well.

        What stands behind another of its group waited until now: it was counted, but is tried for the first time. So
        does the rest of a batch that failures stop, once what stopped it is dead-lettered.
        """
        most = self.options.max_receive_count
        if most is None or not self.message_type.fifo or message.receive_count % most:
            return False
        if most == 1:
            return True
        if not self.skips_group and self.outcomes.count(DEAD_LETTERED):
            return False
        if self._first_of_group is None:
            first: dict[str | None, int] = {}
            for other in range(len(self.records)):
                first.setdefault(self.message(other).group_id, other)
            self._first_of_group = first
        return self._first_of_group[message.group_id] == position

    def _dead_letter(self, message: ReceivedMessage, error: BaseException) -> tuple[bool, str]:
        """Whether the message is in the dead-letter queue now and, if not, why not."""
        if self.options.dead_letter_queue is None:
            return False, "no dead-letter queue is named"
        if self._queue_refused:
            return False, f"not sent to the dead-letter queue, as before: {self._queue_refused}"
        from ._sqs.client import CallFailed
        from ._sqs.dead_letters import send

        try:
            text = self.log.text_of(error)
            send(self.options.dead_letter_queue, message, type(error).__name__, text, end=self.clock.end)
        except CallFailed as reason:
            # Trying again for each message of the batch would use up the function's time.
            if not reason.only_this:
                self._queue_refused = str(reason)
            return False, f"not sent to the dead-letter queue: {reason}"
        except BaseException as problem:
            return False, f"not sent to the dead-letter queue: {type(problem).__name__}"
        # It has left its group for good, as if SQS had moved it, so the group goes on.
        return True, ""

    def _change_visibility(self, unfinished: list[int]) -> None:
        """Hide failed messages for as long as was asked. Where any are, release those that were never started."""
        never_started = [position for position in unfinished if self.outcomes[position] == NEVER_STARTED]
        if self._not_logged:
            self.log.not_each(self._not_logged)
        if never_started and self.clock.ran_out():
            self.log.never_started(len(never_started), len(self.records))
        if not self.message_type.has_visibility_timeout:
            return
        changes = self._delays.copy()
        if self._released is None and (changes or self.options.backoff is not None):
            self._released = 0.0
        if self._released is not None:
            changes |= dict.fromkeys(never_started, self._released)
        if not changes:
            return
        from ._sqs.visibility import change_visibility

        wanted = [(self.message(position), changes[position]) for position in sorted(changes)]
        self.log.visibility(wanted, change_visibility(wanted, self.clock.end))
