"""OutOfTime never leaves the handler, however often the function swallows or delays it."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from partial_batch import Message, OutOfTime, batch_handler, bulk_handler
from partial_batch.testing import LambdaContext

from tests.support import reported, standard_event


def sleep(seconds: float = 0.7) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


def delays_in_finally() -> None:
    try:
        sleep(5)
    finally:
        with contextlib.suppress(BaseException):
            sleep()


def swallows_and_goes_on() -> None:
    for _ in range(4):
        with contextlib.suppress(BaseException):
            sleep(0.2)


def swallows_and_returns() -> None:
    with contextlib.suppress(BaseException):
        sleep(5)


def raises_another() -> None:
    try:
        sleep(5)
    except BaseException as error:
        raise ValueError("of the cleanup") from error


def raises_another_in_finally() -> None:
    try:
        sleep(5)
    finally:
        raise KeyError


def raises_it_again_later() -> None:
    try:
        sleep(5)
    except OutOfTime as error:
        with contextlib.suppress(OutOfTime):
            sleep(0.3)
        raise error


def in_a_group() -> None:
    try:
        sleep(5)
    except BaseException as error:
        raise BaseExceptionGroup("group", [error, ValueError()]) from None


def out_of_a_generator() -> None:
    def generator() -> Iterator[int]:
        try:
            yield 1
            sleep(5)
        finally:
            with contextlib.suppress(BaseException):
                sleep(0.3)

    list(generator())


def cleans_up_deep_down() -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.callback(sleep, 0.15)
        sleep(5)


behaviours: list[Callable[[], None]] = [
    delays_in_finally,
    swallows_and_goes_on,
    swallows_and_returns,
    raises_another,
    raises_another_in_finally,
    raises_it_again_later,
    in_a_group,
    out_of_a_generator,
    cleans_up_deep_down,
]
may_count_as_done = (swallows_and_goes_on, swallows_and_returns)  # the function returned


@pytest.mark.parametrize("behaviour", behaviours, ids=lambda behaviour: behaviour.__name__)
@pytest.mark.parametrize("hook", ["none", "on_failure", "on_success"])
def test_finished_messages_stay_done_whatever_the_function_does_about_it(
    behaviour: Callable[[], None], hook: str
) -> None:
    def function(message: Message) -> None:
        if hook == "on_failure" and message.id == "b":
            raise ValueError
        if hook == "none" and message.id == "b":
            behaviour()

    def on_hook(message: Message, *_: object) -> None:
        if message.id == "b":
            behaviour()

    options: dict[str, Any] = {} if hook == "none" else {hook: on_hook}
    handler = batch_handler(function, time_reserve=0.2, **options)
    back = reported(handler(standard_event("a", "b", "c"), LambdaContext(0.35)))

    if hook != "on_failure" and behaviour in may_count_as_done:
        assert back in (["b", "c"], ["c"])
    else:
        assert back == ["b", "c"]


@pytest.mark.parametrize("behaviour", behaviours, ids=lambda behaviour: behaviour.__name__)
def test_nor_does_it_leave_a_bulk_handler(behaviour: Callable[[], None]) -> None:
    handler = bulk_handler(lambda messages: behaviour(), time_reserve=0.2)
    back = reported(handler(standard_event("a", "b"), LambdaContext(0.35)))

    assert back == ["a", "b"] or behaviour in may_count_as_done


@pytest.mark.parametrize("behaviour", behaviours, ids=lambda behaviour: behaviour.__name__)
def test_a_second_invocation_is_as_the_first(behaviour: Callable[[], None]) -> None:
    def function(message: Message) -> None:
        if message.id == "hangs":
            behaviour()

    handler = batch_handler(function, time_reserve=0.2)
    handler(standard_event("hangs"), LambdaContext(0.3))

    assert reported(handler(standard_event("a", "b"), LambdaContext(10))) == []
    sleep(0.2)  # and nothing rings any more
