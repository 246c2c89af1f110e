"""One queue with its pollers, its function and the layer, in virtual time."""

from __future__ import annotations

import json
import logging
import random
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast
from unittest.mock import patch

from benchmarks.books import Books, Letter, Promise
from benchmarks.settings import BATCH_SIZE, MAX_RECEIVE_COUNT, QUEUE_MAX_RECEIVE_COUNT
from benchmarks.soak.consumer import Behaviour, Consumer, Mode
from benchmarks.soak.deliveries import Deliveries
from benchmarks.soak.faults import FaultyFunctions, FaultySqs
from benchmarks.soak.virtual_layer import virtual_layer
from sqslab.clients import Clients
from sqslab.mapping.event_source_mapping import EventSourceMapping
from sqslab.mapping.outages import Outages
from sqslab.mapping.record import MOST_PAYLOAD_BYTES
from sqslab.mapping.worker import Worker
from sqslab.simulator import SimulatedFunctions, SimulatedSqs
from sqslab.simulator.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from partial_batch import Backoff

    from benchmarks.books import Balance
    from benchmarks.soak.faults import Faults
    from sqslab.simulator.queues.queue import Queue
    from sqslab.simulator.virtual_task import VirtualTask

_FUNCTION_TIMEOUT = 10
_RETENTION = 14 * 86_400  # the longest there is; nothing may expire in a run
LONGEST = 10 * 86_400.0  # virtual seconds in which all has to be done; retries take hours


@dataclass(frozen=True)
class Setup:
    """How the queue and its mapping are set up.

    Attributes:
        mode: how the layer is used.
        batch_size: of the mapping.
        window: of the mapping, in seconds; 0 on FIFO.
        concurrency: of the mapping, how many batches at once.
        visibility_timeout: of the queue, in seconds.
        max_receive_count: of the layer, on FIFO with bystander protection.
        queue_max_receive_count: of the queue. With protection it is the backstop: so high that what waits behind others
            does not reach it.
        backoff: of the layer.
        payload: bytes the poller takes for the most an invocation may get. Less than a batch has, and a batch goes in
            several invocations, as one of large messages does.
        seed: of what the simulator and the backoff draw.
    """

    mode: Mode
    batch_size: int = BATCH_SIZE
    window: int = 0
    concurrency: int = 5
    visibility_timeout: int = 60
    max_receive_count: int = MAX_RECEIVE_COUNT
    queue_max_receive_count: int = QUEUE_MAX_RECEIVE_COUNT
    backoff: Backoff | None = None
    payload: int = MOST_PAYLOAD_BYTES
    seed: int = 0

    @property
    def promise(self) -> Promise:
        """What is to hold."""
        return Promise(
            tries=self.max_receive_count,
            most_receives=self.queue_max_receive_count,
            layer_counts=self.mode.fifo and self.mode.protected,
            by_group=self.mode.lanes == "group",
            innocents_are_safe=self.mode.innocents_are_safe,
            tries_are_kept=not self.mode.fifo,
        )

    @property
    def bears_hanging(self) -> bool:
        """Whether a message that hangs at each receive takes none along that waits behind it for lack of time.

        On a standard queue without a backoff all of a batch are visible again at one moment, and may be one batch again
        until SQS moves them. With one, those never started are visible at once, and part from the one that hangs.
        """
        return self.mode.fifo or "bulk" in self.mode.kind or self.backoff is not None

    @property
    def slow_seconds(self) -> float:
        """What a slow message takes: so long that not all fit into one invocation, if the layer sees to that."""
        if "bulk" in self.mode.kind:
            return _FUNCTION_TIMEOUT / 2 / self.batch_size
        return _FUNCTION_TIMEOUT / 3


class World:
    """A queue, its dead-letter queue, a function with the layer, and pollers that can be killed. For a `with` block.

    Args:
        setup: of all that.
        faults: what goes wrong.

    Attributes:
        clock: whose time passes. The one who uses the world waits for it to let things happen.
        books: what is known of the messages.
        deliveries: what became of each.
        consumer: the function; a message's behaviour has to be laid down there before it is sent.
    """

    def __init__(self, setup: Setup, faults: Faults) -> None:
        self.clock = VirtualClock()
        self.books = Books()
        self.deliveries = Deliveries(setup.visibility_timeout)
        self.consumer = Consumer(self.clock, self.books, self.deliveries, slow_seconds=setup.slow_seconds)
        self._setup = setup
        self._sqs = SimulatedSqs(self.clock, setup.seed)
        self.letters = self._create_queue("letters", {})
        policy = {"deadLetterTargetArn": self.letters.arn, "maxReceiveCount": setup.queue_max_receive_count}
        attributes = {"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": str(setup.visibility_timeout)}
        self.source = self._create_queue("source", attributes)
        letters_url = self._url_of(self.letters)
        functions = SimulatedFunctions(self.clock)
        chance = random.Random(setup.seed)  # noqa: S311 (not for secrets)
        handler = self.consumer.handler(setup.mode, letters_url, setup.max_receive_count, setup.backoff)
        arn = functions.add_function(
            "consume", handler, timeout=_FUNCTION_TIMEOUT, duration=lambda _: chance.random() / 2
        )
        self._mapping = EventSourceMapping(
            uuid="soak",
            queue_arn=self.source.arn,
            function_arn=arn,
            batch_size=setup.batch_size,
            window=setup.window,
            reports_item_failures=True,
            maximum_concurrency=setup.concurrency,
        )
        sqs: Any = FaultySqs(self._sqs, faults, self.books, self.deliveries, self.source, self.clock)
        faulty = FaultyFunctions(functions, faults, self.deliveries, self.clock)
        self._clients = Clients(sqs, cast("Any", faulty), cast("Any", None), cast("Any", None))
        self._faulty_sqs = sqs
        self._pollers: list[tuple[Worker, _Killable]] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Let the layer take its time from here."""
        self._open.enter_context(self.clock)
        self._open.enter_context(virtual_layer(self.clock, self._faulty_sqs))
        self._open.enter_context(patch("sqslab.mapping.record.MOST_PAYLOAD_BYTES", self._setup.payload))
        self._open.enter_context(_quiet())
        jitter = random.Random(self._setup.seed)  # noqa: S311 (not for secrets)
        self._open.enter_context(patch("partial_batch.backoff.urandom", jitter.randbytes))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all that still runs."""
        self.kill_pollers()
        self._open.close()

    def send(self, number: int, behaviour: Behaviour, group: str | None) -> None:
        """Send a message; what the function does with it is laid down with that."""
        self.consumer.behaviours[number] = behaviour
        self.books.sent(number, group)
        more = {} if group is None else {"MessageGroupId": group, "MessageDeduplicationId": str(number)}
        self._sqs.send_message(QueueUrl=self._url_of(self.source), MessageBody=str(number), **more)  # type: ignore[arg-type]

    def start_poller(self) -> None:
        """Start a poller, beside those there are."""
        clock = _Killable(self.clock)
        troubles = Outages("the simulator", _nobody)
        poller = Worker(self._mapping, self._clients, _nobody, troubles, clock, long_poll=20)
        poller.start()
        self._pollers.append((poller, clock))

    def kill_pollers(self) -> None:
        """Kill all pollers as `kill -9` would, with the invocations they wait for."""
        for _, clock in self._pollers:
            clock.kill()
        self._pollers.clear()

    def check(self) -> None:
        """Raise what made a poller end by itself, or what the layer raised."""
        for error in self.consumer.unexpected:
            raise error
        for poller, _ in self._pollers:
            poller.check()

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left in the queue."""
        return not any(self.source.counts().values())

    def drain(self) -> None:
        """Let time pass until nothing is left in the queue, but not for ever."""
        while not self.is_drained and self.clock.monotonic() < LONGEST:
            self.clock.wait(None, 60)
            self.check()

    def balance(self) -> Balance:
        """Close the books, as things are now."""
        queued = {int(message.body) for message in self.source.live.values()}
        letters = [
            Letter.read(int(message.body), message.attributes, message.receives)
            for message in self.letters.live.values()
        ]
        return self.books.close(queued, letters, self._setup.promise)

    def problems(self, balance: Balance) -> list[str]:
        """Say what must not be: by the closed books, of single invocations, and of messages that were run again."""
        found = balance.problems(self._setup.promise)
        found += [f"{count:,} {what}" for what, count in sorted(self.consumer.breaches.items())]
        if uncaused := self.deliveries.repetitions()[""]:
            found.append(f"{uncaused:,} run again after success without a cause")
        return found

    def _create_queue(self, name: str, attributes: dict[str, str]) -> Queue:
        attributes["MessageRetentionPeriod"] = str(_RETENTION)
        if self._setup.mode.fifo:
            name, attributes["FifoQueue"] = f"{name}.fifo", "true"
        self._sqs.create_queue(QueueName=name, Attributes=attributes)
        return self._sqs.queues[name]

    def _url_of(self, queue: Queue) -> str:
        return self._sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]


def _nobody(_: object) -> None:
    """Nobody listens to these pollers."""


class _Killable:
    """A virtual clock that knows whom one poller has started with it."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._tasks: list[VirtualTask] = []
        self.monotonic, self.time, self.wait = clock.monotonic, clock.time, clock.wait

    def start(self, target: Callable[[], object], name: str) -> VirtualTask:
        """Run a function beside the caller."""
        task = self._clock.start(target, name)
        self._tasks = [other for other in self._tasks if not other.done]
        self._tasks.append(task)
        return task

    def kill(self) -> None:
        """End all that was started."""
        for task in self._tasks:
            task.kill()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let log lines be made, and nobody see them."""
    handler = logging.NullHandler()
    loggers = [logging.getLogger(name) for name in ("partial_batch", "asyncio")]
    before = [logger.propagate for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, propagate in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.propagate = propagate
