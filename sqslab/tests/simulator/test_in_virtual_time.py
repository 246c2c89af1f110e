"""Hours in milliseconds, and the same each time: pollers, functions and queues together."""

import json
import random

import pytest

from sqslab.simulator import SimulatedFunctions, SimulatedSqs
from sqslab.simulator.virtual_clock import VirtualClock

DAY = 86_400


def consume(clock, sqs, functions, url, until):
    """A consumer of the simplest kind: receive, invoke, delete what did not fail."""
    while clock.monotonic() < until:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20, MessageSystemAttributeNames=["All"]
        )
        if messages := answer.get("Messages"):
            event = [message["Body"] for message in messages]
            failed = json.loads(functions.invoke(FunctionName="ship", Payload=json.dumps(event))["Payload"].read())
            entries = [
                {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"]}
                for position, message in enumerate(messages)
                if message["Body"] not in failed
            ]
            if entries:
                sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def play(seed, pollers=4):
    """Let several pollers and a function that fails at random work on one queue; give all that happened."""
    happened = []
    with VirtualClock() as clock:
        sqs, functions, chance = (
            SimulatedSqs(clock, seed, duplicates=0.1),
            SimulatedFunctions(clock),
            random.Random(seed),
        )
        dead_letters = sqs.create_queue(QueueName="dead")["QueueUrl"]
        policy = json.dumps({"deadLetterTargetArn": sqs.queues["dead"].arn, "maxReceiveCount": 4})
        url = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": policy})["QueueUrl"]

        def ship(event, context):
            happened.append((clock.monotonic(), context.aws_request_id, tuple(event)))
            return [body for body in event if chance.random() < 0.4]

        def produce():
            for number in range(100):
                happened.append(sqs.send_message(QueueUrl=url, MessageBody=str(number))["MessageId"])
                clock.wait(None, chance.random())

        functions.add_function("ship", ship, duration=lambda event: chance.random() * 2)
        tasks = [clock.start(lambda: consume(clock, sqs, functions, url, 600), "poller") for _ in range(pollers)]
        tasks.append(clock.start(produce, "producer"))
        for task in tasks:
            task.join()
        for queue in (url, dead_letters):
            happened.append(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"])
    return happened


def test_one_seed_gives_one_outcome():
    assert play(1) == play(1)
    assert play(1) != play(2)


def test_a_day_of_retries(simulator, clock):
    """A message fails every 30 s for a day, with long polls in between."""
    url = simulator.queue(VisibilityTimeout=30)
    simulator.send(url, "poison")
    received_at = []
    while clock.monotonic() < DAY:
        if simulator.take(url, WaitTimeSeconds=20):
            received_at.append(clock.monotonic())
    assert received_at == [30 * number for number in range(DAY // 30)] + [DAY] * (received_at[-1] == DAY)


@pytest.mark.parametrize("wait", [1, 20])
def test_a_long_poll_lasts_its_time_and_no_longer(simulator, clock, wait):
    assert simulator.take(simulator.queue(), WaitTimeSeconds=wait) == []
    assert clock.monotonic() == wait


def test_a_long_poll_ends_when_a_message_is_sent(simulator, clock):
    url = simulator.queue()
    clock.start(lambda: (clock.wait(None, 7), simulator.send(url, "g-1")), "sender")
    assert simulator.take(url, WaitTimeSeconds=20).bodies == ["g-1"]
    assert clock.monotonic() == 7


def test_a_long_poll_ends_when_a_message_comes_back(simulator, clock):
    url = simulator.queue(VisibilityTimeout=5)
    simulator.send(url, "g-1")
    simulator.take(url)
    assert simulator.take(url, WaitTimeSeconds=20).bodies == ["g-1"]
    assert clock.monotonic() == 5


def test_a_long_poll_ends_when_a_delete_frees_a_group(simulator, clock):
    url = simulator.queue(fifo=True)
    simulator.send(url, "g-1")
    taken = simulator.take(url)
    simulator.send(url, "g-2")
    clock.start(lambda: (clock.wait(None, 3), simulator.delete(url, *taken)), "deleter")
    assert simulator.take(url, WaitTimeSeconds=20).bodies == ["g-2"]
    assert clock.monotonic() == 3


def test_a_long_poll_ends_when_a_message_is_given_back(simulator, clock):
    url = simulator.queue()
    simulator.send(url, "g-1")
    [taken] = simulator.take(url)
    clock.start(lambda: (clock.wait(None, 3), simulator.hide(url, taken, 0)), "other")
    assert simulator.take(url, WaitTimeSeconds=20).bodies == ["g-1"]
    assert clock.monotonic() == 3


def test_the_books_of_a_queue_do_not_grow_with_what_was_done(simulator, clock):
    """What no longer holds is dropped from the heaps, also when its time is far away."""
    url = simulator.queue(fifo=True, VisibilityTimeout=40_000)
    simulator.send(url, "g-0")
    for number in range(1, 2000):
        simulator.send(url, f"g-{number}")
        first, *others = simulator.take(url, 2)
        simulator.delete(url, *others)
        for seconds in (30_000, 20_000, 0):
            simulator.hide(url, first, seconds)
    [queue] = simulator.sqs.queues.values()
    assert list(queue.live) == [1]
    assert len(queue._hidden) < 200
    assert len(queue._expiring) < 200
    assert len(queue._by_handle) == 1
    assert len(queue._groups["g"].messages) < 100
