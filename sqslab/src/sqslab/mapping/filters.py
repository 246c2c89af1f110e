"""Filter criteria: which messages of a queue a function gets to see.

Rule syntax: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html, on SQS:
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html. The syntax is EventBridge's, without its operators
that only a bus has, such as `wildcard` and `anything-but` with a `prefix`:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html. What makes a rule invalid
beyond that is what EventBridge's engine refuses: https://github.com/aws/event-ruler (JsonRuleCompiler).

Not documented, and chosen here: any valid JSON makes a body JSON, a bare number or quoted string as well.
"""

from __future__ import annotations

import functools
import json
import operator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MISSING = object()
_NUMERIC: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LONGEST_PATTERN = 4096  # characters: https://docs.aws.amazon.com/lambda/latest/api/API_Filter.html
_KINDS_OF_OPERAND = {"prefix": str, "suffix": str, "equals-ignore-case": str, "exists": bool}


class InvalidFilter(ValueError):
    """Lambda would not take this filter. The text says why."""


@dataclass(frozen=True)
class _Number:
    """A number as it is written: 300, 300.0 and 3.0e2 are not equal."""

    text: str


def accepts(patterns: Sequence[str], body: str) -> bool:
    """Say whether a message is for the function.

    Args:
        patterns: the `Pattern` of each filter, as JSON. They are ORed; none at all accepts everything.
        body: of the message.

    Returns:
        Whether one of the patterns matches. SQS mappings filter on the `body` key only, others are ignored. A pattern
        for JSON matches no plain text, and the other way round.

    Raises:
        InvalidFilter: a pattern is none.
    """
    if not patterns:
        return True
    value = _parsed_body(body)
    return any(_matches_record(check(pattern), body, value) for pattern in patterns)


@functools.lru_cache(maxsize=256)
def check(pattern: str) -> dict[str, Any]:
    """Parse a pattern and make sure that every rule in it is one.

    Args:
        pattern: the `Pattern` of a filter, as JSON.

    Returns:
        The pattern; not to be changed.

    Raises:
        InvalidFilter: Lambda would not take it.
    """
    if len(pattern) > _LONGEST_PATTERN:
        raise InvalidFilter(f"a filter pattern has {len(pattern):,} characters, more than {_LONGEST_PATTERN:,}")
    try:
        parsed = _parse(pattern)
    except (ValueError, RecursionError):
        raise InvalidFilter("a filter pattern is not valid JSON") from None
    if not isinstance(parsed, dict):
        raise InvalidFilter("a filter pattern is not an object")
    _check_object(parsed)
    return parsed


def _parse(text: str) -> Any:
    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _parsed_body(body: str) -> Any:
    try:
        return _parse(body)
    except (ValueError, RecursionError):
        return _MISSING


def _check_object(pattern: dict[str, Any]) -> None:
    if not pattern:
        raise InvalidFilter("an object in a filter pattern is empty")
    for name, rule in pattern.items():
        if name == "$or":
            if not isinstance(rule, list) or len(rule) < 2 or not all(isinstance(option, dict) for option in rule):
                raise InvalidFilter("$or needs a list of two objects or more")
            for option in rule:
                _check_object(option)
        elif isinstance(rule, dict):
            _check_object(rule)
        elif isinstance(rule, list) and rule:
            for condition in rule:
                _check_condition(name, condition)
        else:
            raise InvalidFilter(f"the rule for {name} is not a list of conditions")


def _check_condition(name: str, condition: Any) -> None:
    if not isinstance(condition, dict):
        if isinstance(condition, list):
            raise InvalidFilter(f"a condition for {name} is a list")
        return
    if len(condition) != 1:
        raise InvalidFilter(f"a condition for {name} needs exactly one operator")
    [(name_of_operator, operand)] = condition.items()
    if name_of_operator in _KINDS_OF_OPERAND:
        valid = isinstance(operand, _KINDS_OF_OPERAND[name_of_operator])
    elif name_of_operator == "anything-but":
        kinds = {type(value) for value in _as_list(operand)}
        valid = kinds in ({str}, {_Number})
    elif name_of_operator == "numeric":
        valid = _is_range(operand)
    else:
        raise InvalidFilter(f"{name_of_operator} is no operator of Lambda's filters")
    if not valid:
        raise InvalidFilter(f"the operand of {name_of_operator} for {name} is not valid")


def _is_range(operand: Any) -> bool:
    """Say whether this is one comparison, or a lower bound and then an upper one."""
    match operand:
        case [str(sign), _Number()]:
            return sign in _NUMERIC
        case [">" | ">=", _Number(low), "<" | "<=", _Number(high)]:
            return Decimal(low) <= Decimal(high)
        case _:
            return False


def _matches_record(pattern: dict[str, Any], body: str, value: Any) -> bool:
    """Match what a pattern says about the body; the record's other keys cannot be filtered on."""
    for name, rule in pattern.items():
        if name == "$or" and not any(_matches_record(option, body, value) for option in rule):
            return False
        if name == "body":
            if isinstance(rule, dict) != (value is not _MISSING):
                return False  # one is JSON and the other plain text
            if not (_matches(rule, value) if isinstance(rule, dict) else _meets_one(rule, [body])):
                return False
    return True


def _matches(pattern: dict[str, Any], value: Any) -> bool:
    """Match an object: every field of the pattern has to. Of an array, one element has to match as a whole."""
    if isinstance(value, list):
        return any(_matches(pattern, element) for element in value)
    fields = value if isinstance(value, dict) else {}
    for name, rule in pattern.items():
        if name == "$or":
            matched = any(_matches(option, value) for option in rule)
        elif isinstance(rule, dict):
            matched = _matches(rule, fields.get(name, _MISSING))
        else:
            matched = _meets_one(rule, _leaves(fields.get(name, _MISSING)))
        if not matched:
            return False
    return True


def _leaves(value: Any) -> list[Any]:
    """List the leaves a rule is about: the value itself, or what is in an array; an object is none."""
    if isinstance(value, list):
        return [leaf for element in value for leaf in _leaves(element)]
    return [] if value is _MISSING or isinstance(value, dict) else [value]


def _meets_one(conditions: list[Any], leaves: list[Any]) -> bool:
    return any(_meets(condition, leaves) for condition in conditions)


def _meets(condition: Any, leaves: list[Any]) -> bool:
    if not isinstance(condition, dict):
        return any(_equal(leaf, condition) for leaf in leaves)
    [(name, operand)] = condition.items()
    texts = [leaf for leaf in leaves if isinstance(leaf, str)]
    match name:
        case "exists":
            return operand is bool(leaves)
        case "prefix":
            return any(text.startswith(operand) for text in texts)
        case "suffix":
            return any(text.endswith(operand) for text in texts)
        case "equals-ignore-case":
            return any(text.casefold() == operand.casefold() for text in texts)
        case "anything-but":
            return any(not any(_equal(leaf, value) for value in _as_list(operand)) for leaf in leaves)
        case _:
            return any(_in_range(leaf, operand) for leaf in leaves if isinstance(leaf, _Number))


def _equal(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _in_range(number: _Number, operand: list[Any]) -> bool:
    value = Decimal(number.text)
    return all(
        _NUMERIC[sign](value, Decimal(bound.text)) for sign, bound in zip(operand[::2], operand[1::2], strict=True)
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
