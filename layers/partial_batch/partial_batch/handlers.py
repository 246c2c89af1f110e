"""`batch_handler` and `bulk_handler`: from a function of messages to a Lambda handler."""

from __future__ import annotations

from _contextvars import copy_context
from functools import update_wrapper

from ._runners.function import is_async, require_parameters
from ._runners.in_order import run_in_order
from ._sources import read_event
from .batch import Batch
from .options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, Unpack, overload

    from .message import Message
    from .options import BatchOptions, CommonOptions
    from .outcomes import BatchResponse

    class BatchHandler[F](Protocol):
        """A Lambda handler made from a function of messages."""

        __wrapped__: F

        def __call__(self, event: Any, context: Any = None) -> BatchResponse:
            """Process the messages of an event; see `batch_handler`."""

    class _BatchDecorator(Protocol):
        def __call__[F: Callable[[Message], object]](self, function: F, /) -> BatchHandler[F]: ...

    class _BulkDecorator(Protocol):
        def __call__[F: Callable[[list[Message]], object]](self, function: F, /) -> BatchHandler[F]: ...

else:

    def overload(function):  # noqa: ANN001, ANN201, D103 - typing itself is too large an import for a cold start
        return function


@overload
def batch_handler[F: Callable[[Message], object]](  # noqa: D103
    function: F, /, **options: Unpack[BatchOptions]
) -> BatchHandler[F]: ...
@overload
def batch_handler(function: None = None, /, **options: Unpack[BatchOptions]) -> _BatchDecorator: ...  # noqa: D103, F811
def batch_handler(function: Any = None, /, **options: Unpack[BatchOptions]) -> Any:  # noqa: F811
    """Make a Lambda handler from a function of one message, plain or `async`.

    The handler runs the function for each message of the batch and returns the messages that are not known to have
    succeeded, for Lambda to give back to the queue. The event source mapping needs
    `FunctionResponseTypes: [ReportBatchItemFailures]`. Events of Kinesis, DynamoDB streams and Kafka, and of
    EventBridge Pipes, are taken too.

    Args:
        function: called with a `Message` and nothing else; the message succeeds if it returns and fails if it raises.
        options: by keyword.

            on_fifo_failure: FIFO queues and Kafka only. `"stop_batch"`, the default: after a failure nothing more is
                started and the rest of the batch goes back. `"skip_group"`: only the rest of that message group (of
                that topic-partition) goes back.
            concurrency (1): how many messages run at once: threads for a plain function, tasks for an `async` one. On
                FIFO, groups run side by side and each group in its order, which means `"skip_group"`. A stream's
                records run one at a time.
            backoff (None): a `Backoff`: how long a failed message stays hidden; messages never started are shown again
                at once. None: as long as the queue's visibility timeout.
            dead_letter_queue (None): URL of the queue for messages that must not be retried. None: they are retried.
            max_receive_count (None): FIFO queues only, with `dead_letter_queue`: a message that fails when its receive
                count is a multiple of it is dead-lettered by the layer itself, before SQS does so with it and all
                messages that wait behind it.
            permanent (()): exception types that mean the same as `PermanentFailure`, one or a tuple.
            time_reserve (1.0): seconds before the function's timeout at which work stops; what is not done by then
                goes back.
            raise_if_all_failed (False): raise RuntimeError instead of returning when the whole batch would go back, so
                that the invocation counts as an error.
            metrics_namespace (None): CloudWatch namespace of the metrics. None: PARTIAL_BATCH_METRICS_NAMESPACE from
                the environment or, without it, no metrics.
            error_text (str): what an exception says in the log and in the dead letter: a function of the exception
                that returns a str, or None for its type alone.
            on_success (None): called with a message whose function returned; the message fails if this raises.
            on_failure (None): called with a message and the exception it failed with; if this raises, that is logged.

    Returns:
        The handler `(event, context=None) -> {"batchItemFailures": [{"itemIdentifier": id}, ...]}`, with the function
        as its `__wrapped__`; or, called without a function, a decorator that makes one. The handler raises
        `InvalidEvent` for an event that is not a batch of messages.

    Raises:
        TypeError, ValueError: an option or the function cannot be right. Raised here, at import, not at the first
            message.
    """
    checked = Options(dict(options))
    return _decorate(
        function, checked, _in_threads if checked.concurrency > 1 else run_in_order, _in_tasks, "a message"
    )


@overload
def bulk_handler[F: Callable[[list[Message]], object]](  # noqa: D103
    function: F, /, **options: Unpack[CommonOptions]
) -> BatchHandler[F]: ...
@overload
def bulk_handler(function: None = None, /, **options: Unpack[CommonOptions]) -> _BulkDecorator: ...  # noqa: D103, F811
def bulk_handler(function: Any = None, /, **options: Unpack[CommonOptions]) -> Any:  # noqa: F811
    """Make a Lambda handler from a function of the whole batch, plain or `async`, as for AWS's own batch calls.

    The function gets the list of messages and returns those that failed, as messages or as their ids; None or nothing
    in it if all succeeded. If it raises, all failed. On FIFO, everything after the first failed message of a group is
    reported with it, whatever became of it. A returned id that is not in the batch fails the whole batch.

    Args:
        function: called with a list of `Message`, never with an empty one. `batch_apis` makes what it is to return from
            the answers of Firehose, Kinesis, EventBridge, SNS, SQS and DynamoDB.
        options: as for `batch_handler`, but no `on_fifo_failure` and no `concurrency`.

    Returns:
        The handler, or a decorator that makes one, as of `batch_handler`.

    Raises:
        TypeError, ValueError: an option or the function cannot be right. Raised here, at import, not at the first
            message.
    """
    return _decorate(function, Options(dict(options), bulk=True), _in_bulk, _in_bulk_async, "the list of messages")


def _decorate(
    function: Any,
    options: Options,
    plain: Callable[[Any, Batch], None],
    asynchronous: Callable[[Any, Batch], None],
    parameter: str,
) -> Any:
    def decorate(function: Any) -> Any:
        run_function = asynchronous if is_async(function) else plain
        require_parameters(function, parameter)

        def process(batch: Batch) -> BatchResponse:
            run_function(function, batch)
            return batch.response()

        def handler(event: Any, context: Any = None) -> BatchResponse:
            records, message_type = read_event(event)
            # What a message or a hook binds to context variables stays in this invocation.
            return copy_context().run(process, Batch(records, message_type, options, context))

        return update_wrapper(handler, function)

    return decorate if function is None else decorate(function)


def _in_threads(function: Any, batch: Batch) -> None:
    from ._runners.threads import run_side_by_side

    run_side_by_side(function, batch)


def _in_tasks(function: Any, batch: Batch) -> None:
    from ._runners.tasks import run_in_tasks

    run_in_tasks(function, batch)


def _in_bulk(function: Any, batch: Batch) -> None:
    from ._runners.bulk import run_bulk

    run_bulk(function, batch)


def _in_bulk_async(function: Any, batch: Batch) -> None:
    from ._runners.bulk import run_bulk_async

    run_bulk_async(function, batch)
