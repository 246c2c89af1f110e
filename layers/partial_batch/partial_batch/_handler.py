"""`batch_handler`: from a function of one message to a Lambda handler."""

from __future__ import annotations

import sys
from functools import update_wrapper

from ._batch import Batch, Options
from ._event import read_messages
from ._function import is_async, require_finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Protocol, TypedDict, Unpack, overload

    from ._batch import BatchResponse, OnFifoFailure
    from ._message import Message

    class BatchHandler[F](Protocol):
        """A Lambda handler made from a function of one message."""

        __wrapped__: F

        def __call__(self, event: Any, context: Any = None) -> BatchResponse: ...

    class _Decorator(Protocol):
        def __call__[F: Callable[[Message], object]](self, function: F, /) -> BatchHandler[F]: ...

    class _Options(TypedDict, total=False):
        on_fifo_failure: OnFifoFailure
        dead_letter_queue: str | None
        permanent: type[Exception] | tuple[type[Exception], ...]
        raise_if_all_failed: bool

else:

    def overload(function):  # noqa: ANN001, ANN202 - typing itself is too large an import for a cold start
        return function


@overload
def batch_handler[F: Callable[[Message], object]](function: F, /, **options: Unpack[_Options]) -> BatchHandler[F]: ...
@overload
def batch_handler(function: None = None, /, **options: Unpack[_Options]) -> _Decorator: ...  # noqa: F811
def batch_handler(  # noqa: F811
    function: Any = None,
    /,
    *,
    on_fifo_failure: OnFifoFailure = "stop_batch",
    dead_letter_queue: str | None = None,
    permanent: type[Exception] | tuple[type[Exception], ...] = (),
    raise_if_all_failed: bool = False,
) -> Any:
    """Make a Lambda handler from a function of one message, plain or `async`.

    The handler runs the function for each message of the batch, one at a time, and returns the messages that are
    not known to have succeeded, for Lambda to give back to the queue. The event source mapping needs
    `FunctionResponseTypes: [ReportBatchItemFailures]`.

    Args:
        function: called with a `Message` and nothing else; the message succeeds if it returns and fails if it raises.
        on_fifo_failure: FIFO queues only. `"stop_batch"`: after a failure nothing more is started and the rest of
            the batch goes back. `"skip_group"`: only the rest of that message group goes back.
        dead_letter_queue: URL of the queue for messages that must not be retried. None: they are retried.
        permanent: exception types that mean the same as `PermanentFailure`, one or a tuple.
        raise_if_all_failed: raise RuntimeError instead of returning when the whole batch would go back, so that
            the invocation counts as an error.

    Returns:
        The handler `(event, context=None) -> {"batchItemFailures": [{"itemIdentifier": id}, ...]}`, with the
        function as its `__wrapped__`; or, called without a function, a decorator that makes one. The handler raises
        `InvalidEvent` for an event that is not a batch of messages.

    Raises:
        TypeError, ValueError: an option or the function cannot be right. Raised here, at import, not at the first
            message.
    """
    options = Options(
        on_fifo_failure=on_fifo_failure,
        permanent=permanent,
        dead_letter_queue=dead_letter_queue,
        raise_if_all_failed=raise_if_all_failed,
    )

    def decorate(function: Any) -> Any:
        run = _run_async if is_async(function) else _run

        def handler(event: Any, context: Any = None) -> BatchResponse:
            batch = Batch(read_messages(event), options)
            run(function, batch)
            return batch.response()

        return update_wrapper(handler, function)

    return decorate if function is None else decorate(function)


def _run(function: Callable[[Message], object], batch: Batch) -> None:
    for place, message in batch.to_run():
        try:
            result = function(message)
            if result is not None:
                require_finished(result)
        except Exception as error:
            batch.failed(place, error)
        except BaseException as error:
            # No Exception, but no reason to stop either. Who raises it has loaded asyncio; this layer need not.
            asyncio = sys.modules.get("asyncio")
            if asyncio is None or not isinstance(error, asyncio.CancelledError):
                raise
            batch.failed(place, error)
        else:
            batch.succeeded(place)


def _run_async(function: Callable[[Message], Awaitable[object]], batch: Batch) -> None:
    import asyncio

    async def run_all() -> None:
        whole = asyncio.current_task()
        for place, message in batch.to_run():
            try:
                # A task of its own, so that a function that cancels itself does not cancel the batch.
                result = await asyncio.ensure_future(function(message))
                if result is not None:
                    require_finished(result)
            except asyncio.CancelledError as error:
                if whole is not None and whole.cancelling():
                    raise  # not the message is cancelled but the invocation, as by Ctrl-C
                batch.failed(place, error)
            except Exception as error:
                batch.failed(place, error)
            else:
                batch.succeeded(place)

    asyncio.run(run_all())
