"""The options of a handler, checked when it is made."""

from __future__ import annotations

import os

from ._runners.alarm import SHORTEST_INTERVAL
from ._runners.function import is_async, require_parameters
from .backoff import Backoff, is_number
from .errors import PermanentFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypedDict

    from .message import Message

    OnFifoFailure = Literal["stop_batch", "skip_group"]
    ExceptionTypes = type[Exception] | tuple[type[Exception], ...]

    class CommonOptions(TypedDict, total=False):
        """What `batch_handler` and `bulk_handler` both take."""

        backoff: Backoff | None
        dead_letter_queue: str | None
        max_receive_count: int | None
        permanent: ExceptionTypes
        time_reserve: float
        raise_if_all_failed: bool
        metrics_namespace: str | None
        error_text: Callable[[BaseException], str] | None
        on_success: Callable[[Message], object] | None
        on_failure: Callable[[Message, BaseException], object] | None

    class BatchOptions(CommonOptions, total=False):
        """What `batch_handler` takes."""

        on_fifo_failure: OnFifoFailure | None
        concurrency: int


class Options:
    """The options of a handler, each with its default.

    Args:
        bulk: for `bulk_handler`, which has neither `on_fifo_failure` nor `concurrency`.
        given: what the user says.

    Raises:
        TypeError, ValueError: an option that cannot be right, named.
    """

    on_fifo_failure: OnFifoFailure | None = None
    concurrency: int = 1
    backoff: Backoff | None = None
    dead_letter_queue: str | None = None
    max_receive_count: int | None = None
    permanent: Any = ()
    time_reserve: float = 1.0
    raise_if_all_failed: bool = False
    metrics_namespace: str | None = None
    error_text: Callable[[BaseException], str] | None = str
    on_success: Callable[[Message], object] | None = None
    on_failure: Callable[[Message, BaseException], object] | None = None

    def __init__(self, given: dict[str, Any], *, bulk: bool = False) -> None:
        for name, value in given.items():
            if name not in Options.__annotations__ or (bulk and name in ("on_fifo_failure", "concurrency")):
                raise TypeError(f"{'bulk' if bulk else 'batch'}_handler has no option {name!r}")
            setattr(self, name, value)
        self._check_order()
        self._check_queues()
        self._check_reporting()
        if not is_number(self.time_reserve):
            raise TypeError(f"time_reserve is a number of seconds, not {self.time_reserve!r}")
        if not 0 <= self.time_reserve < float("inf"):
            raise ValueError(f"time_reserve is 0 seconds or more, not {self.time_reserve!r}")
        if not isinstance(self.raise_if_all_failed, bool):
            raise TypeError(f"raise_if_all_failed is True or False, not {self.raise_if_all_failed!r}")
        # A function that does not leave when it is interrupted is interrupted again after half of the reserve.
        self.interval = max(self.time_reserve / 2, SHORTEST_INTERVAL)
        self.skip_group = bulk or self.on_fifo_failure == "skip_group" or self.concurrency > 1
        if self.backoff is not None or self.dead_letter_queue is not None:
            from ._sqs.client import make_client

            make_client()

    def _check_order(self) -> None:
        _require_count("concurrency", self.concurrency)
        if self.on_fifo_failure not in (None, "stop_batch", "skip_group"):
            raise ValueError(f"on_fifo_failure is 'stop_batch' or 'skip_group', not {self.on_fifo_failure!r}")
        if self.concurrency > 1 and self.on_fifo_failure == "stop_batch":
            raise ValueError("with concurrency above 1, on_fifo_failure is 'skip_group': groups run side by side")

    def _check_queues(self) -> None:
        if self.backoff is not None and not isinstance(self.backoff, Backoff):
            raise TypeError(f"backoff is a Backoff or None, not {self.backoff!r}")
        _require_text("dead_letter_queue", self.dead_letter_queue, "the URL of a queue")
        if self.max_receive_count is not None:
            _require_count("max_receive_count", self.max_receive_count)
            if self.dead_letter_queue is None:
                raise ValueError("max_receive_count needs a dead_letter_queue to send messages to")
        types = self.permanent if isinstance(self.permanent, tuple) else (self.permanent,)
        for kind in types:
            # What is not an Exception is not the message's failure: it ends the invocation.
            if not isinstance(kind, type) or not issubclass(kind, Exception):
                raise TypeError(f"permanent is one or a tuple of exception types, not {kind!r}")
        self.permanent = (PermanentFailure, *types)

    def _check_reporting(self) -> None:
        _require_text("metrics_namespace", self.metrics_namespace, "a CloudWatch namespace")
        if self.metrics_namespace is None:
            self.metrics_namespace = os.environ.get("PARTIAL_BATCH_METRICS_NAMESPACE") or None
        if self.error_text is not None and not callable(self.error_text):
            raise TypeError(f"error_text is a function of an exception or None, not {self.error_text!r}")
        called = {"on_success": ("a message",), "on_failure": ("a message", "an exception")}
        if self.error_text is not None and not isinstance(self.error_text, type):
            called["error_text"] = ("an exception",)
        for name, parameters in called.items():
            function = getattr(self, name)
            if function is None:
                continue
            if is_async(function):
                raise TypeError(f"{name} is a plain function; nothing awaits an async one")
            require_parameters(function, *parameters)


def _require_count(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number, not {value!r}")
    if value < 1:
        raise ValueError(f"{name} is at least 1, not {value!r}")


def _require_text(name: str, value: str | None, what: str) -> None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is {what} or None, not {value!r}")
    if value == "":
        raise ValueError(f"{name} is empty; it is {what} or None")
