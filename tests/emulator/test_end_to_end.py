"""The whole stack on the emulator: `sam build`, `sam deploy`, the mappings, and then the queues through boto3."""

import json
from typing import NamedTuple

import pytest

from sqslab.queues import backlog
from sqslab.scenario.delivery_log import DeliveryLog
from sqslab.stack import sam
from sqslab.stack.project import Project
from sqslab.workers import Workers
from tests.support import as_shipped, copy_stack

pytestmark = as_shipped


class Queue(NamedTuple):
    label: str
    url: str
    dead_letter_url: str


def queues_of(outputs):
    return [
        Queue(label, outputs[f"{label}QueueUrl"], outputs[f"{label}DeadLetterQueueUrl"])
        for label in ("Standard", "Fifo")
    ]


@pytest.fixture(scope="module")
def outputs(emulator, tmp_path_factory):
    project = Project.find(copy_stack(tmp_path_factory.mktemp("starter")))
    sam.build(emulator.endpoint_url, emulator.directory, project)
    return sam.deploy(emulator.endpoint_url, emulator.directory, project)


def test_the_mappings_invoke_a_published_version_through_the_alias(clients, outputs):
    for name in ("Standard", "Fifo"):
        mapping = clients.functions.get_event_source_mapping(UUID=outputs[f"{name}EventSourceId"])
        function = outputs[f"{name}ConsumerFunctionName"]
        assert mapping["FunctionArn"].endswith(f":{function}:live")
        alias = clients.functions.get_alias(FunctionName=function, Name="live")
        assert int(alias["FunctionVersion"]) >= 1


def test_the_stacks_tags_are_on_what_it_made(clients, outputs):
    expected = {"project": "partial-batch", "stage": "local"}
    queue = clients.sqs.list_queue_tags(QueueUrl=outputs["StandardQueueUrl"])["Tags"]
    arn = clients.functions.get_function_configuration(FunctionName=outputs["FifoConsumerFunctionName"])["FunctionArn"]
    function = clients.functions.list_tags(Resource=arn)["Tags"]
    assert queue.items() >= expected.items()
    assert function.items() >= expected.items()


@pytest.fixture(scope="module")
def ended(emulator, clients, outputs, wait_for):
    """Sends messages of every kind, runs the mappings until the queues are empty; gives ids and the log."""
    standard, fifo = queues_of(outputs)
    ids = {}
    entries = {standard.url: [], fifo.url: []}

    def send(queue, name, body, **more):
        entries[queue.url].append({"Id": name, "MessageBody": body} | more)

    def move(account, name, body):
        send(fifo, name, body, MessageGroupId=account, MessageDeduplicationId=name)

    def movement(account, name, **more):
        move(account, name, json.dumps({"movement_id": name, "account": account, "amount": 5} | more))

    delivery_log = DeliveryLog()
    with Workers(emulator.endpoint_url, clients, delivery_log) as pollers:
        assert len(pollers) >= 2
        send(standard, "order", '{"order_id": "order", "quantity": 1}')
        send(standard, "retry", '{"order_id": "retry", "quantity": 1, "fail_attempts": 1}')
        send(standard, "poison", '{"order_id": "poison", "quantity": 1, "fail_attempts": 99}')
        send(standard, "quantity", '{"order_id": "quantity", "quantity": 0}')
        send(standard, "malformed", " {not: JSON}\t")
        movement("a", "a1")
        movement("a", "a2", fail_attempts=1)
        movement("a", "a3")
        movement("b", "b1")
        move("b", "b2", "<movement/>")
        movement("b", "b3")
        movement("c", "c1", fail_attempts=99)
        movement("c", "c2")
        movement("c", "c3")
        for url, of_queue in entries.items():  # at once: what waits behind another one is received with it
            sent = clients.sqs.send_message_batch(QueueUrl=url, Entries=of_queue)["Successful"]
            ids |= {entry["Id"]: entry["MessageId"] for entry in sent}
        assert len(ids) == sum(map(len, entries.values()))
        wait_for(lambda: all(backlog(clients.sqs, queue.url).empty for queue in (standard, fifo)))
    return ids, delivery_log


@pytest.fixture(scope="module")
def dead_letters(clients, outputs, ended):
    """All dead letters of both queues, by their body."""
    dead_letters = {}
    for queue in queues_of(outputs):
        while messages := clients.sqs.receive_message(
            QueueUrl=queue.dead_letter_url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages"):
            dead_letters |= {message["Body"]: (queue.label, message) for message in messages}
            for message in messages:
                clients.sqs.delete_message(QueueUrl=queue.dead_letter_url, ReceiptHandle=message["ReceiptHandle"])
    return dead_letters


def test_the_stack_has_the_outputs_a_user_needs(outputs):
    kinds = ("QueueUrl", "QueueArn", "DeadLetterQueueUrl", "DeadLetterQueueArn", "ConsumerFunctionName")
    assert outputs.keys() >= {f"{label}{kind}" for label in ("Standard", "Fifo") for kind in kinds}


def test_what_succeeds_is_done_once(ended):
    ids, delivery_log = ended
    for name in ("order", "a1", "a3", "b1", "b3", "c2", "c3"):
        assert delivery_log.successes.count(ids[name]) == 1


@pytest.mark.parametrize("name", ["retry", "a2"])
def test_what_fails_once_succeeds_on_its_second_receive(ended, name):
    ids, delivery_log = ended
    assert delivery_log.receive_counts[ids[name]] == 2
    assert delivery_log.successes.count(ids[name]) == 1


def test_order_is_kept_within_each_group_of_the_fifo_queue(ended):
    ids, delivery_log = ended
    names = {message_id: name for name, message_id in ids.items()}
    done = [names[message_id] for message_id in delivery_log.successes]
    assert [name for name in done if name[0] == "a"] == ["a1", "a2", "a3"]
    assert [name for name in done if name[0] == "b"] == ["b1", "b2", "b3"]


def test_what_always_fails_is_dead_lettered_by_sqs_at_its_receive_count(ended, dead_letters):
    ids, delivery_log = ended
    (found,) = [entry for entry in dead_letters.values() if entry[1]["MessageId"] == ids["poison"]]
    assert found[0] == "Standard"
    assert delivery_log.receive_counts[ids["poison"]] == 3
    assert ids["poison"] not in delivery_log.successes


def test_what_always_fails_on_fifo_is_dead_lettered_by_the_function_alone(ended, dead_letters):
    # given c2 and c3 waited behind it and were received as often
    ids, delivery_log = ended
    assert delivery_log.receive_counts[ids["c2"]] == 3
    # then the function sent c1 away, and they succeeded
    (found,) = [entry for body, entry in dead_letters.items() if '"c1"' in body]
    attributes = {key: value["StringValue"] for key, value in found[1]["MessageAttributes"].items()}
    assert found[0] == "Fifo"
    assert attributes["SourceMessageId"] == ids["c1"]
    assert attributes["ErrorType"] == "ConnectionError"
    assert attributes["SourceReceiveCount"] == "3"


@pytest.mark.parametrize(
    ("name", "label", "body", "error_type"),
    [
        ("malformed", "Standard", " {not: JSON}\t", "InvalidOrder"),
        ("b2", "Fifo", "<movement/>", "InvalidMovement"),
        ("quantity", "Standard", '{"order_id": "quantity", "quantity": 0}', "InvalidOrder"),
    ],
)
def test_what_makes_no_sense_is_dead_lettered_at_once_with_its_reason_and_its_body(
    ended, dead_letters, name, label, body, error_type
):
    ids, delivery_log = ended
    found_label, message = dead_letters[body]
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert found_label == label
    assert attributes["SourceMessageId"] == ids[name]
    assert attributes["ErrorType"] == error_type
    assert attributes["SourceReceiveCount"] == "1"
    assert delivery_log.receive_counts[ids[name]] == 1


def test_a_dead_letter_of_the_fifo_queue_keeps_its_group(ended, dead_letters):
    _, message = dead_letters["<movement/>"]
    assert message["Attributes"]["MessageGroupId"] == "b"


def test_there_are_no_other_dead_letters(ended, dead_letters):
    assert len(dead_letters) == 5


def test_the_queues_are_empty(clients, outputs, ended):
    for queue in queues_of(outputs):
        assert backlog(clients.sqs, queue.url).empty
