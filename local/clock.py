"""Time, as the pollers take it: the machine's own, or a virtual one in which an hour passes in no time.

The interface is four methods (`Clock`):

    clock.monotonic()            seconds, never going back; only differences mean something
    clock.time()                 seconds since the epoch
    clock.wait(event, seconds)   wait until a plain threading.Event is set (None: for the time only) or the seconds have
                                 passed (None: without end); returns whether the event is set
    clock.start(target, name)    run something beside the caller; returns a Task with `join(seconds=None)` and `done`

Code that runs on both blocks in no other way than these: no time.sleep, no event.wait(), no thread, executor or queue
of its own, and no lock held across a call that may wait (receiving is one, so is invoking). Setting an event needs no
clock: `event.set()` wakes who waits for it.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_EPOCH = 1_700_000_000.0  # when virtual time begins; any moment will do, as long as it is always the same


class Task(Protocol):
    """Something that runs beside its starter."""

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        ...

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended.

        Args:
            seconds: at most this long; None for as long as it takes.

        Returns:
            Whether it has ended.

        Raises:
            Exception: what the target raised, if it did.
        """
        ...


class Clock(Protocol):
    """What passes time, and waits for it to pass."""

    def monotonic(self) -> float:
        """Give the seconds since some moment; they never go back."""
        ...

    def time(self) -> float:
        """Give the seconds since the epoch."""
        ...

    def wait(self, event: threading.Event | None, seconds: float | None) -> bool:
        """Wait until the event is set or the time has passed.

        Args:
            event: may be set by whoever likes to; None to wait for the time only.
            seconds: how long at most; zero or less only looks, None waits without end.

        Returns:
            Whether the event is set.
        """
        ...

    def start(self, target: Callable[[], object], name: str) -> Task:
        """Run a function beside the caller.

        Args:
            target: what to run. What it raises is raised by `join`.
            name: of its thread, for those who debug.
        """
        ...


class RealClock:
    """The time of this machine, and ordinary threads."""

    def monotonic(self) -> float:
        """Give the seconds since some moment."""
        return time.monotonic()

    def time(self) -> float:
        """Give the seconds since the epoch."""
        return time.time()

    def wait(self, event: threading.Event | None, seconds: float | None) -> bool:
        """Wait until the event is set or the seconds have passed; say whether it is set."""
        if event is not None:
            return event.wait(seconds)
        return threading.Event().wait(seconds)

    def start(self, target: Callable[[], object], name: str) -> Task:
        """Run a function in a thread that does not keep the process alive."""
        task = _Run(self, target)
        threading.Thread(target=task.run, name=name, daemon=True).start()
        return task


_DEADLOCK = "everything waits for events that nothing is left to set"
_LIMIT = "the limit is reached"
_RUNNING = -1


class Deadlock(RuntimeError):
    """Everything waits for an event, nothing for the time: no event can be set any more."""


class Killed(SystemExit):
    """Raised where a participant waits that was killed.

    No `Exception`: code that handles failures must not take its own end for one.
    """


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
        self._running = _Participant(None)
        self._running.runner = _Runner(threading.get_ident())
        self._participants = {self._running: None}  # in the order in which they were started
        self._idle: list[_Runner] = []
        self._sleeping: list[tuple[float, int, _Participant]] = []
        self._listening: dict[_Participant, threading.Event] = {}

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
            self._kill(others[0])

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

    def _pause(self, me: _Participant, event: threading.Event | None, until: float | None) -> None:
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

    def _pass_baton(self, me: _Participant, following: _Participant) -> None:
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

    def _enlist(self, participant: _Participant, event: threading.Event | None, until: float | None) -> None:
        participant.turn = next(self._count)
        if until is not None:
            heapq.heappush(self._sleeping, (until, participant.turn, participant))
        if event is not None or until is None:
            self._listening[participant] = event or threading.Event()

    def _withdraw(self, participant: _Participant) -> None:
        participant.turn = _RUNNING  # what is left of it in the heap no longer counts
        self._listening.pop(participant, None)

    def _next(self) -> _Participant | None:
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

    def _stuck(self) -> _Participant:
        """Pick the one that has waited longest, to be told that nothing can go on."""
        chosen = min(self._listening, key=lambda other: other.turn)
        chosen.deadlocked = True
        self._withdraw(chosen)
        return chosen

    def _resume(self, following: _Participant) -> None:
        """Let one go on, or begin in a thread that has none. The calling thread is to wait, or to end."""
        self._running = following
        runner = following.runner
        if runner is None:
            runner = self._idle.pop() if self._idle else _Runner()
            runner.take(following)
            if runner.thread is None:
                threading.Thread(target=self._serve, args=(runner,), daemon=True).start()
        runner.baton.release()

    def _serve(self, runner: _Runner) -> None:
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

    def _remove(self, participant: _Participant) -> None:
        """Take note that one has ended, and let go of the threads if it was the last that was started."""
        del self._participants[participant]
        if participant.task is not None:
            participant.task.finished.set()
        if len(self._participants) == 1:
            while self._idle:
                self._idle.pop().baton.release()

    def _kill(self, victim: _Participant) -> None:
        """End a participant that waits; the caller goes on when it has ended."""
        self._withdraw(victim)
        if victim.runner is None:  # it has not begun
            self._remove(victim)
            return
        victim.killed = True
        me = self._running
        self._enlist(me, None, self._now)
        self._pass_baton(me, victim)


class _Participant:
    """One of those a virtual clock lets run.

    Args:
        task: what it is to do; None for the one that made the clock.
    """

    __slots__ = ("deadlocked", "killed", "limit", "overran", "runner", "task", "turn")

    def __init__(self, task: VirtualTask | None) -> None:
        self.task = task
        self.runner: _Runner | None = None  # the thread it is in, once it has begun
        self.turn = _RUNNING  # else the number under which it waits
        self.limit: float | None = None
        self.overran = False  # whether it waited past it
        self.killed = False
        self.deadlocked = False

    def is_here(self) -> bool:
        """Say whether the calling thread is its own."""
        return self.runner is not None and self.runner.thread == threading.get_ident()


class _Runner:
    """A thread of a virtual clock, and who is in it: one at a time, from beginning to end."""

    __slots__ = ("baton", "participant", "thread")

    def __init__(self, thread: int | None = None) -> None:
        self.thread = thread
        self.participant: _Participant | None = None
        self.baton = threading.Lock()  # held; released by who lets this thread go on
        self.baton.acquire()

    def take(self, participant: _Participant) -> None:
        """Let one that has not begun run here."""
        self.participant = participant
        participant.runner = self


class _Run:
    """A function that runs in a thread, and what became of it."""

    def __init__(self, clock: Clock, target: Callable[[], object]) -> None:
        self._clock = clock
        self._target = target
        self._error: Exception | None = None
        self.finished = threading.Event()

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.finished.is_set()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; say whether it has, or raise what it raised."""
        ended = self._clock.wait(self.finished, seconds)
        if ended and self._error is not None:
            raise self._error
        return ended

    def run(self) -> None:
        """Run the function, in the thread that is its own."""
        try:
            self._target()
        except Killed:
            pass
        except Exception as error:
            self._error = error
        finally:
            self.finished.set()


class VirtualTask(_Run):
    """A participant of a virtual clock, as its starter sees it."""

    def __init__(self, clock: VirtualClock, target: Callable[[], object], name: str) -> None:
        super().__init__(clock, target)
        self.name = name
        self.participant = _Participant(self)
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
            self._virtual_clock._kill(self.participant)
