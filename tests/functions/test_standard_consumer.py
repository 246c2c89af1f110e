"""The standard consumer ships orders."""

import json
import logging

import pytest

from functions.standard_consumer.app import InvalidOrder, lambda_handler, ship_order

ORDER = {"order_id": "order-1", "quantity": 2}
SOURCE_ARN = "arn:aws:sqs:us-east-1:123456789012:orders"


def record(message_id, body, receive_count=1):
    return {
        "messageId": message_id,
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": SOURCE_ARN,
    }


def test_an_order_is_shipped():
    ship_order(ORDER, attempt=1)


def test_what_else_stands_in_an_order_does_not_matter():
    ship_order(ORDER | {"gift_wrapped": True}, attempt=1)


@pytest.mark.parametrize(
    "order",
    [
        None,
        3,
        "order-1",
        [],
        [ORDER],
        {},
        {"quantity": 2},
        {"order_id": None, "quantity": 2},
        {"order_id": 1, "quantity": 2},
        {"order_id": "order-1"},
        {"order_id": "order-1", "quantity": None},
        {"order_id": "order-1", "quantity": 0},
        {"order_id": "order-1", "quantity": -1},
        {"order_id": "order-1", "quantity": "2"},
        {"order_id": "order-1", "quantity": True},
        {"order_id": "\ud800", "quantity": 2},
        {"order_id": "order-1\nshipped order order-2", "quantity": 2},
        {"order_id": "order-1", "quantity": 2.0},
        {"order_id": "order-1", "quantity": float("inf")},
        {"order_id": "order-1", "quantity": [2]},
    ],
    ids=json.dumps,
)
def test_an_order_that_makes_no_sense_is_invalid(order):
    with pytest.raises(InvalidOrder):
        ship_order(order, attempt=1)


def test_an_order_that_makes_no_sense_is_invalid_whatever_it_is_told_to_fail():
    with pytest.raises(InvalidOrder):
        ship_order({"order_id": "order-1", "quantity": 0, "fail_attempts": 9}, attempt=1)


@pytest.mark.parametrize("attempt", [1, 2])
def test_it_fails_for_the_first_attempts_it_is_told_to(attempt):
    with pytest.raises(ConnectionError):
        ship_order(ORDER | {"fail_attempts": 2}, attempt=attempt)


@pytest.mark.parametrize("attempt", [3, 4])
def test_it_succeeds_after_those(attempt):
    ship_order(ORDER | {"fail_attempts": 2}, attempt=attempt)


def test_the_attempt_is_the_receive_count():
    failing = json.dumps(ORDER | {"fail_attempts": 2})
    event = {"Records": [record("at-its-second", failing, 2), record("at-its-third", failing, 3)]}
    assert lambda_handler(event) == {"batchItemFailures": [{"itemIdentifier": "at-its-second"}]}


def test_the_wrapped_function_takes_one_message():
    assert lambda_handler.__wrapped__.__name__ == "lambda_handler"


@pytest.mark.parametrize(
    "body",
    [
        'two pièces of "order-1", please <&> \t\n',
        '{"order_id": "order-1", "quantity": 0}',
        "[]",
        '{"order_id": "\\ud800", "quantity": 2}',
        pytest.param("[" * 100_000 + "]" * 100_000, id="100,000 brackets"),
        pytest.param(f'{{"order_id": "order-1", "quantity": {"2" * 5_000}}}', id="5,000 digits"),
    ],
)
def test_what_can_never_be_shipped_is_dead_lettered_with_its_reason_and_its_body_intact(
    sqs, load_consumer, receive_all, body
):
    dead_letter_queue = sqs.create_queue(QueueName="dead-orders")["QueueUrl"]
    consumer = load_consumer("standard_consumer", dead_letter_queue)

    response = consumer.lambda_handler({"Records": [record("bad", body, 2), record("good", json.dumps(ORDER))]})

    assert response == {"batchItemFailures": []}
    [dead] = receive_all(dead_letter_queue)
    assert dead["Body"] == body
    reason = {name: attribute["StringValue"] for name, attribute in dead["MessageAttributes"].items()}
    assert reason.pop("ErrorMessage")
    assert reason == {
        "ErrorType": "InvalidOrder",
        "SourceQueueArn": SOURCE_ARN,
        "SourceMessageId": "bad",
        "SourceReceiveCount": "2",
    }


def test_why_a_body_is_not_json_is_said_without_a_word_of_it(sqs, load_consumer, caplog):
    dead_letter_queue = sqs.create_queue(QueueName="dead-orders")["QueueUrl"]
    consumer = load_consumer("standard_consumer", dead_letter_queue)

    consumer.lambda_handler({"Records": [record("bad", '{"order_id": secret}')]})

    assert "the body is not JSON: Expecting value: line 1 column 14 (char 13)" in caplog.text
    assert "secret" not in caplog.text


def test_a_record_factory_of_ones_own_does_not_get_in_the_way(monkeypatch, caplog):
    caplog.set_level("INFO")

    def factory(*args, **keywords):
        made = logging.LogRecord(*args, **keywords)
        made.message_id = "mine"
        return made

    monkeypatch.setattr(logging, "_logRecordFactory", factory)
    event = {"Records": [record("good", json.dumps(ORDER))]}

    assert lambda_handler(event) == {"batchItemFailures": []}


def test_what_may_be_shipped_later_is_reported_and_not_dead_lettered(sqs, load_consumer, receive_all):
    dead_letter_queue = sqs.create_queue(QueueName="dead-orders")["QueueUrl"]
    consumer = load_consumer("standard_consumer", dead_letter_queue)

    response = consumer.lambda_handler({"Records": [record("failing", json.dumps(ORDER | {"fail_attempts": 1}))]})

    assert response == {"batchItemFailures": [{"itemIdentifier": "failing"}]}
    assert receive_all(dead_letter_queue) == []


def test_what_cannot_be_dead_lettered_is_reported(sqs, load_consumer):
    gone = sqs.create_queue(QueueName="dead-orders")["QueueUrl"]
    sqs.delete_queue(QueueUrl=gone)
    consumer = load_consumer("standard_consumer", gone)

    response = consumer.lambda_handler({"Records": [record("bad", "not JSON"), record("good", json.dumps(ORDER))]})

    assert response == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
