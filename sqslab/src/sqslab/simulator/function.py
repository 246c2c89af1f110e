"""A function of the simulated Lambda, its context, and how it may end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqslab.simulator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqslab.simulator.virtual_clock import VirtualClock

    type Handler = Callable[[Any, Any], Any]


class Crash(SystemExit):
    """Raised by a handler whose process is to die on the spot, as by a signal. No code of it runs after that."""


class Throttle(Exception):
    """Raised by `duration` of a function whose invocation is to be throttled."""


@dataclass
class Function:
    """A function.

    Attributes:
        handler: called with the event and a context.
        timeout: seconds after which it is ended.
        duration: the virtual seconds that pass before the handler is called, or what computes them from the event. A
            handler that takes its time in between waits for the clock itself.
        concurrency: how many invocations there may be at once (reserved concurrency); None for no limit.
        running: how many there are.
        invocations: how many there were, throttled ones not counted.
    """

    handler: Handler
    timeout: float
    duration: float | Callable[[Any], float]
    concurrency: int | None
    running: int = 0
    invocations: int = 0


class Context:
    """What a handler gets beside the event.

    Args:
        clock: whose time runs out.
        end: when the function is ended, in the seconds of the clock's `monotonic`.
        name: of the function.
        arn: of the function.
        request_id: of the invocation.
    """

    function_version = "$LATEST"
    memory_limit_in_mb = "128"

    def __init__(self, clock: VirtualClock, end: float, name: str, arn: str, request_id: str) -> None:
        self._clock = clock
        self._end = end
        self.function_name = name
        self.invoked_function_arn = arn
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = "simulated"

    def get_remaining_time_in_millis(self) -> int:
        """Give the virtual milliseconds until the function is ended."""
        return max(0, int((self._end - self._clock.monotonic()) * 1000))


def failure(kind: str, text: str, **more: Any) -> bytes:
    """Give the payload of an invocation that failed."""
    return json.dumps({"errorMessage": text, "errorType": kind, **more}, ensure_ascii=False).encode()


def throttled() -> Refused:
    """Give the refusal of an invocation beyond the concurrency."""
    return Refused("TooManyRequestsException", "Rate Exceeded.", 429)
