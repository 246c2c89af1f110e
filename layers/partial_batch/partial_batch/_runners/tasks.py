"""Running an async function, as tasks on an event loop that is kept between invocations."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from threading import Thread, current_thread, main_thread
from time import monotonic

from partial_batch.errors import OutOfTime, is_interrupt

from .alarm import run_with_alarm
from .function import require_finished
from .in_order import ends_message_only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable
    from typing import Any

    from partial_batch.batch import Batch
    from partial_batch.message import Message

# What a cancelled function may take to clean up, before the batch goes on without it.
_CLEAN_UP_SECONDS = 0.1

_runner: asyncio.Runner | None = None


def run_in_tasks(function: Callable[[Message], Awaitable[object]], batch: Batch) -> None:
    """Run the lanes side by side, at most `concurrency` at once; cancel what still runs when the time is over."""
    if not batch.records:
        return
    running: dict[int, Message] = {}

    async def run_all() -> None:
        lanes = iter(batch.lanes())

        async def work() -> None:
            for lane in lanes:
                await _run_lane(function, batch, lane, running)

        workers = min(batch.options.concurrency, len(batch.records))
        await _until_deadline([work() for _ in range(workers)], batch)

    try:
        _run(run_all, batch)
        batch.interrupted(running)
    finally:
        batch.close()


def wait_for(function: Callable[[list[Message]], Awaitable[object]], batch: Batch, messages: list[Message]) -> object:
    """What the function returns for the whole batch.

    Raises:
        OutOfTime: the time was over before; the function was cancelled.
    """
    results: list[object] = []
    problems: list[BaseException] = []

    async def work() -> None:
        worker = asyncio.current_task()
        try:
            # A task of its own, so that a function that cancels itself does not cancel this one.
            results.append(await asyncio.ensure_future(function(messages)))
        except asyncio.CancelledError as problem:
            if worker is not None and worker.cancelling():
                raise
            problems.append(problem)
        except BaseException as problem:
            if not ends_message_only(problem) or is_interrupt(problem):
                raise
            problems.append(problem)

    async def run_once() -> None:
        await _until_deadline([work()], batch)

    _run(run_once, batch)
    if problems:
        raise problems[0]
    if not results:
        raise OutOfTime("it still ran when the time of the function was nearly over")
    return results[0]


async def _run_lane(
    function: Callable[[Message], Awaitable[object]], batch: Batch, lane: Iterable[int], running: dict[int, Message]
) -> None:
    worker = asyncio.current_task()
    for place in lane:
        message = batch.message(place)
        if batch.held_groups and message.group_id in batch.held_groups:
            continue
        if batch.stopped:
            return
        started = monotonic()
        try:
            # A task of its own, so that a function that cancels itself does not cancel the batch.
            if not await asyncio.ensure_future(_run_one(function, batch, place, message, running)):
                return
            batch.finished[place] = True
        except asyncio.CancelledError as error:
            if worker is not None and worker.cancelling():
                raise  # not the message is cancelled but the invocation, at its deadline or by Ctrl-C
            batch.failed(place, message, error)
        except BaseException as error:
            if not ends_message_only(error):
                raise
            batch.failed(place, message, error)
            if is_interrupt(error):
                raise
        running.pop(place, None)
        batch.took(monotonic() - started)


async def _run_one(
    function: Callable[[Message], Awaitable[object]],
    batch: Batch,
    place: int,
    message: Message,
    running: dict[int, Message],
) -> bool:
    """Run the function for one message and return True; or False if no time was left when its turn came."""
    if monotonic() > batch.latest_start:
        return False
    running[place] = message
    result = await function(message)
    if result is not None:
        require_finished(result)
    if batch.options.on_success is not None and not batch.closed:
        require_finished(batch.options.on_success(message))
    return True


async def _until_deadline(work: list[Coroutine[Any, Any, None]], batch: Batch) -> None:
    """Do the work, as far as time allows; cancel the rest.

    Raises:
        BaseException: what ends the invocation, from the work.
    """
    tasks = [asyncio.ensure_future(part) for part in work]
    seconds = batch.seconds_left()
    done, pending = await asyncio.wait(
        tasks, timeout=None if seconds is None else max(seconds, 0), return_when=asyncio.FIRST_EXCEPTION
    )
    for task in done:
        task.result()
    if pending:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_CLEAN_UP_SECONDS)


def _run(work: Callable[[], Coroutine[Any, Any, None]], batch: Batch) -> None:
    """Run it to its end: on the main thread with a loop that is kept, so that async clients can be kept too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        _run_in_thread(work)  # a loop cannot run inside a loop
        return
    if current_thread() is not main_thread():
        _run_on_new_loop(work)
    elif batch.seconds is None:
        _run_on_kept_loop(work)
    else:
        # What waits is cancelled in time; the alarm is for what blocks the loop.
        run_with_alarm(batch, batch.seconds + 1.5 * _CLEAN_UP_SECONDS, _run_on_kept_loop, work)


def _run_on_kept_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    global _runner
    if _runner is None or _runner.get_loop().is_closed():
        _runner = asyncio.Runner()
    try:
        # Each invocation has its own context variables, which tracing lives in.
        _runner.run(work(), context=copy_context())
    except BaseException:
        # Not _runner.close(), which would go on with the other tasks and wait for threads.
        _runner.get_loop().close()
        raise


def _run_on_new_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work())
    finally:
        loop.close()  # asyncio.run would wait for threads that were left behind


def _run_in_thread(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    problems: list[BaseException] = []

    def run() -> None:
        try:
            _run_on_new_loop(work)
        except BaseException as problem:
            problems.append(problem)

    thread = Thread(target=copy_context().run, args=(run,))
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
