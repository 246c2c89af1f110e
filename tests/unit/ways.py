"""The ways in which a handler runs one function, for tests of what holds in all of them."""

from collections.abc import Callable
from typing import Any

import pytest
from partial_batch import Message, batch_handler, bulk_handler

type Function = Callable[[Message], object]


def make_plain(function: Function, **options: Any) -> Any:
    return batch_handler(lambda message: function(message), **options)


def make_threads(function: Function, **options: Any) -> Any:
    return make_plain(function, concurrency=3, **options)


def make_async(function: Function, **options: Any) -> Any:
    async def asynchronous(message: Message) -> object:
        return function(message)

    return batch_handler(asynchronous, **options)


def make_tasks(function: Function, **options: Any) -> Any:
    return make_async(function, concurrency=3, **options)


def make_bulk(function: Function, **options: Any) -> Any:
    def bulk(messages: list[Message]) -> None:
        for message in messages:
            function(message)

    return bulk_handler(bulk, **options)


def make_async_bulk(function: Function, **options: Any) -> Any:
    async def bulk(messages: list[Message]) -> None:
        for message in messages:
            function(message)

    return bulk_handler(bulk, **options)


ONE_BY_ONE = {"plain": make_plain, "threads": make_threads, "async": make_async, "tasks": make_tasks}
AT_ONCE = {"bulk": make_bulk, "async bulk": make_async_bulk}

one_by_one = pytest.mark.parametrize("make", ONE_BY_ONE.values(), ids=ONE_BY_ONE)
at_once = pytest.mark.parametrize("make", AT_ONCE.values(), ids=AT_ONCE)
every_way = pytest.mark.parametrize("make", (ONE_BY_ONE | AT_ONCE).values(), ids=[*ONE_BY_ONE, *AT_ONCE])
