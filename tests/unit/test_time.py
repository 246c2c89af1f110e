"""Stopping before the function's time is over, and keeping what finished."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest
from partial_batch import Backoff, Message, OutOfTime, batch_handler, bulk_handler
from partial_batch._runners.alarm import Alarm
from partial_batch._sqs import client

from tests.support import Context, fifo_event, reported, standard_event
from tests.unit.conftest import Clock, SentMessages

SOON = 0.3
"""Seconds: long enough for anything that does not hang, short enough to wait for."""


def hang() -> None:
    """Block the thread until it is interrupted."""
    threading.Event().wait(60)
    raise AssertionError("it was not interrupted")


async def hang_async() -> None:
    await asyncio.sleep(60)
    raise AssertionError("it was not cancelled")


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


class TestAHangingMessage:
    def test_it_costs_itself_a_retry_and_not_the_batch(self, caplog: pytest.LogCaptureFixture) -> None:
        @batch_handler(time_reserve=0.1)
        def handler(message: Message) -> None:
            if message.id == "hangs":
                hang()

        assert reported(handler(standard_event("1", "2", "hangs", "4"), Context(SOON))) == ["hangs", "4"]
        assert "hangs failed with OutOfTime" in caplog.text
        assert "no time was left to start 1 of 4 messages" in caplog.text

    def test_one_behind_a_failure_is_interrupted_too(self) -> None:
        errors: list[type[BaseException]] = []

        @batch_handler(time_reserve=0.1, on_failure=lambda _, error: errors.append(type(error)))
        def handler(message: Message) -> None:
            if message.id == "hangs":
                hang()
            raise ValueError

        assert reported(handler(standard_event("fails", "hangs"), Context(SOON))) == ["fails", "hangs"]
        assert errors == [ValueError, OutOfTime]

    def test_an_except_exception_around_it_does_not_swallow_the_interrupt(self) -> None:
        ended = []

        @batch_handler(time_reserve=0.1)
        def handler(message: Message) -> None:
            try:
                hang()
            except Exception:
                ended.append("swallowed")
            except OutOfTime:
                ended.append("told")
                raise

        assert reported(handler(standard_event("hangs"), Context(SOON))) == ["hangs"]
        assert ended == ["told"]

    @pytest.mark.parametrize("concurrency", [1, 2])
    def test_an_async_function_is_cancelled_and_the_others_are_kept(
        self, concurrency: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        failed = []

        @batch_handler(time_reserve=0.1, concurrency=concurrency, on_failure=lambda *failure: failed.append(failure))
        async def handler(message: Message) -> None:
            if message.id == "hangs":
                await hang_async()

        back = reported(handler(standard_event("1", "hangs", "3"), Context(SOON)))

        assert back == (["hangs", "3"] if concurrency == 1 else ["hangs"])
        ((message, error),) = failed
        assert message.id == "hangs"
        assert isinstance(error, OutOfTime)
        assert "hangs failed with OutOfTime" in caplog.text

    def test_a_task_that_does_not_let_itself_be_cancelled_is_left_behind(self) -> None:
        @batch_handler(time_reserve=0.1)
        async def handler(message: Message) -> None:
            for _ in range(100):
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    continue

        assert reported(handler(standard_event("stubborn", "2"), Context(SOON))) == ["stubborn", "2"]

    def test_a_thread_is_left_behind_and_what_it_does_later_changes_nothing(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        release = threading.Event()
        told: list[str] = []

        @batch_handler(
            time_reserve=0.1,
            concurrency=3,
            on_success=lambda message: told.append(f"{message.id} succeeded"),
            on_failure=lambda message, error: told.append(f"{message.id} failed: {error}"),
        )
        def handler(message: Message) -> None:
            if message.id.startswith("hangs"):
                release.wait(60)
            if message.id == "hangs1":
                raise ValueError("much later")

        response = handler(standard_event("1", "hangs1", "2", "hangs2", "3"), Context(SOON))
        assert reported(response) == ["hangs1", "hangs2"]
        reason = "failed: it still ran when the time of the function was nearly over"
        so_far = ["1 succeeded", "2 succeeded", "3 succeeded", f"hangs1 {reason}", f"hangs2 {reason}"]
        assert sorted(told) == so_far
        caplog.clear()
        left = [thread for thread in threading.enumerate() if thread.daemon and "run" in thread.name]
        assert len(left) == 2  # as daemons they do not keep the process alive
        release.set()
        for thread in left:
            thread.join(10)
        assert reported(response) == ["hangs1", "hangs2"]
        assert sorted(told) == so_far
        assert caplog.text == ""

    @pytest.mark.parametrize("concurrency", [1, 3])
    def test_an_async_function_that_blocks_the_loop_is_interrupted(self, concurrency: int) -> None:
        started = []

        @batch_handler(time_reserve=0.1, concurrency=concurrency)
        async def handler(message: Message) -> None:
            started.append(message.id)
            if message.id == "blocks":
                hang()

        assert reported(handler(standard_event("1", "blocks", "3"), Context(SOON))) == ["blocks", "3"]
        assert "3" not in started
        assert reported(handler(standard_event("1"), Context(60))) == []

    def test_a_bulk_functions_on_success_is_told_as_long_as_there_is_time(
        self, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        def take_a_while(message: Message) -> None:
            clock.now += 25

        handler = bulk_handler(lambda messages: None, on_success=take_a_while)

        assert reported(handler(standard_event("1", "2", "3", "4"), clock)) == ["4"]
        assert "failed" not in caplog.text  # it was not told of, which is no failure

    def test_a_bulk_functions_on_success_is_told_at_the_last_moment(self, clock: Clock) -> None:
        def take_until_the_last_moment(message: Message) -> None:
            clock.now = 1059 - 0.0001  # a minute after 1000, less the reserve and what is not worth noting

        handler = bulk_handler(lambda messages: None, on_success=take_until_the_last_moment)

        assert reported(handler(standard_event("1", "2"), clock)) == []

    @pytest.mark.parametrize(
        ("kind", "why"),
        [
            ("plain", "the time of the function is nearly over"),
            ("async", "it still ran when the time of the function was nearly over"),
            ("async that blocks the loop", "the time of the function is nearly over"),
        ],
    )
    def test_a_bulk_function_fails_the_whole_batch(
        self, kind: str, why: str, sent: SentMessages, caplog: pytest.LogCaptureFixture
    ) -> None:
        def plain(messages: list[Message]) -> None:
            hang()

        async def awaits(messages: list[Message]) -> None:
            await hang_async()

        async def blocks(messages: list[Message]) -> None:
            hang()

        function: Any = {"plain": plain, "async": awaits}.get(kind, blocks)
        told = []
        handler = bulk_handler(
            function,
            time_reserve=5,
            backoff=Backoff(base=30, jitter=False),
            on_failure=lambda message, error: told.append((message.id, repr(error))),
        )
        sent.changes_visibility()

        assert reported(handler(standard_event("1", "2"), Context(5 + SOON))) == ["1", "2"]
        assert told == [("1", f"OutOfTime({why!r})"), ("2", f"OutOfTime({why!r})")]
        assert sent.hidden == {"handle of 1": 30, "handle of 2": 30}
        assert caplog.text.count("failed with OutOfTime") == 2
        assert "no time was left" not in caplog.text

    @pytest.mark.parametrize("make", [batch_handler, bulk_handler])
    def test_interrupting_what_blocks_the_loop_leaves_time_to_hide_it(
        self, make: Any, sent: SentMessages, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def run_until_it_rings(alarm: Alarm, seconds: float, interval: float, *_: Any) -> None:
            clock.now += seconds + interval + 0.04  # what the interrupt itself may take

        monkeypatch.setattr(Alarm, "run", run_until_it_rings)

        @make(backoff=Backoff(base=30, jitter=False), time_reserve=1.0)
        async def handler(messages: Any) -> None: ...

        sent.changes_visibility()

        assert reported(handler(standard_event("1"), clock)) == ["1"]
        assert sent.hidden.keys() == {"handle of 1"}

    def test_an_async_bulk_function_that_returns_when_it_is_cancelled_is_taken_at_its_word(self) -> None:
        @bulk_handler(time_reserve=0.1)
        async def handler(messages: list[Message]) -> list[Message]:
            try:
                await hang_async()
            except asyncio.CancelledError:
                return messages[1:]
            return []

        assert reported(handler(standard_event("1", "2", "3"), Context(SOON))) == ["2", "3"]

    def test_a_bulk_function_that_is_interrupted_before_it_begins_fails_the_whole_batch(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Alarm, "run", lambda *_: None)  # as if it rang at once
        failures = []
        handler = bulk_handler(lambda messages: None, on_failure=lambda message, error: failures.append(repr(error)))

        assert reported(handler(standard_event("1", "2"), Context(60))) == ["1", "2"]
        assert failures == ["OutOfTime('the time of the function was nearly over')"] * 2

    def test_on_fifo_its_group_waits_behind_it(self) -> None:
        @batch_handler(time_reserve=0.1, on_fifo_failure="skip_group")
        def handler(message: Message) -> None:
            if message.id == "a1":
                hang()

        assert reported(handler(fifo_event("b1", "a1", "a2", "b2"), Context(SOON))) == ["a1", "a2", "b2"]


class TestStartingNothingMore:
    @pytest.mark.parametrize("kind", ["plain", "async", "threads", "tasks"])
    def test_no_message_is_started_when_less_time_is_left_than_the_slowest_took(
        self, kind: str, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        seconds = {"1": 2, "2": 20, "3": 2, "4": 20, "5": 2}  # of the 59 there are, 44 are gone when 5 could start
        ran = []

        def work(message: Message) -> None:
            ran.append(message.id)
            clock.now += seconds[message.id]

        async def work_async(message: Message) -> None:
            work(message)

        options: dict[str, Any] = {"concurrency": 2 if kind in ("threads", "tasks") else 1}
        handler: Any = batch_handler(work_async if kind in ("async", "tasks") else work, **options)
        event = standard_event(*seconds)
        if options["concurrency"] > 1:  # in one group they run one after the other, in a thread or task of their own
            event = fifo_event(*(f"a{name}" for name in seconds), "b1")
            seconds |= {f"a{name}": took for name, took in seconds.items()} | {"b1": 0}

        back = reported(handler(event, clock))

        assert [name for name in back if name != "b1"] == ["5" if options["concurrency"] == 1 else "a5"]
        assert not any(name.endswith("5") for name in ran)
        assert "no time was left to start" in caplog.text

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_a_message_is_started_when_as_much_time_is_left_as_the_slowest_took(
        self, asynchronous: bool, clock: Clock
    ) -> None:
        def work(message: Message) -> None:
            clock.now += 20  # of the 60 there are; 20 are left when 3 is to start

        async def work_async(message: Message) -> None:
            work(message)

        handler: Any = batch_handler(work_async if asynchronous else work, time_reserve=0)

        assert reported(handler(standard_event("1", "2", "3", "4"), clock)) == ["4"]

    @pytest.mark.parametrize("concurrency", [1, 2])
    def test_nothing_is_started_when_the_reserve_is_all_there_is(
        self, concurrency: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        ran: list[Message] = []
        handler: Any = batch_handler(ran.append, concurrency=concurrency, time_reserve=5)

        assert reported(handler(standard_event("1", "2"), Context(1))) == ["1", "2"]
        assert ran == []
        assert "no time was left to start 2 of 2 messages" in caplog.text

    @pytest.mark.parametrize("make", [batch_handler, bulk_handler])
    def test_the_last_moment_is_too_late_to_start(self, make: Any, clock: Clock) -> None:
        ran: list[object] = []
        handler = make(ran.append, time_reserve=60)  # all there is, to the moment

        assert reported(handler(standard_event("1", "2"), clock)) == ["1", "2"]
        assert ran == []

    @pytest.mark.parametrize("make", [batch_handler, bulk_handler])
    def test_the_moment_before_is_not(self, make: Any, clock: Clock) -> None:
        ran: list[object] = []
        handler = make(ran.append, time_reserve=59.5)

        assert reported(handler(standard_event("1"), clock)) == []
        assert len(ran) == 1

    def test_an_async_function_is_not_started_either(self) -> None:
        ran = []

        @batch_handler(time_reserve=5)
        async def handler(message: Message) -> None:
            ran.append(message)

        assert reported(handler(standard_event("1", "2"), Context(1))) == ["1", "2"]
        assert ran == []

    def test_what_a_failure_stopped_did_not_lack_time(self, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
        @batch_handler
        def handler(message: Message) -> None:
            clock.now += 29.5  # half of what there is, so that a2 would have had just enough
            raise ValueError

        assert reported(handler(fifo_event("a1", "a2"), clock)) == ["a1", "a2"]
        assert "no time was left" not in caplog.text

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_a_bulk_function_is_not_started_either(self, asynchronous: bool) -> None:
        ran = []

        def plain(messages: list[Message]) -> None:
            ran.append(messages)

        async def awaitable(messages: list[Message]) -> None:
            ran.append(messages)

        handler: Any = bulk_handler(awaitable if asynchronous else plain, time_reserve=5)

        assert reported(handler(standard_event("1", "2"), Context(1))) == ["1", "2"]
        assert ran == []


class TestWithoutALimit:
    @pytest.mark.parametrize("context", [None, object(), MagicMock()])
    def test_a_context_that_does_not_say_means_no_limit(self, context: Any) -> None:
        assert reported(batch_handler(lambda message: None)(standard_event("1", "2"), context)) == []
        assert reported(batch_handler(lambda message: None, concurrency=2)(standard_event("1", "2"), context)) == []

    def test_off_the_main_thread_there_is_no_interrupt_and_the_rest_holds(self) -> None:
        release = threading.Event()
        responses = []

        @batch_handler(time_reserve=0.1)
        def handler(message: Message) -> None:
            if message.id == "2":
                release.wait(60)

        context = Context(SOON)
        thread = threading.Thread(target=lambda: responses.append(handler(standard_event("1", "2", "3"), context)))
        thread.start()
        while context.get_remaining_time_in_millis() > 0:
            time.sleep(0.01)
        release.set()
        thread.join()

        assert reported(responses[0]) == ["3"]


class TestTheAlarm:
    def test_the_previous_handler_and_timer_are_put_back(self) -> None:
        rung = threading.Event()
        previous = signal.signal(signal.SIGALRM, lambda *_: rung.set())
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            # given a timer that would ring during the batch
            handler = batch_handler(lambda message: time.sleep(0.1))  # type: ignore[func-returns-value]
            # when the batch is over
            assert reported(handler(standard_event("1"), Context(60))) == []
            # then it rings, late
            assert rung.wait(10)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)

    def test_it_is_put_back_after_an_exception_that_ends_the_program(self) -> None:
        @batch_handler
        def handler(message: Message) -> None:
            raise SystemExit

        with pytest.raises(SystemExit):
            handler(standard_event("1"), Context(60))

    def test_a_nested_invocation_does_not_cost_the_outer_one_its_alarm(self) -> None:
        inner = batch_handler(lambda message: None)

        @batch_handler(time_reserve=0.1)
        def outer(message: Message) -> None:
            inner(standard_event("inside"), Context(60))
            hang()

        assert reported(outer(standard_event("1"), Context(SOON))) == ["1"]

    @pytest.mark.parametrize("messages", [["1"], ["1", "2"]], ids=["one message", "no thread can be had"])
    def test_it_is_set_where_threads_are_asked_for_and_there_are_none(
        self, messages: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_for: list[tuple[float, float]] = []

        def run(alarm: Alarm, seconds: float, interval: float, function: Callable[[], object]) -> None:
            set_for.append((seconds, interval))
            function()

        def no_threads(*_: object) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(Alarm, "run", run)
        monkeypatch.setattr("partial_batch._runners.threads.Threads", no_threads)
        ran: list[str] = []
        handler = batch_handler(lambda message: ran.append(message.id), concurrency=2, time_reserve=4)

        assert reported(handler(standard_event(*messages), clock)) == []
        assert ran == messages
        assert set_for == [(56, 2)]  # a minute less the reserve, and half of it

    def test_it_is_set_for_the_time_there_is_without_the_reserve(self) -> None:
        left = []

        @batch_handler(time_reserve=5)
        def handler(message: Message) -> None:
            left.append(signal.getitimer(signal.ITIMER_REAL)[0])

        assert reported(handler(standard_event("1"), Context(1_000_000))) == []
        assert 999_900 < left[0] <= 999_995

    def test_it_rings_after_a_failure_was_recorded(self, caplog: pytest.LogCaptureFixture) -> None:
        @batch_handler(time_reserve=0.1)
        def handler(message: Message) -> None:
            if message.id == "fails":
                raise ValueError
            hang()

        assert reported(handler(standard_event("fails", "hangs"), Context(SOON))) == ["fails", "hangs"]
        assert "hangs failed with OutOfTime" in caplog.text

    def test_it_may_ring_while_on_failure_is_told(self) -> None:
        @batch_handler(time_reserve=0.1, on_failure=lambda *_: hang())
        def handler(message: Message) -> None:
            if message.id == "2":
                raise ValueError

        assert reported(handler(standard_event("1", "2", "3"), Context(SOON))) == ["2", "3"]

    def test_it_does_not_ring_while_a_failure_is_recorded(
        self, sent: SentMessages, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # given sending takes until after the alarm
        monkeypatch.setattr(client, "LONGEST", 2)
        waited = threading.Event()
        sent.accepts()
        sent.stubber.client.meta.events.register(
            "before-parameter-build.sqs.SendMessage", lambda **_: waited.wait(2 * SOON)
        )

        @batch_handler(time_reserve=3, dead_letter_queue="https://queue", permanent=ValueError)
        def handler(message: Message) -> None:
            raise ValueError

        # when, then
        assert reported(handler(standard_event("1", "2"), Context(3 + SOON))) == ["2"]
        assert "it was sent to the dead-letter queue" in caplog.text

    def test_it_rings_again_when_the_function_does_not_leave(self) -> None:
        interrupts = []

        @batch_handler(time_reserve=0.1)
        def handler(message: Message) -> None:
            while len(interrupts) < 3:
                try:
                    hang()
                except BaseException as error:
                    interrupts.append(error)

        assert reported(handler(standard_event("1", "2"), Context(SOON))) == ["2"]
        assert all(isinstance(error, OutOfTime) for error in interrupts)

    @pytest.mark.parametrize("kind", ["plain", "async", "bulk", "on_success of bulk"])
    def test_a_nested_handler_passes_the_outer_ones_interrupt_on(self, kind: str) -> None:
        def work(message: Message) -> None:
            hang()

        async def work_async(message: Message) -> None:
            hang()

        def work_whole(messages: list[Message]) -> None:
            hang()

        inner: Any = {
            "plain": batch_handler(work),
            "async": batch_handler(work_async),
            "bulk": bulk_handler(work_whole),
            "on_success of bulk": bulk_handler(lambda messages: None, on_success=work),
        }[kind]
        outer = batch_handler(lambda message: inner(standard_event("x", "y")), time_reserve=0.1)

        assert reported(outer(standard_event("1", "2"), Context(SOON))) == ["1", "2"]

    def test_a_group_of_interrupts_fails_its_message_only(self) -> None:
        @batch_handler(time_reserve=0.1)
        def handler(message: Message) -> None:
            if message.id == "2":
                raise BaseExceptionGroup("from a task group", [OutOfTime(), ValueError()])

        assert reported(handler(standard_event("1", "2", "3"), Context(60))) == ["2"]

    def test_a_group_with_an_exit_in_it_ends_the_invocation(self) -> None:
        @batch_handler
        def handler(message: Message) -> None:
            raise BaseExceptionGroup("from a task group", [SystemExit(), ValueError()])

        with pytest.raises(BaseExceptionGroup):
            handler(standard_event("1"))

    def test_the_rest_of_a_previous_timer_and_its_interval_are_put_back(self) -> None:
        previous = signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 50, 7)
        try:
            batch_handler(lambda message: None)(standard_event("1"), Context(60))
            seconds, interval = signal.getitimer(signal.ITIMER_REAL)
            assert 0 < seconds <= 50
            assert interval == 7
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)


class TestSqsCallsFitInTheReserve:
    def test_they_are_made_when_they_fit(self, sent: SentMessages) -> None:
        sent.stubber.add_response("change_message_visibility_batch", {"Successful": [], "Failed": []})

        @batch_handler(backoff=Backoff())
        def handler(message: Message) -> None:
            raise ValueError

        assert reported(handler(standard_event("1"), Context(30))) == ["1"]

    def test_they_are_skipped_and_that_is_logged_when_they_would_not(
        self, sent: SentMessages, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        @batch_handler(backoff=Backoff())
        def handler(message: Message) -> None:
            clock.now += 59.96
            raise ValueError

        assert reported(handler(standard_event("1"), clock)) == ["1"]
        assert "no time was left" in caplog.text

    def test_hiding_fits_when_little_more_than_a_tick_is_left(self, sent: SentMessages, clock: Clock) -> None:
        sent.changes_visibility()

        @batch_handler(backoff=Backoff(base=2, jitter=False))
        def handler(message: Message) -> None:
            clock.now += 59.9
            raise ValueError

        assert reported(handler(standard_event("1"), clock)) == ["1"]
        assert sent.hidden == {"handle of 1": 2}

    def test_a_permanent_failure_that_cannot_be_sent_in_time_goes_back(
        self, sent: SentMessages, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        @batch_handler(dead_letter_queue="https://queue", permanent=ValueError)
        def handler(message: Message) -> None:
            clock.now += 59.96
            raise ValueError

        assert reported(handler(standard_event("1"), clock)) == ["1"]
        assert "no time is left for it" in caplog.text


def test_out_of_time_raised_by_the_function_itself_fails_its_message() -> None:
    def function(message: Message) -> None:
        if message.id == "2":
            raise OutOfTime

    run: Callable[..., Any] = batch_handler(function)
    assert reported(run(standard_event("1", "2", "3"))) == ["2"]
