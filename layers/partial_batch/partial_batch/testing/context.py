"""Lambda's context object."""

from __future__ import annotations

from time import monotonic

from .values import ACCOUNT, REGION


class _Identity:
    """Who called: nobody, for an event source mapping."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    """Lambda's context object. Its time really runs: `get_remaining_time_in_millis` counts down to 0.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html

    Args:
        seconds_left: until Lambda would stop the function, counted from now.
        function_name: of the function.
        memory_limit_in_mb: of the function.
        aws_request_id: of the invocation; by default one that is always the same.
    """

    def __init__(
        self,
        seconds_left: float = 60.0,
        *,
        function_name: str = "consumer",
        memory_limit_in_mb: int = 128,
        aws_request_id: str = "8d8bf9a8-5b3c-4a6e-9c0b-2f6f5c1d7e11",
    ) -> None:
        number = isinstance(seconds_left, int | float) and not isinstance(seconds_left, bool)
        if not number or not 0 <= seconds_left < float("inf"):
            raise ValueError(f"seconds_left is 0 seconds or more, not {seconds_left!r}")
        self._end = monotonic() + seconds_left
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function_name}"
        self.memory_limit_in_mb = str(memory_limit_in_mb)  # Lambda's own is a string, too
        self.aws_request_id = aws_request_id
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = "2025/11/21/[$LATEST]0123456789abcdef0123456789abcdef"
        self.identity = _Identity()
        self.client_context = None
        self.tenant_id = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would stop the function, never less than 0."""
        return max(0, int((self._end - monotonic()) * 1000))
