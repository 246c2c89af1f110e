"""The exceptions that have a meaning between this layer and the code that uses it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._runners.alarm import Alarm

# SQS allows 12 hours counted from the receive, of which the window and the function have used some.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
MOST_HIDDEN_SECONDS = 42_000


class InvalidEvent(ValueError):
    """The event is not a batch of messages; says what is wrong and where.

    Raised before the function is called for any message. The invocation fails, so the whole batch goes back.
    """


def _restored[E: BaseException](kind: type[E], arguments: tuple[object, ...], attributes: dict[str, Any]) -> E:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


def _reduced(error: BaseException) -> tuple[Callable[..., BaseException], tuple[object, ...]]:
    """Pickle without a call of `__init__`: a subclass may give it other parameters than `args` holds."""
    return _restored, (type(error), error.args, error.__dict__.copy())


class PermanentFailure(Exception):
    """Raise this for a message that will never succeed, however often it is tried.

    The message goes to the handler's `dead_letter_queue` at once. With no queue named, or when sending fails, it
    goes back like any other failed message.
    """

    __reduce__ = _reduced


class RetryLater(Exception):
    """Raise this for a message that should be tried again after a time of its own.

    Args:
        seconds: how long the message stays hidden, rounded up to a whole second and cut at 42,000.
        reason: what to say in the log.

    Raises:
        TypeError: seconds is not a number.
        ValueError: seconds is negative or NaN.
    """

    seconds: float = 0
    __reduce__ = _reduced

    def __init__(self, seconds: float, reason: str = "") -> None:
        self.seconds = _checked(seconds)
        super().__init__(reason or f"to be tried again in {self.seconds} s")


class StopBatch(Exception):
    """Raise this when what the function calls is down: this message fails and nothing more of the batch is started.

    What succeeded stays done. The messages that were not started go back.

    Args:
        seconds: how long this message and those that were not started stay hidden. None: this one as long as any
            failed message, and those that were not started not at all.
        reason: what to say in the log.

    Raises:
        TypeError: seconds is not a number.
        ValueError: seconds is negative or NaN.
    """

    seconds: float | None = None
    __reduce__ = _reduced

    def __init__(self, seconds: float | None = None, reason: str = "") -> None:
        self.seconds = None if seconds is None else _checked(seconds)
        super().__init__(reason or "nothing more of the batch is to be started")


class OutOfTime(BaseException):
    """Raised in a function that still runs when the function's time is nearly over.

    It is not an Exception, so that `except Exception` does not swallow it. Clean up and let it pass: the message goes
    back, and those that finished before it are kept. Code that does not leave is interrupted again after a while.
    """

    alarm: Alarm | None = None  # that raised it


def ends_invocation(error: BaseException, alarm: Alarm | None = None) -> bool:
    """Whether an exception out of a function leaves the handler. Any other fails its message only.

    Args:
        error: what was raised, or a group of it.
        alarm: of the batch. An OutOfTime of another alarm that still runs is for the handler around this one.
    """
    # Nothing here asks the exception itself, whose class may be the user's and raise: not isinstance, and no attribute.
    if issubclass(type(error), BaseExceptionGroup):
        try:
            return any(ends_invocation(part, alarm) for part in parts_of(error))
        except Exception:  # groups in groups, deeper than Python can look
            return False
    if type(error) is OutOfTime:  # an alarm raises no other
        other = error.alarm
        return other is not None and other is not alarm and other.live
    return issubclass(type(error), (SystemExit, KeyboardInterrupt, GeneratorExit))


def parts_of(group: BaseException) -> tuple[BaseException, ...]:
    """The exceptions of a group, whatever its class has made of its attribute `exceptions`."""
    parts: tuple[BaseException, ...] = vars(BaseExceptionGroup)["exceptions"].__get__(group)
    return parts


def is_of(error: BaseException, types: tuple[type[Exception], ...]) -> bool:
    """Whether the exception is of one of the types. A metaclass that raises when it is asked says no."""
    try:
        # Not isinstance, as above.
        return issubclass(type(error), types)
    except BaseException:
        return False


def _checked(seconds: float) -> float:
    if not seconds >= 0:
        raise ValueError(f"a message is hidden for 0 seconds or more, not {seconds!r}")
    return min(seconds, MOST_HIDDEN_SECONDS)
