"""Contexts that are not Lambda's: work is done as without one if they name no number."""

from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest
from partial_batch import Message
from partial_batch.testing import LambdaContext

from tests.support import reported, standard_event
from tests.unit.ways import every_way


class Context:
    def __init__(self, said: Any) -> None:
        self.said = said

    def get_remaining_time_in_millis(self) -> Any:
        if isinstance(self.said, BaseException):
            raise self.said
        return self.said


class AsAttribute:
    get_remaining_time_in_millis = 60_000


class AsProperty:
    @property
    def get_remaining_time_in_millis(self) -> Any:
        raise RuntimeError


class Panic(BaseException):
    pass


@every_way
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "context",
    [
        None,
        object(),
        {},
        "context",
        Mock(),
        MagicMock(),
        AsyncMock(),
        AsAttribute(),
        AsProperty(),
        *map(
            Context,
            [None, "60000", b"", [], float("nan"), float("inf"), float("-inf"), -(10**400), 10**400, 1j, True,
             False, ValueError(), Panic()],
        ),
    ],
    ids=lambda context: f"{type(context).__name__} {str(getattr(context, 'said', ''))[:9]!r}",
)  # fmt: skip
def test_one_that_names_no_number_is_no_limit(make: Any, context: Any) -> None:
    done = []

    handler = make(lambda message: done.append(message.id), metrics_namespace="X")

    assert reported(handler(standard_event("a"), context)) == []
    assert done == ["a"]


@every_way
@pytest.mark.parametrize("milliseconds", [0, 5, 999, -1, 0.0])
def test_one_with_less_than_the_reserve_starts_nothing(make: Any, milliseconds: float) -> None:
    done: list[str] = []

    assert reported(make(lambda message: done.append(message.id))(standard_event("a"), Context(milliseconds))) == ["a"]
    assert done == []


@every_way
def test_with_no_reserve_a_moment_is_enough(make: Any) -> None:
    done: list[str] = []
    handler = make(lambda message: done.append(message.id), time_reserve=0)

    # once before, so that nothing is loaded then
    handler(standard_event("a"), LambdaContext(60))
    handler(standard_event("b"), LambdaContext(0.2))
    assert done == ["a", "b"]


@every_way
@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()], ids=repr)
def test_what_ends_the_program_leaves_the_handler(make: Any, error: BaseException) -> None:
    def function(message: Message) -> None: ...

    with pytest.raises(type(error)):
        make(function)(standard_event("a"), Context(error))
