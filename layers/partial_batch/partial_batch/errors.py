"""The exceptions that have a meaning between this layer and the code that uses it."""

from __future__ import annotations

# SQS allows 12 hours counted from the receive, of which the window and the function have used some.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
MOST_HIDDEN_SECONDS = 42_000


class InvalidEvent(ValueError):
    """The event is not a batch of messages; says what is wrong and where.

    Raised before the function is called for any message. The invocation fails, so the whole batch goes back.
    """


class PermanentFailure(Exception):
    """Raise this for a message that will never succeed, however often it is tried.

    The message goes to the handler's `dead_letter_queue` at once. With no queue named, or when sending fails, it
    goes back like any other failed message.
    """


class RetryLater(Exception):
    """Raise this for a message that should be tried again after a time of its own.

    Args:
        seconds: how long the message stays hidden, rounded up to a whole second and cut at 42,000.
        reason: what to say in the log.

    Raises:
        ValueError: seconds is negative or no number.
    """

    seconds: float = 0

    def __init__(self, seconds: float, reason: str = "") -> None:
        if not seconds >= 0:
            raise ValueError(f"a message is hidden for 0 seconds or more, not {seconds!r}")
        self.seconds = min(seconds, MOST_HIDDEN_SECONDS)
        super().__init__(reason or f"to be tried again in {self.seconds} s")


class OutOfTime(BaseException):
    """Raised in a function that still runs when the function's time is nearly over.

    Not an Exception, so that `except Exception` does not swallow it. Clean up and let it pass: the message goes back,
    and those that finished before it are kept. Code that does not leave is interrupted again after a while.
    """

    from_alarm = False


def is_interrupt(error: BaseException) -> bool:
    """Whether an alarm raised it: then it is for whoever set the alarm, and to be passed on."""
    return isinstance(error, OutOfTime) and error.from_alarm
