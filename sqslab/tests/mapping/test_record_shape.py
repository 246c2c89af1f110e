import base64
import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from sqslab.mapping.record import make_record
from sqslab.mapping.sqs_source import SqsSource
from sqslab.simulator.clock import RealClock

ARN = "arn:aws:sqs:eu-central-1:123456789012:orders"


def test_a_record_of_a_standard_queue_has_the_keys_lambda_gives(make_message):
    record = make_record(make_message("id-1", body='{"order_id": "A1"}'), ARN)
    assert record == {
        "messageId": "id-1",
        "receiptHandle": "handle of id-1",
        "body": '{"order_id": "A1"}',
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1700000000000",
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": "1700000000001",
        },
        "messageAttributes": {},
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "eu-central-1",
    }


def test_message_attributes_are_in_camel_case_and_bytes_in_base64(make_message):
    message = make_message(
        "id-1",
        MD5OfMessageAttributes="d41d8cd98f00b204e9800998ecf8427e",
        MessageAttributes={
            "Name": {"StringValue": "Zoë", "DataType": "String"},
            "Count": {"StringValue": "3", "DataType": "Number.int"},
            "Blob": {"BinaryValue": b"\x00\xff", "DataType": "Binary"},
        },
    )
    record = make_record(message, ARN)
    empty = {"stringListValues": [], "binaryListValues": []}
    assert record["messageAttributes"] == {
        "Name": empty | {"stringValue": "Zoë", "dataType": "String"},
        "Count": empty | {"stringValue": "3", "dataType": "Number.int"},
        "Blob": empty | {"binaryValue": base64.b64encode(b"\x00\xff").decode(), "dataType": "Binary"},
    }
    assert record["md5OfMessageAttributes"] == "d41d8cd98f00b204e9800998ecf8427e"


def test_fifo_attributes_are_passed_on(make_message):
    message = make_message("id-1")
    fifo = {"MessageGroupId": "savings", "MessageDeduplicationId": "d-1", "SequenceNumber": "18849496460467696128"}
    message["Attributes"] |= fifo
    assert make_record(message, ARN)["attributes"].items() >= fifo.items()


# The characters SQS takes: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
BODIES = st.text(st.characters(exclude_categories=["Cs"]))


@given(body=BODIES)
def test_the_body_reaches_the_function_unchanged(body):
    message = {"MessageId": "m", "ReceiptHandle": "r", "Body": body, "MD5OfBody": "5", "Attributes": {}}
    event = json.dumps({"Records": [make_record(message, ARN)]}, ensure_ascii=False).encode()
    assert json.loads(event)["Records"][0]["body"] == body


def test_the_record_of_a_real_message_is_whole(clients, make_mapping):
    # given a FIFO queue on the emulator with a message that has attributes of every type
    url = clients.sqs.create_queue(QueueName="record-shape.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    body = '{"a": 1.0, "a":2,\t"ü": "\\u00fc"}  '
    sent = clients.sqs.send_message(
        QueueUrl=url,
        MessageBody=body,
        MessageGroupId="g",
        MessageDeduplicationId="d",
        MessageAttributes={
            "Name": {"StringValue": "x", "DataType": "String"},
            "Blob": {"BinaryValue": b"\x00", "DataType": "Binary"},
        },
    )
    arn = "arn:aws:sqs:us-east-1:000000000000:record-shape.fifo"
    # when it is received as the poller does
    source = SqsSource(make_mapping(queue_arn=arn), clients.sqs, RealClock())
    (received,) = source.receive(10, 0)
    record = json.loads(received.record)
    # then nothing is missing and nothing was changed
    assert record["body"] == body
    assert record["md5OfBody"] == hashlib.md5(body.encode()).hexdigest()
    assert record["messageId"] == sent["MessageId"]
    assert record["md5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert record["attributes"].keys() >= {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageGroupId",
        "MessageDeduplicationId",
    }
    assert record["messageAttributes"]["Blob"]["binaryValue"] == "AA=="
    assert json.loads(json.dumps(record)) == record
