"""What Lambda does for one event source mapping: receive batches, invoke the function, delete what succeeded.

One loop gathers batches (batcher.py); each is seen through beside it, as many at once as concurrency.py
allows. Rules as in https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html.

Order on FIFO: a group is with one invocation at most. What did not fit into it, and what is delivered of its groups
meanwhile (message_groups.py), goes to the function after it, in the same task, as long as that breaks no order.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqslab.aws_errors import AWS_ERRORS, describe
from sqslab.mapping.batcher import Batcher
from sqslab.mapping.concurrency import DEFAULT_LIMIT, ConcurrencyLimit
from sqslab.mapping.events import (
    BatchDone,
    BatchKept,
    BatchReceived,
    BatchThrottled,
    ConcurrencyChanged,
    Delivery,
    Listener,
    MessagesLeft,
)
from sqslab.mapping.invocation import FunctionFailed, Throttled, invoke, is_gone
from sqslab.mapping.message_groups import MessageGroups
from sqslab.mapping.outages import Outages, Pauses
from sqslab.mapping.record import fitting
from sqslab.mapping.response import InvalidResponse
from sqslab.mapping.sqs_source import SqsSource
from sqslab.simulator.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqslab.clients import WorkerClients
    from sqslab.mapping.event_source_mapping import EventSourceMapping
    from sqslab.mapping.sqs_source import Received
    from sqslab.simulator.clock import Clock, Task

_NOT_INVOKED = "the function could not be invoked"
_SHORTEST_PAUSE = 0.1  # seconds between tries of a throttled invocation; less is left only when it is to be let go


class Worker:
    """Polls the queue of one mapping, beside the one who starts it.

    Args:
        mapping: what to poll for.
        clients: of the endpoint that has both queue and function.
        tell: who hears what happens; called from this poller's threads.
        outages: what does not work, shared with the other pollers.
        clock: whose time it is; this machine's if None.
        default_concurrency: how many batches there are at most at once where the mapping does not say.
        long_poll: how many seconds one receive waits for a message, 1 to 20. Longer saves requests, and stopping takes
            up to as long.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        clients: WorkerClients,
        tell: Listener,
        outages: Outages,
        clock: Clock | None = None,
        *,
        default_concurrency: int = DEFAULT_LIMIT,
        long_poll: int = 1,
    ) -> None:
        self.mapping = mapping
        self._functions = clients.functions
        self._tell = tell
        self._outages = outages
        self._clock: Clock = clock or RealClock()
        self._stopping = threading.Event()
        self._source = SqsSource(mapping, clients.sqs, self._clock)
        self._batcher = Batcher(mapping, self._source, self._clock, self._stopping, tell, long_poll)
        limit = mapping.maximum_concurrency or default_concurrency
        self._concurrency_limit = ConcurrencyLimit(limit, self._clock.monotonic(), ramp=not mapping.is_fifo)
        self._groups = MessageGroups()
        self._lock = threading.Lock()  # of what follows; never held while anything waits
        self._in_flight = 0
        self._function_is_gone = False
        self._slot_freed = threading.Event()
        self._bug: Exception | None = None
        self._tasks: list[Task] = []

    def start(self) -> None:
        """Begin to poll."""
        self._tasks.append(self._clock.start(self._run, f"poll {self.mapping.queue_name}"))

    def stop(self) -> None:
        """Receive nothing more. Batches in flight are finished; `join` waits for that."""
        self._stopping.set()
        self._slot_freed.set()

    def join(self) -> None:
        """Wait until the batches in flight are finished, for as long as the function may run."""
        while self._tasks:
            self._tasks[0].join()
            del self._tasks[0]

    @property
    def done(self) -> bool:
        """Whether it has stopped and nothing is in flight."""
        return all(task.done for task in self._tasks)

    def check(self) -> None:
        """Raise what made polling end, if it is not one of the failures it knows."""
        if self._bug is not None:
            raise self._bug

    def _run(self) -> None:
        pauses = Pauses()
        lowest = None  # since there were as many as ever
        try:
            while self._may_gather():
                reduced = self._concurrency_limit.reduced_to
                if (reduced is None) != (lowest is None) or (reduced or 0) < (lowest or 0):
                    lowest = reduced
                    self._tell(ConcurrencyChanged(self.mapping, reduced))
                try:
                    batch = self._gather()
                except AWS_ERRORS as error:
                    self._outages.began(self.mapping.queue_name, error)
                    self._clock.wait(self._stopping, pauses.after_failure())
                    continue
                pauses.after_success()
                if batch:
                    self._hand_over(batch)
        except Exception as error:  # `check` raises it where somebody sees it
            self._bug = error

    def _may_gather(self) -> bool:
        """Wait until one batch more may be in flight; say whether polling goes on."""
        while not self._stopping.is_set():
            self._slot_freed.clear()
            now = self._clock.monotonic()
            if self._concurrency_limit.not_before > now:
                self._clock.wait(self._stopping, self._concurrency_limit.not_before - now)
            elif self._function_is_gone:
                self._look_for_function()
            elif self._in_flight < (allowed := self._concurrency_limit.allowed(now)):
                return True
            else:
                # While the limit grows by itself, nobody says so.
                self._clock.wait(
                    self._slot_freed, None if allowed == self._concurrency_limit.allowed(float("inf")) else 1.0
                )
        return False

    def _look_for_function(self) -> None:
        """See whether a function that was gone is back. Until then nothing is received: it would only be counted.

        AWS documents no more than that a mapping outlives its function:
        https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
        """
        try:
            self._functions.get_function_configuration(FunctionName=self.mapping.function_arn)
        except AWS_ERRORS as error:
            if is_gone(error):
                self._concurrency_limit.after_no_invocation(self._clock.monotonic())
                return
            # This endpoint does not say; the next invocation will.
        self._function_is_gone = False

    def _gather(self) -> list[Received]:
        batch = self._batcher.gather()
        self._outages.ended(self.mapping.queue_name)
        return self._groups.admit(batch) if self.mapping.is_fifo else batch

    def _hand_over(self, batch: Sequence[Received]) -> None:
        with self._lock:
            self._in_flight += 1
        if len(self._tasks) > 2 * self._in_flight + 10:
            self._tasks[1:] = [task for task in self._tasks[1:] if not task.done]  # the first is the loop itself
        self._tasks.append(self._clock.start(lambda: self._work(batch), f"invoke {self.mapping.function_name}"))

    def _work(self, batch: Sequence[Received]) -> None:
        try:
            self._see_through(batch)
        except AWS_ERRORS:
            pass  # told, and the concurrency limit takes care
        except Exception as error:
            self._bug = error
            self._stopping.set()
        finally:
            with self._lock:
                self._in_flight -= 1
            self._slot_freed.set()

    def _see_through(self, batch: Sequence[Received]) -> None:
        """Bring what was received to its end: in one invocation, or in several if it does not fit or more follows."""
        groups = {received.group for received in batch if received.group is not None} if self.mapping.is_fifo else set()
        rest = list(batch)
        try:
            while rest:
                count = min(fitting(len(received.record) for received in rest), self.mapping.batch_size)
                now, rest = rest[:count], rest[count:]
                unfinished = self._process(now)
                rest = self._in_order(rest, {received.group for received in now if received.message_id in unfinished})
                done = {received.message_id for received in now} - set(unfinished)
                while following := self._groups.follow(groups, rest):
                    rest += self._in_order([received for received in following if received.message_id not in done])
        except AWS_ERRORS:
            self._leave(rest, _NOT_INVOKED)
            while following := self._groups.follow(groups, ()):
                self._leave(following, _NOT_INVOKED)
            raise

    def _in_order(self, rest: Sequence[Received], unfinished: Collection[str | None] = ()) -> list[Received]:
        """Leave what must not overtake an earlier message of its group, and what has become visible again."""
        keep, left, now = [], [], self._clock.monotonic()
        groups = set(unfinished)
        for received in rest:
            if received.group in groups or self._source.visible_again([received]) <= now:
                left.append(received)
                groups.add(received.group)
            else:
                keep.append(received)
        self._leave(left, "it would break the order of its group")
        return keep

    def _leave(self, messages: Sequence[Received], reason: str) -> None:
        if messages:
            self._tell(MessagesLeft(self.mapping, tuple(received.message_id for received in messages), reason))

    def _process(self, batch: Sequence[Received]) -> Collection[str]:
        """Invoke the function and do what follows from the outcome; give the ids of the messages that come back."""
        deliveries = tuple(
            Delivery(received.message_id, received.receive_count, received.sent_at) for received in batch
        )
        ids = tuple(delivery.message_id for delivery in deliveries)
        self._tell(BatchReceived(self.mapping, deliveries))
        try:
            failed = self._invoke(batch)
        except FunctionFailed as error:
            self._concurrency_limit.after_error()
            self._tell(BatchKept(self.mapping, ids, f"the function failed: {error}"))
            return ids
        except InvalidResponse as error:
            # It returned: to poll less would not help. AWS does not say what it does.
            self._concurrency_limit.after_success()
            self._tell(BatchKept(self.mapping, ids, f"the function's response is invalid: {error}"))
            return ids
        except Throttled:
            self._tell(BatchKept(self.mapping, ids, "the function is throttled"))
            return ids
        except AWS_ERRORS as error:
            # No such function, no answer. Nothing is known of what ran, so nothing is deleted.
            self._function_is_gone = is_gone(error)
            self._concurrency_limit.after_no_invocation(self._clock.monotonic())
            # Functions may have an endpoint of their own, and one that hangs says nothing about the queue.
            self._outages.began(f"function {self.mapping.function_name}", error, in_any_case=True)
            self._tell(BatchKept(self.mapping, ids, f"the function could not be invoked: {describe(error)}"))
            raise
        self._concurrency_limit.after_success()
        undeleted = self._source.delete(received for received in batch if received.message_id not in failed)
        self._tell(
            BatchDone(
                self.mapping,
                deleted=tuple(name for name in ids if name not in failed and name not in undeleted),
                failed=tuple(name for name in ids if name in failed),
                undeleted=undeleted,
            )
        )
        return failed | undeleted.keys()

    def _invoke(self, batch: Sequence[Received]) -> frozenset[str]:
        """Invoke the function; again and again while it is throttled and the messages are hidden."""
        pauses = Pauses()
        while True:
            try:
                failed = invoke(self._functions, self.mapping, batch)
            except Throttled:
                if pauses.failures == 0:
                    self._concurrency_limit.after_error()
                    self._tell(BatchThrottled(self.mapping, tuple(received.message_id for received in batch)))
                remaining = self._source.visible_again(batch) - self._clock.monotonic()
                pause = min(pauses.after_failure(), remaining / 2)
                if pause < _SHORTEST_PAUSE or self._clock.wait(self._stopping, pause):
                    raise
            except (FunctionFailed, InvalidResponse):
                self._outages.ended(f"function {self.mapping.function_name}")
                raise
            else:
                self._outages.ended(f"function {self.mapping.function_name}")
                return failed
