"""What kind of function is wrapped, what it takes, and whether it really ran."""

from __future__ import annotations

import sys
from _collections import deque  # type: ignore[import-not-found]
from functools import _lru_cache_wrapper, partial
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
_KEYWORDS = 0x08
_GENERATOR = 0x20
_COROUTINE = 0x80
_ASYNC_GENERATOR = 0x200

_PLAIN = frozenset((type(None), bool, int, float, complex, str, bytes, bytearray))
_DEEPEST = 8  # containers in containers
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
_CONTAINERS: tuple[type, ...] = (list, tuple, set, frozenset, deque, *_VIEWS)
_CALLABLES = (FunctionType, MethodType, BuiltinFunctionType, partial, _lru_cache_wrapper)


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
    code = _code(function)
    given = 0
    by_name: set[str] = set()
    called = function
    while isinstance(called, partial):
        given += len(called.args)
        by_name.update(called.keywords)
        called = called.func
    if code is None or isinstance(type(called).__call__, partial):
        return
    owner, bound = _defined(called)
    parameters = code.co_varnames[: code.co_argcount]
    keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    if "lambda_context" in {*parameters, *keywords} - by_name:
        raise TypeError(_wanted(function, names, hint=True))
    required = parameters[: len(parameters) - len(getattr(owner, "__defaults__", None) or ())]
    # What follows a parameter that a partial gives by name can only be given by name, too.
    free = parameters[bound + given :]
    free = free[: next((number for number, name in enumerate(free) if name in by_name), len(free))]
    needed = [name for name in free if name in required]
    if len(names) < len(needed) and needed[0] in ("self", "cls") and not bound:
        raise TypeError(
            f"{function!r} is a method, and its class has no object yet; "
            "decorate the bound method: handler = batch_handler(Consumer().method)"
        )
    more = parameters[bound + given + len(free) :]
    missing = [name for name in more if name in required and name not in by_name]
    missing += [name for name in keywords if name not in {*by_name, *(getattr(owner, "__kwdefaults__", None) or ())}]
    unknown = bool(by_name.difference(parameters, keywords)) and not code.co_flags & _KEYWORDS
    takes_any = code.co_flags & _ARGUMENTS and not more
    if missing or unknown or len(needed) > len(names) or (len(free) < len(names) and not takes_any):
        raise TypeError(_wanted(function, names, hint=len(needed) > len(names)))


def _wanted(function: Any, names: tuple[str, ...], *, hint: bool) -> str:
    hint_of_context = "; Lambda's context is message.context" if hint else ""
    return f"{function!r} must take {' and '.join(names)} and nothing else{hint_of_context}"


def _defined(function: Any) -> tuple[Any, bool]:
    """The function that was defined with `def`, and whether its first argument is given already."""
    if isinstance(function, FunctionType):
        return function, False
    if isinstance(function, staticmethod | MethodType):
        return function.__func__, isinstance(function, MethodType)
    # An object with a method __call__, which may be a static one.
    call = next(vars(kind)["__call__"] for kind in type(function).__mro__ if "__call__" in vars(kind))
    return getattr(call, "__func__", call), not isinstance(call, staticmethod)


def require_finished(result: object) -> None:
    """See to it that what a function returned is not work still to be done.

    Raises:
        TypeError: the result, or something in it, is an awaitable, an iterator, a context manager that was not entered
            or a function that was not called: the message was not processed.
    """
    if type(result) in _PLAIN:
        return
    unfinished = _find_unfinished(result, _DEEPEST, {})
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


def _find_unfinished(result: object, deep: int, seen: dict[int, int]) -> list[object]:
    """What in the result is unfinished.

    Args:
        result: of a function, or what a container has in it.
        deep: how many containers may be opened, one in the other.
        seen: ids of the containers that were opened, and how deep: one may hold another many times, or itself.
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
    elif kind not in _CONTAINERS:
        # A class of the user's may load or compute what it gives. What counts is what it contains by now.
        base: Any = next(base for base in _CONTAINERS if issubclass(kind, base))
        parts = [*base.__iter__(result)]
    if deep <= seen.get(id(result), 0) or set(map(type, parts)) <= _PLAIN:
        return []
    seen[id(result)] = deep
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
    if _has(kind, "__await__") or _has(kind, "__anext__") or _has(kind, "add_done_callback"):
        return True
    # What reads a file, a response's body or the rows of a statement that was executed is an iterator, too.
    return _has(kind, "__next__") and not _has(kind, "readline") and not _has(kind, "fetchone")


def _has(kind: type, name: str) -> bool:
    """Whether the objects of a class have this attribute. Its metaclass may say so of any name, or raise."""
    try:
        may_have = hasattr(kind, name)  # quicker than the search, and hardly any class has it
    except BaseException:
        may_have = True
    return may_have and any(name in vars(base) for base in kind.__mro__)


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
