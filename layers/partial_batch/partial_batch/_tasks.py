"""Running an async function, as tasks on an event loop that is kept between invocations."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from threading import Thread, current_thread, main_thread
from time import monotonic

from ._errors import OutOfTime
from ._function import require_finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable
    from typing import Any

    from ._batch import Batch
    from ._message import Message

# What a cancelled function may take to clean up, before the batch goes on without it.
_CLEAN_UP_SECONDS = 0.1

_runner: asyncio.Runner | None = None


def run_in_tasks(function: Callable[[Message], Awaitable[object]], batch: Batch) -> None:
    """Run the lanes side by side, at most `concurrency` at once; cancel what still runs when the time is over."""
    running: dict[int, Message] = {}

    async def run_all() -> None:
        lanes = iter(batch.lanes())

        async def work() -> None:
            for lane in lanes:
                await _run_lane(function, batch, lane, running)

        if not await _until_deadline([work() for _ in range(batch.options.concurrency)], batch):
            batch.interrupted(running)

    try:
        _run(run_all())
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
        except (Exception, OutOfTime) as problem:
            problems.append(problem)

    async def run_once() -> None:
        await _until_deadline([work()], batch)

    _run(run_once())
    if problems:
        raise problems[0]
    if not results:
        raise OutOfTime("it still ran when the time of the function was nearly over")
    return results[0]


async def _run_lane(
    function: Callable[[Message], Awaitable[object]], batch: Batch, lane: Iterable[int], running: dict[int, Message]
) -> None:
    worker = asyncio.current_task()
    on_success = batch.options.on_success
    for place in lane:
        message = batch.message(place)
        if batch.held_groups and message.group_id in batch.held_groups:
            continue
        started = monotonic()
        if started > batch.latest_start:
            return
        running[place] = message
        try:
            # A task of its own, so that a function that cancels itself does not cancel the batch.
            result = await asyncio.ensure_future(function(message))
            if result is not None:
                require_finished(result)
            if on_success is not None:
                require_finished(on_success(message))
            batch.finished[place] = True
        except asyncio.CancelledError as error:
            if worker is not None and worker.cancelling():
                raise  # not the message is cancelled but the invocation, at its deadline or by Ctrl-C
            batch.failed(place, message, error)
        except (Exception, OutOfTime) as error:
            batch.failed(place, message, error)
        del running[place]
        batch.took(monotonic() - started)


async def _until_deadline(work: list[Coroutine[Any, Any, None]], batch: Batch) -> bool:
    """Do the work and return True; or as far as time allows, cancel the rest and return False.

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
    if not pending:
        return True
    batch.stop()
    for task in pending:
        task.cancel()
    await asyncio.wait(pending, timeout=_CLEAN_UP_SECONDS)
    return False


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run it to its end: on the main thread with a loop that is kept, so that async clients can be kept too."""
    global _runner
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        _run_in_thread(coroutine)  # a loop cannot run inside a loop
        return
    if current_thread() is not main_thread():
        asyncio.run(coroutine)
        return
    if _runner is None or _runner.get_loop().is_closed():
        _runner = asyncio.Runner()
    try:
        _runner.run(coroutine)
    except BaseException:
        runner, _runner = _runner, None
        runner.close()  # ends what was going on
        raise


def _run_in_thread(coroutine: Coroutine[Any, Any, None]) -> None:
    problems: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(coroutine)
        except BaseException as problem:
            problems.append(problem)

    thread = Thread(target=copy_context().run, args=(work,))
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
