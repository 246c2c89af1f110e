"""One strategy on one queue of messages, from the first receive to the last, in virtual time."""

from __future__ import annotations

import json
import logging
import random
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from benchmarks.compare.history import Attempt, History
from benchmarks.compare.shop import ShippingFailed, open_shop
from benchmarks.compare.watched import WatchedSqs
from sqslab.clients import Clients
from sqslab.mapping.event_source_mapping import take_over_mappings
from sqslab.mapping.outages import Outages
from sqslab.mapping.worker import Worker
from sqslab.simulator import SimulatedFunctions
from sqslab.simulator.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.compare.strategies import Strategy
    from sqslab.simulator.queues.queue import Queue

GROUPS = 10  # message groups of the FIFO queue
WINDOW = 5  # seconds; on the standard queue, as FIFO has no batching window
# The function's time is in the visibility timeout, and the window comes on top. Less, and a message that waited for its
# batch is visible again before it was run, whatever the handler does.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_TIMEOUT = 5
HORIZON = 86_400.0  # virtual seconds; what is not done in a day never is

_TIMEOUT = 3  # of the function
_SHIPPING = 0.1  # seconds for one order
_POISON = 8  # the number of the message that always fails, the first one of its group
_MOST_BATCHES = 1000  # at once, where nothing limits them:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html


@dataclass(frozen=True)
class Messages:
    """What is sent.

    Attributes:
        count: how many messages.
        seed: of the draws.
        failure_rate: the probability with which an attempt fails, 0 to 1.
        poison: whether one of them always fails.
    """

    count: int = 100
    seed: int = 1
    failure_rate: float = 1 / 3
    poison: bool = False

    def histories(self, *, fifo: bool) -> list[History]:
        """Give a blank history for each message."""
        poison = min(_POISON, self.count - 1) if self.poison else None
        return [History(number, number % GROUPS if fifo else None, number == poison) for number in range(self.count)]

    def fails(self, number: int, attempt: int) -> bool:
        """Draw whether an attempt fails: the same for every strategy.

        Args:
            number: of the message.
            attempt: 1 for the first.
        """
        return random.Random(f"{self.seed} {number} {attempt}").random() < self.failure_rate  # noqa: S311 (no secret)


@dataclass(frozen=True)
class Played:
    """What a strategy did.

    Attributes:
        strategy: which one.
        messages: on what.
        histories: what became of each message, in the order in which they were sent.
        invocations: of the function.
    """

    strategy: Strategy
    messages: Messages
    histories: Sequence[History]
    invocations: int


def play(strategy: Strategy, messages: Messages, *, horizon: float = HORIZON) -> Played:
    """Let a strategy work on messages until the queue is empty.

    Args:
        strategy: which one.
        messages: what is in the queue at the beginning.
        horizon: virtual seconds after which it is left as it is.
    """
    histories = messages.histories(fifo=strategy.fifo)
    with VirtualClock() as clock, _quiet():
        client = WatchedSqs(clock, messages.seed, {str(history.number): history for history in histories})
        queue = _filled_queue(client, strategy, histories)
        client.watch(queue)
        functions = SimulatedFunctions(clock)
        # No context: its time is virtual, and the layer would hold it against the time of this machine.
        functions.add_function("consumer", lambda event, _: strategy.handler(event, None), timeout=_TIMEOUT)
        poller = _poller(strategy, queue, client, functions, clock)
        with open_shop(_business(messages, histories, clock), client):
            poller.start()
            while queue.live and clock.monotonic() < horizon:
                clock.wait(None, 1)
                poller.check()
            poller.stop()
            poller.join()
    return Played(strategy, messages, histories, functions.functions["consumer"].invocations)


def _filled_queue(client: WatchedSqs, strategy: Strategy, histories: Sequence[History]) -> Queue:
    kind = {"FifoQueue": "true"} if strategy.fifo else {}
    suffix = ".fifo" if strategy.fifo else ""
    client.create_queue(QueueName=f"orders-dead{suffix}", Attributes=kind)
    dead_letter_arn = client.queues[f"orders-dead{suffix}"].arn
    policy = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": strategy.max_receive_count}
    hidden = VISIBILITY_TIMEOUT + (0 if strategy.fifo else WINDOW)
    attributes = kind | {"VisibilityTimeout": str(hidden), "RedrivePolicy": json.dumps(policy)}
    url = client.create_queue(QueueName=f"orders{suffix}", Attributes=attributes)["QueueUrl"]
    for history in histories:
        body = str(history.number)
        place = {"MessageGroupId": str(history.group), "MessageDeduplicationId": body} if strategy.fifo else {}
        client.send_message(QueueUrl=url, MessageBody=body, **place)
    return client.queues[f"orders{suffix}"]


def _poller(
    strategy: Strategy, queue: Queue, client: WatchedSqs, functions: SimulatedFunctions, clock: VirtualClock
) -> Worker:
    functions.create_event_source_mapping(
        EventSourceArn=queue.arn,
        FunctionName="consumer",
        BatchSize=strategy.batch_size,
        MaximumBatchingWindowInSeconds=0 if strategy.fifo else WINDOW,
        FunctionResponseTypes=("ReportBatchItemFailures",) if strategy.reports else (),
    )
    [mapping] = take_over_mappings(cast("Any", functions))
    nothing = cast("Any", None)
    clients = Clients(sqs=cast("Any", client), functions=cast("Any", functions), s3=nothing, cloudformation=nothing)
    outages = Outages("the simulator", _not_told)
    return Worker(mapping, clients, _not_told, outages, clock, default_concurrency=_MOST_BATCHES)


def _business(messages: Messages, histories: Sequence[History], clock: VirtualClock) -> Any:
    """Make the `ship` of a run."""
    first_open: dict[int, int] = {}  # by group, the number of its first message that is not done

    def overtakes(history: History) -> bool:
        if history.group is None:
            return False
        earlier = first_open.get(history.group, history.group)
        while earlier < history.number and (histories[earlier].ended is not None or histories[earlier].succeeded):
            earlier += GROUPS
        first_open[history.group] = earlier
        return earlier < history.number

    def ship(order: str) -> None:
        history = histories[int(order)]
        history.begun += 1
        attempt, repeated, overtook = history.begun, history.succeeded, overtakes(history)
        clock.wait(None, _SHIPPING)
        failed = history.poison or messages.fails(history.number, attempt)
        history.attempts.append(Attempt(clock.monotonic(), failed, repeated, overtook))
        if failed:
            raise ShippingFailed(f"attempt {attempt}")

    return ship


def _not_told(_: object) -> None:
    """Hear what the poller tells: the histories have it all."""


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the failures, of which there are to be many, from the terminal."""
    logger = logging.getLogger("partial_batch")
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            yield
    finally:
        logger.disabled = before
