"""Hands a batch to the function and reads what it says.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sqslab.mapping.record import event_json
from sqslab.mapping.response import failed_message_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_lambda import LambdaClient

    from sqslab.mapping.event_source_mapping import EventSourceMapping
    from sqslab.mapping.sqs_source import Received

_REASON_LENGTH = 200
_THROTTLED = 429
_GONE = ("ResourceNotFoundException", "ResourceNotFound")  # the second one is that of `sam local start-lambda`


class FunctionFailed(Exception):
    """The function raised, timed out or crashed. The text is its own, in one line."""


class Throttled(Exception):
    """There is no room for the invocation now; the function did not run."""


def invoke(functions: LambdaClient, mapping: EventSourceMapping, batch: Sequence[Received]) -> frozenset[str]:
    """Run the function on a batch.

    Args:
        functions: a client of the endpoint that has the function.
        mapping: names the function, and says whether its response counts.
        batch: what it gets.

    Returns:
        The ids of the messages it reports as failed.

    Raises:
        FunctionFailed: it did not return.
        InvalidResponse: it returned what cannot be acted on.
        Throttled: it was not run, as too many run already.
        botocore.exceptions.ClientError: the endpoint refused for another reason.
        botocore.exceptions.BotoCoreError: it did not answer.
    """
    try:
        response = functions.invoke(
            FunctionName=mapping.function_arn, Payload=event_json(received.record for received in batch)
        )
    except ClientError as error:
        if _is_throttling(error):
            raise Throttled from error
        raise
    payload = response["Payload"].read()
    if "FunctionError" in response:
        raise FunctionFailed(_error_of(payload))
    if not mapping.reports_item_failures:
        return frozenset()  # the response is ignored: any return is a success
    return failed_message_ids(payload, {received.message_id for received in batch})


def is_gone(error: Exception) -> bool:
    """Say whether an answer of Lambda's means that there is no such function."""
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _GONE


def _is_throttling(error: ClientError) -> bool:
    # https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html; not all emulators give both.
    return (
        error.response.get("Error", {}).get("Code") == "TooManyRequestsException"
        or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _THROTTLED
    )


def _error_of(payload: bytes) -> str:
    """Say in one line what a failed invocation returned, as far as it can be read."""
    try:
        details = json.loads(payload)
        text = ": ".join(str(details[key]) for key in ("errorType", "errorMessage") if details.get(key))
    except (ValueError, AttributeError, RecursionError):
        text = ""
    return " ".join(text.split())[:_REASON_LENGTH] or "no reason given"
