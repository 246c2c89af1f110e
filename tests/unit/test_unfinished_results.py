"""A function that returns work instead of doing it has not processed its message."""

import asyncio
import collections
import concurrent.futures
import contextlib
import csv
import dataclasses
import functools
import io
import itertools
import re
import sqlite3
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest
from botocore.response import StreamingBody
from partial_batch import Message, batch_handler, bulk_handler

from tests.support import reported, standard_event
from tests.unit.ways import every_way, one_by_one

LOOP = asyncio.new_event_loop()
LOOP.close()
DATABASE = sqlite3.connect(":memory:", check_same_thread=False)


def ship(order: object = None) -> None:
    """What was to be called."""


async def ship_later(order: object = None) -> None:
    """What was to be awaited."""


class Orders:
    """An iterator of the user's."""

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        raise StopIteration

    def ship(self) -> None: ...


class AsyncOrders:
    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        raise StopAsyncIteration


class Awaitable:
    def __await__(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def transaction() -> Iterator[None]:
    yield


@contextlib.asynccontextmanager
async def async_transaction() -> AsyncIterator[None]:
    yield


class ShowsNothing(list[object]):
    def __iter__(self) -> Iterator[object]:
        return iter(())


class Pair(NamedTuple):
    first: object
    second: object


def in_itself(part: object) -> list[object]:
    container: list[object] = [1]
    container.append(container)
    container.append(part)
    return container


def deep_in(levels: int, part: object) -> object:
    for _ in range(levels):
        part = [part]
    return part


unfinished = {
    "starmap": lambda: itertools.starmap(ship, [(1,)]),
    "chain": lambda: itertools.chain([1], [2]),
    "zip": lambda: zip([1], [2], strict=True),
    "map": lambda: map(ship, [1]),
    "filter": lambda: filter(ship, [1]),
    "enumerate": lambda: enumerate([1]),
    "reversed": lambda: reversed([1]),
    "iter": lambda: iter([1]),
    "islice": lambda: itertools.islice([1], 1),
    "batched": lambda: itertools.batched([1], 1, strict=False),
    "finditer": lambda: re.finditer("a", "a"),
    "generator": lambda: (number for number in [1]),
    "own iterator": Orders,
    "own async iterator": AsyncOrders,
    "async generator": lambda: (number async for number in AsyncOrders()),
    "aiter": lambda: aiter(AsyncOrders()),
    "coroutine": ship_later,
    "awaitable": Awaitable,
    "anext": lambda: AsyncOrders().__anext__(),
    "future": concurrent.futures.Future,
    "asyncio future": lambda: asyncio.Future(loop=LOOP),
    "context manager": transaction,
    "async context manager": async_transaction,
    "partial": lambda: functools.partial(ship, 1),
    "function": lambda: ship,
    "async function": lambda: ship_later,
    "lambda": lambda: lambda: ship(),
    "bound method": lambda: Orders().ship,
    "builtin": lambda: print,
    "bound builtin": lambda: [].append,
    "in a list": lambda: [1, ship_later()],
    "in a tuple": lambda: (1, ship_later()),
    "in a set": lambda: {1, concurrent.futures.Future[None]()},
    "in a frozenset": lambda: frozenset([concurrent.futures.Future[None]()]),
    "values of a dict": lambda: {"a": ship_later()},
    "keys of a dict": lambda: {concurrent.futures.Future[None](): "a"},
    "defaultdict": lambda: collections.defaultdict(list, a=[ship_later()]),
    "OrderedDict": lambda: collections.OrderedDict(a=ship_later()),
    "deque": lambda: collections.deque([ship_later()]),
    "namedtuple": lambda: Pair(1, ship_later()),
    "dict's values": lambda: {"a": ship_later()}.values(),
    "dict's items": lambda: {"a": ship_later()}.items(),
    "dict's keys": lambda: {concurrent.futures.Future[None](): "a"}.keys(),
    "deep": lambda: {"a": [({"b": [[ship_later()]]},)]},
    "after itself": lambda: in_itself(ship_later()),
    "too deep, and again less deep": lambda: (shared := [[ship_later()]], [deep_in(6, shared), shared])[1],
    "in a list that shows nothing": lambda: ShowsNothing([ship_later()]),
    "cached function": lambda: functools.cache(ship),
    "at the end of many": lambda: [*range(10_000), transaction()],
}


@pytest.fixture(autouse=True)
def no_warning_is_left() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing closes a coroutine that is a key, say
        yield


@one_by_one
@pytest.mark.parametrize("make_result", unfinished.values(), ids=unfinished)
def test_work_that_is_returned_fails_its_message_and_says_so(make: Any, make_result: Any) -> None:
    errors = []
    handler = make(
        lambda message: make_result() if message.id == "b" else None,
        on_failure=lambda message, error: errors.append(f"{type(error).__name__}: {error}"),
    )

    assert reported(handler(standard_event("a", "b", "c"))) == ["b"]
    [error] = errors
    assert error.startswith("TypeError: the function returned a ")
    assert "was not processed" in error


@every_way
@pytest.mark.parametrize("make_result", unfinished.values(), ids=unfinished)
def test_so_does_work_that_on_success_returns(make: Any, make_result: Any) -> None:
    handler = make(lambda message: None, on_success=lambda message: make_result() if message.id == "b" else None)

    assert reported(handler(standard_event("a", "b", "c"))) == ["b"]


@pytest.mark.parametrize("make_result", unfinished.values(), ids=unfinished)
def test_work_that_a_bulk_function_returns_fails_all_messages(make_result: Any) -> None:
    @bulk_handler
    async def asynchronous(messages: list[Message]) -> Any:
        return make_result()

    assert reported(bulk_handler(lambda messages: make_result())(standard_event("a", "b"))) == ["a", "b"]
    assert reported(asynchronous(standard_event("a", "b"))) == ["a", "b"]


class AnyName(type):
    """A metaclass that has every attribute, as of some bridges to other languages."""

    def __getattr__(cls, name: str) -> Any:
        return 5


class NoName(type):
    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError(name)


class OfAnyName(metaclass=AnyName):
    pass


class OfNoName(metaclass=NoName):
    pass


class LoadsWhenRead(list[object]):
    def __iter__(self) -> Iterator[object]:
        raise RuntimeError("the session is closed")


class RaisesWhereverOneLooks:
    """As numpy's arrays, whose truth and equality are not bools, and werkzeug's proxies outside a request."""

    def __eq__(self, other: object) -> Any:
        raise ValueError("the truth value of an array is ambiguous")

    def __bool__(self) -> bool:
        raise ValueError("the truth value of an array is ambiguous")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("working outside of request context")

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("working outside of request context")

    __hash__ = None  # type: ignore[assignment]


@dataclasses.dataclass
class Order:
    number: int
    ship: Any = ship


def wide_and_shared() -> object:
    """Ten of ten of ten ..., all the same ones: 10 ** 12 ways to the end."""
    part: object = [1, Order(1)]
    for _ in range(12):
        part = [part] * 10
    return part


finished = {
    "None": lambda: None,
    "number": lambda: 1,
    "text": lambda: "text",
    "list": lambda: [1, "a", None],
    "range": lambda: range(3),
    "Mock": Mock,
    "MagicMock": MagicMock,
    "AsyncMock": AsyncMock,
    "mocks": lambda: {"a": [Mock(), MagicMock()]},
    "response": lambda: {
        "Body": StreamingBody(io.BytesIO(b"body"), 4),
        "ResponseMetadata": {"HTTPHeaders": {}, "RetryAttempts": 0},
    },
    "open file": lambda: io.BufferedReader(io.BytesIO()),
    "BytesIO": io.BytesIO,
    "cursor": lambda: DATABASE.execute("select 1"),
    "proxy": RaisesWhereverOneLooks,
    "proxies": lambda: [RaisesWhereverOneLooks(), {"a": RaisesWhereverOneLooks()}],
    "dataclass": lambda: Order(1),
    "class": lambda: Order,
    "exception": lambda: ValueError("returned, not raised"),
    "in itself": lambda: in_itself(1),
    "very deep": lambda: deep_in(5000, 1),
    "metaclass with every name": OfAnyName,
    "metaclass that raises": OfNoName,
    "list that loads when it is read": lambda: LoadsWhenRead([1, Order(1)]),
    "wide and shared": wide_and_shared,
    "many": lambda: [[number] for number in range(20_000)],
    "entered context": lambda: contextlib.ExitStack(),
    "csv writer": lambda: csv.writer(io.StringIO()),
}


@one_by_one
@pytest.mark.parametrize("make_result", finished.values(), ids=finished)
def test_any_other_result_is_a_success(make: Any, make_result: Any) -> None:
    assert reported(make(lambda message: make_result())(standard_event("a", "b"))) == []


@pytest.mark.parametrize(("depth", "failed"), [(8, ["a"]), (9, [])], ids=["within the bound", "beyond it"])
def test_containers_are_opened_to_a_small_bound(depth: int, failed: list[str]) -> None:
    handler = batch_handler(lambda message: deep_in(depth, ship))

    assert reported(handler(standard_event("a"))) == failed


@pytest.mark.parametrize("ends_with", [ValueError, SystemExit, KeyboardInterrupt], ids=lambda kind: kind.__name__)
def test_a_generator_that_raises_when_it_is_closed_fails_its_message_only(ends_with: type[BaseException]) -> None:
    def started() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise ends_with

    def function(message: Message) -> object:
        generator = started()
        next(generator)
        return generator

    assert reported(batch_handler(function)(standard_event("a", "b"))) == ["a", "b"]


def test_what_was_never_started_is_closed_and_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reported(batch_handler(lambda message: {"a": [ship_later()]})(standard_event("a"))) == ["a"]


def test_generators_and_coroutines_are_closed() -> None:
    def begun() -> Iterator[int]:
        yield 1

    work = [begun(), ship_later()]

    assert reported(batch_handler(lambda message: work)(standard_event("a"))) == ["a"]
    assert work[0].gi_frame is work[1].cr_frame is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("make_result", "what"), [(ship_later, "coroutine"), (lambda: {"a": [ship_later()]}, "dict with a coroutine")]
)
def test_it_says_what_was_returned(make_result: Any, what: str) -> None:
    said: list[str] = []
    handler = batch_handler(lambda message: make_result(), on_failure=lambda _, error: said.append(str(error)))

    assert reported(handler(standard_event("a"))) == ["a"]
    assert said == [f"the function returned a {what}, so the message was not processed; await, consume or call it"]
