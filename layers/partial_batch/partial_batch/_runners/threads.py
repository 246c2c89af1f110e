"""Running a plain function for several messages at once, in threads."""

from __future__ import annotations

from _queue import Empty, SimpleQueue
from contextvars import copy_context
from threading import Lock, Thread

from .in_order import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partial_batch.batch import Batch
    from partial_batch.message import Message


def run_in_threads(function: Callable[[Message], object], batch: Batch, lanes: list[Iterable[int]]) -> None:
    """Run the lanes side by side, at most `concurrency` at once.

    A thread cannot be interrupted: one that still runs when the time is over is left behind, its message goes back,
    and whatever it does later changes nothing.
    """
    waiting = iter(lanes)
    lock = Lock()
    started: dict[int, Message] = {}  # by each thread, the last
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def work(number: int) -> None:
        def start(message: Message) -> object:
            started[number] = message
            return function(message)

        try:
            while True:
                with lock:
                    lane = next(waiting, None)
                if lane is None:
                    break
                run(start, batch, lane)
        except BaseException as error:
            ended.put(error)
        else:
            ended.put(None)

    running = 0
    try:
        for number in range(min(batch.options.concurrency, len(lanes))):
            # Each with the caller's context variables, which tracing lives in.
            thread = Thread(target=copy_context().run, args=(work, number), daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads can be had; those there are do the work
                if not running:
                    raise
                break
            running += 1
        for _ in range(running):
            seconds = batch.seconds_left()
            error = ended.get(timeout=None if seconds is None else max(seconds, 0))
            if error is not None:
                raise error
    except Empty:
        last = {id(message.record): message for message in started.values()}
        batch.interrupted({place: last[id(record)] for place, record in enumerate(batch.records) if id(record) in last})
    finally:
        batch.close()
