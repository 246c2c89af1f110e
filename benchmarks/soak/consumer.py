"""The function of a soak: what it does with each message was laid down when the message was sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from partial_batch import Backoff, Message, OutOfTime, PermanentFailure, RetryLater, batch_handler, bulk_handler

from benchmarks.soak.invocation import TIMED_OUT, Rules
from benchmarks.soak.virtual_layer import in_a_process, this_process
from sqslab.simulator import Crash
from sqslab.simulator.clock import Killed
from sqslab.simulator.virtual_clock import LimitReached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.books import Books
    from benchmarks.soak.deliveries import Deliveries
    from benchmarks.soak.invocation import Invocation
    from sqslab.simulator.virtual_clock import VirtualClock

# What the function does with a message in one run. Only `works` and `is slow` succeed.
WORKS = "works"
IS_SLOW = "is slow"
FAILURES = (
    "raises",
    "retries later",
    "fails for good",
    "hangs",
    "kills its process",
    "exits",
    "is cancelled",
    "is not awaited",
)
# What it calls does not answer for a while, for any message of a group.
OUTAGE = "fails in an outage"
# A message does these only so often: one that kills its process each time takes the messages beside it along, whatever
# the layer does.
_FAILS_ITS_BATCH = {"kills its process", "exits"}
_HANGS = 1e6  # seconds
_TIME_RESERVE = 1.0  # seconds, the layer's default


@dataclass(frozen=True)
class Behaviour:
    """What the function does with one message.

    Attributes:
        first: in its first runs, one after the other.
        then: in all runs after these.
    """

    first: tuple[str, ...] = ()
    then: str = WORKS

    def __post_init__(self) -> None:
        """Refuse a message that fails its batch for ever."""
        if self.then in _FAILS_ITS_BATCH:
            raise ValueError(f"a message must not do this for ever: {self.then}")

    def in_run(self, number: int) -> str:
        """Say what it does in a run, of which the first is 1."""
        return self.first[number - 1] if number <= len(self.first) else self.then


@dataclass(frozen=True)
class Mode:
    """How the layer is used.

    Attributes:
        fifo: whether the queue is FIFO.
        kind: `plain`, `async`, `bulk` or `async bulk`: what kind of function it is.
        on_fifo_failure: the layer's option.
        concurrency: the layer's option.
        protected: whether the bystanders of a failing message are, by the layer's max_receive_count.
    """

    fifo: bool
    kind: str = "plain"
    on_fifo_failure: Any = None
    concurrency: int = 1
    protected: bool = True

    @property
    def innocents_are_safe(self) -> bool:
        """Whether it is promised that no innocent message is dead-lettered."""
        return self.protected or not self.fifo

    @property
    def lanes(self) -> str:
        """What waits behind a failure: the rest of the `batch`, of its `group`, or `none`."""
        if not self.fifo:
            return "none"
        apart = self.on_fifo_failure == "skip_group" or self.concurrency > 1 or "bulk" in self.kind
        return "group" if apart else "batch"


MODES = {
    "standard": Mode(fifo=False),
    "standard, threads": Mode(fifo=False, concurrency=4),
    "standard, async": Mode(fifo=False, kind="async", concurrency=4),
    "standard, bulk": Mode(fifo=False, kind="bulk"),
    "standard, async bulk": Mode(fifo=False, kind="async bulk"),
    "FIFO, stop_batch": Mode(fifo=True, on_fifo_failure="stop_batch"),
    "FIFO, skip_group": Mode(fifo=True, on_fifo_failure="skip_group"),
    "FIFO, threads": Mode(fifo=True, concurrency=4),
    "FIFO, async stop_batch": Mode(fifo=True, kind="async"),
    "FIFO, async": Mode(fifo=True, kind="async", concurrency=4),
    "FIFO, bulk": Mode(fifo=True, kind="bulk"),
    "FIFO, async bulk": Mode(fifo=True, kind="async bulk"),
    "FIFO, stop_batch, no bystander protection": Mode(fifo=True, on_fifo_failure="stop_batch", protected=False),
    "FIFO, skip_group, no bystander protection": Mode(fifo=True, on_fifo_failure="skip_group", protected=False),
}


@dataclass
class Consumer:
    """A function of messages whose bodies are numbers.

    Args:
        clock: in whose time it works.
        books: hear of every run.
        deliveries: hear of every success, and of what the function itself undoes.
        slow_seconds: what a slow message takes.

    Attributes:
        behaviours: by the number of the message.
        outages: by message group, until when each of its messages fails, in virtual seconds.
        counts: how often it did what, other than to work.
        unexpected: what the layer raised, which it must not.
        breaches: how often it did not do what it promises of an invocation.
        most_receives: the highest receive count of a message that no code had failed on: so often others held it up.
    """

    clock: VirtualClock
    books: Books
    deliveries: Deliveries
    slow_seconds: float
    behaviours: dict[int, Behaviour] = field(default_factory=dict)
    outages: dict[str | None, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    unexpected: list[Exception] = field(default_factory=list)
    breaches: Counter[str] = field(default_factory=Counter)
    most_receives: int = 0
    _running: dict[str, float] = field(default_factory=dict)  # since when, by receipt handle: one may run twice at once

    def handler(
        self, mode: Mode, dead_letter_url: str, max_receive_count: int, backoff: Backoff | None
    ) -> Callable[[Any, Any], Any]:
        """Make the Lambda handler, with the layer.

        Args:
            mode: how.
            dead_letter_url: of the dead-letter queue.
            max_receive_count: after how many receives the layer dead-letters, if it protects bystanders.
            backoff: how long failed messages are hidden.
        """
        options: dict[str, Any] = {
            "backoff": backoff,
            "dead_letter_queue": dead_letter_url,
            "on_failure": self._note_failure,
        }
        if mode.fifo and mode.protected:
            options["max_receive_count"] = max_receive_count
        if mode.kind in ("plain", "async"):
            options |= {"concurrency": mode.concurrency, "on_fifo_failure": mode.on_fifo_failure}
        functions: dict[str, Any] = {
            "plain": lambda: batch_handler(self._plain, **options),
            "async": lambda: batch_handler(self._async, **options),
            "bulk": lambda: bulk_handler(self._bulk, **options),
            "async bulk": lambda: bulk_handler(self._async_bulk, **options),
        }
        rules = Rules(
            max_receive_count if mode.fifo and mode.protected else None, lanes=mode.lanes, whole="bulk" in mode.kind
        )
        return in_a_process(functions[mode.kind](), partial(self._check, rules))

    def _check(self, rules: Rules, invocation: Invocation, context: Any, error: BaseException | None) -> None:
        """Compare what an invocation did with what is promised of it."""
        if isinstance(error, Exception):
            self.unexpected.append(error)  # no function of a message makes the layer raise any
        if isinstance(error, LimitReached):
            self.breaches[TIMED_OUT] += 1
        if error is not None:
            return
        invocation.time_left = context.get_remaining_time_in_millis() / 1_000 - _TIME_RESERVE
        self.breaches.update(invocation.breaches(rules))
        # The response names messages, not deliveries: with one of two that are in the batch goes back the other.
        times = Counter(record["body"] for record in invocation.records)
        failed = {record["body"] for record in invocation.records if record["receiptHandle"] in invocation.failed}
        twice = [record for record in invocation.records if times[record["body"]] > 1 and record["body"] in failed]
        self.deliveries.went_wrong((record["receiptHandle"] for record in twice), "it was in the batch twice")

    def _begin(self, message: Message) -> str:
        if this_process().ended:
            raise Crash  # a task that was still to run when its process was killed
        number = int(message.body)
        does = self.behaviours[number].in_run(self.books.began(number))
        if message.receive_count > self.most_receives and not self.books.accounts[number].failures:
            self.most_receives = message.receive_count
        if self.clock.monotonic() < self.outages.get(message.group_id, 0):
            does = OUTAGE
        if does != WORKS:
            self.counts[does] += 1
        handle = message.record["receiptHandle"]
        self._running[handle] = self.clock.monotonic()
        this_process().invocation.begun.add(handle)
        return does

    def _end(self, message: Message, error: BaseException | None) -> None:
        handle = message.record["receiptHandle"]
        invocation = this_process().invocation
        invocation.longest = max(invocation.longest, self.clock.monotonic() - self._running.pop(handle))
        if error is None:
            self.books.succeeded(int(message.body))
            self.deliveries.succeeded(int(message.body), handle)
        elif isinstance(error, LimitReached) or not isinstance(error, Killed | GeneratorExit):
            self._failed(message, for_good=isinstance(error, PermanentFailure))  # else somebody else's end was its own

    def _failed(self, message: Message, *, for_good: bool = False) -> None:
        invocation = this_process().invocation
        receive = int(message.record["attributes"]["ApproximateReceiveCount"])
        self.books.failed(int(message.body), receive, invocation.name, for_good=for_good)
        invocation.failed.setdefault(message.record["receiptHandle"], for_good)

    def _note_failure(self, message: Message, error: BaseException) -> None:
        """A thread that is left behind does not know that its message counts as failed."""
        handle = message.record["receiptHandle"]
        this_process().invocation.told.add(handle)
        if isinstance(error, OutOfTime):
            self.deliveries.went_wrong([handle], "it still ran when the time was over")
            if handle in self._running:
                self._failed(message)

    @contextmanager
    def _run(self, message: Message) -> Iterator[str]:
        """Enter a run into the books; gives what it does."""
        does = self._begin(message)
        try:
            yield does
        except BaseException as error:
            self._end(message, error)
            raise
        self._end(message, RuntimeError() if does == "is not awaited" else None)

    def _plain(self, message: Message) -> object:
        with self._run(message) as does:
            if seconds := self._seconds(does):
                this_process().sleep(self.clock, seconds)
            _do(does)
        return self._async(message) if does == "is not awaited" else None

    async def _async(self, message: Message) -> object:
        with self._run(message) as does:
            await asyncio.sleep(self._seconds(does))
            _do(does)
        return self._async(message) if does == "is not awaited" else None

    def _seconds(self, does: str) -> float:
        return {IS_SLOW: self.slow_seconds, "hangs": _HANGS}.get(does, 0)

    def _bulk(self, messages: list[Message]) -> list[Message | str]:
        outcome = _BulkOutcome()
        for message in outcome.to_do(messages):
            try:
                self._require_awaited(self._plain(message))
            except OutOfTime:
                self._all_failed(messages)
                raise
            except (Exception, asyncio.CancelledError) as error:
                self._note_in_bulk(outcome, message, error, messages)
        return outcome.failed

    async def _async_bulk(self, messages: list[Message]) -> list[Message | str]:
        outcome = _BulkOutcome()
        worker = asyncio.current_task()
        for message in outcome.to_do(messages):
            try:
                self._require_awaited(await self._async(message))
            except (Exception, asyncio.CancelledError) as error:
                if worker is not None and worker.cancelling():  # it is out of time, and so the whole batch fails
                    self._all_failed(messages)
                    raise
                self._note_in_bulk(outcome, message, error, messages)
        return outcome.failed

    def _note_in_bulk(
        self, outcome: _BulkOutcome, message: Message, error: BaseException, messages: list[Message]
    ) -> None:
        if isinstance(error, RetryLater):  # what a function raises, it raises for every message
            self._all_failed(messages)
            raise error
        outcome.note(message)

    def _all_failed(self, messages: list[Message]) -> None:
        for message in messages:
            self._failed(message)
        handles = (message.record["receiptHandle"] for message in messages)
        self.deliveries.went_wrong(handles, "the function of the whole batch failed")

    def _require_awaited(self, result: Any) -> None:
        if result is not None:
            result.close()
            raise RuntimeError("not awaited")


class _BulkOutcome:
    """What a bulk function does as a batch API would: one after the other, each group up to its first failure.

    Attributes:
        failed: the messages that failed, each by itself or by its id; those it never came to are not in it.
    """

    def __init__(self) -> None:
        self.failed: list[Message | str] = []
        self._held: set[str | None] = set()

    def to_do(self, messages: list[Message]) -> Iterator[Message]:
        """Go through the messages, but not through those behind a failed one."""
        for message in messages:
            if message.group_id is None or message.group_id not in self._held:
                yield message

    def note(self, message: Message) -> None:
        """It failed."""
        self._held.add(message.group_id)
        self.failed.append(message if len(self.failed) % 2 else message.id)


def _do(what: str) -> None:
    match what:
        case "raises" | "fails in an outage":
            raise RuntimeError("told to")
        case "retries later":
            raise RetryLater(7)
        case "fails for good":
            raise PermanentFailure("told to")
        case "kills its process":
            this_process().ended = True
            raise Crash
        case "exits":
            this_process().ended = True
            raise SystemExit(1)
        case "is cancelled":
            raise asyncio.CancelledError
