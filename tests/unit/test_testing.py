"""What the layer brings for the tests of a consumer."""

import base64
import hashlib
import time
import uuid
from typing import Any

import boto3
import pytest
from moto import mock_aws
from partial_batch import Message, batch_handler
from partial_batch.testing import (
    LambdaContext,
    dynamodb_event,
    kafka_event,
    kinesis_event,
    pipes_event,
    sqs_event,
)

from tests.unit.test_imports import modules_after


def test_a_standard_queue_s_record_has_what_lambda_sends() -> None:
    event = sqs_event("a é", {"n": 1}, receive_count=3, queue="q", account="210987654321", region="eu-west-1")
    first, second = event["Records"]

    assert list(event) == ["Records"]
    assert set(first) == {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }
    assert set(first["attributes"]) == {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    }
    assert all(isinstance(value, str) for value in first["attributes"].values())
    assert first["attributes"]["ApproximateReceiveCount"] == "3"
    assert first["body"] == "a é"
    assert second["body"] == '{"n": 1}'
    assert first["md5OfBody"] == hashlib.md5("a é".encode()).hexdigest()
    assert first["eventSourceARN"] == "arn:aws:sqs:eu-west-1:210987654321:q"
    assert first["awsRegion"] == "eu-west-1"


def test_ids_are_uuids_unique_and_the_same_each_time() -> None:
    ids = [record["messageId"] for record in sqs_event(*"abcdefghij")["Records"]]

    assert len(set(ids)) == 10
    assert all(str(uuid.UUID(one)) == one and uuid.UUID(one).version == 4 for one in ids)
    assert sqs_event(*"abcdefghij") == sqs_event(*"abcdefghij")
    assert len({record["receiptHandle"] for record in sqs_event(*"abc")["Records"]}) == 3


def test_a_fifo_record_has_group_deduplication_and_sequence() -> None:
    records = sqs_event("a", "a", "b", fifo=True, group_id=["g", "h", "g"])["Records"]
    messages = [Message(record) for record in records]

    assert all(message.source_arn.endswith(":orders.fifo") for message in messages)
    assert [message.group_id for message in messages] == ["g", "h", "g"]
    assert len({message.deduplication_id for message in messages}) == 3
    numbers = [str(message.sequence_number) for message in messages]
    assert numbers == sorted(numbers)
    assert all(len(number) == 20 and number.isdigit() for number in numbers)
    assert Message(sqs_event("a", queue="b.fifo")["Records"][0]).group_id == "default"


def test_a_group_on_a_standard_queue_is_a_tenant() -> None:
    (record,) = sqs_event("a", group_id="tenant")["Records"]

    assert record["attributes"]["MessageGroupId"] == "tenant"
    assert "SequenceNumber" not in record["attributes"]


ATTRIBUTES: dict[str, str | int | float | bytes] = {"text": "é", "whole": 12, "fraction": 1.5, "bytes": b"\0\1\xff"}


def test_message_attributes_come_back_as_they_were_given() -> None:
    (record,) = sqs_event("a", attributes=ATTRIBUTES)["Records"]

    assert Message(record).attributes == ATTRIBUTES
    assert record["messageAttributes"]["whole"] == {
        "stringValue": "12",
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": "Number",
    }


@mock_aws
def test_the_md5s_are_those_of_sqs() -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sent = sqs.send_message(
        QueueUrl=queue,
        MessageBody="a é",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "é"},
            "whole": {"DataType": "Number", "StringValue": "12"},
            "fraction": {"DataType": "Number", "StringValue": "1.5"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\0\1\xff"},
        },
    )
    (record,) = sqs_event("a é", attributes=ATTRIBUTES)["Records"]

    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["md5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert "md5OfMessageAttributes" not in sqs_event("a")["Records"][0]


@pytest.mark.parametrize(
    ("make", "kind", "complaint"),
    [
        (lambda: sqs_event(b"a"), TypeError, "bodies[0] is a bytes, which is neither text nor JSON"),
        (lambda: sqs_event("a", receive_count=0), ValueError, "receive_count is a whole number from 1, not 0"),
        (lambda: sqs_event("a", receive_count="3"), ValueError, "receive_count is a whole number from 1, not '3'"),  # type: ignore[arg-type]
        (
            lambda: sqs_event("a", "b", group_id=["g"]),
            ValueError,
            "2 bodies have 1 group ids; give one, or one for each",
        ),
        (lambda: sqs_event("a", attributes={"n": True}), TypeError, "'n' is a bool, not a str, int, float or bytes"),
        (lambda: sqs_event("a", attributes={"n": ""}), ValueError, "'n' is empty, and SQS takes no empty value"),
        (lambda: dynamodb_event({"id": "A1"}), TypeError, "images[0] is not an item in DynamoDB's JSON"),
        (lambda: dynamodb_event({"pk": {"S": "A1"}}), ValueError, "images[0] lacks the key 'id'"),
        (lambda: dynamodb_event(event_name="PUT"), ValueError, "event_name is INSERT, MODIFY or REMOVE, not 'PUT'"),
        (lambda: kafka_event("a", partition=[0, 1]), ValueError, "1 values have 2 partitions"),
        (lambda: kafka_event("a", headers={"h": "text"}), TypeError, "header 'h' is a str, not bytes"),  # type: ignore[dict-item]
        (lambda: sqs_event("a", receive_count=True), ValueError, "receive_count is a whole number from 1, not True"),
        (lambda: LambdaContext(float("inf")), ValueError, "seconds_left is 0 seconds or more, not inf"),
        (lambda: pipes_event([]), TypeError, "pipes_event takes what sqs_event"),  # type: ignore[arg-type]
        (lambda: pipes_event(kafka_event("a")), TypeError, "pipes_event takes what sqs_event"),
        (lambda: LambdaContext(-1), ValueError, "seconds_left is 0 seconds or more, not -1"),
        (lambda: LambdaContext("1"), ValueError, "seconds_left is 0 seconds or more, not '1'"),  # type: ignore[arg-type]
    ],
)
def test_an_argument_that_cannot_be_is_one_clear_error(make: Any, kind: type[Exception], complaint: str) -> None:
    with pytest.raises(kind) as raised:
        make()
    assert complaint in str(raised.value)


def test_what_json_can_say_and_utf_8_cannot_is_an_escape() -> None:
    value = {"name": "\ud800 é"}
    texts: list[Any] = []

    handler = batch_handler(lambda message: texts.append(message.json()))
    for event in (sqs_event(value), kinesis_event(value), kafka_event(value)):
        handler(event)

    assert texts == [value] * 3


def test_none_is_json_s_null_where_a_record_always_has_a_value() -> None:
    texts: list[str] = []

    handler = batch_handler(lambda message: texts.append(message.body))
    for event in (sqs_event(None), kinesis_event(None), kafka_event(None)):
        handler(event)

    assert texts == ["null", "null", ""]


def test_a_kinesis_record_has_what_lambda_sends() -> None:
    first, second = kinesis_event("a", b"\xff", partition_key="p", stream="s")["Records"]

    assert set(first) == {
        "kinesis",
        "eventSource",
        "eventVersion",
        "eventID",
        "eventName",
        "invokeIdentityArn",
        "awsRegion",
        "eventSourceARN",
    }
    assert set(first["kinesis"]) == {
        "kinesisSchemaVersion",
        "partitionKey",
        "sequenceNumber",
        "data",
        "approximateArrivalTimestamp",
    }
    assert first["kinesis"]["sequenceNumber"] < second["kinesis"]["sequenceNumber"]
    assert first["eventID"].endswith(f":{first['kinesis']['sequenceNumber']}")
    assert base64.b64decode(second["kinesis"]["data"]) == b"\xff"


@pytest.mark.parametrize(
    ("event_name", "image"), [("INSERT", "NewImage"), ("MODIFY", "NewImage"), ("REMOVE", "OldImage")]
)
def test_a_dynamodb_record_has_what_lambda_sends(event_name: str, image: str) -> None:
    item = {"id": {"S": "A1"}, "n": {"N": "1"}}
    (record,) = dynamodb_event(item, event_name=event_name)["Records"]

    assert record["eventName"] == event_name
    assert record["dynamodb"]["Keys"] == {"id": {"S": "A1"}}
    assert record["dynamodb"][image] == item
    assert {"eventID", "eventVersion", "eventSource", "awsRegion", "eventSourceARN"} < set(record)


def test_a_kafka_record_has_what_lambda_sends() -> None:
    event = kafka_event("a", "b", "c", partition=[0, 1, 0], key="k", first_offset=5)

    assert set(event) == {"eventSource", "eventSourceArn", "bootstrapServers", "records"}
    assert {name: [one["offset"] for one in records] for name, records in event["records"].items()} == {
        "orders-0": [5, 6],
        "orders-1": [5],
    }
    assert set(event["records"]["orders-0"][0]) == {
        "topic",
        "partition",
        "offset",
        "timestamp",
        "timestampType",
        "key",
        "value",
        "headers",
    }
    assert set(kafka_event("a", self_managed=True)) == {"eventSource", "bootstrapServers", "records"}


def test_a_context_has_what_lambda_s_has_and_its_time_runs() -> None:
    context = LambdaContext(seconds_left=0.05)

    first = context.get_remaining_time_in_millis()
    assert isinstance(first, int)
    assert 0 < first <= 50
    time.sleep(0.06)
    assert context.get_remaining_time_in_millis() == 0
    for name in (
        "function_name",
        "function_version",
        "invoked_function_arn",
        "memory_limit_in_mb",
        "aws_request_id",
        "log_group_name",
        "log_stream_name",
    ):
        assert isinstance(getattr(context, name), str)
    assert context.client_context is None
    assert context.identity.cognito_identity_id is None
    assert context.invoked_function_arn.endswith(":function:consumer")


def test_a_consumer_s_test_takes_five_lines() -> None:
    @batch_handler
    def lambda_handler(message: Message) -> None:
        if message.json()["quantity"] < 1:
            raise ValueError("nothing to ship")

    event = sqs_event({"quantity": 1}, {"quantity": 0})
    response = lambda_handler(event, LambdaContext(seconds_left=30))
    assert response == {"batchItemFailures": [{"itemIdentifier": event["Records"][1]["messageId"]}]}


def test_the_layer_loads_neither_this_nor_other_sources_for_a_queue_s_batch() -> None:
    loaded = modules_after(
        "from partial_batch import batch_handler\n"
        "batch_handler(lambda message: 1/0)({'Records': [{'messageId': '1', 'body': '{}'}]})"
    )

    assert not any(name.startswith("partial_batch.testing") for name in loaded)
    assert {name for name in loaded if name.startswith("partial_batch._sources")} == {"partial_batch._sources"}
