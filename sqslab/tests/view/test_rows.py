"""The numbers of the live view that come from the endpoint."""

import json

import pytest

from sqslab.mapping.events import BatchDone
from sqslab.view.counts import BatchCounts
from sqslab.view.rows import Rows

ARN = "arn:aws:sqs:us-east-1:000000000000:"


@pytest.fixture
def make_mapping_for(clients, make_function):
    made = []

    def make(queue, function):
        arn = make_function(function, "def lambda_handler(event, context): pass")
        mapping = clients.functions.create_event_source_mapping(
            EventSourceArn=ARN + queue, FunctionName=arn, Enabled=False
        )
        made.append(mapping["UUID"])
        return mapping["UUID"]

    yield make
    for uuid in made:
        clients.functions.delete_event_source_mapping(UUID=uuid)


def rows_of(rows, function_name):
    return [row for row in rows.now() if row.function_name == function_name]


def test_a_row_has_what_is_in_the_queues_and_what_was_counted(clients, make_mapping_for, make_mapping):
    # given a queue with three messages, one of them in flight, and one in its dead-letter queue
    dead = clients.sqs.create_queue(QueueName="rows-dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": f"{ARN}rows-dead", "maxReceiveCount": 3})
    url = clients.sqs.create_queue(QueueName="rows", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    uuid = make_mapping_for("rows", "rows-function")
    for _ in range(3):
        clients.sqs.send_message(QueueUrl=url, MessageBody="x")
    clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    clients.sqs.send_message(QueueUrl=dead, MessageBody="x")
    counts = BatchCounts()
    counts(BatchDone(make_mapping(uuid=uuid), ("a", "b"), ("c",), {}))
    # when
    (row,) = rows_of(Rows(clients, counts, {"rows": "Jobs", "rows-function": "Worker"}), "rows-function")
    # then
    assert (row.queue, row.function) == ("Jobs", "Worker")
    assert (row.waiting, row.in_flight, row.dead_lettered) == (2, 1, 1)
    assert (row.invocations, row.succeeded, row.failed) == (1, 2, 1)


def test_a_queue_without_redrive_has_no_dead_letters_and_its_real_name_is_shown(clients, make_mapping_for):
    clients.sqs.create_queue(QueueName="rows-plain")
    make_mapping_for("rows-plain", "rows-plain-function")
    (row,) = rows_of(Rows(clients, BatchCounts(), {}), "rows-plain-function")
    assert (row.queue, row.function) == ("rows-plain", "rows-plain-function")
    assert row.dead_lettered is None
    assert row.oldest is None


def test_a_mapping_whose_queue_is_gone_has_no_row(clients, make_mapping_for):
    url = clients.sqs.create_queue(QueueName="rows-gone")["QueueUrl"]
    make_mapping_for("rows-gone", "rows-gone-function")
    clients.sqs.delete_queue(QueueUrl=url)
    assert rows_of(Rows(clients, BatchCounts(), {}), "rows-gone-function") == []
