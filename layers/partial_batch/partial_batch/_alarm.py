"""Interrupting what runs on the main thread when its time is over."""

from __future__ import annotations

# The C functions behind the module `signal`, whose own turn numbers into enums and back at each call; that costs more
# than handling ten messages.
from _signal import ITIMER_REAL, SIGALRM, getsignal, setitimer, signal  # type: ignore[import-not-found]
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
    live = False

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal live
        if live:
            live = False
            raise OutOfTime("the time of the function is nearly over")

    previous_handler = getsignal(SIGALRM)
    if previous_handler is not None:  # None is one that Python cannot put back
        try:
            signal(SIGALRM, ring)
        except ValueError:  # off the main thread
            previous_handler = None
    if previous_handler is None:
        function(*arguments)
        return
    previous_timer = setitimer(ITIMER_REAL, seconds if seconds > 1e-6 else 1e-6)  # 0 would switch it off
    set_at = monotonic() if previous_timer[0] else 0.0
    try:
        live = True  # had it rung before, the function would see itself that its time is over
        function(*arguments)
    except OutOfTime:
        pass
    finally:
        try:
            live = False
        except OutOfTime:  # it rang just now, and rings only once
            live = False
        # Whatever was there before is put back.
        setitimer(ITIMER_REAL, 0)
        signal(SIGALRM, previous_handler)
        if previous_timer[0]:
            setitimer(ITIMER_REAL, max(previous_timer[0] - (monotonic() - set_at), 1e-6), previous_timer[1])
