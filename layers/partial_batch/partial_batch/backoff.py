"""How long a failed message stays hidden."""

from __future__ import annotations

from os import urandom

from .errors import MOST_HIDDEN_SECONDS, RetryLater, StopBatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WITH_SECONDS = (RetryLater, StopBatch)


class Backoff:
    """Longer after each failure: up to `min(maximum, base * 2 ** (n - 1))` seconds after failure number n.

    Args:
        base: seconds after the first failure.
        maximum: seconds after any failure, at most. SQS allows 12 hours, counted from the receive.
        jitter: choose at random between 0 and that, so that messages which failed together do not come back together.

    Raises:
        TypeError, ValueError: base and maximum are not numbers above zero.
    """

    __slots__ = ("base", "jitter", "maximum")

    def __init__(self, base: float = 1.0, maximum: float = 900.0, jitter: bool = True) -> None:
        for name, value in (("base", base), ("maximum", maximum)):
            if not is_number(value):
                raise TypeError(f"{name} is a number of seconds, not {value!r}")
            if not 0 < value < float("inf"):
                raise ValueError(f"{name} is a number of seconds above zero, not {value!r}")
        if not isinstance(jitter, bool):
            raise TypeError(f"jitter is True or False, not {jitter!r}")
        self.base = base
        self.maximum = maximum
        self.jitter = jitter

    def delay(self, failures: int) -> float:
        """Seconds to hide a message that has failed so many times, above zero."""
        doublings = min(failures - 1, 64)  # beyond that any base is over any maximum, and floats end
        longest = min(self.maximum, self.base * 2.0**doublings)
        if not self.jitter:
            return longest
        # Not from the module `random`: user code may seed it, and a SnapStart snapshot restores one seed for all.
        # https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
        return longest * (1 + int.from_bytes(urandom(6))) / 2**48  # (0, longest]

    def __repr__(self) -> str:
        """As it was made."""
        return f"Backoff(base={self.base}, maximum={self.maximum}, jitter={self.jitter})"


def is_number(value: Any) -> bool:
    """Whether it is an int or a float; a bool is neither."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def says_how_long(error: BaseException) -> bool:
    """Whether the exception itself says how long the message stays hidden, usable or not."""
    try:
        return issubclass(type(error), _WITH_SECONDS) and error.seconds is not None  # type: ignore[attr-defined]
    except BaseException:  # a property of the user's
        return True


def delay_of(error: BaseException, backoff: Backoff | None, failures: int) -> tuple[float | None, str]:
    """How long a failed message is to stay hidden.

    Args:
        error: what its function raised.
        backoff: of the handler.
        failures: how often the message has failed, this time included.

    Returns:
        Seconds, or None for the queue's visibility timeout; and why what a subclass of the user's says cannot be used,
        or nothing.
    """
    try:
        if says_how_long(error):
            said: Any = error.seconds  # type: ignore[attr-defined]
        elif backoff is not None:
            said = backoff.delay(failures)
        else:
            return None, ""
        if isinstance(said, str | bytes | bytearray):
            raise TypeError
        seconds = float(said)  # once: an object may say something else the next time
        if not 0 <= seconds < float("inf"):
            raise ValueError
        return min(seconds, MOST_HIDDEN_SECONDS), ""
    except BaseException as problem:
        source = type(error if issubclass(type(error), _WITH_SECONDS) else backoff).__name__
        return None, f"{source} gives no number of seconds to hide it ({type(problem).__name__})"
