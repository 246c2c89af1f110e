"""How long a failed message stays hidden."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
        from random import random

        return longest * (1 - random())  # noqa: S311 - (0, longest], and nothing secret

    def __repr__(self) -> str:
        """As it was made."""
        return f"Backoff(base={self.base}, maximum={self.maximum}, jitter={self.jitter})"


def is_number(value: Any) -> bool:
    """Whether it is an int or a float; a bool is neither."""
    return isinstance(value, int | float) and not isinstance(value, bool)
