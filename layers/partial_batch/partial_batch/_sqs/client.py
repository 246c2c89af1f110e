"""The layer's own SQS calls: bounded in time, since they are made on the function's."""

from __future__ import annotations

import os
from threading import Lock
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mypy_boto3_sqs import SQSClient

_CONNECT_SECONDS = 0.3
_READ_SECONDS = 0.5
_LONGEST = _CONNECT_SECONDS + _READ_SECONDS
_MAKE_CLIENT = 2.0  # an allowance for importing boto3 and making a client on a small function
_TRIES = 2  # a warm function's kept connection may be dead, which only shows when it is used

_ENDPOINTS = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"}

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors
_ABOUT_THE_REQUEST = ("InvalidMessageContents", "InvalidParameterValue", "InvalidAttribute")

_lock = Lock()
_clients: dict[str | None, SQSClient] = {}


class CallFailed(Exception):
    """The call is not known to have been carried out.

    Args:
        reason: what went wrong, without anything of the message.
        only_this: it is about this request; another may work.
    """

    def __init__(self, reason: str, *, only_this: bool = False) -> None:
        super().__init__(reason)
        self.only_this = only_this


def sqs_client(region: str | None = None) -> SQSClient:
    """The SQS client for a region, or for the function's own; made at the first call and kept between invocations."""
    with _lock:  # making clients is not thread-safe, using them is
        if region not in _clients:
            import boto3
            from botocore.config import Config

            config = Config(
                connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"total_max_attempts": 1}
            )
            _clients[region] = boto3.client("sqs", region_name=region, config=config)
        return _clients[region]


def call(operation: str, end: float | None, region: str | None = None, **request: Any) -> Any:
    """Call SQS, twice if it does not answer, as long as the answer would come in time.

    Args:
        operation: the client's method.
        end: when the function is stopped, on the clock of `time.monotonic`; None if nobody knows.
        region: of the queue, None for the function's own.
        request: the parameters. `QueueUrl` may be an ARN: the URL is made from it, so that the function needs no
            right to look it up.

    Raises:
        CallFailed: no answer, no time for one, or a refusal.
    """
    if os.environ.get("AWS_SAM_LOCAL") == "true" and not _ENDPOINTS & os.environ.keys():
        # A sample event comes from no queue; the call would go to one of that name in the user's account, or elsewhere.
        raise CallFailed("under sam local there is no queue, unless AWS_ENDPOINT_URL_SQS names where")
    for remaining in reversed(range(_TRIES)):
        try:
            _require_time(end, _LONGEST if region in _clients else _MAKE_CLIENT + _LONGEST)
            client = sqs_client(region)
            _require_time(end, _LONGEST)
            if request["QueueUrl"].startswith("arn:"):
                *_, account, name = request["QueueUrl"].split(":")
                request["QueueUrl"] = f"{client.meta.endpoint_url.rstrip('/')}/{account}/{name}"
            return getattr(client, operation)(**request)
        except CallFailed:
            raise
        except Exception as problem:
            # Its text is left out: botocore's quotes the parameters, and so the body.
            kind = type(problem).__name__
            if kind == "ParamValidationError":
                raise CallFailed(kind, only_this=True) from problem
            answer = getattr(problem, "response", None)  # of a botocore ClientError
            if isinstance(answer, dict):
                code: str = answer.get("Error", {}).get("Code", kind)
                raise CallFailed(code, only_this=any(part in code for part in _ABOUT_THE_REQUEST)) from problem
            if not remaining:
                raise CallFailed(kind) from problem
    raise AssertionError("unreachable")


def _require_time(end: float | None, seconds: float) -> None:
    if end is not None and monotonic() + seconds > end:
        raise CallFailed("no time is left for it")
