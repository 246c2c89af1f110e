"""What an exception says in the log: text that can be written, and that the user allows."""

from __future__ import annotations

from partial_batch.errors import parts_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    ErrorText = Callable[[BaseException], str] | None

_DEEPEST = 50  # causes of causes
_WIDEST = 20  # exceptions of a group; a traceback shows 15


def writable(text: str) -> str:
    """The text with what UTF-8 cannot encode as escapes. Lambda's own log handler encodes strictly."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def text_of(error: BaseException, error_text: ErrorText) -> str:
    """What the exception says, as the handler's `error_text` has it; empty if that is None or fails."""
    try:
        return said(error, error_text)
    except BaseException:
        return ""


def said(error: BaseException, error_text: ErrorText) -> str:
    """What the exception says, as `error_text` has it. What that raises is let through.

    Raises:
        TypeError: it returned anything but a str.
    """
    if error_text is None:
        return ""
    text = error_text(error)
    if not issubclass(type(text), str):
        raise TypeError
    return writable(str.__str__(text))  # a subclass may do anything when it is cut or joined


def origin(error: BaseException) -> tuple[object, ...] | None:
    """What two exceptions have in common that come from the same place, with their causes and the parts of groups.

    None if it cannot be told: there are too many, or the user's class raises when one looks at it.
    """
    places: list[object] = []
    found = [error]
    try:
        for one in found:
            if len(found) > _DEEPEST:
                return None
            places.append(type(one))
            traceback: TracebackType | None = one.__traceback__
            while traceback is not None:
                places.append(traceback.tb_frame.f_code)
                places.append(traceback.tb_lasti)
                traceback = traceback.tb_next
            cause = one.__cause__
            if cause is None and not one.__suppress_context__:
                cause = one.__context__
            parts = parts_of(one) if issubclass(type(one), BaseExceptionGroup) else ()
            places.append((cause is None, len(parts)))
            found += parts if cause is None else (cause, *parts)
        return tuple(places)
    except BaseException:
        return None


def loggable(error: BaseException, error_text: ErrorText) -> BaseException | None:
    """The exception itself, if all that its traceback shows may be written as it is, else one that stands in for it.

    None if there can be no such exception, because the user's class raises wherever one looks at it.
    """
    try:
        if error_text is str and _is_plain(error, set()):
            return error
        return _stand_in(error, error_text, {}, _DEEPEST)
    except BaseException:
        return None


def _is_plain(error: BaseException, seen: set[int]) -> bool:
    if id(error) in seen:
        return True
    seen.add(id(error))
    if len(seen) > _DEEPEST or issubclass(type(error), SyntaxError):  # which prints the text that it could not read
        return False
    try:
        texts = [str(error), *getattr(error, "__notes__", ())]
        if any(writable(text) != text for text in texts):
            return False
        # logging and traceback ask an exception for these, and whether it is true: one of the user's may raise.
        _, *related = error.__traceback__, error.__cause__, error.__context__
        if not error or error.__class__ is not type(error):
            return False
        if issubclass(type(error), BaseExceptionGroup):
            parts = parts_of(error)
            if error.exceptions is not parts:  # type: ignore[attr-defined]
                return False
            related += parts
    except BaseException:
        return False
    return all(other is None or _is_plain(other, seen) for other in related)


def _stand_in(error: BaseException, error_text: ErrorText, made: dict[int, BaseException], deep: int) -> BaseException:
    if id(error) in made:
        return made[id(error)]
    stand_in: Any
    text = text_of(error, error_text)
    base = BaseExceptionGroup if issubclass(type(error), BaseExceptionGroup) else Exception
    names = {
        "__module__": type(error).__module__,
        "__qualname__": type(error).__qualname__,
        "__str__": lambda self: self.args[0],
    }
    kind = type(type(error).__name__, (base,), names)
    if issubclass(type(error), BaseExceptionGroup):
        parts = [_stand_in(part, error_text, made, deep - 1) for part in parts_of(error)[:_WIDEST]] if deep else []
        stand_in = kind(text, parts or [Exception()])
    else:
        stand_in = kind(text)
    made[id(error)] = stand_in
    stand_in.__traceback__ = error.__traceback__
    if deep:
        if error.__cause__ is not None:
            stand_in.__cause__ = _stand_in(error.__cause__, error_text, made, deep - 1)
        if error.__context__ is not None:
            stand_in.__context__ = _stand_in(error.__context__, error_text, made, deep - 1)
    stand_in.__suppress_context__ = error.__suppress_context__
    if error_text is str:
        for note in _notes(error):
            stand_in.add_note(note)
    return made[id(error)]


def _notes(error: BaseException) -> list[str]:
    """The notes that can be read."""
    try:
        return [writable(str(note)) for note in error.__notes__]
    except BaseException:
        return []
