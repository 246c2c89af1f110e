"""Measures what runs in virtual time: the simulator alone, and the poller with queue and function on it.

Deliveries are ten received, ten deleted, through the client's methods. Batches go through the whole poller to a
function that returns at once or takes 200 ms. Prints the figures, exits 1 if one is below its floor. From the
repository's root:

    python -m benchmarks.simulator
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from sqslab.clients import Clients
from sqslab.mapping.event_source_mapping import take_over_mappings
from sqslab.mapping.outages import Outages
from sqslab.mapping.worker import Worker
from sqslab.simulator import SimulatedFunctions, SimulatedSqs
from sqslab.simulator.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

_FLOOR = 50_000  # deliveries a second
_BATCHES_FLOOR = 1_500  # batches a second
_DAY = 86_400
_MESSAGES = 100_000
_BATCHES = 5_000
_GROUPS = 100
_RUNS = 3


def deliveries_per_second(kind: str) -> float:
    """Drain a queue once.

    Args:
        kind: `standard` or `fifo`.

    Returns:
        Messages received and deleted a second.
    """
    with VirtualClock() as clock:
        sqs = SimulatedSqs(clock)
        url = _filled_queue(sqs, kind)
        begin = time.perf_counter()
        delivered = 0
        while messages := _receive(sqs, url):
            entries = [
                {"Id": str(position), "ReceiptHandle": m["ReceiptHandle"]} for position, m in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            delivered += len(messages)
        seconds = time.perf_counter() - begin
        if delivered != _MESSAGES:
            raise RuntimeError(f"{delivered} of {_MESSAGES} messages were delivered")
    return delivered / seconds


def retries_of_a_day() -> tuple[int, float]:
    """Let one message fail every 30 s for a day.

    Returns:
        How often it was received, and the seconds it took.
    """
    with VirtualClock() as clock:
        sqs = SimulatedSqs(clock)
        url = sqs.create_queue(QueueName="day")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="poison")
        begin = time.perf_counter()
        receives = 0
        while clock.monotonic() < _DAY:
            receives += len(_receive(sqs, url, wait=20))
        return receives, time.perf_counter() - begin


def retries_of_a_day_through_the_poller() -> tuple[int, float]:
    """Let a function fail for one message every 30 s for a day, with the poller in between.

    Returns:
        How often it was invoked, and the seconds it took.
    """

    def fail(event: Any, _context: object) -> object:
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}

    with VirtualClock() as clock:
        sqs, functions = SimulatedSqs(clock), SimulatedFunctions(clock)
        url = sqs.create_queue(QueueName="day")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="poison")
        functions.add_function("consumer", fail, duration=0.2)
        seconds = _polled(clock, sqs, functions, "day", lambda: clock.wait(None, _DAY))
        return functions.functions["consumer"].invocations, seconds


def batches_per_second(kind: str, size: int, duration: float) -> float:
    """Drain a queue through the poller.

    Args:
        kind: `standard` or `fifo`.
        size: of the batches.
        duration: the virtual seconds an invocation takes.

    Returns:
        Batches received, invoked and deleted a second.
    """
    with VirtualClock() as clock:
        sqs, functions = SimulatedSqs(clock), SimulatedFunctions(clock)
        name = _filled_queue(sqs, kind, _BATCHES * size).rsplit("/", 1)[-1]
        functions.add_function("consumer", lambda event, context: None, duration=duration)

        def drained() -> None:
            while sqs.queues[name].live:
                clock.wait(None, 1)

        seconds = _polled(clock, sqs, functions, name, drained, size)
        return functions.functions["consumer"].invocations / seconds


def _polled(
    clock: VirtualClock,
    sqs: SimulatedSqs,
    functions: SimulatedFunctions,
    name: str,
    wait: Callable[[], object],
    size: int = 10,
) -> float:
    """Poll a queue until `wait` returns; give the seconds it took."""
    functions.create_event_source_mapping(
        EventSourceArn=sqs.queues[name].arn,
        FunctionName="consumer",
        BatchSize=size,
        FunctionResponseTypes=("ReportBatchItemFailures",),
    )
    clients: Any = {"sqs": sqs, "functions": functions, "s3": None, "cloudformation": None}
    [mapping] = take_over_mappings(functions)  # type: ignore[arg-type]
    told: list[object] = []
    poller = Worker(
        mapping, Clients(**clients), told.append, Outages("the simulator", told.append), clock, long_poll=20
    )
    begin = time.perf_counter()
    poller.start()
    wait()
    poller.stop()
    poller.join()
    seconds = time.perf_counter() - begin
    poller.check()
    return seconds


def _filled_queue(sqs: SimulatedSqs, kind: str, messages: int = _MESSAGES) -> str:
    name, attributes = ("drain.fifo", {"FifoQueue": "true"}) if kind == "fifo" else ("drain", {})
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    for number in range(messages):
        place = {"MessageGroupId": str(number % _GROUPS), "MessageDeduplicationId": str(number)} if attributes else {}
        sqs.send_message(QueueUrl=url, MessageBody="{}", **place)  # type: ignore[arg-type]
    return url


def _receive(sqs: SimulatedSqs, url: str, wait: int = 0) -> list[Any]:
    response = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=wait,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return list(response.get("Messages", []))


def _best(measure: Callable[[], float]) -> float:
    return max(measure() for _ in range(_RUNS))


def main() -> int:
    """Measure, print, and say by the exit code whether it is fast enough."""
    slow = False
    for kind in ("standard", "fifo"):
        figure = _best(lambda kind=kind: deliveries_per_second(kind))  # type: ignore[misc]
        slow |= figure < _FLOOR
        print(f"{kind}: {figure:,.0f} deliveries a second (at least {_FLOOR:,})")
    for kind, size, duration in (("standard", 10, 0.0), ("standard", 1, 0.2), ("standard", 10, 0.2), ("fifo", 10, 0.2)):
        figure = _best(lambda arguments=(kind, size, duration): batches_per_second(*arguments))  # type: ignore[misc]
        slow |= figure < _BATCHES_FLOOR
        what = f"{kind}, batches of {size}, {duration:g} s each"
        print(f"{what}: {figure:,.0f} batches a second through the poller (at least {_BATCHES_FLOOR:,})")
    for where, retry in (("", retries_of_a_day), (" through the poller", retries_of_a_day_through_the_poller)):
        receives, seconds = min((retry() for _ in range(_RUNS)), key=lambda outcome: outcome[1])
        print(f"a day of retries{where}: {receives:,} receives in {seconds * 1000:.0f} ms")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
