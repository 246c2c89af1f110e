"""What kind of function is wrapped, and whether it really ran."""

from __future__ import annotations

from functools import partial
from types import CoroutineType, GeneratorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Of a code object's co_flags, as https://docs.python.org/3/library/inspect.html lists them; `inspect` itself is
# too large an import for a cold start.
_GENERATOR = 0x20
_COROUTINE = 0x80
_ASYNC_GENERATOR = 0x200


def is_async(function: Any) -> bool:
    """Whether calling the function gives a coroutine; looks through partials, methods and callable objects.

    Raises:
        TypeError: it is no function, or a generator function, which would do nothing when called.
    """
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"a function is needed, not {function!r}")
    flags = _code_flags(function)
    if flags & (_GENERATOR | _ASYNC_GENERATOR):
        raise TypeError(f"{function!r} is a generator function: calling it would run nothing of it")
    return bool(flags & _COROUTINE)


def require_finished(result: object) -> None:
    """See to it that what a function returned is not work still to be done.

    Raises:
        TypeError: the result is an awaitable, a generator or a future: the message was not processed.
    """
    kind = type(result)
    if isinstance(result, GeneratorType | CoroutineType):
        result.close()  # never started, and so no warning about it either
    elif not any(hasattr(kind, name) for name in ("__await__", "__anext__", "add_done_callback")):
        return
    raise TypeError(f"the function returned a {kind.__name__}, so the message was not processed; await or consume it")


def _code_flags(function: Any) -> int:
    while isinstance(function, partial):
        function = function.func
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        call = type(function).__call__
        if isinstance(call, partial):
            return _code_flags(call)
        code = getattr(call, "__code__", None)
    flags: int = getattr(code, "co_flags", 0)
    return flags
