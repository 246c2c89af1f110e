"""One invocation: what was done, what goes back."""

from __future__ import annotations

from ._dead_letter import DeadLetterError, send
from ._errors import PermanentFailure
from ._event import is_fifo
from ._log import log_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal, TypedDict

    from ._message import Message

    OnFifoFailure = Literal["stop_batch", "skip_group"]

    class BatchItemFailure(TypedDict):
        """One message to give back."""

        itemIdentifier: str

    class BatchResponse(TypedDict):
        """What Lambda expects: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html."""

        batchItemFailures: list[BatchItemFailure]


class Options:
    """The options of a handler, checked.

    Raises:
        TypeError, ValueError: an option that cannot be right.
    """

    __slots__ = ("dead_letter_queue", "on_fifo_failure", "permanent", "raise_if_all_failed")

    def __init__(
        self,
        *,
        on_fifo_failure: OnFifoFailure,
        permanent: type[Exception] | tuple[type[Exception], ...],
        dead_letter_queue: str | None,
        raise_if_all_failed: bool,
    ) -> None:
        if on_fifo_failure not in ("stop_batch", "skip_group"):
            raise ValueError(f"on_fifo_failure is 'stop_batch' or 'skip_group', not {on_fifo_failure!r}")
        if dead_letter_queue is not None and not isinstance(dead_letter_queue, str):
            raise TypeError(f"dead_letter_queue is the URL of a queue or None, not {dead_letter_queue!r}")
        if dead_letter_queue == "":
            raise ValueError("dead_letter_queue is empty; it is the URL of a queue or None")
        if not isinstance(raise_if_all_failed, bool):
            raise TypeError(f"raise_if_all_failed is True or False, not {raise_if_all_failed!r}")
        types = permanent if isinstance(permanent, tuple) else (permanent,)
        for kind in types:
            # What is no Exception is not the message's failure: it ends the invocation.
            if not isinstance(kind, type) or not issubclass(kind, Exception):
                raise TypeError(f"permanent is one or a tuple of exception types, and {kind!r} is none")
        self.on_fifo_failure = on_fifo_failure
        self.permanent: tuple[type[Exception], ...] = (PermanentFailure, *types)
        self.dead_letter_queue = dead_letter_queue
        self.raise_if_all_failed = raise_if_all_failed


class Batch:
    """The messages of one invocation. A message is unfinished until something finishes it."""

    __slots__ = (
        "_fifo",
        "_finished",
        "_first_error",
        "_held_groups",
        "_messages",
        "_options",
        "_queue_unreachable",
        "_stopped",
    )

    def __init__(self, messages: list[Message], options: Options) -> None:
        self._messages = messages
        self._options = options
        self._fifo = is_fifo(messages)
        self._finished = bytearray(len(messages))  # a byte a message: 0 until it is known to be done
        self._stopped = False
        self._held_groups: set[str | None] = set()
        self._queue_unreachable = False
        self._first_error: BaseException | None = None

    def to_run(self) -> Iterator[tuple[int, Message]]:
        """The messages to start, each with its place; what has to wait behind a failure is left out."""
        for place, message in enumerate(self._messages):
            if self._held_groups and message.group_id in self._held_groups:
                continue
            yield place, message
            if self._stopped:
                return

    def succeeded(self, place: int) -> None:
        """The function returned for the message at this place."""
        self._finished[place] = 1

    def failed(self, place: int, error: BaseException) -> None:
        """The function raised for the message at this place."""
        message = self._messages[place]
        self._first_error = self._first_error or error
        if not isinstance(error, self._options.permanent):
            log_failure(message, error)
        elif self._options.dead_letter_queue is None:
            log_failure(message, error, "no dead-letter queue is named")
        elif self._queue_unreachable:
            log_failure(message, error, "the dead-letter queue could not be reached before in this batch")
        else:
            try:
                send(self._options.dead_letter_queue, message, error, fifo=self._fifo)
            except DeadLetterError as reason:
                # Trying again for each message of the batch would use up the function's time.
                self._queue_unreachable = reason.unreachable
                log_failure(message, error, str(reason))
            else:
                # It has left its group for good, as if SQS had moved it, so the group goes on.
                self._finished[place] = 1
                log_failure(message, error, dead_lettered=True)
                return
        if self._fifo:
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
            if self._options.on_fifo_failure == "stop_batch":
                self._stopped = True
            else:
                self._held_groups.add(message.group_id)

    def response(self) -> BatchResponse:
        """What to return to Lambda: whatever is not finished, in the order of the batch, each id once.

        Raises:
            RuntimeError: nothing of the batch is finished and the handler is to raise then.
        """
        finished = self._finished
        if 0 not in finished:
            return {"batchItemFailures": []}
        if self._options.raise_if_all_failed and 1 not in finished:
            raise RuntimeError(f"all {len(finished)} messages of the batch failed") from self._first_error
        unfinished = [message.id for message, done in zip(self._messages, finished, strict=True) if not done]
        return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in dict.fromkeys(unfinished)]}
