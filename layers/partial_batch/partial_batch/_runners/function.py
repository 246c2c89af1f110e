"""What kind of function is wrapped, what it takes, and whether it really ran."""

from __future__ import annotations

import sys
from _collections import deque  # type: ignore[import-not-found]
from functools import partial
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MethodType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Of a code object's co_flags, as https://docs.python.org/3/library/inspect.html lists them; `inspect` itself is
# too large an import for a cold start.
_ARGUMENTS = 0x04
_GENERATOR = 0x20
_COROUTINE = 0x80
_ASYNC_GENERATOR = 0x200

_PLAIN = frozenset((type(None), bool, int, float, complex, str, bytes, bytearray))
_DEEPEST = 8  # containers in containers
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_CONTAINERS: tuple[type, ...] = (list, tuple, set, frozenset, deque, *_VIEWS)
_CALLABLES = (FunctionType, MethodType, BuiltinFunctionType, partial)


def is_async(function: Any) -> bool:
    """Whether calling the function gives a coroutine; looks through partials, methods and callable objects.

    Raises:
        TypeError: it is not a function, or a generator function, which would do nothing when called.
    """
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"a function is needed, not {function!r}")
    code = _code(function)
    flags = 0 if code is None else code.co_flags
    if flags & (_GENERATOR | _ASYNC_GENERATOR):
        raise TypeError(f"{function!r} is a generator function: calling it would run nothing of it")
    return bool(flags & _COROUTINE)


def require_parameters(function: Any, *names: str) -> None:
    """See to it that the function can be called with so many arguments by position.

    Args:
        function: what is to be called. One whose parameters cannot be read is taken as it is.
        names: of what it is called with.

    Raises:
        TypeError: it takes fewer, or needs more.
    """
    wanted = f"called with {' and '.join(names)} and nothing else"
    code = _code(function)
    if code is None or isinstance(function, partial) or isinstance(type(function).__call__, partial):
        return
    parameters = code.co_varnames[: code.co_argcount]
    keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    if "lambda_context" in (*parameters, *keywords):
        raise TypeError(f"{function!r} is {wanted}; Lambda's context is message.context")
    owner = function if isinstance(function, FunctionType | MethodType) else type(function).__call__
    plain = getattr(owner, "__func__", owner)
    bound = plain is not function and not isinstance(function, staticmethod)
    taken = len(parameters) - bound
    needed = taken - len(getattr(plain, "__defaults__", None) or ())
    if len(names) < needed and parameters[0] in ("self", "cls") and not bound:
        raise TypeError(
            f"{function!r} is a method, and its class has no object yet; "
            "decorate the bound method: handler = batch_handler(Consumer().method)"
        )
    missing = [name for name in keywords if name not in (getattr(plain, "__kwdefaults__", None) or {})]
    if needed > len(names) or missing or (taken < len(names) and not code.co_flags & _ARGUMENTS):
        hint = "; Lambda's context is message.context" if needed > len(names) else ""
        raise TypeError(f"{function!r} does not take what it is {wanted}{hint}")


def require_finished(result: object) -> None:
    """See to it that what a function returned is not work still to be done.

    Raises:
        TypeError: the result, or something in it, is an awaitable, an iterator, a context manager that was not entered
            or a function that was not called: the message was not processed.
    """
    if type(result) in _PLAIN:
        return
    unfinished = _find_unfinished(result, _DEEPEST, set())
    if not unfinished:
        return
    for part in unfinished:
        if isinstance(part, GeneratorType | CoroutineType):
            _close(part)
    name = type(unfinished[0]).__name__
    what = name if result is unfinished[0] else f"{type(result).__name__} with a {name}"
    raise TypeError(f"the function returned a {what}, so the message was not processed; await, consume or call it")


def _close(work: GeneratorType[Any, Any, Any] | CoroutineType[Any, Any, Any]) -> None:
    """End it, so that there is no warning about it. One that was started may raise anything then."""
    try:
        work.close()
    except BaseException:
        return


def _find_unfinished(result: object, deep: int, seen: set[int]) -> list[object]:
    """What in the result is unfinished.

    Args:
        result: of a function, or what a container has in it.
        deep: how many containers may be opened, one in the other.
        seen: ids of the containers that were opened: one may hold another many times, or itself.
    """
    # Its type and not isinstance, which asks the object itself what it is: a proxy may raise then.
    kind = type(result)
    if _is_unfinished(kind):
        return [result]
    parts: Any = result
    if issubclass(kind, dict):
        parts = (*dict.keys(parts), *dict.values(parts))  # {executor.submit(ship, order): order}
    elif not issubclass(kind, _CONTAINERS):
        return []
    if not deep or id(result) in seen or set(map(type, parts)) <= _PLAIN:
        return []
    seen.add(id(result))
    return [found for part in parts if type(part) not in _PLAIN for found in _find_unfinished(part, deep - 1, seen)]


def _is_unfinished(kind: type) -> bool:
    if issubclass(kind, (*_CALLABLES, GeneratorType, AsyncGeneratorType)):
        return True
    mock = sys.modules.get("unittest.mock")
    if mock is not None and issubclass(kind, mock.NonCallableMock):
        return False  # it has every method there is
    contextlib = sys.modules.get("contextlib")
    if contextlib is not None and issubclass(
        kind, contextlib._GeneratorContextManager | contextlib._AsyncGeneratorContextManager
    ):
        return True
    if hasattr(kind, "__await__") or hasattr(kind, "__anext__") or hasattr(kind, "add_done_callback"):
        return True
    # What reads a file, a response's body or the rows of a statement that was executed is an iterator, too.
    return hasattr(kind, "__next__") and not hasattr(kind, "readline") and not hasattr(kind, "fetchone")


def _code(function: Any) -> CodeType | None:
    while isinstance(function, partial):
        function = function.func
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        call = type(function).__call__
        if isinstance(call, partial):
            return _code(call)
        code = getattr(call, "__code__", None)
    return code if isinstance(code, CodeType) else None
