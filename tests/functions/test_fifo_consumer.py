"""The FIFO consumer applies account movements, in order within an account."""

import json

import pytest

from functions.fifo_consumer.app import InvalidMovement, apply_movement, lambda_handler

MOVEMENT = {"movement_id": "movement-1", "account": "A", "amount": 100}
SOURCE_ARN = "arn:aws:sqs:us-east-1:123456789012:movements.fifo"


def record(message_id, account, body=None, **changes):
    """A movement of this account, with these changes, or another body."""
    movement = {"movement_id": message_id, "account": account, "amount": 100} | changes
    return {
        "messageId": message_id,
        "body": json.dumps(movement) if body is None else body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "MessageGroupId": account,
            "MessageDeduplicationId": f"deduplication of {message_id}",
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": SOURCE_ARN,
    }


def reported(response):
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


@pytest.mark.parametrize("amount", [100, -100, 1])
def test_a_movement_is_applied(amount):
    apply_movement(MOVEMENT | {"amount": amount}, attempt=1)


@pytest.mark.parametrize(
    "movement",
    [
        None,
        3,
        "movement-1",
        [],
        [MOVEMENT],
        {},
        {"account": "A", "amount": 100},
        {"movement_id": 1, "account": "A", "amount": 100},
        {"movement_id": "movement-1", "amount": 100},
        {"movement_id": "movement-1", "account": None, "amount": 100},
        {"movement_id": "movement-1", "account": 17, "amount": 100},
        {"movement_id": "movement-1", "account": "A"},
        {"movement_id": "movement-1", "account": "A", "amount": None},
        {"movement_id": "movement-1", "account": "A", "amount": 0},
        {"movement_id": "movement-1", "account": "A", "amount": "100"},
        {"movement_id": "movement-1", "account": "A", "amount": True},
        {"movement_id": "movement-1", "account": "\ud800", "amount": 100},
        {"movement_id": "\ud800", "account": "A", "amount": 100},
        {"movement_id": "movement-1", "account": "A", "amount": 100.0},
        {"movement_id": "movement-1", "account": "A", "amount": float("inf")},
    ],
    ids=json.dumps,
)
def test_a_movement_that_makes_no_sense_is_invalid(movement):
    with pytest.raises(InvalidMovement):
        apply_movement(movement, attempt=1)


@pytest.mark.parametrize("attempt", [1, 2])
def test_it_fails_for_the_first_attempts_it_is_told_to(attempt):
    with pytest.raises(ConnectionError):
        apply_movement(MOVEMENT | {"fail_attempts": 2}, attempt=attempt)


@pytest.mark.parametrize("attempt", [3, 4])
def test_it_succeeds_after_those(attempt):
    apply_movement(MOVEMENT | {"fail_attempts": 2}, attempt=attempt)


def test_a_failure_holds_back_its_account_and_no_other(caplog):
    caplog.set_level("INFO", logger="functions.fifo_consumer.app")
    event = {
        "Records": [
            record("a1", "A"),
            record("a2", "A", fail_attempts=1),
            record("a3", "A"),
            record("b1", "B"),
            record("b2", "B"),
        ]
    }

    assert reported(lambda_handler(event)) == ["a2", "a3"]
    applied = [message.split()[2] for message in caplog.messages if message.startswith("applied")]
    assert applied == ["a1", "b1", "b2"]


def test_failures_in_two_accounts_hold_back_both():
    event = {
        "Records": [
            record("a1", "A", fail_attempts=1),
            record("b1", "B"),
            record("a2", "A"),
            record("b2", "B", fail_attempts=1),
            record("c1", "C"),
        ]
    }
    assert reported(lambda_handler(event)) == ["a1", "a2", "b2"]


@pytest.mark.parametrize(
    "body",
    [
        '{"movement_id": "movement-1", "account": "Büro", "amount":',
        '{"movement_id": "movement-1", "account": "A", "amount": 0}',
        '{"movement_id": "movement-1", "account": "\\ud800", "amount": 100}',
        pytest.param("[" * 100_000 + "]" * 100_000, id="100,000 brackets"),
        pytest.param(f'{{"movement_id": "movement-1", "account": "A", "amount": {"1" * 5_000}}}', id="5,000 digits"),
    ],
)
def test_what_can_never_be_applied_is_dead_lettered_and_its_account_goes_on(sqs, load_consumer, receive_all, body):
    dead_letter_queue = sqs.create_queue(QueueName="dead-movements.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    consumer = load_consumer("fifo_consumer", dead_letter_queue)

    response = consumer.lambda_handler({"Records": [record("bad", "A", body), record("behind", "A")]})

    assert reported(response) == []
    [dead] = receive_all(dead_letter_queue)
    assert dead["Body"] == body
    assert dead["Attributes"]["MessageGroupId"] == "A"
    assert dead["Attributes"]["MessageDeduplicationId"] == "bad"
    reason = {name: attribute["StringValue"] for name, attribute in dead["MessageAttributes"].items()}
    assert reason.pop("ErrorMessage")
    assert reason == {
        "ErrorType": "InvalidMovement",
        "SourceQueueArn": SOURCE_ARN,
        "SourceMessageId": "bad",
        "SourceReceiveCount": "1",
    }


def test_what_cannot_be_dead_lettered_holds_back_its_account_and_no_other(sqs, load_consumer):
    gone = sqs.create_queue(QueueName="dead-movements.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sqs.delete_queue(QueueUrl=gone)
    consumer = load_consumer("fifo_consumer", gone)

    response = consumer.lambda_handler(
        {"Records": [record("bad", "A", amount=0), record("behind", "A"), record("other", "B")]}
    )

    assert reported(response) == ["bad", "behind"]
