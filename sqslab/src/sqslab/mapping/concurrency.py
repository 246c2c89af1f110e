"""How many batches of one mapping are with the function at once, and how soon the next one may be fetched.

What AWS documents (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html): a standard queue begins with five batches
and gets up to 300 more a minute; MaximumConcurrency, 2 to 1,000, caps them; function errors and throttling reduce them,
failures that a response reports do not. By how much, and how they recover, is not documented. Here: to half after each
error, at least one; one more after each success.
"""

from __future__ import annotations

import os
import threading

from sqslab.mapping.outages import Pauses

_FIRST = 5
_MORE_A_SECOND = 300 / 60

# Where the mapping has no MaximumConcurrency. AWS goes to 1,000, but an emulator's functions are processes on this
# machine. MiniStack spends most of an invocation waiting, so there may be several a core.
DEFAULT_LIMIT = max(_FIRST, 4 * (os.cpu_count() or 1))


class ConcurrencyLimit:
    """The concurrency of one mapping. Safe to use from several threads.

    Args:
        limit: how many batches there may ever be at once.
        started: when polling began, in seconds of the clock's `monotonic`.
        ramp: whether it begins with five, as on a standard queue.
    """

    def __init__(self, limit: int, started: float, *, ramp: bool) -> None:
        self._limit = limit
        self._started = started if ramp else None
        self._reduced = limit  # by errors
        self._lock = threading.Lock()
        self._pauses = Pauses()
        self._unavailable = False
        self.not_before = started

    def allowed(self, now: float) -> int:
        """Say how many batches there may be at once.

        Args:
            now: in seconds of the clock's `monotonic`.
        """
        if self._unavailable:
            return 1
        if self._started is None:
            return self._reduced
        return int(min(self._reduced, _FIRST + (now - self._started) * _MORE_A_SECOND))

    @property
    def reduced_to(self) -> int | None:
        """To how many errors have reduced it; None if they have not."""
        return self._reduced if self._reduced < self._limit else None

    def after_success(self) -> None:
        """Take note that an invocation went well, whatever its response reports."""
        with self._lock:
            self._reduced = min(self._limit, self._reduced + 1)
            self._available()

    def after_error(self) -> None:
        """Take note that the function failed, or that an invocation was throttled."""
        with self._lock:
            self._reduced = max(1, self._reduced // 2)
            self._available()

    def after_no_invocation(self, now: float) -> None:
        """Take note that the function could not be invoked at all: one batch at a time then, after growing pauses.

        Args:
            now: in seconds of the clock's `monotonic`.
        """
        with self._lock:
            self._unavailable = True
            self.not_before = now + self._pauses.after_failure()

    def _available(self) -> None:
        self._unavailable = False
        self._pauses.after_success()
