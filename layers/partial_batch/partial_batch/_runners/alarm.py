"""Interrupting what runs on the main thread when its time is over."""

from __future__ import annotations

# The C functions behind the module `signal`, whose own turn numbers into enums and back at each call; that costs more
# than handling ten messages.
from _signal import ITIMER_REAL, SIGALRM, getitimer, getsignal, setitimer, signal  # type: ignore[import-not-found]
from time import monotonic
from types import MethodType

from partial_batch.errors import OutOfTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

SHORTEST_INTERVAL = 0.05  # seconds between two rings


class Alarm:
    """Raises OutOfTime in what it runs, once its time is over and then again and again until it leaves.

    It rings with SIGALRM, so it works on the main thread only. Elsewhere Python can interrupt nothing.
    """

    live = False
    shielded = False  # not to be interrupted now
    # Asked each time it rings, whether what runs just then, in this frame, is to be interrupted. None: it is.
    may_interrupt: Callable[[FrameType | None], bool] | None = None
    _rang = False
    _interval = 0.0
    _outer: Alarm | None = None  # of the handler around this one
    _outer_due = 0.0

    def run(self, seconds: float | None, interval: float, function: Callable[..., object], *arguments: Any) -> None:
        """Call the function, for so many seconds. The OutOfTime that this alarm raises ends here.

        Args:
            seconds: until it rings. None: it does not.
            interval: in seconds, until it rings again.
            function: what to call.
            arguments: for it.
        """
        if seconds is None:
            function(*arguments)
            return
        previous_handler = getsignal(SIGALRM)
        if type(previous_handler) is MethodType and isinstance(previous_handler.__self__, Alarm):
            outer_left = getitimer(ITIMER_REAL)[0]
            if outer_left <= seconds:
                function(*arguments)  # the outer one rings sooner, and interrupts this as well
                return
            self._outer = previous_handler.__self__
            self._outer_due = monotonic() + outer_left
        self._interval = interval
        if previous_handler is not None:  # None is one that Python cannot put back
            try:
                signal(SIGALRM, self._ring)
            except ValueError:  # off the main thread
                previous_handler = None
        if previous_handler is None:
            function(*arguments)
            return
        # 0 would switch it off
        previous_timer = setitimer(ITIMER_REAL, seconds if seconds > 0 else 1e-6, interval)
        set_at = monotonic() if previous_timer[0] else 0.0
        try:
            self.live = True
            function(*arguments)
        except OutOfTime as interrupt:
            if interrupt.alarm is not self:
                raise
        finally:
            try:
                self.live = False
            except OutOfTime:  # it rang just now, for the first time
                self.live = False
            # Whatever was there before is put back.
            setitimer(ITIMER_REAL, 0)
            signal(SIGALRM, previous_handler)
            if previous_timer[0]:
                setitimer(ITIMER_REAL, max(previous_timer[0] - (monotonic() - set_at), 1e-6), previous_timer[1])

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if not self.live:
            return
        if self._outer is not None and monotonic() >= self._outer_due:
            self._outer._ring(number, frame)
        # Once it has rung, the layer's own code needs no other: it is ending what was interrupted.
        if self.shielded or (self._rang and not self._is_in_code_of_the_user(frame)):
            return
        if self.may_interrupt is not None and not self.may_interrupt(frame):
            return
        if self._rang and self._interval > SHORTEST_INTERVAL:
            # What cleans up has half of the reserve. What goes on after that has less and less.
            self._interval = max(self._interval / 5, SHORTEST_INTERVAL)
            setitimer(ITIMER_REAL, self._interval, self._interval)
        self._rang = True
        error = OutOfTime("the time of the function is nearly over")
        error.alarm = self
        raise error

    def _is_in_code_of_the_user(self, frame: FrameType | None) -> bool:
        """Whether the layer, on its way here from `run`, has called any code but its own."""
        if frame is None:
            return True
        while frame is not None and not (frame.f_code is Alarm.run.__code__ and frame.f_locals["self"] is self):
            if not is_of_layer(frame):
                return True
            frame = frame.f_back
        return False


def is_of_layer(frame: FrameType) -> bool:
    """Whether it is code of the layer that runs in this frame."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "partial_batch"
