"""The layer's own SQS calls: bounded in time, since they are made on the function's."""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Event, Lock
from time import monotonic

from partial_batch.side_by_side import run_in_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mypy_boto3_sqs import SQSClient

MOST_CALLS_AT_ONCE = 16
NO_ANSWER = "no answer in time"
LONGEST = 0.8  # seconds that one call may take, whatever happens in it
_MAKING_SECONDS = 5.0  # that the first call of an environment waits for its client
_CONNECT_SECONDS = 0.3
_READ_SECONDS = 0.5  # of one read; a slow server may need many
_TRIES = 2  # a warm function's kept connection may be dead, which only shows when it is used
_LEAST_LEFT = 0.05  # seconds; with less, a call is not begun
TO_RETURN = 0.03  # seconds that stay for the handler to return its response

_ENDPOINTS = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"}

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors
_ABOUT_THE_REQUEST = ("InvalidMessageContents", "InvalidParameterValue", "InvalidAttribute")
_THROTTLED = ("Throttl", "RequestLimitExceeded", "TooManyRequests", "OverLimit", "SlowDown")

_lock = Lock()
_clients: dict[str | None, SQSClient] = {}


class CallFailed(Exception):
    """The call is not known to have been carried out.

    Args:
        reason: what went wrong, without anything of the message.
        only_this: it is about this request; another may work.
        refused: SQS answered, and would answer the same to any other request of this kind.
        answered: something answered, whatever it said.
        no_time: it was not begun.
    """

    def __init__(
        self,
        reason: str,
        *,
        only_this: bool = False,
        refused: bool = False,
        answered: bool = False,
        no_time: bool = False,
    ) -> None:
        super().__init__(reason)
        self.only_this = only_this
        self.refused = refused
        self.answered = answered or refused
        self.no_time = no_time


def make_client() -> None:
    """Make the client of the function's own region now, so that the first failed message need not wait for it.

    For Lambda's init phase. What goes wrong is not raised: the first call tries again and says what it is.
    """
    # Elsewhere a client made now would get around moto's mock, which a test starts later, and may ask the network for
    # credentials. Lambda's runtime needs AWS_LAMBDA_RUNTIME_API; a test sets AWS_LAMBDA_FUNCTION_NAME more often.
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    runtime = os.environ.get("AWS_EXECUTION_ENV", "")
    in_lambda = "AWS_LAMBDA_RUNTIME_API" in os.environ or runtime.startswith("AWS_Lambda_")
    if not in_lambda or _has_no_queue():
        return
    _make(None)


def _make(region: str | None) -> None:
    with suppress(BaseException):  # the first call says what it is
        sqs_client(region)


def sqs_client(region: str | None = None) -> SQSClient:
    """The SQS client for a region, or for the function's own; made once and kept between invocations."""
    region = _other(region)
    if region in _clients:
        return _clients[region]
    with _lock:  # a second thread waits for what the first one makes
        if region not in _clients:
            import botocore.session
            from botocore.config import Config

            config = Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"total_max_attempts": 1},
                max_pool_connections=MOST_CALLS_AT_ONCE,
                # These two save a fifth of what a call costs. The layer checks its requests' parts itself.
                parameter_validation=False,
                user_agent="partial_batch",
            )
            # Its own session: boto3's default one is the user's and not to be used in two threads at once.
            # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html
            client: Any = botocore.session.get_session().create_client("sqs", region, config=config)
            _clients[region] = client
        return _clients[region]


def await_client(end: float | None, region: str | None) -> None:
    """Give a client that is not there yet time of its own: to make it may take longer than a call should."""
    seconds = _MAKING_SECONDS if end is None else min(_MAKING_SECONDS, end - monotonic() - LONGEST)
    if _other(region) not in _clients and seconds > 0:
        with suppress(RuntimeError):  # no thread: the call says so
            run_in_threads(lambda: _make(region), 1, seconds)


def call(operation: str, end: float | None, region: str | None = None, **request: Any) -> Any:
    """Call SQS, twice if it does not answer, for 0.8 seconds at most; before the first call, its client is made.

    Args:
        operation: the client's method.
        end: when the function is stopped, on the clock of `time.monotonic`; None if nobody knows.
        region: of the queue, None for the function's own.
        request: the parameters. `QueueUrl` may be an ARN, of which the URL is made: no right to look it up is needed.

    Raises:
        CallFailed: no answer, no time for one, or a refusal.
    """
    require_queue()
    await_client(end, region)
    seconds = time_for_a_call(end)
    answers: list[Any] = []
    failures: list[CallFailed] = []
    given_up = Event()

    def work() -> None:
        try:
            answers.append(attempt(operation, region, request, given_up))
        except CallFailed as failure:
            failures.append(failure)

    try:
        run_in_threads(work, 1, seconds)
    except RuntimeError as problem:
        raise CallFailed("no thread can be had for it") from problem
    finally:
        given_up.set()
    if failures:
        raise failures[0]
    if not answers:
        raise CallFailed(NO_ANSWER)
    return answers[0]


def require_queue() -> None:
    """See to it that there is a queue to call.

    Raises:
        CallFailed: under sam local there is none. The call might go to one of that name in the user's account.
    """
    if _has_no_queue():
        raise CallFailed("under sam local there is no queue, unless AWS_ENDPOINT_URL_SQS names where", refused=True)


def now() -> float:
    """The time on the clock of `time.monotonic`: one clock for all of these calls."""
    return monotonic()


def time_for_a_call(end: float | None) -> float:
    """How many seconds a call may take.

    Raises:
        CallFailed: too little time is left for any.
    """
    if end is None:
        return LONGEST
    left = end - monotonic()
    if left < _LEAST_LEFT:
        raise CallFailed("no time is left for it", no_time=True)
    return min(LONGEST, left - TO_RETURN)


def attempt(operation: str, region: str | None, request: dict[str, Any], given_up: Event) -> Any:
    """Give the answer.

    Args:
        operation: as of `call`, and so the next two.
        region: of the queue.
        request: the parameters.
        given_up: nobody waits any more, and so no further try is begun: a change of visibility that is made minutes
            later, after the environment was frozen, would show or hide what another invocation works on.

    Raises:
        CallFailed: whatever there was. A tracer's code around the call may raise anything.
    """
    for remaining in reversed(range(_TRIES)):
        try:
            client = sqs_client(region)
            if request["QueueUrl"].startswith("arn:"):
                request = request | {"QueueUrl": _url(client, request["QueueUrl"])}
            if given_up.is_set():
                break
            return getattr(client, operation)(**request)
        except CallFailed:
            raise
        except BaseException as problem:
            failure = _failure(problem)
            if failure.answered or failure.only_this or not remaining:
                raise failure from problem
    raise CallFailed("it was given up")


def _other(region: str | None) -> str | None:
    """The region, or None for the function's own, which botocore reads and Lambda sets."""
    return None if region == os.environ.get("AWS_DEFAULT_REGION") else region


def _has_no_queue() -> bool:
    return os.environ.get("AWS_SAM_LOCAL") == "true" and not _ENDPOINTS & os.environ.keys()


def _url(client: SQSClient, arn: str) -> str:
    """The URL of a queue; the client knows the host, which differs by partition and endpoint."""
    parts = arn.split(":")
    if len(parts) != 6 or not all(parts):
        raise CallFailed("the source's ARN is not one of a queue", refused=True)
    return f"{client.meta.endpoint_url.rstrip('/')}/{parts[4]}/{parts[5]}"


def _failure(problem: BaseException) -> CallFailed:
    """What is said of it: nothing of its text, since botocore's quotes the parameters, and so the body."""
    kind = type(problem).__name__
    if kind == "ParamValidationError":
        return CallFailed(kind, only_this=True)
    answer = getattr(problem, "response", None)  # of a botocore ClientError
    if not isinstance(answer, dict):
        return CallFailed(kind)
    error = answer.get("Error")
    code = error.get("Code") if isinstance(error, dict) else None
    if not isinstance(code, str) or not code:
        code = kind
    metadata = answer.get("ResponseMetadata")
    status = metadata.get("HTTPStatusCode") if isinstance(metadata, dict) else None
    throttled = status == 429 or any(part in code for part in _THROTTLED)
    only_this = any(part in code for part in _ABOUT_THE_REQUEST)
    refused = isinstance(status, int) and 400 <= status < 500 and not throttled and not only_this
    return CallFailed(code, only_this=only_this, refused=refused, answered=True)
