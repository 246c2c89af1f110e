"""The client of a simulated Lambda: functions that are Python callables, run in this process in virtual time."""

# ruff: noqa: N803 (the parameters are boto3's)

from __future__ import annotations

import io
import itertools
import json
import math
import traceback
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.response import StreamingBody

from local.clock import Killed, LimitReached
from local.simulator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef, InvocationResponseTypeDef

    from local.clock import VirtualClock

    type Handler = Callable[[Any, Any], Any]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 6 * 1024 * 1024
_ENCODER = json.JSONEncoder(ensure_ascii=False)


class Crash(SystemExit):
    """Raised by a handler whose process is to die on the spot, as by a signal. No code of it runs after that."""


class Throttle(Exception):
    """Raised by `duration` of a function whose invocation is to be throttled."""


@dataclass
class Function:
    """A function.

    Attributes:
        handler: called with the event and a context.
        timeout: seconds after which it is ended.
        duration: the virtual seconds that pass before the handler is called, or what computes them from the event. A
            handler that takes its time in between waits for the clock itself.
        concurrency: how many invocations there may be at once (reserved concurrency); None for no limit.
        running: how many there are.
        invocations: how many there were, throttled ones not counted.
    """

    handler: Handler
    timeout: float
    duration: float | Callable[[Any], float]
    concurrency: int | None
    running: int = 0
    invocations: int = 0


class Context:
    """What a handler gets beside the event.

    Args:
        clock: whose time runs out.
        end: when the function is ended, in the seconds of the clock's `monotonic`.
        name: of the function.
        arn: of the function.
        request_id: of the invocation.
    """

    function_version = "$LATEST"
    memory_limit_in_mb = "128"

    def __init__(self, clock: VirtualClock, end: float, name: str, arn: str, request_id: str) -> None:
        self._clock = clock
        self._end = end
        self.function_name = name
        self.invoked_function_arn = arn
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = "simulated"

    def get_remaining_time_in_millis(self) -> int:
        """Give the virtual milliseconds until the function is ended."""
        return max(0, int((self._end - self._clock.monotonic()) * 1000))


class SimulatedFunctions:
    """Lambda in virtual time: Invoke, and what event source mappings are told.

    A handler runs in the thread of the one who invokes it. It is ended at its timeout where it waits for the clock,
    which is the only way in which time passes.

    Args:
        clock: whose time it is.
        region: of the functions.
        account: of the functions.
    """

    def __init__(self, clock: VirtualClock, region: str = "us-east-1", account: str = "000000000000") -> None:
        self.functions: dict[str, Function] = {}
        self._clock = clock
        self._prefix = f"arn:aws:lambda:{region}:{account}:function:"
        self._mappings: dict[str, EventSourceMappingConfigurationTypeDef] = {}
        self._numbers = itertools.count(1)  # of mappings
        self._requests = 0

    def add_function(
        self,
        name: str,
        handler: Handler,
        *,
        timeout: float = 3.0,
        duration: float | Callable[[Any], float] = 0.0,
        concurrency: int | None = None,
    ) -> str:
        """Add a function, or replace the one of that name.

        Args:
            name: of the function.
            handler: called with the event and a context.
            timeout: seconds after which it is ended.
            duration: the virtual seconds that pass before the handler is called, or what computes them from the event.
                That may raise `Throttle`.
            concurrency: how many invocations there may be at once; None for no limit.

        Returns:
            The function's ARN.
        """
        self.functions[name] = Function(handler, timeout, duration, concurrency)
        return self._prefix + name

    def delete_function(self, *, FunctionName: str) -> None:
        """Delete a function; its event source mappings stay.

        https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        self._function("DeleteFunction", FunctionName)
        del self.functions[self._name(FunctionName)]

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:
        """Describe a function.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        function = self._function("GetFunctionConfiguration", FunctionName)
        name = self._name(FunctionName)
        return {
            "FunctionName": name,
            "FunctionArn": self._prefix + name,
            "Timeout": math.ceil(function.timeout),
            "Version": "$LATEST",
            "State": "Active",
        }

    def put_function_concurrency(self, *, FunctionName: str, ReservedConcurrentExecutions: int) -> dict[str, Any]:
        """Say how many invocations of a function there may be at once.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        self._function("PutFunctionConcurrency", FunctionName).concurrency = ReservedConcurrentExecutions
        return {"ReservedConcurrentExecutions": ReservedConcurrentExecutions}

    def delete_function_concurrency(self, *, FunctionName: str) -> None:
        """Let there be as many invocations of a function at once as there may.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        self._function("DeleteFunctionConcurrency", FunctionName).concurrency = None

    def invoke(
        self,
        *,
        FunctionName: str,
        Payload: bytes | str = b"{}",
        InvocationType: str = "RequestResponse",
        Qualifier: str | None = None,
        LogType: str | None = None,
    ) -> InvocationResponseTypeDef:
        """Run a function and wait for its answer.

        https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html

        Raises:
            botocore.exceptions.ClientError: there is no such function, it is throttled, or the payload is too large.
        """
        if InvocationType != "RequestResponse":
            raise NotImplementedError("the simulator invokes synchronously only")
        name = self._name(FunctionName)
        payload = Payload.encode() if isinstance(Payload, str) else Payload
        try:
            function = self._admit(name, payload)
            event = json.loads(payload)
            function.running += 1
            try:
                seconds = function.duration(event) if callable(function.duration) else function.duration
                function.invocations += 1
                answer, failed = self._run(name, function, event, seconds)
            except Throttle:
                raise _throttled() from None
            finally:
                function.running -= 1
        except Refused as refusal:
            raise refusal.as_client_error("Invoke") from None
        response: dict[str, Any] = {
            "StatusCode": 200,
            "ExecutedVersion": "$LATEST",
            "Payload": StreamingBody(io.BytesIO(answer), len(answer)),
            "ResponseMetadata": {
                "RequestId": "simulated",
                "HTTPStatusCode": 200,
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        }
        if failed:
            response["FunctionError"] = "Unhandled"
        return response  # type: ignore[return-value]

    def create_event_source_mapping(
        self,
        *,
        EventSourceArn: str,
        FunctionName: str,
        Enabled: bool = True,
        BatchSize: int = 10,
        MaximumBatchingWindowInSeconds: int = 0,
        FunctionResponseTypes: tuple[str, ...] = (),
        **more: Any,
    ) -> EventSourceMappingConfigurationTypeDef:
        """Add a mapping to the list. Nothing polls for it: that is what the poller is for."""
        arn = FunctionName if FunctionName.startswith(self._prefix) else self._prefix + FunctionName
        mapping: Any = {
            "UUID": str(uuid.UUID(int=next(self._numbers))),
            "EventSourceArn": EventSourceArn,
            "FunctionArn": arn,
            "State": "Enabled" if Enabled else "Disabled",
            "BatchSize": BatchSize,
            "MaximumBatchingWindowInSeconds": MaximumBatchingWindowInSeconds,
            "FunctionResponseTypes": list(FunctionResponseTypes),
            **more,
        }
        self._mappings[mapping["UUID"]] = mapping
        return dict(mapping)  # type: ignore[return-value]

    def list_event_source_mappings(self) -> dict[str, Any]:
        """List all mappings, on one page."""
        return {"EventSourceMappings": [dict(mapping) for mapping in self._mappings.values()]}

    def get_event_source_mapping(self, *, UUID: str) -> EventSourceMappingConfigurationTypeDef:
        """Describe a mapping.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        return self._mapping("GetEventSourceMapping", UUID).copy()

    def delete_event_source_mapping(self, *, UUID: str) -> EventSourceMappingConfigurationTypeDef:
        """Delete a mapping, at once.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        mapping = self._mapping("DeleteEventSourceMapping", UUID)
        del self._mappings[UUID]
        mapping["State"] = "Deleting"
        return mapping

    def get_paginator(self, operation: str) -> _OnePage:
        """Give what goes through the pages of `list_event_source_mappings`: there is one."""
        if operation != "list_event_source_mappings":
            raise NotImplementedError(f"the simulator has no {operation}")
        return _OnePage(self)

    def update_event_source_mapping(self, *, UUID: str, **changes: Any) -> EventSourceMappingConfigurationTypeDef:
        """Change a mapping, at once.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        mapping = self._mapping("UpdateEventSourceMapping", UUID)
        if "Enabled" in changes:
            mapping["State"] = "Enabled" if changes.pop("Enabled") else "Disabled"
        mapping.update(changes)  # type: ignore[typeddict-item]
        return mapping.copy()

    def _name(self, function: str) -> str:
        """Give the name of a function that may be named by its ARN, with or without alias or version."""
        return function.removeprefix(self._prefix).split(":")[0]

    def _function(self, operation: str, name: str) -> Function:
        try:
            return self.functions[self._name(name)]
        except KeyError:
            raise self._not_found(name).as_client_error(operation) from None

    def _not_found(self, function: str) -> Refused:
        return Refused("ResourceNotFoundException", f"Function not found: {self._prefix}{self._name(function)}", 404)

    def _mapping(self, operation: str, uuid: str) -> EventSourceMappingConfigurationTypeDef:
        if uuid not in self._mappings:
            refusal = Refused("ResourceNotFoundException", "The resource you requested does not exist.", 404)
            raise refusal.as_client_error(operation)
        return self._mappings[uuid]

    def _admit(self, name: str, payload: bytes) -> Function:
        if name not in self.functions:
            raise self._not_found(name)
        if len(payload) > _MOST_BYTES:
            text = f"{len(payload)} byte payload is too large for the RequestResponse invocation type"
            raise Refused("RequestTooLargeException", f"{text} (limit {_MOST_BYTES} bytes)", 413)
        function = self.functions[name]
        if function.concurrency is not None and function.running >= function.concurrency:
            raise _throttled()
        return function

    def _run(self, name: str, function: Function, event: Any, seconds: float) -> tuple[bytes, bool]:
        """Call the handler; give what Invoke answers with, and whether that is an error."""
        self._requests += 1
        request_id = f"00000000-0000-4000-8000-{self._requests:012x}"
        end = self._clock.monotonic() + function.timeout
        context = Context(self._clock, end, name, self._prefix + name, request_id)
        try:
            with self._clock.limit(end):
                self._clock.wait(None, seconds)
                result = function.handler(event, context)
        except LimitReached:
            if self._clock.monotonic() < end:
                raise  # the limit of whoever invokes
            text = f"RequestId: {request_id} Error: Task timed out after {function.timeout:.2f} seconds"
            return _failure("Sandbox.Timedout", text), True
        except Killed:
            raise
        except Crash:
            return _failure(
                "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
            ), True
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
            text = f"RequestId: {request_id} Error: Runtime exited with error: exit status {status}"
            return _failure("Runtime.ExitError", text), True
        except Exception as error:
            lines = traceback.format_tb(error.__traceback__)[1:]
            return _failure(type(error).__name__, str(error), requestId=request_id, stackTrace=lines), True
        try:
            answer = _ENCODER.encode(result).encode()
        except (TypeError, ValueError) as error:
            text = f"Unable to marshal response: {error}"
            return _failure("Runtime.MarshalError", text, requestId=request_id, stackTrace=[]), True
        if len(answer) > _MOST_BYTES:
            text = f"Response payload size exceeded maximum allowed payload size ({_MOST_BYTES} bytes)."
            return _failure("Function.ResponseSizeTooLarge", text), True
        return answer, False


class _OnePage:
    def __init__(self, functions: SimulatedFunctions) -> None:
        self._functions = functions

    def paginate(self) -> Iterator[dict[str, Any]]:
        """Give the one page."""
        yield self._functions.list_event_source_mappings()


def _failure(kind: str, text: str, **more: Any) -> bytes:
    return json.dumps({"errorMessage": text, "errorType": kind, **more}, ensure_ascii=False).encode()


def _throttled() -> Refused:
    return Refused("TooManyRequestsException", "Rate Exceeded.", 429)
