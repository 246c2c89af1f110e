"""Async functions: what they are told when time is over, and what becomes of what they raise."""

import asyncio
import signal
import threading
from typing import Any

import pytest
from partial_batch import Message, batch_handler, bulk_handler

from tests.support import Context, fifo_event, reported, standard_event

SOON = 0.3
"""Seconds: long enough for anything that does not hang, short enough to wait for."""
STILL_RAN = "OutOfTime('it still ran when the time of the function was nearly over')"


class Stop(BaseException):
    """Ends the invocation, and is no exception that asyncio knows."""


async def cancel_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def hang_stubbornly() -> None:
    for _ in range(100):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize(
    ("raised", "told"), [(ValueError("no"), "ValueError('no')"), (None, "CancelledError()")], ids=["error", "cancelled"]
)
def test_on_failure_is_told_what_was_raised(bulk: bool, raised: Exception | None, told: str) -> None:
    errors: list[str] = []

    async def work(_: Any) -> None:
        if raised is not None:
            raise raised
        await cancel_itself()

    make: Any = bulk_handler if bulk else batch_handler
    handler = make(work, on_failure=lambda _, error: errors.append(repr(error)))

    assert reported(handler(standard_event("1", "2"))) == ["1", "2"]
    assert errors == [told, told]


@pytest.mark.parametrize("bulk", [False, True])
def test_what_still_runs_when_time_is_over_is_cancelled(bulk: bool) -> None:
    cancelled: list[bool] = []
    errors: list[str] = []

    async def work(_: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    make: Any = bulk_handler if bulk else batch_handler
    handler = make(work, time_reserve=0.1, on_failure=lambda _, error: errors.append(repr(error)))

    assert reported(handler(standard_event("1"), Context(SOON))) == ["1"]
    assert cancelled == [True]
    assert bulk or errors == [STILL_RAN]


def test_what_does_not_let_itself_be_cancelled_is_left_behind_off_the_main_thread_too() -> None:
    responses: list[Any] = []

    @batch_handler(time_reserve=0.1)
    async def handler(message: Message) -> None:
        await hang_stubbornly()

    thread = threading.Thread(target=lambda: responses.append(handler(standard_event("1"), Context(SOON))), daemon=True)
    thread.start()
    thread.join(30)  # a bound that is not meant to be reached

    assert [reported(response) for response in responses] == [["1"]]


def test_the_alarm_is_set_for_when_cancelling_did_not_help() -> None:
    left: list[float] = []

    @batch_handler(time_reserve=5)
    async def handler(message: Message) -> None:
        left.append(signal.getitimer(signal.ITIMER_REAL)[0])

    assert reported(handler(standard_event("1"), Context(1_000_000))) == []
    assert 999_900 < left[0] <= 999_995.2  # the reserve, and twice what cleaning up may take


def test_a_group_that_is_held_is_passed_over_and_the_next_one_is_run() -> None:
    @batch_handler(on_fifo_failure="skip_group")
    async def handler(message: Message) -> None:
        if message.id == "a1":
            raise ValueError

    assert reported(handler(fifo_event("a1", "a2", "b1"))) == ["a1", "a2"]


def test_what_ends_the_invocation_does_not_wait_for_the_others() -> None:
    ended: list[str] = []

    @batch_handler(concurrency=2)
    async def handler(message: Message) -> None:
        if message.id == "stops":
            raise SystemExit
        await asyncio.sleep(60)
        ended.append(message.id)

    with pytest.raises(SystemExit):
        handler(standard_event("stops", "other"))
    assert ended == []


def test_inside_a_running_loop_what_ends_the_invocation_is_raised() -> None:
    @batch_handler
    async def handler(message: Message) -> None:
        raise SystemExit

    async def main() -> None:
        handler(standard_event("1"))

    with pytest.raises(SystemExit):
        asyncio.run(main())


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_bulk_function_that_fails_does_not_cost_the_loop(cancelled: bool) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    @bulk_handler
    async def handler(messages: list[Message]) -> None:
        loops.append(asyncio.get_running_loop())
        if cancelled:
            await cancel_itself()
        raise ValueError

    handler(standard_event("1"))
    handler(standard_event("1"))

    assert loops[0] is loops[1]
