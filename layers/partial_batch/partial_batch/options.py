"""The options of a handler, checked when it is made."""

from __future__ import annotations

import os

from ._runners.function import is_async
from .backoff import Backoff, is_number
from .errors import PermanentFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, TypedDict

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
        on_success: Callable[[Message], object] | None
        on_failure: Callable[[Message, BaseException], object] | None

    class BatchOptions(CommonOptions, total=False):
        """What `batch_handler` takes."""

        on_fifo_failure: OnFifoFailure | None
        concurrency: int


class Options:
    """The options of a handler.

    Raises:
        TypeError, ValueError: an option that cannot be right, named.
    """

    __slots__ = (
        "backoff",
        "concurrency",
        "dead_letter_queue",
        "max_receive_count",
        "metrics_namespace",
        "on_failure",
        "on_success",
        "permanent",
        "raise_if_all_failed",
        "skip_group",
        "time_reserve",
    )

    def __init__(
        self,
        *,
        on_fifo_failure: OnFifoFailure | None,
        concurrency: int,
        backoff: Backoff | None,
        dead_letter_queue: str | None,
        max_receive_count: int | None,
        permanent: ExceptionTypes,
        time_reserve: float,
        raise_if_all_failed: bool,
        metrics_namespace: str | None,
        on_success: Callable[[Message], object] | None,
        on_failure: Callable[[Message, BaseException], object] | None,
    ) -> None:
        _require_count("concurrency", concurrency)
        if on_fifo_failure not in (None, "stop_batch", "skip_group"):
            raise ValueError(f"on_fifo_failure is 'stop_batch' or 'skip_group', not {on_fifo_failure!r}")
        if concurrency > 1 and on_fifo_failure == "stop_batch":
            raise ValueError("with concurrency above 1, on_fifo_failure is 'skip_group': groups run side by side")
        if backoff is not None and not isinstance(backoff, Backoff):
            raise TypeError(f"backoff is a Backoff or None, not {backoff!r}")
        if dead_letter_queue is not None and not isinstance(dead_letter_queue, str):
            raise TypeError(f"dead_letter_queue is the URL of a queue or None, not {dead_letter_queue!r}")
        if dead_letter_queue == "":
            raise ValueError("dead_letter_queue is empty; it is the URL of a queue or None")
        if max_receive_count is not None:
            _require_count("max_receive_count", max_receive_count)
            if dead_letter_queue is None:
                raise ValueError("max_receive_count needs a dead_letter_queue to send messages to")
        types = permanent if isinstance(permanent, tuple) else (permanent,)
        for kind in types:
            # What is no Exception is not the message's failure: it ends the invocation.
            if not isinstance(kind, type) or not issubclass(kind, Exception):
                raise TypeError(f"permanent is one or a tuple of exception types, and {kind!r} is none")
        if not is_number(time_reserve):
            raise TypeError(f"time_reserve is a number of seconds, not {time_reserve!r}")
        if not 0 <= time_reserve < float("inf"):
            raise ValueError(f"time_reserve is 0 seconds or more, not {time_reserve!r}")
        if not isinstance(raise_if_all_failed, bool):
            raise TypeError(f"raise_if_all_failed is True or False, not {raise_if_all_failed!r}")
        if metrics_namespace is not None and not isinstance(metrics_namespace, str):
            raise TypeError(f"metrics_namespace is a CloudWatch namespace or None, not {metrics_namespace!r}")
        if metrics_namespace == "":
            raise ValueError("metrics_namespace is empty; it is a CloudWatch namespace or None")
        for name, hook in (("on_success", on_success), ("on_failure", on_failure)):
            if hook is not None and is_async(hook):
                raise TypeError(f"{name} is a plain function; nothing awaits an async one")

        self.concurrency = concurrency
        self.skip_group = on_fifo_failure == "skip_group" or concurrency > 1
        self.backoff = backoff
        self.dead_letter_queue = dead_letter_queue
        self.max_receive_count = max_receive_count
        self.permanent: tuple[type[Exception], ...] = (PermanentFailure, *types)
        self.time_reserve = time_reserve
        self.raise_if_all_failed = raise_if_all_failed
        self.metrics_namespace = metrics_namespace or os.environ.get("PARTIAL_BATCH_METRICS_NAMESPACE") or None
        self.on_success = on_success
        self.on_failure = on_failure


def _require_count(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a whole number, not {value!r}")
    if value < 1:
        raise ValueError(f"{name} is at least 1, not {value!r}")
