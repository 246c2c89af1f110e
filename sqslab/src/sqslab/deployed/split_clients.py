"""Queues at one endpoint and functions at another, put together as if they were one."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from sqslab.aws_errors import AWS_ERRORS
from sqslab.clients import Clients, WorkerClients, make_clients
from sqslab.stack import sam

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from sqslab.deployed.mappings import QueueSide

_NOT_FOUND = 404
# What runtimes write of an error: python-exceptions.html, java-exceptions.html (cause), nodejs-exceptions.html (trace)
# and csharp-exceptions.html (causes) in https://docs.aws.amazon.com/lambda/latest/dg/.
_ERROR_KEYS = {"errorType", "errorMessage", "stackTrace", "requestId", "cause", "trace", "causes"}
_NO_RESPONSE = json.dumps(
    {"errorType": "NoResponse", "errorMessage": "the function ended without a response: it timed out, or crashed"}
).encode()


def make_split_clients(endpoint_url: str, lambda_endpoint_url: str | None = None) -> Clients:
    """Make the clients for the pollers of an endpoint's own mappings.

    Args:
        endpoint_url: what has the event source mappings and the queues, and the functions if not named apart.
        lambda_endpoint_url: what runs the functions, if another. `sam local start-lambda` will do: it is only asked to
            invoke them.
    """
    clients = make_clients(endpoint_url)
    if lambda_endpoint_url is not None:
        elsewhere = _FunctionsElsewhere(clients, make_clients(lambda_endpoint_url).functions)
        clients = dataclasses.replace(clients, functions=cast("LambdaClient", elsewhere))
    return clients


def make_clients_for_deployed(side: QueueSide, functions: LambdaClient) -> WorkerClients:
    """Put the clients for the pollers of deployed mappings together.

    Args:
        side: what has the mappings and the queues.
        functions: a client of what runs the functions.
    """
    return WorkerClients(sqs=side.sqs, functions=cast("LambdaClient", _FunctionsByName(functions)))


class _FunctionsElsewhere:
    """A Lambda client that asks one endpoint about event source mappings and lets another run the functions."""

    def __init__(self, here: Clients, elsewhere: LambdaClient) -> None:
        self._here = here
        self._elsewhere = elsewhere

    def __getattr__(self, name: str) -> Any:
        return getattr(self._here.functions, name)

    def invoke(self, **request: Any) -> Any:
        """Invoke a function by its ARN or, where nobody knows that, by its name in the template.

        `sam local start-lambda` has only the latter.
        """
        try:
            response = self._elsewhere.invoke(**request)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") != _NOT_FOUND:
                raise
            name = self._name_in_template(_name(request["FunctionName"]))
            if name is None:
                raise
            response = self._elsewhere.invoke(**request | {"FunctionName": name})
        return response if "FunctionError" in response else _told_apart(response)

    def _name_in_template(self, function_name: str) -> str | None:
        """Look for the function among the stacks of the endpoint that has the mappings."""
        cloudformation = self._here.cloudformation
        try:
            for page in cloudformation.get_paginator("describe_stacks").paginate():
                for found in page["Stacks"]:
                    names = sam.logical_names(cloudformation, found["StackName"])
                    if function_name in names:
                        return names[function_name]
        except AWS_ERRORS:
            return None  # no CloudFormation there
        return None


class _FunctionsByName:
    """A Lambda client of another account or region than the ARNs say: only the functions' names count."""

    def __init__(self, functions: LambdaClient) -> None:
        self._functions = functions

    def get_function_configuration(self, **request: Any) -> Any:
        """Describe a function."""
        return self._functions.get_function_configuration(FunctionName=_name(request["FunctionName"]))

    def invoke(self, **request: Any) -> Any:
        """Invoke a function."""
        response = self._functions.invoke(**request | {"FunctionName": _name(request["FunctionName"])})
        return response if "FunctionError" in response else _told_apart(response)


def _name(function_arn: str) -> str:
    return function_arn.split(":")[6]


def _told_apart(response: Any) -> Any:
    """Make an error of what is one, though the response does not say so.

    `sam local` answers with nothing when it has stopped a function at its timeout, and with the error of a function
    that raised as if the function had returned it. For an event source mapping that is the difference between keeping a
    batch and deleting it. A function that returns nothing answers `null`.
    """
    payload = response["Payload"].read() or _NO_RESPONSE
    error = {"FunctionError": "Unhandled"} if _is_error(payload) else {}
    return response | error | {"Payload": StreamingBody(io.BytesIO(payload), len(payload))}


def _is_error(payload: bytes) -> bool:
    # As a runtime writes it: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return False  # of what use it is, the reader of the response decides
    return isinstance(content, dict) and {"errorType", "errorMessage"} <= content.keys() <= _ERROR_KEYS
