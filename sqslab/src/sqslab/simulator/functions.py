"""The client of a simulated Lambda: functions that are Python callables, run in this process in virtual time."""

# ruff: noqa: N803 (the parameters are boto3's)

from __future__ import annotations

import io
import json
import math
import traceback
from typing import TYPE_CHECKING, Any

from botocore.response import StreamingBody

from sqslab.simulator.clock import Killed
from sqslab.simulator.errors import Refused
from sqslab.simulator.event_source_mappings import EventSourceMappings
from sqslab.simulator.function import Context, Crash, Function, Throttle, failure, throttled
from sqslab.simulator.virtual_clock import LimitReached

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef

    from sqslab.simulator.function import Handler
    from sqslab.simulator.virtual_clock import VirtualClock

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 6 * 1024 * 1024
_ENCODER = json.JSONEncoder(ensure_ascii=False)


class SimulatedFunctions(EventSourceMappings):
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
        super().__init__(f"arn:aws:lambda:{region}:{account}:function:")
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
                raise throttled() from None
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

    def _admit(self, name: str, payload: bytes) -> Function:
        if name not in self.functions:
            raise self._not_found(name)
        if len(payload) > _MOST_BYTES:
            text = f"{len(payload)} byte payload is too large for the RequestResponse invocation type"
            raise Refused("RequestTooLargeException", f"{text} (limit {_MOST_BYTES} bytes)", 413)
        function = self.functions[name]
        if function.concurrency is not None and function.running >= function.concurrency:
            raise throttled()
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
            return failure("Sandbox.Timedout", text), True
        except Killed:
            raise
        except Crash:
            return failure(
                "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
            ), True
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
            text = f"RequestId: {request_id} Error: Runtime exited with error: exit status {status}"
            return failure("Runtime.ExitError", text), True
        except Exception as error:
            lines = traceback.format_tb(error.__traceback__)[1:]
            return failure(type(error).__name__, str(error), requestId=request_id, stackTrace=lines), True
        try:
            answer = _ENCODER.encode(result).encode()
        except (TypeError, ValueError) as error:
            text = f"Unable to marshal response: {error}"
            return failure("Runtime.MarshalError", text, requestId=request_id, stackTrace=[]), True
        if len(answer) > _MOST_BYTES:
            text = f"Response payload size exceeded maximum allowed payload size ({_MOST_BYTES} bytes)."
            return failure("Function.ResponseSizeTooLarge", text), True
        return answer, False
