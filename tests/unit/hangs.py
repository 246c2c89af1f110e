"""Functions that hang, each in a way that people have met. What ends them is the end of the function's time."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

type Hang = Callable[[], Awaitable[Any]]

LONG = 60
"""Seconds: no test waits for it."""
released = threading.Event()
"""Set when a test is over: it ends the threads that hang."""


async def awaits() -> None:
    await asyncio.sleep(LONG)


async def blocks() -> None:
    time.sleep(LONG)


async def computes() -> None:
    while True:
        pass


async def computes_in_small_steps() -> None:
    while True:
        await asyncio.sleep(0)


async def swallows_the_first_cancellation() -> None:
    try:
        await asyncio.sleep(LONG)
    except asyncio.CancelledError:
        await asyncio.sleep(LONG)


async def swallows_several_cancellations() -> None:
    for _ in range(4):
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            continue
    await asyncio.sleep(LONG)


async def swallows_several_interrupts() -> None:
    try:
        time.sleep(LONG)
    finally:
        for _ in range(3):
            try:
                time.sleep(LONG)
            except BaseException:
                continue


async def blocks_when_it_is_cancelled() -> None:
    try:
        await asyncio.sleep(LONG)
    finally:
        time.sleep(LONG)


async def raises_when_it_is_cancelled() -> None:
    try:
        await asyncio.sleep(LONG)
    finally:
        raise ValueError


async def blocks_in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(lambda: time.sleep(LONG))
    await asyncio.sleep(LONG)


async def blocks_in_a_callback_that_is_not_python() -> None:
    asyncio.get_running_loop().call_soon(time.sleep, LONG)
    await asyncio.sleep(LONG)


async def waits_for_a_child() -> None:
    await asyncio.create_task(awaits())


async def waits_for_a_child_that_blocks() -> None:
    await asyncio.create_task(blocks())


async def has_a_child_that_it_does_not_wait_for() -> None:
    _kept.append(asyncio.create_task(awaits()))
    await asyncio.sleep(LONG)


async def has_a_child_that_raises_when_it_is_cancelled() -> None:
    asyncio.create_task(raises_when_it_is_cancelled())  # noqa: RUF006 - so that it is collected
    await asyncio.sleep(LONG)


async def has_a_child_that_blocks() -> None:
    asyncio.create_task(blocks())  # noqa: RUF006 - so that it is collected
    await asyncio.sleep(LONG)


async def blocks_with_a_child() -> None:
    _kept.append(asyncio.create_task(awaits()))
    await asyncio.sleep(0)
    time.sleep(LONG)


async def has_children_of_children() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(waits_for_a_child())
        group.create_task(has_a_child_that_it_does_not_wait_for())


async def is_a_task_group_with_a_child_that_blocks() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(awaits())
        group.create_task(blocks())


async def has_a_timeout() -> None:
    async with asyncio.timeout(LONG):
        await asyncio.sleep(LONG)


async def waits_for() -> None:
    await asyncio.wait_for(awaits(), LONG)


async def is_shielded() -> None:
    await asyncio.shield(awaits())


async def gathers() -> None:
    await asyncio.gather(awaits(), awaits(), return_exceptions=True)
    await asyncio.sleep(LONG)


async def is_in_a_thread() -> None:
    await asyncio.to_thread(released.wait, LONG)


async def is_in_a_generator() -> None:
    async def generator() -> Any:
        try:
            yield 1
            await asyncio.sleep(LONG)
        finally:
            await asyncio.sleep(0)

    async for _ in generator():
        pass


async def waits_for_what_never_comes() -> None:
    async with asyncio.Lock():
        await asyncio.gather(asyncio.Queue[Any]().get(), asyncio.Event().wait())


async def stops_the_loop() -> None:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(LONG)


async def sets_another_loop() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.close()
    await asyncio.sleep(LONG)


_kept: list[asyncio.Task[Any]] = []


def kept() -> list[asyncio.Task[Any]]:
    """Children that hangs have begun and did not wait for, since this was called last."""
    tasks = _kept.copy()
    _kept.clear()
    return tasks


async def does_not_let_itself_be_cancelled() -> None:
    while True:
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            continue


HANGS: list[Hang] = [
    awaits,
    blocks,
    computes,
    computes_in_small_steps,
    swallows_the_first_cancellation,
    swallows_several_cancellations,
    swallows_several_interrupts,
    blocks_when_it_is_cancelled,
    raises_when_it_is_cancelled,
    blocks_in_a_callback,
    blocks_in_a_callback_that_is_not_python,
    waits_for_a_child,
    waits_for_a_child_that_blocks,
    has_a_child_that_it_does_not_wait_for,
    has_a_child_that_raises_when_it_is_cancelled,
    has_a_child_that_blocks,
    blocks_with_a_child,
    has_children_of_children,
    is_a_task_group_with_a_child_that_blocks,
    has_a_timeout,
    waits_for,
    is_shielded,
    gathers,
    is_in_a_thread,
    is_in_a_generator,
    waits_for_what_never_comes,
    stops_the_loop,
    sets_another_loop,
]
