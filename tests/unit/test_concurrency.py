"""Several messages at once."""

import asyncio
import contextvars
import threading
from collections import Counter
from queue import SimpleQueue
from typing import Any

import pytest
from partial_batch import Message, batch_handler

from tests.support import FIFO_ARN, Context, fifo_event, record, reported, standard_event
from tests.unit.conftest import Clock

kinds = pytest.mark.parametrize("kind", ["threads", "tasks"])


class Meeting:
    """Lets messages through once so many of them are there at the same time."""

    def __init__(self, kind: str, size: int) -> None:
        self.kind = kind
        self.size = size
        self.at_once = 0
        self.most = 0
        self._all_there = threading.Barrier(size, timeout=20)
        self._tasks_there = asyncio.Event()

    def plain(self, message: Message) -> None:
        self._enter()
        self._all_there.wait()
        self.at_once -= 1

    async def awaitable(self, message: Message) -> None:
        self._enter()
        if self.at_once == self.size:
            self._tasks_there.set()
        await asyncio.wait_for(self._tasks_there.wait(), 20)
        self.at_once -= 1

    def _enter(self) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)

    @property
    def function(self) -> Any:
        return self.plain if self.kind == "threads" else self.awaitable


@kinds
def test_so_many_messages_run_at_once_and_no_more(kind: str) -> None:
    meeting = Meeting(kind, 3)

    handler = batch_handler(meeting.function, concurrency=3)

    assert reported(handler(standard_event(*map(str, range(9))), Context(60))) == []
    assert meeting.most == 3


@kinds
def test_groups_run_side_by_side(kind: str) -> None:
    meeting = Meeting(kind, 3)

    handler = batch_handler(meeting.function, concurrency=5)

    assert reported(handler(fifo_event("a1", "b1", "c1"))) == []
    assert meeting.most == 3


@kinds
@pytest.mark.parametrize("concurrency", [2, 3])
def test_a_group_runs_in_its_order_and_stops_at_its_failure(kind: str, concurrency: int) -> None:
    ran: list[str] = []

    def work(message: Message) -> None:
        ran.append(message.id)
        if message.id == "b2":
            raise ValueError

    async def work_async(message: Message) -> None:
        await asyncio.sleep(0)
        work(message)

    handler: Any = batch_handler(work if kind == "threads" else work_async, concurrency=concurrency)
    back = reported(handler(fifo_event("a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3")))

    assert back == ["b2", "b3"]
    for group, expected in {"a": "123", "b": "12", "c": "123"}.items():
        assert [name for name in ran if name[0] == group] == [group + number for number in expected]


@kinds
def test_ids_are_reported_in_the_order_of_the_batch_whatever_failed_first(kind: str) -> None:
    released = threading.Event()
    released_async = asyncio.Event()

    def work(message: Message) -> None:
        if message.id == "1":
            released.wait(20)
        else:
            released.set()
        raise ValueError

    async def work_async(message: Message) -> None:
        if message.id == "1":
            await asyncio.wait_for(released_async.wait(), 20)
        else:
            released_async.set()
        raise ValueError

    handler: Any = batch_handler(work if kind == "threads" else work_async, concurrency=2)

    assert reported(handler(standard_event("1", "2"))) == ["1", "2"]


@kinds
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_an_exception_that_ends_the_program_fails_the_whole_invocation(kind: str, error: BaseException) -> None:
    def work(message: Message) -> None:
        if message.id == "2":
            raise error

    async def work_async(message: Message) -> None:
        work(message)

    handler: Any = batch_handler(work if kind == "threads" else work_async, concurrency=2)

    with pytest.raises(type(error)):
        handler(standard_event("1", "2", "3"))


def test_after_an_exception_that_ends_the_program_nothing_more_is_started() -> None:
    ran: list[str] = []
    release = threading.Event()

    def work(message: Message) -> None:
        ran.append(message.id)
        if message.id == "1":
            raise SystemExit
        release.wait(20)

    before = set(threading.enumerate())
    with pytest.raises(SystemExit):
        batch_handler(work, concurrency=2)(standard_event("1", "2", "3", "4"))
    left = set(threading.enumerate()) - before
    release.set()
    for thread in left:
        thread.join(20)

    assert set(ran) <= {"1", "2"}


def test_every_message_is_run_once() -> None:
    ran: Counter[str] = Counter()
    lock = threading.Lock()

    def work(message: Message) -> None:
        with lock:
            ran[message.id] += 1

    ids = [str(number) for number in range(1000)]

    assert reported(batch_handler(work, concurrency=8)(standard_event(*ids), Context(60))) == []
    assert ran == Counter(ids)


def test_threads_see_the_context_variables_of_the_invocation() -> None:
    trace = contextvars.ContextVar("trace", default="none")
    seen = set()

    handler = batch_handler(lambda message: seen.add(trace.get()), concurrency=2)
    token = trace.set("root")
    try:
        handler(standard_event("1", "2", "3"))
    finally:
        trace.reset(token)

    assert seen == {"root"}


def test_stop_batch_is_not_weakened_by_a_concurrency_of_one() -> None:
    ran = []

    @batch_handler(concurrency=1)
    def handler(message: Message) -> None:
        ran.append(message.id)
        if message.id == "a1":
            raise ValueError

    assert reported(handler(fifo_event("a1", "b1"))) == ["a1", "b1"]
    assert ran == ["a1"]


def test_when_no_more_threads_can_be_had_those_there_are_do_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def start_two(thread: threading.Thread) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    waited_for = threading.Event()

    class Ended(SimpleQueue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            waited_for.set()
            return super().get(block, timeout)

    monkeypatch.setattr("partial_batch.side_by_side.SimpleQueue", Ended)
    ran: list[str] = []

    @batch_handler(concurrency=5)
    def handler(message: Message) -> None:
        assert waited_for.wait(60)
        ran.append(message.id)

    assert reported(handler(standard_event(*map(str, range(10))))) == []
    assert len(ran) == 10


def test_threads_are_waited_for_until_time_is_over_and_no_longer(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    timeouts = []

    class Ended(SimpleQueue[Any]):
        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            timeouts.append(timeout)
            return super().get(block, 60)

    monkeypatch.setattr("partial_batch.side_by_side.SimpleQueue", Ended)

    @batch_handler(concurrency=2, time_reserve=59.5)
    def handler(message: Message) -> None: ...

    assert reported(handler(standard_event("1", "2"), clock)) == []
    assert timeouts == [0.5, 0.5]


class TestTheEventLoop:
    def test_each_invocation_has_its_own_context_variables(self) -> None:
        trace = contextvars.ContextVar("trace", default="none")
        seen = []

        @batch_handler
        async def handler(message: Message) -> None:
            seen.append(trace.get())

        for invocation in ("first", "second"):
            token = trace.set(invocation)
            handler(standard_event("1"))
            trace.reset(token)

        assert seen == ["first", "second"]

    def test_it_is_kept_between_invocations_so_that_clients_can_be_kept(self) -> None:
        loops = []

        @batch_handler
        async def handler(message: Message) -> None:
            loops.append(asyncio.get_running_loop())

        @batch_handler(concurrency=2)
        async def failing(message: Message) -> None:
            loops.append(asyncio.get_running_loop())
            raise ValueError

        handler(standard_event("1"))
        failing(standard_event("1", "2"))
        handler(standard_event("1"))

        assert len(set(map(id, loops))) == 1

    def test_a_thread_that_the_function_left_behind_is_not_waited_for(self) -> None:
        release = threading.Event()

        @batch_handler
        async def handler(message: Message) -> None:
            await asyncio.wait_for(asyncio.to_thread(release.wait, 60), 0.05)

        try:
            assert reported(handler(standard_event("1"))) == ["1"]
            assert not release.is_set()
        finally:
            release.set()

    def test_a_new_one_is_made_when_it_was_closed(self) -> None:
        @batch_handler
        async def handler(message: Message) -> None:
            loops.append(asyncio.get_running_loop())

        loops: list[asyncio.AbstractEventLoop] = []
        handler(standard_event("1"))
        loops[0].close()

        assert reported(handler(standard_event("1"))) == []

    def test_a_handler_can_be_called_where_a_loop_runs_already(self) -> None:
        @batch_handler
        async def inner(message: Message) -> None:
            await asyncio.sleep(0)
            if message.id == "bad":
                raise ValueError

        @batch_handler
        async def outer(message: Message) -> None:
            assert reported(inner(standard_event("good", "bad"))) == ["bad"]

        assert reported(outer(standard_event("1"))) == []

    def test_two_threads_have_a_loop_each(self) -> None:
        barrier = threading.Barrier(2, timeout=20)

        @batch_handler
        async def handler(message: Message) -> None:
            barrier.wait()
            if message.id == "bad":
                raise ValueError

        responses: dict[str, list[str]] = {}
        threads = [
            threading.Thread(target=lambda name=name: responses.update({name: reported(handler(standard_event(name)))}))
            for name in ("good", "bad")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert responses == {"good": [], "bad": ["bad"]}


def test_messages_of_one_group_stay_on_the_main_thread_where_they_can_be_interrupted() -> None:
    threads = set()

    handler = batch_handler(lambda message: threads.add(threading.current_thread()), concurrency=4)
    handler({"Records": [record(str(number), arn=FIFO_ARN, group="only") for number in range(5)]})

    assert threads == {threading.main_thread()}
