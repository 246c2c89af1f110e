"""Interrupting what runs on the main thread when its time is over."""

from __future__ import annotations

# The C functions behind the module `signal`, whose own turn numbers into enums and back at each call; that costs more
# than handling ten messages.
from _signal import ITIMER_REAL, SIGALRM, getsignal, setitimer, signal  # type: ignore[import-not-found]
from time import monotonic

from partial_batch.errors import OutOfTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from partial_batch.batch import Batch


# A function that does not leave after it was interrupted, say because its cleanup waits, is interrupted again after
# half of the reserve, but never sooner than this.
_SHORTEST_INTERVAL = 0.05


def run_with_alarm(batch: Batch, seconds: float, function: Callable[..., object], *arguments: Any) -> None:
    """Call the function and raise OutOfTime in it once it has taken so many seconds.

    Off the main thread, where Python can interrupt nothing, it is just called. The OutOfTime that this alarm raises
    ends here; that of another, around it, passes.

    Args:
        batch: that is worked on. While its `shielded` is set, nothing is raised.
        seconds: until it rings.
        function: what to call.
        arguments: for the function.
    """
    live = False
    raised: OutOfTime | None = None

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal raised
        if live and not batch.shielded:
            raised = OutOfTime("the time of the function is nearly over")
            raised.from_alarm = True
            raise raised

    previous_handler = getsignal(SIGALRM)
    if previous_handler is not None:  # None is one that Python cannot put back
        try:
            signal(SIGALRM, ring)
        except ValueError:  # off the main thread
            previous_handler = None
    if previous_handler is None:
        function(*arguments)
        return
    again = batch.options.time_reserve / 2
    previous_timer = setitimer(
        ITIMER_REAL,
        seconds if seconds > 1e-6 else 1e-6,  # 0 would switch it off
        again if again > _SHORTEST_INTERVAL else _SHORTEST_INTERVAL,
    )
    set_at = monotonic() if previous_timer[0] else 0.0
    try:
        live = True
        function(*arguments)
    except OutOfTime as interrupt:
        if interrupt is not raised:
            raise
    finally:
        try:
            live = False
        except OutOfTime:  # it rang just now
            live = False
        # Whatever was there before is put back.
        setitimer(ITIMER_REAL, 0)
        signal(SIGALRM, previous_handler)
        if previous_timer[0]:
            setitimer(ITIMER_REAL, max(previous_timer[0] - (monotonic() - set_at), 1e-6), previous_timer[1])
