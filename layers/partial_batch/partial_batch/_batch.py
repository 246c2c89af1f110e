"""One invocation: what is finished, what goes back, and when it will be seen again."""

from __future__ import annotations

from time import monotonic

from ._errors import OutOfTime, RetryLater

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypedDict

    from ._message import Message
    from ._options import Options

    class BatchItemFailure(TypedDict):
        """One message to give back."""

        itemIdentifier: str

    class BatchResponse(TypedDict):
        """What Lambda expects: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html."""

        batchItemFailures: list[BatchItemFailure]


class Batch:
    """The messages of one invocation. A message is unfinished until something finishes it.

    A message is named by its place in the batch, since a standard queue may deliver one twice.

    Args:
        messages: of the event, in its order.
        options: of the handler.
        context: Lambda's context object, or None: then there is no limit of time.
    """

    __slots__ = (
        "_closed",
        "_failed",
        "_first_error",
        "_queue_unreachable",
        "_relieved",
        "_skip_group",
        "context",
        "dead_lettered",
        "deadline",
        "end",
        "fifo",
        "finished",
        "held_groups",
        "messages",
        "options",
        "ordered",
        "slowest",
        "stopped",
    )

    def __init__(self, messages: list[Message], options: Options, context: Any) -> None:
        self.messages = messages
        self.options = options
        self.context = context
        # The queue's name tells, and nothing else: a message group id may stand on a standard queue's messages too.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
        self.fifo = bool(messages) and messages[0].source_arn.endswith(".fifo")
        self.ordered = self.fifo or (bool(messages) and messages[0].in_order)
        self._skip_group = self.fifo and options.skip_group
        self.finished = bytearray(len(messages))  # a byte a message: 0 until it is known to be done
        self._failed: dict[int, float | None] = {}  # how long to hide it, None for the queue's visibility timeout
        self.dead_lettered = 0
        self.stopped = False
        self.held_groups: set[str | None] = set()
        self._relieved: set[str | None] = set()  # groups whose head was dead-lettered in this invocation
        self._queue_unreachable = False
        self._first_error: BaseException | None = None
        self._closed = False
        self.slowest = 0.0  # seconds
        self.end = self.deadline = None if context is None else _end_of(context)
        if self.deadline is not None:
            self.deadline -= options.time_reserve

    def lanes(self) -> Iterable[Iterable[int]]:
        """The places that may run side by side; within each, one after the other."""
        everything = range(len(self.messages))
        if self.options.concurrency == 1 or (self.ordered and not self._skip_group):
            return [everything]
        if not self._skip_group:
            return ((place,) for place in everything)
        groups: dict[str | None, list[int]] = {}
        for place in everything:
            groups.setdefault(self.messages[place].group_id, []).append(place)
        return groups.values()

    def seconds_left(self) -> float | None:
        """Until work has to stop; None if there is no limit."""
        return None if self.deadline is None else self.deadline - monotonic()

    def failed(self, place: int, error: BaseException) -> None:
        """The message at this place failed: dead-letter it if that is what it needs, or hold what is behind it."""
        if self._closed or self.is_settled(place):
            return
        message = self.messages[place]
        if self._first_error is None:
            self._first_error = error
        lane = message.group_id if self._skip_group else None
        seconds = None
        why_not = ""
        dead_lettered = False
        if isinstance(error, self.options.permanent) or self._has_had_its_tries(message, lane):
            dead_lettered, why_not = self._dead_letter(message, error)
        if dead_lettered:
            # It has left its group for good, as if SQS had moved it, so the group goes on.
            self.finished[place] = 1
            self.dead_lettered += 1
            self._relieved.add(lane)
        else:
            if isinstance(error, RetryLater):
                seconds = error.seconds
            elif self.options.backoff is not None:
                seconds = self.options.backoff.delay(message.receive_count)
            self._failed[place] = seconds
            if self._skip_group:
                self.held_groups.add(lane)
            elif self.ordered:
                # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
                self.stopped = True
        from ._log import log_failure

        log_failure(message, error, why_not, dead_lettered=dead_lettered, seconds=seconds)
        if self.options.on_failure is not None:
            try:
                self.options.on_failure(message, error)
            except Exception as problem:
                from ._log import log_hook_failure

                log_hook_failure(message, problem)

    def interrupted(self, places: Iterable[int]) -> None:
        """The messages at these places were still being processed when the time was over."""
        for place in places:
            self.failed(place, OutOfTime("it still ran when the time of the function was nearly over"))

    def is_settled(self, place: int) -> bool:
        """Whether the message at this place is finished or has failed."""
        return self.finished[place] == 1 or place in self._failed

    def close(self) -> None:
        """Start nothing more; what still runs somewhere changes nothing any more."""
        self._closed = True
        self.stopped = True

    def response(self) -> BatchResponse:
        """Make visible what is to be seen earlier or later, report metrics, and say what goes back.

        Returns:
            Whatever is not finished, in the order of the batch, each id once. Of a stream, the first only: Lambda goes
            back to the lowest.

        Raises:
            RuntimeError: nothing of the batch is finished and the handler is to raise then.
        """
        self.close()
        options = self.options
        finished = self.finished
        all_finished = 0 not in finished
        if options.metrics_namespace is not None:
            from ._metrics import write_metrics

            write_metrics(options.metrics_namespace, self, failed=len(self._failed))
        if all_finished:
            return {"batchItemFailures": []}
        unfinished = [place for place, done in enumerate(finished) if not done]
        self._settle(unfinished)
        ids = dict.fromkeys(self.messages[place].id for place in unfinished)
        if options.raise_if_all_failed and ids.keys() >= {message.id for message in self.messages}:
            raise RuntimeError(f"all {len(finished)} messages of the batch failed") from self._first_error
        if self.ordered and not self.fifo:
            ids = dict.fromkeys(list(ids)[:1])
        return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in ids]}

    def _has_had_its_tries(self, message: Message, lane: str | None) -> bool:
        """Whether the layer dead-letters a failing message itself, before SQS does it to those behind it as well.

        What waited behind one that was dead-lettered was counted, but is tried for the first time now.
        """
        most = self.options.max_receive_count
        return most is not None and self.fifo and message.receive_count % most == 0 and lane not in self._relieved

    def _dead_letter(self, message: Message, error: BaseException) -> tuple[bool, str]:
        """Whether the message is in the dead-letter queue now and, if not, why not."""
        if self.options.dead_letter_queue is None:
            return False, "no dead-letter queue is named"
        if self._queue_unreachable:
            return False, "the dead-letter queue could not be reached before in this batch"
        from ._dead_letter import send
        from ._sqs import CallFailed

        try:
            send(self.options.dead_letter_queue, message, error, fifo=self.fifo, end=self.end)
        except CallFailed as reason:
            # Trying again for each message of the batch would use up the function's time.
            self._queue_unreachable = not reason.only_this
            return False, f"sending it to the dead-letter queue failed: {reason}"
        return True, ""

    def _settle(self, unfinished: list[int]) -> None:
        """Hide failed messages for as long as they asked for; with a backoff, show those never started at once."""
        never_started = [place for place in unfinished if place not in self._failed]
        if never_started and self.deadline is not None and monotonic() + self.slowest > self.deadline:
            from ._log import log_never_started

            log_never_started(len(never_started), len(self.messages))
        if self.messages[0].in_order:
            return  # a stream's records are not hidden
        changes: dict[int, float] = {place: seconds for place, seconds in self._failed.items() if seconds is not None}
        if self.options.backoff is not None:
            changes |= dict.fromkeys(never_started, 0)
        if changes:
            from ._visibility import change_visibility

            change_visibility([(self.messages[place], changes[place]) for place in sorted(changes)], self.end)


def _end_of(context: Any) -> float | None:
    """When Lambda stops the function, on the clock of `time.monotonic`; None if the context does not say."""
    get_remaining = getattr(context, "get_remaining_time_in_millis", None)
    remaining = get_remaining() if get_remaining is not None else None
    # A test's stand-in for a context may return anything.
    return monotonic() + remaining / 1000 if isinstance(remaining, int | float) else None
