"""What is wrong with a record, and where. No text holds a value of the record."""

from __future__ import annotations

from partial_batch.errors import InvalidEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def require(value: Any, kind: type, name: str, wanted: str) -> None:
    """Raise InvalidEvent if the value of this name is not of this type; `wanted` names it: "a list"."""
    if not isinstance(value, kind) or isinstance(value, bool):  # True is an int for Python, not in an event
        raise InvalidEvent(f"{name} is {type_of(value)}, not {wanted}")


def require_text(holder: dict[str, Any], key: str, where: str) -> None:
    """Raise InvalidEvent if the holder has no text, or an empty one, under the key."""
    require_key(holder, key, where)
    require(holder[key], str, f"{where}.{key}", "a string")
    if not holder[key]:
        raise InvalidEvent(f"{where}.{key} is empty")


def require_number(holder: dict[str, Any], key: str, where: str) -> None:
    """Raise InvalidEvent if the holder has no whole number under the key."""
    require_key(holder, key, where)
    require(holder[key], int, f"{where}.{key}", "an integer")


def require_object(holder: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    """Return the object under the key. Raise InvalidEvent if there is none."""
    require_key(holder, key, where)
    require(holder[key], dict, f"{where}.{key}", "an object")
    found: dict[str, Any] = holder[key]
    return found


def require_key(holder: dict[str, Any], key: str, where: str) -> None:
    """Raise InvalidEvent if the holder has nothing under the key."""
    if key not in holder:
        raise InvalidEvent(f"{where}.{key} is missing")


def type_of(value: Any) -> str:
    """The type of a value with its article: "a str", "an int"."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
