"""Measures how many deliveries a second the simulator carries: ten received, ten deleted, through the client's methods.

Prints one figure a kind of queue and exits 1 if one is below the floor. From the repository's root:

    python -m benchmarks.simulator
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from local.clock import VirtualClock
from local.simulator import SimulatedSqs

if TYPE_CHECKING:
    from collections.abc import Callable

_FLOOR = 50_000  # deliveries a second
_MESSAGES = 100_000
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
        while clock.monotonic() < 86_400:
            receives += len(_receive(sqs, url, wait=20))
        return receives, time.perf_counter() - begin


def _filled_queue(sqs: SimulatedSqs, kind: str) -> str:
    name, attributes = ("drain.fifo", {"FifoQueue": "true"}) if kind == "fifo" else ("drain", {})
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    for number in range(_MESSAGES):
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
    receives, seconds = retries_of_a_day()
    print(f"a day of retries: {receives:,} receives in {seconds * 1000:.0f} ms")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
