"""Reads a function's response: which messages of the batch failed.

The rules are those of "Success and failure conditions" at
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

import json
from collections.abc import Collection


class InvalidResponse(ValueError):
    """The response says nothing Lambda could act on: the whole batch counts as failed."""


def failed_message_ids(payload: bytes, batch: Collection[str]) -> frozenset[str]:
    """Read which messages the function reports as failed.

    Args:
        payload: the response as Invoke returned it, of a function whose mapping has ReportBatchItemFailures.
        batch: the ids of the messages that were in the batch.

    Returns:
        The ids that failed, none if the batch is a success. An id named twice counts once.

    Raises:
        InvalidResponse: the response breaks the contract. The text says how, and never quotes a value from it.
    """
    response = _parse(payload)
    # "An empty EventResponse", "A null EventResponse": success. An empty string and list are empty ones, too;
    # `false` and 0 are not, though Python takes all of them for false.
    if response is None or response in ("", [], {}):
        return frozenset()
    if not isinstance(response, dict):
        raise InvalidResponse(f"it is {_kind(response)}, not an object")
    # "A null batchItemFailures list": success. A response without the key, such as one made for API Gateway, has a
    # null list as well.
    failures = response.get("batchItemFailures")
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        raise InvalidResponse(f"batchItemFailures is {_kind(failures)}, not a list")
    return frozenset(_identifier(position, failure, batch) for position, failure in enumerate(failures))


def _parse(payload: bytes) -> object:
    if not payload:
        return None
    try:
        return json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # "An invalid JSON response": failure
        raise InvalidResponse("it is not JSON") from error


def _identifier(position: int, failure: object, batch: Collection[str]) -> str:
    where = f"batchItemFailures[{position}]"
    if not isinstance(failure, dict):
        raise InvalidResponse(f"{where} is {_kind(failure)}, not an object")
    if "itemIdentifier" not in failure:  # "An itemIdentifier with a bad key name": failure
        raise InvalidResponse(f"{where} has no itemIdentifier")
    identifier = failure["itemIdentifier"]
    if not isinstance(identifier, str):  # "A null itemIdentifier": failure
        raise InvalidResponse(f"{where}.itemIdentifier is {_kind(identifier)}, not a string")
    if not identifier:  # "An empty string itemIdentifier": failure
        raise InvalidResponse(f"{where}.itemIdentifier is empty")
    if identifier not in batch:  # "an itemIdentifier that doesn't exist": failure
        raise InvalidResponse(f"{where}.itemIdentifier is not the id of a message in the batch")
    return identifier


def _kind(value: object) -> str:
    """Name a JSON value's kind as JSON does."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"
