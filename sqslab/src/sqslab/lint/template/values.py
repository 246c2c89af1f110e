"""What a value of a template is once it is deployed, as far as the template tells."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Unknown:
    """What only the deployment knows: an import, a parameter without a default, another stack's output.

    Attributes:
        of: what it stands for, a parameter's name or a function as it is written. One without is equal to no other.
    """

    of: Any = field(default_factory=object)


@dataclass(frozen=True)
class Attribute:
    """What `!Ref` (name `Ref`) or `!GetAtt` gives of a resource or a pseudo parameter."""

    of: str
    name: str = "Ref"


@dataclass(frozen=True)
class Text:
    """A string that holds what only the deployment knows, such as `arn:aws:sqs:${AWS::Region}:...`."""

    pieces: tuple[Any, ...]  # str, Attribute or Unknown

    def split(self, separator: str) -> list[tuple[Any, ...]]:
        """Split it as an ARN is split at ":" and a URL at "/"; each field is a tuple of pieces."""
        fields: list[list[Any]] = [[]]
        for piece in self.pieces:
            first, *rest = piece.split(separator) if isinstance(piece, str) else [piece]
            if first:
                fields[-1].append(first)
            fields.extend([part] if part else [] for part in rest)
        return [tuple(field) for field in fields]


def text(pieces: list[Any]) -> Any:
    """Join pieces to a str if that is all they are, to a lone Attribute or Unknown as it is, else to a Text."""
    joined: list[Any] = []
    for piece in pieces:
        for part in piece.pieces if isinstance(piece, Text) else [piece]:
            if isinstance(part, bool):
                part = str(part).lower()
            elif isinstance(part, int | float):
                part = str(part)
            elif not isinstance(part, str | Attribute | Unknown):
                return Unknown()
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            elif part != "":
                joined.append(part)
    if not joined:
        return ""
    return joined[0] if len(joined) == 1 else Text(tuple(joined))


def as_text(value: Any) -> Text | None:
    """The value as a Text, or None if it is no string. What is not known may be one."""
    if isinstance(value, Text):
        return value
    return Text((value,)) if isinstance(value, str | Attribute | Unknown) else None


def as_number(value: Any) -> int | None:
    """The value as a whole number, or None if it is none or not known. CloudFormation takes "30" for 30."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return int(value)
        except (ValueError, OverflowError):
            return None
    return None


def as_flag(value: Any) -> bool | None:
    """The value as a boolean, or None if it is none or not known. CloudFormation takes "true" for true."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return None
