"""The same numbers, tried: this project's poller on the simulator, in virtual time."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqslab.clients import Clients
from sqslab.mapping.event_source_mapping import take_over_mappings
from sqslab.mapping.events import BatchDone
from sqslab.mapping.outages import Outages
from sqslab.mapping.worker import Worker
from sqslab.plan.groups import hidden_at_most
from sqslab.plan.retries import group_failures
from sqslab.plan.workload import batch_duration
from sqslab.simulator import SimulatedFunctions, SimulatedSqs
from sqslab.simulator.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqslab.mapping.events import MappingEvent
    from sqslab.plan.workload import Settings, Workload

_LONG_POLL = 20
_LOOK_SECONDS = 1.0
_ENTRIES = 10


@dataclass
class Run:
    """What happened.

    Attributes:
        seconds: until the queue was empty, to the second.
        invocations: of the function.
        attempts: messages that it ran.
        dead_lettered: messages, by SQS or by the function.
        done: the moments at which messages succeeded, each with how many.
        requests: to SQS, by method; the consumer's only.
    """

    seconds: float = 0.0
    invocations: int = 0
    attempts: int = 0
    dead_lettered: int = 0
    done: list[tuple[float, int]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)


def simulate(workload: Workload, settings: Settings, *, messages: int, seed: int = 0) -> Run:
    """Let the poller work until a number of messages is done, successful or dead-lettered.

    Args:
        workload: its `backlog` is sent first, the rest of the messages at its `rate`.
        settings: of queue, mapping and function.
        messages: how many are sent in all.
        seed: of the failures and the backoff. One seed, one outcome.
    """
    with VirtualClock() as clock:
        consumer = _Consumer(workload, settings, clock, seed)
        begin = clock.monotonic()
        consumer.send(range(workload.backlog))
        clock.start(lambda: consumer.send_at_the_rate(range(workload.backlog, messages)), "send")
        poller = consumer.poller()
        poller.start()
        while consumer.unfinished(messages):
            clock.wait(None, _LOOK_SECONDS)
            poller.check()
        consumer.run.seconds = clock.monotonic() - begin
        return consumer.run


class _Consumer:
    """A queue with a function that takes its time and fails as it is told."""

    def __init__(self, workload: Workload, settings: Settings, clock: VirtualClock, seed: int) -> None:
        self.run = Run()
        self._workload = workload
        self._settings = settings
        self._clock = clock
        self._chance = random.Random(seed)  # noqa: S311 (not for secrets)
        self._sqs = SimulatedSqs(clock, seed)
        self._functions = SimulatedFunctions(clock)
        self._url = self._make_queue()
        self._functions.add_function("consumer", self._handle, timeout=settings.function_timeout)
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        self._functions.create_event_source_mapping(
            EventSourceArn=attributes["QueueArn"],
            FunctionName="consumer",
            BatchSize=settings.batch_size,
            MaximumBatchingWindowInSeconds=settings.window,
            FunctionResponseTypes=("ReportBatchItemFailures",),
        )
        [self._mapping] = take_over_mappings(self._functions)  # type: ignore[arg-type]
        self._sent = 0

    def poller(self) -> Worker:
        """Make the poller of the queue."""
        sqs: Any = _Counting(self._sqs, self.run.requests)
        functions: Any = self._functions
        unused: Any = None
        clients = Clients(sqs=sqs, functions=functions, s3=unused, cloudformation=unused)
        outages = Outages("the simulator", self._tell)
        return Worker(
            self._mapping,
            clients,
            self._tell,
            outages,
            self._clock,
            default_concurrency=self._settings.maximum_concurrency,
            long_poll=_LONG_POLL,
        )

    def send(self, numbers: range) -> None:
        """Send messages at once, spread evenly over the groups."""
        body = "x" * self._workload.message_bytes
        for first in range(0, len(numbers), _ENTRIES):
            entries = [
                {"Id": str(number), "MessageBody": body} | self._place(number)
                for number in numbers[first : first + _ENTRIES]
            ]
            self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            self._sent += len(entries)

    def send_at_the_rate(self, numbers: range) -> None:
        """Send one message after the other."""
        for number in numbers:
            self._clock.wait(None, 1 / self._workload.rate)
            self.send(range(number, number + 1))

    def unfinished(self, messages: int) -> bool:
        """Say whether messages are still to be sent or in the queue."""
        return self._sent < messages or bool(self._sqs.queues[self._mapping.queue_name].live)

    def _make_queue(self) -> str:
        suffix, kind = (".fifo", {"FifoQueue": "true"}) if self._workload.fifo else ("", {})
        dead_letters = self._sqs.create_queue(QueueName=f"dead_letters{suffix}", Attributes=kind)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        # On FIFO the function dead-letters, and the queue's own count is a backstop, as in the template.
        on_fifo = group_failures(self._workload, self._settings).queue_tries
        most = on_fifo if self._workload.fifo else self._settings.max_receive_count
        settings = {
            "VisibilityTimeout": str(self._settings.visibility_timeout),
            "RedrivePolicy": f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {most}}}',
        }
        return self._sqs.create_queue(QueueName=f"queue{suffix}", Attributes=settings | kind)["QueueUrl"]

    def _place(self, number: int) -> dict[str, str]:
        if not self._workload.fifo:
            return {}
        return {"MessageGroupId": f"g{number % self._workload.groups}", "MessageDeduplicationId": str(number)}

    def _tell(self, mapping_event: MappingEvent) -> None:
        if isinstance(mapping_event, BatchDone):
            self.run.done.append((self._clock.monotonic(), len(mapping_event.deleted)))

    def _handle(self, event: dict[str, Any], _context: object) -> dict[str, Any]:
        """Do as the layer does: take the time, hide what failed, hold a group behind its failure."""
        self.run.invocations += 1
        records = event["Records"]
        unfinished = list(self._in_groups(records) if self._workload.fifo else self._side_by_side(records))
        self._hide([(record, seconds) for record, seconds in unfinished])
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record, _ in unfinished]}

    def _side_by_side(self, records: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
        self._clock.wait(None, batch_duration(self._workload, len(records), self._settings.concurrency))
        for record in records:
            if self._fails():
                yield record, self._backoff(record)
                self.run.dead_lettered += _receives(record) == self._settings.max_receive_count

    def _in_groups(self, records: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
        self._clock.wait(None, self._workload.batch_seconds)
        held: set[str] = set()
        met: set[str] = set()  # what comes behind another of its group is tried for the first time
        for record in records:
            group = record["attributes"]["MessageGroupId"]
            is_head = group not in met
            met.add(group)
            if group in held:
                yield record, 0
                continue
            self._clock.wait(None, self._workload.message_seconds)
            if not self._fails():
                continue
            if is_head and _receives(record) % self._settings.max_receive_count == 0:
                self.run.dead_lettered += 1
                continue
            held.add(group)
            yield record, self._backoff(record)

    def _fails(self) -> bool:
        self.run.attempts += 1
        return self._chance.random() < self._workload.failure_rate

    def _backoff(self, record: dict[str, Any]) -> int:
        return self._chance.randint(1, hidden_at_most(_receives(record), self._settings.backoff_base))

    def _hide(self, changes: list[tuple[dict[str, Any], int]]) -> None:
        for first in range(0, len(changes), _ENTRIES):
            entries = [
                {"Id": str(place), "ReceiptHandle": record["receiptHandle"], "VisibilityTimeout": seconds}
                for place, (record, seconds) in enumerate(changes[first : first + _ENTRIES])
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
            self.run.requests["change_message_visibility_batch"] += 1


class _Counting:
    """A client that counts its calls."""

    def __init__(self, client: SimulatedSqs, calls: Counter[str]) -> None:
        self._client = client
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Give the client's method, counted."""
        self._calls[name] += 1
        method: Callable[..., Any] = getattr(self._client, name)
        return method


def _receives(record: dict[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])
