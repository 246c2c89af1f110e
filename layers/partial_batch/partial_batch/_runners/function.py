"""What kind of function is wrapped, and whether it really ran."""

from __future__ import annotations

from functools import partial
from types import AsyncGeneratorType, CoroutineType, GeneratorType

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
        TypeError: the result is an awaitable, a future, a generator, a map or filter, or a list with one of these in
            it: the message was not processed.
    """
    parts = result if isinstance(result, list | tuple) else (result,)
    unfinished = [part for part in parts if _is_unfinished(part)]
    if unfinished:
        for part in unfinished:
            if isinstance(part, GeneratorType | CoroutineType):
                part.close()  # never started, and so no warning about it either
        what = f"{'' if result is unfinished[0] else 'list with a '}{type(unfinished[0]).__name__}"
        raise TypeError(f"the function returned a {what}, so the message was not processed; await or consume it")


def _is_unfinished(result: object) -> bool:
    kind = type(result)
    return (
        isinstance(result, GeneratorType | AsyncGeneratorType | map | filter)
        or hasattr(kind, "__await__")
        or hasattr(kind, "add_done_callback")
    )


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
