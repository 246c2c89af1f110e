"""Interrupting what runs on the main thread when its time is over."""

from __future__ import annotations

# The C functions behind the module `signal`, whose own turn numbers into enums and back at each call; that costs more
# than handling ten messages.
import _signal  # type: ignore[import-not-found]
from threading import get_ident, main_thread
from time import monotonic

from ._errors import OutOfTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any


def run_with_alarm(seconds: float, function: Callable[..., object], *arguments: Any) -> None:
    """Call the function and raise OutOfTime in it once it has taken so many seconds.

    Off the main thread, where Python can interrupt nothing, it is just called. An OutOfTime that the function lets
    through ends here.
    """
    if get_ident() != main_thread().ident or _signal.getsignal(_signal.SIGALRM) is None:
        function(*arguments)
        return
    alarm = _Alarm(seconds)
    try:
        alarm.live = True  # had it rung before, the function would see itself that its time is over
        function(*arguments)
    except OutOfTime:
        pass
    finally:
        try:
            alarm.stop()
        except OutOfTime:  # it rang just now, and rings only once
            alarm.stop()


class _Alarm:
    __slots__ = ("_previous_handler", "_previous_timer", "_set_at", "live")

    def __init__(self, seconds: float) -> None:
        self.live = False
        self._previous_handler: Any = _signal.signal(_signal.SIGALRM, self._ring)
        self._previous_timer = _signal.setitimer(_signal.ITIMER_REAL, max(seconds, 1e-6))  # 0 would switch it off
        self._set_at = monotonic() if self._previous_timer[0] else 0.0

    def stop(self) -> None:
        """Ring no more, and put back the handler and the timer that were there before."""
        self.live = False
        _signal.setitimer(_signal.ITIMER_REAL, 0)
        _signal.signal(_signal.SIGALRM, self._previous_handler)
        seconds, interval = self._previous_timer
        if seconds:
            _signal.setitimer(_signal.ITIMER_REAL, max(seconds - (monotonic() - self._set_at), 1e-6), interval)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self.live:
            self.live = False
            raise OutOfTime("the time of the function is nearly over")
