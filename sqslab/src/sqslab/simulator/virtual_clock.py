"""A clock that jumps to the next moment something waits for: an hour passes in no time."""

from __future__ import annotations

import heapq
import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from sqslab.simulator.clock import Killed
from sqslab.simulator.virtual_task import RUNNING, Participant, Runner, VirtualTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_EPOCH = 1_700_000_000.0  # when virtual time begins; any moment will do, as long as it is always the same
_DEADLOCK = "everything waits for events that nothing is left to set"
_LIMIT = "the limit is reached"


class Deadlock(RuntimeError):
    """Everything waits for an event, nothing for the time: no event can be set any more."""


class LimitReached(Killed):
    """Raised where a participant waits past the limit it was given."""


class VirtualClock:
    """A clock that stands still while anything runs, and jumps to the next moment something waits for.

    Its participants are the thread that made it and those it started. Exactly one of them runs at a time; it runs until
    it waits, and then the one whose moment comes first goes on (of those with the same moment, the one that began to
    wait first). So what happens does not depend on the machine: the same program gives the same outcome, always, and
    needs no locks. With one participant, waiting is an addition.

    A thread whose participant has ended goes on with the next one that has not begun: many short ones need few threads,
    and few changes from one to another. With the last participant the threads end.

    As a context manager it ends those that still wait at the end of the block, by `Killed`.

    Args:
        epoch: what `time()` gives at the beginning, in seconds.
    """

    def __init__(self, epoch: float = _EPOCH) -> None:
        self._now = 0.0
        self._epoch = epoch
        self._count = itertools.count()
        self._running = Participant(None)
        self._running.runner = Runner(threading.get_ident())
        self._participants = {self._running: None}  # in the order in which they were started
        self._idle: list[Runner] = []
        self._sleeping: list[tuple[float, int, Participant]] = []
        self._listening: dict[Participant, threading.Event] = {}

    def __enter__(self) -> Self:
        """Use the clock for a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill every participant but the caller, one after the other, in the order in which they were started."""
        if not self._running.is_here():
            return  # interrupted by a signal while another one runs; as daemons, they end with the process
        while others := [other for other in self._participants if other is not self._running]:
            self.kill(others[0])

    def monotonic(self) -> float:
        """Give the virtual seconds since the clock was made."""
        return self._now

    def time(self) -> float:
        """Give the virtual seconds since the epoch."""
        return self._epoch + self._now

    def wait(self, event: threading.Event | None, seconds: float | None) -> bool:
        """Let the others run until the event is set or the seconds have passed; say whether it is set.

        Raises:
            Deadlock: nobody waits for the time, and no event that somebody waits for is set.
            Killed: this participant was killed, or (LimitReached) waits past its limit.
            RuntimeError: the calling thread is none of this clock's.
        """
        me = self._running
        if not me.is_here():
            raise RuntimeError("this thread was not started by the clock it waits for: use clock.start()")
        if me.killed:
            raise Killed("this participant was killed")  # it waits while it cleans up
        if event is not None and event.is_set():
            return True
        if seconds is not None and seconds <= 0:
            return False
        until = None if seconds is None else self._now + seconds
        if me.limit is not None and (until is None or until > me.limit):
            self._pause(me, event, max(me.limit, self._now))
            if self._now >= me.limit and not (event is not None and event.is_set()):
                me.overran = True
                raise LimitReached(_LIMIT)
        else:
            self._pause(me, event, until)
        return event is not None and event.is_set()

    def start(self, target: Callable[[], object], name: str) -> VirtualTask:
        """Let a function take part. It begins when the caller waits."""
        task = VirtualTask(self, target, name)
        self._participants[task.participant] = None
        self._enlist(task.participant, None, self._now)
        return task

    @contextmanager
    def limit(self, moment: float) -> Iterator[None]:
        """End what is in the block, by LimitReached where it waits, when it waits past a moment.

        Code in the block that catches LimitReached gains nothing: it is raised at the end of the block then.

        Args:
            moment: in the seconds of `monotonic`. A limit around it that comes earlier stays in force.
        """
        me = self._running
        before = me.limit
        me.limit = moment if before is None else min(before, moment)
        try:
            yield
        finally:
            me.limit = before
            overran, me.overran = me.overran, False
            if overran:
                raise LimitReached(_LIMIT)

    def _pause(self, me: Participant, event: threading.Event | None, until: float | None) -> None:
        """Wait; the commonest case, in which the caller is the next one to run, needs no thread and no heap."""
        if until is not None and not self._listening and (not self._sleeping or until < self._sleeping[0][0]):
            self._now = until
            return
        self._enlist(me, event, until)
        following = self._next()
        if following is None:
            self._withdraw(me)
            raise Deadlock(_DEADLOCK)
        if following is not me:
            self._pass_baton(me, following)

    def _pass_baton(self, me: Participant, following: Participant) -> None:
        """Let another one run, and come back when it is the caller's turn again."""
        runner = me.runner
        if runner is None:
            raise RuntimeError("what has not begun cannot wait")
        self._resume(following)
        runner.baton.acquire()
        if me.killed:
            raise Killed("this participant was killed")
        if me.deadlocked:
            me.deadlocked = False
            raise Deadlock(_DEADLOCK)

    def _enlist(self, participant: Participant, event: threading.Event | None, until: float | None) -> None:
        participant.turn = next(self._count)
        if until is not None:
            heapq.heappush(self._sleeping, (until, participant.turn, participant))
        if event is not None or until is None:
            self._listening[participant] = event or threading.Event()

    def _withdraw(self, participant: Participant) -> None:
        participant.turn = RUNNING  # what is left of it in the heap no longer counts
        self._listening.pop(participant, None)

    def _next(self) -> Participant | None:
        """Pick who runs next, and go to its moment."""
        while self._sleeping and self._sleeping[0][2].turn != self._sleeping[0][1]:
            heapq.heappop(self._sleeping)
        awake = [other for other, event in self._listening.items() if event.is_set()]
        if self._sleeping and self._sleeping[0][0] <= self._now:
            awake.append(self._sleeping[0][2])
        if awake:
            chosen = min(awake, key=lambda other: other.turn)
        elif self._sleeping:
            self._now, _, chosen = heapq.heappop(self._sleeping)
        else:
            return None
        self._withdraw(chosen)
        return chosen

    def _stuck(self) -> Participant:
        """Pick the one that has waited longest, to be told that nothing can go on."""
        chosen = min(self._listening, key=lambda other: other.turn)
        chosen.deadlocked = True
        self._withdraw(chosen)
        return chosen

    def _resume(self, following: Participant) -> None:
        """Let one go on, or begin in a thread that has none. The calling thread is to wait, or to end."""
        self._running = following
        runner = following.runner
        if runner is None:
            runner = self._idle.pop() if self._idle else Runner()
            runner.take(following)
            if runner.thread is None:
                threading.Thread(target=self._serve, args=(runner,), daemon=True).start()
        runner.baton.release()

    def _serve(self, runner: Runner) -> None:
        """Run participants in this thread, one after the other, each from its beginning to its end."""
        runner.thread = threading.get_ident()
        runner.baton.acquire()
        while (participant := runner.participant) is not None:
            if participant.task is not None:
                participant.task.run()
            runner.participant = None
            self._remove(participant)
            following = self._next() or self._stuck()
            if following.runner is None:
                self._running = following
                runner.take(following)
            elif len(self._participants) == 1:
                self._resume(following)
            else:
                self._idle.append(runner)
                self._resume(following)
                runner.baton.acquire()

    def _remove(self, participant: Participant) -> None:
        """Take note that one has ended, and let go of the threads if it was the last that was started."""
        del self._participants[participant]
        if participant.task is not None:
            participant.task.finished.set()
        if len(self._participants) == 1:
            while self._idle:
                self._idle.pop().baton.release()

    def kill(self, victim: Participant) -> None:
        """End a participant that waits; the caller goes on when it has ended."""
        self._withdraw(victim)
        if victim.runner is None:  # it has not begun
            self._remove(victim)
            return
        victim.killed = True
        me = self._running
        self._enlist(me, None, self._now)
        self._pass_baton(me, victim)
