"""What a message binds to context variables, as loggers and tracers do, reaches nothing that it is not meant for."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest
from partial_batch import Message, OutOfTime, batch_handler, bulk_handler

from tests.support import Context, fifo_event, reported, standard_event

WAYS = ["plain", "threads", "tasks", "one task after the other", "bulk", "async bulk"]
each_way = pytest.mark.parametrize("way", WAYS)
each_by_message = pytest.mark.parametrize("way", ["threads", "tasks", "one task after the other"])

bound: contextvars.ContextVar[str] = contextvars.ContextVar("bound", default="nothing")


def handler_of(way: str, work: Callable[[Message], object], **options: Any) -> Any:
    async def asynchronous(message: Message) -> None:
        work(message)
        await asyncio.sleep(0)

    def bulk(messages: list[Message]) -> None:
        for message in messages:
            work(message)

    async def asynchronous_bulk(messages: list[Message]) -> None:
        bulk(messages)

    makes: dict[str, Callable[[], Any]] = {
        "plain": lambda: batch_handler(work, **options),
        "threads": lambda: batch_handler(work, concurrency=2, **options),
        "tasks": lambda: batch_handler(asynchronous, concurrency=2, **options),
        "one task after the other": lambda: batch_handler(asynchronous, **options),
        "bulk": lambda: bulk_handler(bulk, **options),
        "async bulk": lambda: bulk_handler(asynchronous_bulk, **options),
    }
    return makes[way]()


@each_way
@pytest.mark.parametrize("seconds", [None, 60])
def test_an_invocation_does_not_see_what_the_one_before_has_bound(way: str, seconds: float | None) -> None:
    seen: list[str] = []

    def work(message: Message) -> None:
        seen.append(bound.get())
        bound.set(message.id)

    handler = handler_of(way, work)
    for name in ("first", "second"):
        assert reported(handler(standard_event(name), None if seconds is None else Context(seconds))) == []

    assert seen == ["nothing", "nothing"]
    assert bound.get() == "nothing"


@each_way
@pytest.mark.parametrize("hook", ["on_success", "on_failure"])
def test_nor_what_its_hooks_have_bound(way: str, hook: str) -> None:
    def work(message: Message) -> None:
        if hook == "on_failure":
            raise ValueError

    handler = handler_of(way, work, **{hook: lambda message, *_: bound.set(message.id) and None})
    handler(standard_event("1", "2"))

    assert bound.get() == "nothing"


@each_way
def test_nor_what_on_failure_binds_for_a_message_that_hung(way: str) -> None:
    release = threading.Event()
    failures: list[BaseException] = []

    def work(message: Message) -> None:
        release.wait(60)

    async def awaits(_: Any) -> None:
        await asyncio.sleep(60)

    def on_failure(message: Message, error: BaseException) -> None:
        failures.append(error)
        bound.set(message.id)

    options: dict[str, Any] = {"time_reserve": 0.1, "on_failure": on_failure}
    if "async" in way or "task" in way:
        handler: Any = (bulk_handler if "bulk" in way else batch_handler)(awaits, **options)
    else:
        handler = handler_of(way, work, **options)
    try:
        assert reported(handler(standard_event("1", "2"), Context(0.3))) == ["1", "2"]
    finally:
        release.set()

    assert failures
    assert all(isinstance(error, OutOfTime) for error in failures)
    assert bound.get() == "nothing"


@each_way
def test_an_invocation_sees_what_its_caller_has_bound(way: str) -> None:
    seen: list[str] = []
    handler = handler_of(way, lambda message: seen.append(bound.get()))

    for name in ("first", "second"):
        token = bound.set(name)
        handler(standard_event("1", "2"))
        bound.reset(token)

    assert seen == ["first", "first", "second", "second"]


@each_by_message
@pytest.mark.parametrize("event", [standard_event("1", "2", "3"), fifo_event("a1", "a2", "a3"), fifo_event("a1", "b1")])
def test_side_by_side_a_message_does_not_see_what_another_has_bound(way: str, event: dict[str, Any]) -> None:
    seen: list[str] = []

    def work(message: Message) -> None:
        seen.append(bound.get())
        bound.set(message.id)

    handler = handler_of(way, work, on_success=lambda message: seen.append(f"after {bound.get()}"))
    assert reported(handler(event)) == []

    ids = [record["messageId"] for record in event["Records"]]
    assert sorted(seen) == sorted([f"after {name}" for name in ids] + ["nothing"] * len(ids))


def test_where_no_thread_can_be_had_it_does_not_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    seen: list[str] = []

    def work(message: Message) -> None:
        seen.append(bound.get())
        bound.set(message.id)

    assert reported(handler_of("threads", work)(standard_event("1", "2"))) == []
    assert seen == ["nothing", "nothing"]


def test_plain_messages_one_after_the_other_share_the_invocation_s() -> None:
    seen: list[str] = []

    def work(message: Message) -> None:
        seen.append(bound.get())
        bound.set(message.id)

    handler_of("plain", work)(standard_event("1", "2"))

    assert seen == ["nothing", "1"]


def test_the_recipe_for_a_context_of_one_s_own_works() -> None:
    seen: list[str] = []

    def work(message: Message) -> None:
        seen.append(bound.get())
        bound.set(message.id)

    handler = batch_handler(lambda message: contextvars.copy_context().run(work, message))

    assert reported(handler(standard_event("1", "2"))) == []
    assert seen == ["nothing", "nothing"]


def test_hooks_of_a_message_see_what_it_has_bound() -> None:
    seen: list[str] = []

    def work(message: Message) -> None:
        bound.set(message.id)
        if message.id == "bad":
            raise ValueError

    for way in ("plain", "threads", "tasks"):
        handler = handler_of(
            way,
            work,
            on_success=lambda message: seen.append(bound.get()),
            on_failure=lambda message, error: seen.append(bound.get()),
        )
        handler(standard_event("good", "bad"))

    assert sorted(seen) == ["bad"] * 3 + ["good"] * 3
