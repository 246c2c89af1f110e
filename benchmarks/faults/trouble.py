"""The poller, started and killed; function processes killed; the emulator stopped and let go on."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self

from benchmarks.settings import ROOT
from sqslab.signals import shielded
from sqslab.stack import processes
from sqslab.stack.emulator import Emulator

if TYPE_CHECKING:
    import random
    import subprocess
    from collections import Counter
    from pathlib import Path
    from types import TracebackType

FUNCTION_KILLED = "function process killed"
POLLER_KILLED = "poller killed"
EMULATOR_STOPPED = "emulator stopped for up to two seconds"
STOPPED_FOR_LONG = "emulator stopped for four to ten seconds"
_STOP_SECONDS = {EMULATOR_STOPPED: (0.5, 2), STOPPED_FOR_LONG: (4, 10)}
# After how many steps of the functions, two a message, it is done again.
_EVERY = {
    FUNCTION_KILLED: (20, 80),
    POLLER_KILLED: (150, 400),
    EMULATOR_STOPPED: (150, 400),
    STOPPED_FOR_LONG: (200, 1_000),
}
_OFTEN = 4_000  # messages; with more it is done less often, or a run would be mostly waiting
_LATEST = 5  # lines of a log


class Troublemaker:
    """Starts the poller and, step by step, kills and stops processes; only such as it or the emulator has started.

    Args:
        emulator: whose functions' processes are killed, and which is stopped.
        logs: of the functions, with the ids of their processes.
        chance: for what is done when.
        counts: of what was done.
        messages: how many there are; with many, it is done less often.
    """

    def __init__(
        self, emulator: Emulator, logs: list[Path], chance: random.Random, counts: Counter[str], messages: int
    ) -> None:
        self._rarer = max(1.0, messages / _OFTEN)
        self._emulator = emulator
        self._logs = logs
        self._chance = chance
        self._counts = counts
        self._poller: subprocess.Popen[bytes] | None = None
        self._killed: set[int] = set()
        self._next = {what: self._rarer * chance.uniform(*every) for what, every in _EVERY.items()}

    def __enter__(self) -> Self:
        """Start the poller."""
        self._start_poller()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the poller."""
        if self._poller is not None:
            processes.stop(self._poller)

    def make_trouble(self) -> None:
        """Wait a moment, and do what is due by how far the functions have come: a busy machine is slow, not idle."""
        time.sleep(0.05)
        steps = sum(log.read_bytes().count(b"\n") for log in self._logs if log.exists())
        for what, act in (
            (FUNCTION_KILLED, self._kill_function_process),
            (POLLER_KILLED, self._kill_poller),
            (EMULATOR_STOPPED, partial(self._stop_emulator, EMULATOR_STOPPED)),
            (STOPPED_FOR_LONG, partial(self._stop_emulator, STOPPED_FOR_LONG)),
        ):
            if steps >= self._next[what]:
                self._next[what] = steps + self._rarer * self._chance.uniform(*_EVERY[what])
                act()

    def _start_poller(self) -> None:
        with shielded(), (self._emulator.directory / "poll.log").open("ab") as log:
            self._poller = processes.start(
                [sys.executable, "-m", "sqslab", "poll", "--endpoint-url", self._emulator.endpoint_url],
                environment=os.environ,
                output=log,
                directory=ROOT,
            )

    def _kill_poller(self) -> None:
        if self._poller is not None:
            self._poller.kill()
            self._poller.wait()
            self._counts[POLLER_KILLED] += 1
        self._start_poller()

    def _kill_function_process(self) -> None:
        """Kill one of those that did something last, so that it may well be in the middle of it."""
        lines = [line for log in self._logs if log.exists() for line in log.read_text().splitlines()[-_LATEST:]]
        ids = {int(line.split()[2]) for line in lines} - self._killed
        ours = sorted(number for number in ids if self._belongs_to_the_emulator(number))
        if ours:
            number = self._chance.choice(ours)
            self._killed.add(number)
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
                self._counts[FUNCTION_KILLED] += 1

    def _belongs_to_the_emulator(self, number: int) -> bool:
        """An id may be another process's by now; the emulator and its children are a group of their own."""
        try:
            return os.getpgid(number) == self._emulator.process_id
        except OSError:  # there is none any more, or it is somebody else's
            return False

    def _stop_emulator(self, kind: str) -> None:
        """Let nothing answer for a while; the functions go on meanwhile, and so does every visibility timeout."""
        try:
            os.kill(self._emulator.process_id, signal.SIGSTOP)
            time.sleep(self._chance.uniform(*_STOP_SECONDS[kind]))
        finally:
            os.kill(self._emulator.process_id, signal.SIGCONT)
        self._counts[kind] += 1
