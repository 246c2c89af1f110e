"""What is noted of the messages, and when."""

import json

import pytest

from benchmarks.compare.history import History
from benchmarks.compare.watched import WatchedSqs
from sqslab.simulator.virtual_clock import VirtualClock


@pytest.fixture
def clock():
    with VirtualClock() as clock:
        yield clock


@pytest.fixture
def histories():
    return {str(number): History(number, None, poison=False) for number in range(2)}


@pytest.fixture
def client(clock, histories):
    client = WatchedSqs(clock, 1, histories)
    client.create_queue(QueueName="dead")
    policy = json.dumps({"deadLetterTargetArn": client.queues["dead"].arn, "maxReceiveCount": 2})
    attributes = {"VisibilityTimeout": "5", "RedrivePolicy": policy}
    client.url = client.create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]
    for body in histories:
        client.send_message(QueueUrl=client.url, MessageBody=body)
    client.watch(client.queues["orders"])
    return client


def take(client, most=10):
    answer = client.receive_message(QueueUrl=client.url, MaxNumberOfMessages=most)
    return [message["ReceiptHandle"] for message in answer.get("Messages", [])]


def test_each_receive_is_noted(client, clock, histories):
    take(client, 1)
    clock.wait(None, 5)
    take(client)
    assert [history.received for history in histories.values()] == [[0, 5], [5]]


def test_a_delete_is_noted_once(client, clock, histories):
    first, second = take(client)
    clock.wait(None, 1)
    client.delete_message(QueueUrl=client.url, ReceiptHandle=first)
    clock.wait(None, 1)
    entries = [{"Id": "1", "ReceiptHandle": first}, {"Id": "2", "ReceiptHandle": second}]
    client.delete_message_batch(QueueUrl=client.url, Entries=entries)
    assert [history.deleted for history in histories.values()] == [1, 2]


def test_a_delete_that_deletes_nothing_is_not_noted(client, clock, histories):
    """On a standard queue the handle of an earlier receive is accepted, and the message stays."""
    old, _ = take(client)
    clock.wait(None, 5)
    take(client)
    client.delete_message(QueueUrl=client.url, ReceiptHandle=old)
    assert len(client.queues["orders"].live) == 2
    assert histories["0"].deleted is None


def test_a_dead_letter_of_sqs_is_noted_at_the_receive(client, clock, histories):
    for _ in range(2):
        take(client)
        clock.wait(None, 6)
    assert all(history.dead_lettered is None for history in histories.values())
    assert take(client) == []
    assert [history.dead_lettered for history in histories.values()] == [12, 12]


def test_a_message_sent_to_the_dead_letter_queue_is_dead_lettered_and_not_deleted(client, clock, histories):
    handle, _ = take(client)
    clock.wait(None, 1)
    client.send_message(QueueUrl=client.url.replace("orders", "dead"), MessageBody="0")
    clock.wait(None, 1)
    client.delete_message(QueueUrl=client.url, ReceiptHandle=handle)
    assert (histories["0"].dead_lettered, histories["0"].deleted, histories["0"].ended) == (1, None, 1)
