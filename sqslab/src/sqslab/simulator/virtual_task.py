"""What takes part in virtual time: a participant, the thread that it is in, and the task as its starter sees it."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from sqslab.simulator.clock import TaskRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqslab.simulator.virtual_clock import VirtualClock

RUNNING = -1  # the turn of a participant that does not wait


class Participant:
    """One of those a virtual clock lets run.

    Args:
        task: what it is to do; None for the one that made the clock.
    """

    __slots__ = ("deadlocked", "killed", "limit", "overran", "runner", "task", "turn")

    def __init__(self, task: VirtualTask | None) -> None:
        self.task = task
        self.runner: Runner | None = None  # the thread it is in, once it has begun
        self.turn = RUNNING  # else the number under which it waits
        self.limit: float | None = None
        self.overran = False  # whether it waited past it
        self.killed = False
        self.deadlocked = False

    def is_here(self) -> bool:
        """Say whether the calling thread is its own."""
        return self.runner is not None and self.runner.thread == threading.get_ident()


class Runner:
    """A thread of a virtual clock, and who is in it: one at a time, from beginning to end."""

    __slots__ = ("baton", "participant", "thread")

    def __init__(self, thread: int | None = None) -> None:
        self.thread = thread
        self.participant: Participant | None = None
        self.baton = threading.Lock()  # held; released by who lets this thread go on
        self.baton.acquire()

    def take(self, participant: Participant) -> None:
        """Let one that has not begun run here."""
        self.participant = participant
        participant.runner = self


class VirtualTask(TaskRun):
    """A participant of a virtual clock, as its starter sees it."""

    def __init__(self, clock: VirtualClock, target: Callable[[], object], name: str) -> None:
        super().__init__(clock, target)
        self.name = name
        self.participant = Participant(self)
        self._virtual_clock = clock

    def run(self) -> None:
        """Run the function, in a thread that runs others before and after it."""
        threading.current_thread().name = self.name
        try:
            super().run()
        except BaseException:  # told as if the thread had ended by it
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))

    def kill(self) -> None:
        """End it where it waits, at once and whatever it was doing, as `kill -9` would. An ended one stays as it is."""
        if not self.done:
            self._virtual_clock.kill(self.participant)
