"""`batch_handler` and `bulk_handler`: from a function of messages to a Lambda handler."""

from __future__ import annotations

from functools import partial, update_wrapper

from ._runners.alarm import run_with_alarm
from ._runners.function import is_async
from ._runners.in_order import run
from ._sources import read_event
from .batch import Batch
from .options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, Unpack, overload

    from .backoff import Backoff
    from .batch import BatchResponse
    from .message import Message
    from .options import BatchOptions, CommonOptions, ExceptionTypes, OnFifoFailure

    class BatchHandler[F](Protocol):
        """A Lambda handler made from a function of messages."""

        __wrapped__: F

        def __call__(self, event: Any, context: Any = None) -> BatchResponse: ...

    class _BatchDecorator(Protocol):
        def __call__[F: Callable[[Message], object]](self, function: F, /) -> BatchHandler[F]: ...

    class _BulkDecorator(Protocol):
        def __call__[F: Callable[[list[Message]], object]](self, function: F, /) -> BatchHandler[F]: ...

else:

    def overload(function):  # noqa: ANN001 - typing itself is too large an import for a cold start
        return function


@overload
def batch_handler[F: Callable[[Message], object]](
    function: F, /, **options: Unpack[BatchOptions]
) -> BatchHandler[F]: ...
@overload
def batch_handler(function: None = None, /, **options: Unpack[BatchOptions]) -> _BatchDecorator: ...  # noqa: F811
def batch_handler(  # noqa: F811
    function: Any = None,
    /,
    *,
    on_fifo_failure: OnFifoFailure | None = None,
    concurrency: int = 1,
    backoff: Backoff | None = None,
    dead_letter_queue: str | None = None,
    max_receive_count: int | None = None,
    permanent: ExceptionTypes = (),
    time_reserve: float = 1.0,
    raise_if_all_failed: bool = False,
    metrics_namespace: str | None = None,
    on_success: Callable[[Message], object] | None = None,
    on_failure: Callable[[Message, BaseException], object] | None = None,
) -> Any:
    """Make a Lambda handler from a function of one message, plain or `async`.

    The handler runs the function for each message of the batch and returns the messages that are not known to have
    succeeded, for Lambda to give back to the queue. The event source mapping needs
    `FunctionResponseTypes: [ReportBatchItemFailures]`. Kinesis and DynamoDB stream events are taken too: in order, up
    to the first failure, which is the one reported.

    Args:
        function: called with a `Message` and nothing else; the message succeeds if it returns and fails if it raises.
        on_fifo_failure: FIFO queues only. `"stop_batch"`, the default: after a failure nothing more is started and the
            rest of the batch goes back. `"skip_group"`: only the rest of that message group goes back.
        concurrency: how many messages run at once: threads for a plain function, tasks for an `async` one. On FIFO,
            groups run side by side and each group in its order, which means `"skip_group"`. A stream's records run one
            at a time.
        backoff: how long a failed message stays hidden; messages never started are shown again at once. None: as long
            as the queue's visibility timeout.
        dead_letter_queue: URL of the queue for messages that must not be retried. None: they are retried.
        max_receive_count: FIFO queues only, with `dead_letter_queue`: a message that fails at every so-manieth receive
            is dead-lettered by the layer itself, before SQS does so with it and all messages that wait behind it.
        permanent: exception types that mean the same as `PermanentFailure`, one or a tuple.
        time_reserve: seconds before the function's timeout at which work stops; what is not done by then goes back.
        raise_if_all_failed: raise RuntimeError instead of returning when the whole batch would go back, so that the
            invocation counts as an error.
        metrics_namespace: CloudWatch namespace of the metrics. None: PARTIAL_BATCH_METRICS_NAMESPACE from the
            environment or, without it, no metrics.
        on_success: called with a message whose function returned; the message fails if this raises.
        on_failure: called with a message and the exception it failed with; if this raises, that is logged.

    Returns:
        The handler `(event, context=None) -> {"batchItemFailures": [{"itemIdentifier": id}, ...]}`, with the function
        as its `__wrapped__`; or, called without a function, a decorator that makes one. The handler raises
        `InvalidEvent` for an event that is not a batch of messages.

    Raises:
        TypeError, ValueError: an option or the function cannot be right. Raised here, at import, not at the first
            message.
    """
    options = Options(
        on_fifo_failure=on_fifo_failure,
        concurrency=concurrency,
        backoff=backoff,
        dead_letter_queue=dead_letter_queue,
        max_receive_count=max_receive_count,
        permanent=permanent,
        time_reserve=time_reserve,
        raise_if_all_failed=raise_if_all_failed,
        metrics_namespace=metrics_namespace,
        on_success=on_success,
        on_failure=on_failure,
    )
    return _decorate(function, options, _run_side_by_side if concurrency > 1 else _run_in_order, _run_async)


@overload
def bulk_handler[F: Callable[[list[Message]], object]](
    function: F, /, **options: Unpack[CommonOptions]
) -> BatchHandler[F]: ...
@overload
def bulk_handler(function: None = None, /, **options: Unpack[CommonOptions]) -> _BulkDecorator: ...  # noqa: F811
def bulk_handler(  # noqa: F811
    function: Any = None,
    /,
    *,
    backoff: Backoff | None = None,
    dead_letter_queue: str | None = None,
    max_receive_count: int | None = None,
    permanent: ExceptionTypes = (),
    time_reserve: float = 1.0,
    raise_if_all_failed: bool = False,
    metrics_namespace: str | None = None,
    on_success: Callable[[Message], object] | None = None,
    on_failure: Callable[[Message, BaseException], object] | None = None,
) -> Any:
    """Make a Lambda handler from a function of the whole batch, plain or `async`, as for AWS's own batch calls.

    The function gets the list of messages and returns those that failed, as messages or as their ids; None or nothing
    in it if all succeeded. If it raises, all failed. On FIFO, everything after the first failed message of a group is
    reported with it, whatever became of it. A returned id that is not in the batch fails the whole batch.

    Args:
        function: called with a list of `Message`, never with an empty one. `batch_apis` makes what it is to return from
            the answers of Firehose, Kinesis, EventBridge, SNS, SQS and DynamoDB.
        backoff: as for `batch_handler`, and so the others.
        dead_letter_queue: for all messages, if the function raises a `permanent` failure.
        max_receive_count: FIFO queues only.
        permanent: exception types that mean the same as `PermanentFailure`, one or a tuple.
        time_reserve: seconds before the function's timeout at which the function is interrupted; all failed then.
        raise_if_all_failed: raise RuntimeError instead of returning when the whole batch would go back.
        metrics_namespace: CloudWatch namespace of the metrics.
        on_success: called with each message that succeeded.
        on_failure: called with each message that failed, and the exception.

    Returns:
        The handler, or a decorator that makes one, as of `batch_handler`.

    Raises:
        TypeError, ValueError: an option or the function cannot be right. Raised here, at import, not at the first
            message.
    """
    options = Options(
        on_fifo_failure="skip_group",
        concurrency=1,
        backoff=backoff,
        dead_letter_queue=dead_letter_queue,
        max_receive_count=max_receive_count,
        permanent=permanent,
        time_reserve=time_reserve,
        raise_if_all_failed=raise_if_all_failed,
        metrics_namespace=metrics_namespace,
        on_success=on_success,
        on_failure=on_failure,
    )
    return _decorate(function, options, _run_whole, _run_whole_async)


def _decorate(
    function: Any, options: Options, plain: Callable[[Any, Batch], None], asynchronous: Callable[[Any, Batch], None]
) -> Any:
    def decorate(function: Any) -> Any:
        run_function = asynchronous if is_async(function) else plain

        def handler(event: Any, context: Any = None) -> BatchResponse:
            records, kind = read_event(event)
            batch = Batch(records, kind, options, context)
            run_function(function, batch)
            return batch.response()

        return update_wrapper(handler, function)

    return decorate if function is None else decorate(function)


def _run_in_order(function: Any, batch: Batch) -> None:
    places = range(len(batch.records))
    if batch.seconds is None:
        run(function, batch, places)
    else:
        run_with_alarm(batch, batch.seconds, run, function, batch, places)


def _run_side_by_side(function: Any, batch: Batch) -> None:
    lanes = list(batch.lanes())
    if len(lanes) > 1:
        from ._runners.threads import run_in_threads

        run_in_threads(function, batch, lanes)
    else:
        _run_in_order(function, batch)


def _run_async(function: Any, batch: Batch) -> None:
    from ._runners.tasks import run_in_tasks

    run_in_tasks(function, batch)


def _run_whole(function: Any, batch: Batch) -> None:
    from ._runners.bulk import run_bulk

    run_bulk(function, batch)


def _run_whole_async(function: Any, batch: Batch) -> None:
    from ._runners.bulk import run_bulk
    from ._runners.tasks import wait_for

    run_bulk(partial(wait_for, function, batch), batch, interrupt=False)
