"""The lines that the layer logs: everything one needs to find a message, and never its body."""

from __future__ import annotations

import logging
import sys
from math import ceil

from .texts import loggable, origin, said, writable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from partial_batch.message import Message

    from .texts import ErrorText

logger = logging.getLogger("partial_batch")

_LONGEST_TEXT = 1000  # characters of an exception's text in a line; its traceback has all
_MOST_NAMED = 50  # messages that one line names


class BatchLog:
    """What is logged of one batch. Whatever goes wrong with it changes nothing of the batch.

    The fields are `extra`, so that Lambda's JSON format carries them. Their names begin with `partial_batch_`, since
    logging refuses a field that something else has put on the record:
    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html

    Args:
        error_text: of the handler.
        source: what the messages come from, "queue" for one.
    """

    def __init__(self, error_text: ErrorText, source: str) -> None:
        self._error_text = error_text
        self._source = source
        self._logged: dict[tuple[object, ...], str] = {}  # where exceptions came from, and of which message
        self._broken = False

    def text_of(self, error: BaseException) -> str:
        """What an exception says, as far as the user allows and it can be written."""
        try:
            return said(error, self._error_text)
        except BaseException as problem:
            self.report_failed(problem)
            return ""

    def safe(self, error: BaseException) -> BaseException | None:
        """An exception that says no more than that. None if there can be none."""
        return loggable(error, self._error_text)

    def failure(
        self,
        message: Message,
        error: BaseException,
        *,
        dead_lettered: bool,
        why_not: str = "",
        no_delay: str = "",
    ) -> None:
        """What failed, why, and what has become of it.

        Args:
            message: that failed.
            error: what its function raised.
            dead_lettered: it was sent to the dead-letter queue.
            why_not: why one that was to be was not.
            no_delay: why it is not hidden for as long as was asked.
        """
        self._try(self._failure, message, error, dead_lettered, why_not, no_delay)

    def calling_on_failure(
        self, on_failure: Callable[[Message, BaseException], object], message: Message, error: BaseException
    ) -> None:
        """Call the user's function. Whatever it raises is logged and changes nothing."""
        from partial_batch._runners.function import require_finished

        try:
            require_finished(on_failure(message, error))
        except BaseException as problem:
            identifier = message.id
            self._line(
                logging.ERROR,
                "on_failure raised for message %s",
                identifier,
                error=problem,
                fields={"message_id": identifier},
            )

    def report_failed(self, problem: BaseException) -> None:
        """A log line or the metrics could not be written. The first of a batch is reported, if it can be."""
        if not self._broken:
            self._broken = True
            try:
                sys.stderr.write(f"partial_batch: a report failed with {type(problem).__name__}; it changes nothing\n")
            except BaseException:
                return

    def not_each(self, count: int) -> None:
        """Some failed messages have no line of their own."""
        self._line(logging.WARNING, "%d more messages failed, and there was no time left to log each", count)

    def never_started(self, count: int, of: int) -> None:
        """Time ran out before some messages were started."""
        self._line(
            logging.WARNING,
            "no time was left to start %d of %d messages: they go back; "
            "a longer function timeout or smaller batches help",
            count,
            of,
        )

    def loop_stopped(self, error: BaseException) -> None:
        """The function stopped or closed the event loop."""
        self._line(logging.ERROR, "the event loop ended before the messages did; they go back", error=error)

    def loop_replaced(self) -> None:
        """A task could not be ended, so the loop that it blocks is not used any more."""
        self._line(
            logging.ERROR,
            "a task did not end when it was cancelled, so the event loop is replaced; "
            "make async clients that were made on the old loop anew",
        )

    def visibility(self, wanted: Sequence[tuple[Message, float]], failures: list[tuple[list[Message], str]]) -> None:
        """For how long messages are hidden now, and for which of them that could not be set."""
        self._try(self._visibility, wanted, failures)

    def _failure(
        self, message: Message, error: BaseException, dead_lettered: bool, why_not: str, no_delay: str
    ) -> None:
        identifier = writable(message.id)
        receive_count = message.receive_count
        error_type = type(error).__name__
        text = self.text_of(error)[:_LONGEST_TEXT]
        if dead_lettered:
            becomes = "it was sent to the dead-letter queue"
        else:
            becomes = f"it goes back to the {self._source}"
            if why_not or no_delay:
                becomes += f" ({'; '.join(filter(None, (why_not, no_delay)))})"
        place = origin(error)
        first = None if place is None else self._logged.get(place)
        shown = self.safe(error) if first is None else None
        group = message.group_id
        logger.log(
            logging.ERROR if dead_lettered else logging.WARNING,
            "message %s failed with %s at receive %d: %s%s%s",
            identifier,
            error_type,
            receive_count,
            becomes,
            f": {text}" if text else "",
            "" if first is None else f" (traceback as of message {first})",
            exc_info=shown,
            extra={
                "partial_batch_message_id": identifier,
                "partial_batch_message_group_id": group and writable(group),
                "partial_batch_receive_count": receive_count,
                "partial_batch_error_type": error_type,
                "partial_batch_outcome": "dead-lettered" if dead_lettered else "returned",
            },
        )
        if place is not None and shown is not None:  # only now is it in the log
            self._logged[place] = identifier

    def _visibility(self, wanted: Sequence[tuple[Message, float]], failures: list[tuple[list[Message], str]]) -> None:
        failed = {id(message.record) for messages, _ in failures for message in messages}
        for messages, reason in failures:
            ids = [message.id for message in messages]
            self._line(
                logging.WARNING,
                "the visibility timeout of %s stays the queue's: %s (%s)",
                "1 message" if len(ids) == 1 else f"{len(ids)} messages",
                reason,
                _named(ids),
                fields={"message_ids": [writable(identifier) for identifier in ids[:_MOST_NAMED]]},
            )
        parts = [
            f"message {message.id} is {f'hidden for {ceil(seconds)} s' if seconds else 'visible again'}"
            for message, seconds in wanted
            if id(message.record) not in failed
        ]
        if parts:
            self._line(logging.INFO, "%s", _named(parts))

    def _line(
        self,
        level: int,
        text: str,
        *arguments: object,
        error: BaseException | None = None,
        fields: dict[str, Any] | None = None,
    ) -> None:
        self._try(self._log, level, text, arguments, error, fields or {})

    def _log(
        self,
        level: int,
        text: str,
        arguments: tuple[object, ...],
        error: BaseException | None,
        fields: dict[str, Any],
    ) -> None:
        logger.log(
            level,
            text,
            *(writable(argument) if isinstance(argument, str) else argument for argument in arguments),
            exc_info=None if error is None else self.safe(error),
            extra={
                f"partial_batch_{name}": writable(value) if isinstance(value, str) else value
                for name, value in fields.items()
            },
        )

    def _try(self, report: Callable[..., object], *arguments: Any) -> None:
        """Report, and swallow whatever that raises."""
        try:
            report(*arguments)
        except BaseException as problem:
            self.report_failed(problem)


def _named(parts: list[str]) -> str:
    more = len(parts) - _MOST_NAMED
    return ", ".join(parts[:_MOST_NAMED]) + (f", and {more} more" if more > 0 else "")
