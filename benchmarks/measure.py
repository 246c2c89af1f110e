"""Measuring side by side, so that what else the machine does weighs on all alike."""

import asyncio
import gc
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from partial_batch import Message, batch_handler

from .peers import Context, Handler, event, handlers


@dataclass
class Times:
    """Seconds that each of several took, in rounds in which each had its turn."""

    of: dict[str, list[float]]

    def fastest(self, name: str) -> float:
        """Seconds of its fastest round."""
        return min(self.of[name])

    def ratio(self, name: str, peer: str) -> float:
        """How long it took compared to the peer: the median over the rounds of the ratio within a round."""
        return median(mine / other for mine, other in zip(self.of[name], self.of[peer], strict=True))


def batches(count: int, *, fifo: bool, rounds: int, calls: int) -> Times:
    """One call of each handler with a batch of so many messages."""
    batch = event(count, fifo=fifo)
    context = Context()
    peers = handlers(fifo=fifo)
    for handler in peers.values():
        if handler(batch, context) != {"batchItemFailures": []}:
            raise AssertionError("a handler that does nothing has no failures")
    times: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(rounds):
        # Each comes first, second and last in turn.
        first = number % len(peers)
        for name in [*peers][first:] + [*peers][:first]:
            times[name].append(_time(peers[name], batch, context, calls))
    return Times(times)


def _time(handler: Handler, batch: dict[str, Any], context: Context, calls: int) -> float:
    gc.collect()  # nobody pays for the garbage of the one before; collection itself stays on
    started = time.perf_counter()
    for _ in range(calls):
        handler(batch, context)
    return (time.perf_counter() - started) / calls


def imports(
    modules: dict[str, tuple[str, list[Path]]], *, rounds: int, environment: dict[str, str] | None = None
) -> Times:
    """The import of each module as in a cold start, by turns: each time in a fresh interpreter that writes no bytecode.

    That interpreter has json and logging already, as Lambda's runtime has.

    Args:
        modules: by what to call each, its name and the folders that come first on the path.
        rounds: how often, after one that fills the system's cache of files.
        environment: variables for it.
    """
    times: dict[str, list[float]] = {name: [] for name in modules}
    for number in range(rounds + 1):
        for name, (module, folders) in modules.items():
            script = (
                f"import sys; sys.path[:0] = {[*map(str, folders)]!r}\n"
                "import json, logging, time\n"
                f"started = time.perf_counter()\nimport {module}\nprint(time.perf_counter() - started)"
            )
            done = subprocess.run(
                [sys.executable, "-I", "-B", "-c", script],
                env=os.environ | (environment or {}),
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            if number:
                times[name].append(float(done.stdout))
    return Times(times)


def waiting(*, messages: int, seconds: float, concurrency: int, rounds: int) -> dict[str, float]:
    """How many times faster messages that only wait are done with that concurrency, in threads and in tasks."""

    def plain(message: Message) -> None:
        time.sleep(seconds)

    async def asynchronous(message: Message) -> None:
        await asyncio.sleep(seconds)

    batch = event(messages, fifo=False)
    context = Context()
    faster = {}
    for name, function in (("threads", plain), ("tasks", asynchronous)):
        one: Handler = batch_handler(function)
        several: Handler = batch_handler(function, concurrency=concurrency)
        several(batch, context)
        pairs = [(_time(one, batch, context, 1), _time(several, batch, context, 1)) for _ in range(rounds)]
        faster[name] = median(alone / together for alone, together in pairs)
    return faster
