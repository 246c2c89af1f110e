"""What a function returns, and what is then left in a real queue."""

import json

import pytest

from sqslab.mapping.outages import Outages
from sqslab.queues import Backlog, backlog
from sqslab_testing.world import SteppingWorker

# Returns its first message's body, or does what that says.
SOURCE = """
import json, os, time

def lambda_handler(event, context):
    answer = json.loads(event["Records"][0]["body"])
    if answer == "raise":
        raise ValueError("as told")
    if answer == "crash":
        os._exit(1)
    if answer == "time out":
        time.sleep(60)
    if answer == "report":
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"][1:]]}
    return answer
"""


@pytest.fixture(scope="module")
def function_arn(make_function):
    return make_function("answers", SOURCE, timeout=2)


@pytest.fixture
def deliver(clients, function_arn, make_mapping, request):
    """Sends bodies to a new queue, runs them as one batch, and gives what is left in the queue."""

    def run(*bodies, **changes):
        name = f"answers-{abs(hash(request.node.name))}"
        url = clients.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
        for body in bodies:
            clients.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
        mapping = make_mapping(queue_arn=arn, function_arn=function_arn, **changes)
        told = []
        SteppingWorker(mapping, clients, told.append, Outages("", told.append)).poll_once()
        assert len(told) == 2
        return backlog(clients.sqs, url)

    return run


KEPT = Backlog(waiting=0, in_flight=2)
DONE = Backlog(waiting=0, in_flight=0)


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": "unknown"}]},
        {"batchItemFailures": [{"messageId": "unknown"}]},
        "done",
        "raise",
        "crash",
        "time out",
    ],
    ids=str,
)
def test_an_invalid_response_or_a_failed_function_keeps_the_batch(deliver, answer):
    assert deliver(answer, {}) == KEPT


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}], ids=str)
def test_a_response_without_a_failure_deletes_the_batch(deliver, answer):
    assert deliver(answer, {}) == DONE


def test_a_reported_failure_stays_and_the_others_are_deleted(deliver):
    assert deliver("report", {}, {}) == Backlog(waiting=0, in_flight=2)


def test_without_report_batch_item_failures_the_response_is_ignored(deliver):
    assert deliver({"batchItemFailures": [{"itemIdentifier": ""}]}, {}, reports_item_failures=False) == DONE
    assert deliver("raise", {}, reports_item_failures=False) == KEPT
