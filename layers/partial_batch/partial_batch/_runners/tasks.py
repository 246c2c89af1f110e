"""Running an async function: each message in a task of its own."""

from __future__ import annotations

import asyncio
from time import monotonic

from partial_batch.errors import OutOfTime
from partial_batch.outcomes import SUCCEEDED

from .event_loop import run_on_loop
from .function import require_finished
from .independent import independent_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from partial_batch.batch import Batch
    from partial_batch.message import Message

    from .loop_tasks import Tasks


def run_in_tasks(function: Callable[[Message], Awaitable[object]], batch: Batch) -> None:
    """Run messages side by side, at most `concurrency` at once; cancel what still runs when the time is over."""
    if batch.records:
        _Messages(function, batch).run()


class _Messages:
    def __init__(self, function: Callable[[Message], Awaitable[object]], batch: Batch) -> None:
        self._function = function
        self._batch = batch
        self._started: dict[int, Message] = {}
        self._ends_invocation: BaseException | None = None  # what ends the invocation

    def run(self) -> None:
        try:
            run_on_loop(self._work, self._batch)
        finally:
            self._batch.close()
        if self._ends_invocation is not None:
            raise self._ends_invocation
        self._batch.interrupted(self._started)

    async def _work(self, tasks: Tasks) -> None:
        independent = iter(independent_parts(self._batch))
        count = min(self._batch.options.concurrency, len(self._batch.records))
        workers = [self._work_off(independent, tasks) for _ in range(count)]
        await tasks.until(workers, self._batch.clock.seconds_left(), self._batch.close)

    async def _work_off(self, independent: Iterator[Iterable[int]], tasks: Tasks) -> None:
        batch = self._batch
        for positions in independent:
            for position in positions:
                message = batch.message(position)
                if batch.held_groups and message.group_id in batch.held_groups:
                    continue
                while position not in self._started and monotonic() <= batch.clock.latest_start:
                    # A task of its own, so that a function that cancels itself does not cancel the batch. One that
                    # cancels all tasks may do so before this one has begun.
                    await tasks.ended(self._process(position, message), message)
                if self._ends_invocation is not None:
                    raise InvocationEnds

    async def _process(self, position: int, message: Message) -> None:
        """Run the function for one message and note what became of it."""
        batch = self._batch
        started = monotonic()
        if started > batch.clock.latest_start:
            return
        self._started[position] = message
        outcomes = batch.outcomes
        try:
            result = await self._function(message)
            if result is not None:
                require_finished(result)
            if batch.options.on_success is not None and not batch.closed:
                require_finished(batch.options.on_success(message))
            outcomes[position] = SUCCEEDED
        except BaseException as error:
            try:
                batch.failed(position, message, error)
            except BaseException as ending:
                # Raised here, it would go through the event loop and leave the other tasks behind.
                self._ends_invocation = ending
        batch.clock.note_duration(monotonic() - started)


class InvocationEnds(Exception):
    """Something ended the invocation: the other workers are not waited for."""


def result_of(function: Callable[[list[Message]], Awaitable[object]], batch: Batch, messages: list[Message]) -> object:
    """What the function returns for the whole batch.

    Raises:
        OutOfTime: the time was over before; the function was cancelled.
    """
    results: list[object] = []
    raised: list[BaseException] = []

    async def process() -> None:
        try:
            results.append(await function(messages))
        except BaseException as error:
            raised.append(error)

    async def work(tasks: Tasks) -> None:
        await tasks.until([tasks.ended(process(), messages[0])], batch.clock.seconds_left(), lambda: late.append(True))

    late: list[bool] = []
    run_on_loop(work, batch)
    if results:
        return results[0]
    if raised and not (late and isinstance(raised[0], asyncio.CancelledError)):
        raise raised[0]
    raise OutOfTime("it still ran when the time of the function was nearly over")
