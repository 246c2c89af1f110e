"""The exceptions of the layer as objects: pickled and copied, also one's own subclasses of them."""

import copy
import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
from partial_batch import Backoff, PermanentFailure, RetryLater, StopBatch


class Busy(RetryLater):
    def __init__(self, service: str, *, retry_after: float) -> None:
        super().__init__(retry_after, f"{service} is busy")
        self.service = service


class Gone(PermanentFailure):
    def __init__(self, *, order: str, of: dict[str, int]) -> None:
        super().__init__(f"{order} is gone")
        self.order = order
        self.of = of


class Down(StopBatch):
    def __init__(self, service: str) -> None:
        super().__init__(30, f"{service} is down")


class Both(PermanentFailure, KeyError):
    pass


class Forgetful(RetryLater):
    def __init__(self, order: str) -> None:
        self.order = order


class Numbered(PermanentFailure):
    def __new__(cls, number: int) -> "Numbered":
        return super().__new__(cls, number)


def noted(error: Exception) -> Exception:
    error.add_note("a note")
    return error


def over_the_wire(protocol: int) -> Callable[[Exception], Exception]:
    return lambda error: pickle.loads(pickle.dumps(error, protocol))


@pytest.mark.parametrize(
    "error",
    [
        RetryLater(5),
        RetryLater(5, "busy"),
        RetryLater(seconds=7.5, reason="busy"),
        PermanentFailure(),
        PermanentFailure("never", 5),
        StopBatch(),
        StopBatch(60, "down"),
        Busy("mail", retry_after=12),
        Gone(order="A1", of={"a": 1}),
        Down("mail"),
        Both("key"),
        Forgetful("A1"),
        Numbered(7),
        noted(RetryLater(5)),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "way",
    [*map(over_the_wire, range(pickle.HIGHEST_PROTOCOL + 1)), copy.copy, copy.deepcopy],
    ids=[*map(str, range(pickle.HIGHEST_PROTOCOL + 1)), "copy", "deepcopy"],
)
def test_it_survives_pickling_and_copying(error: Exception, way: Callable[[Exception], Exception]) -> None:
    other: Any = way(error)

    assert type(other) is type(error)
    assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))
    assert getattr(other, "seconds", None) == getattr(error, "seconds", None)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RetryLater(5), "to be tried again in 5 s"),
        (RetryLater(5, "busy"), "busy"),
        (StopBatch(), "nothing more of the batch is to be started"),
        (StopBatch(60, "down"), "down"),
    ],
)
def test_it_says_its_reason_or_what_it_asks_for(error: Exception, text: str) -> None:
    assert str(error) == text


def test_the_jitter_does_not_follow_the_global_random_generator() -> None:
    """SnapStart restores one seed for all environments, and user code may seed it."""
    state = random.getstate()
    delays = set()
    for _ in range(5):
        random.seed(1)
        delays.add(Backoff().delay(1))

    assert len(delays) == 5
    random.seed(1)
    Backoff().delay(1)
    after = random.random()
    random.seed(1)
    assert after == random.random()  # it takes nothing from it either
    random.setstate(state)
