"""The time that a batch has."""

from __future__ import annotations

from time import monotonic

from ._runners.alarm import Alarm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FOREVER = float("inf")
_LONGEST = 1e6  # seconds; more is no limit, and no timer takes it


class Clock(Alarm):
    """What may still be started, and when work has to stop. Moments are those of `time.monotonic`, in seconds.

    Args:
        context: Lambda's context object. Without one, or with one that names no number, there is no limit.
        reserve: seconds before the function's timeout at which work stops.
    """

    # What only a batch with a limit needs stands on the class, so that the others need not set it.
    began = 0.0  # when the batch came
    end: float | None = None  # when Lambda stops the function
    deadline: float | None = None  # when work has to stop
    seconds: float | None = None  # for all of the work
    slowest = 0.0001  # seconds, of the messages so far; less is not worth noting
    stopped = False  # nothing more is to be started

    def __init__(self, context: Any, reserve: float) -> None:
        try:
            # A test's stand-in for a context may return anything.
            milliseconds = None if context is None else context.get_remaining_time_in_millis()
            seconds = milliseconds / 1000 if isinstance(milliseconds, (int, float)) else _FOREVER
        except (SystemExit, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException:
            seconds = _FOREVER
        if -_LONGEST < seconds < _LONGEST and type(milliseconds) is not bool:
            self.began = began = monotonic()
            self.end = end = began + seconds
            self.deadline = deadline = end - reserve
            self.seconds = seconds - reserve
            self.latest_start = deadline - self.slowest  # no message is started later than that
        else:
            self.latest_start = _FOREVER

    def seconds_left(self) -> float | None:
        """Until work has to stop, 0 at the least; None if there is no limit."""
        return None if self.deadline is None else max(self.deadline - monotonic(), 0.0)

    def note_duration(self, seconds: float) -> float:
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

    def may_report(self) -> bool:
        """Whether there is time to dead-letter and to log a failed message: until half of the reserve is used up."""
        return self.deadline is None or self.end is None or 2 * monotonic() < self.deadline + self.end

    def ran_out(self) -> bool:
        """Whether it is for lack of time that nothing more is started."""
        return self.deadline is not None and monotonic() + self.slowest > self.deadline
