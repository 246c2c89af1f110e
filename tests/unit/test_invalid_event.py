"""Events that are not a batch of messages."""

from typing import Any

import pytest
from partial_batch import InvalidEvent, batch_handler, bulk_handler
from partial_batch.testing import dynamodb_event, kafka_event, kinesis_event, pipes_event, sqs_event

from tests.support import FIFO_ARN, record, reported, standard_event


def refusal(event: Any) -> str:
    """What the handler says of an event; nothing of it was run."""
    ran: list[object] = []
    with pytest.raises(InvalidEvent) as raised:
        batch_handler(ran.append)(event)
    assert isinstance(raised.value, ValueError)
    assert ran == []
    assert "secret" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        (None, "the event is a NoneType, not an object with Records"),
        ("Records", "the event is a str, not an object with Records"),
        (7, "the event is an int, not an object with Records"),
        ({"Records": None}, "Records is a NoneType, not a list"),
        ({"Records": {"messageId": "1"}}, "Records is a dict, not a list"),
        ({"Records": [record("1"), None]}, "Records[1] is a NoneType, not an object"),
        ({"Records": ["1"]}, "Records[0] is a str, not an object"),
        ({"Records": [["messageId"]]}, "Records[0] is a list, not an object"),
        ({"Records": [record("1"), {"body": "secret"}]}, "Records[1].messageId is missing"),
        ({"Records": [record("")]}, "Records[0].messageId is empty"),
        ({"Records": [record("1") | {"messageId": 7}]}, "Records[0].messageId is an int, not a string"),
        ({"Records": [record("1") | {"messageId": None}]}, "Records[0].messageId is a NoneType, not a string"),
        ({"Records": [record("1") | {"messageId": ["secret"]}]}, "Records[0].messageId is a list, not a string"),
        (["secret"], "event[0] is a str, not an object"),
        ([record("1"), {}], "event[1].messageId is missing"),
        (
            {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "secret"}}]},
            "this is an SNS event; subscribe an SQS queue to the topic and map the queue to the function",
        ),
        (
            {"Records": [record("1"), {"EventSource": "aws:sns", "Sns": {"Message": "secret"}}]},
            "Records[1]: this is an SNS event; subscribe an SQS queue to the topic and map the queue to the function",
        ),
    ],
)
def test_it_says_what_is_wrong_and_where_before_anything_is_run(event: object, complaint: str) -> None:
    assert refusal(event) == complaint


NEXT_TO_EACH_OTHER = [
    (
        {"Records": [record("1"), *kinesis_event("secret")["Records"]]},
        "Records[1] comes from a Kinesis stream and Records[0] from an SQS queue; a batch has one source",
    ),
    (
        {"Records": [*dynamodb_event({"id": {"S": "1"}})["Records"], record("1")]},
        "Records[1] comes from an SQS queue and Records[0] from a DynamoDB stream; a batch has one source",
    ),
    (
        {"Records": [record("1"), record("2"), record("3", arn=FIFO_ARN)]},
        "Records[2] comes from another queue than Records[0]; a batch has one source",
    ),
    (
        {"Records": kinesis_event("1")["Records"] + kinesis_event("2", stream="other")["Records"]},
        "Records[1] comes from another stream than Records[0]; a batch has one source",
    ),
    (
        [*pipes_event(kinesis_event("1")), record("1")],
        "event[1] comes from an SQS queue and event[0] from a Kinesis stream; a batch has one source",
    ),
]


@pytest.mark.parametrize(("event", "complaint"), NEXT_TO_EACH_OTHER)
def test_records_of_two_sources_are_refused_and_named(event: object, complaint: str) -> None:
    assert refusal(event) == complaint


OTHERS: list[tuple[Any, str, str]] = [
    ({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "secret"}}]}, "an SNS event", "subscribe an SQS queue"),
    ({"Records": [{"Sns": {"Message": "secret"}}]}, "an SNS event", "subscribe an SQS queue"),
    ({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "secret"}}}]}, "an S3 event", "notify an SQS"),
    ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "secret"}, "S3 notification", "notify an SQS queue"),
    ({"Records": [{"eventSource": "aws:ses", "ses": {}}]}, "an SES event", "SNS topic"),
    ({"Records": [{"eventSource": "aws:codecommit", "codecommit": {}}]}, "a CodeCommit event", "SNS topic"),
    ({"Records": [{"cf": {"request": {}}}]}, "a CloudFront event", "a handler of your own"),
    ({"detail-type": "Order", "source": "secret", "detail": {}}, "an EventBridge event", "the target of the rule"),
    ({"httpMethod": "GET", "path": "/secret", "requestContext": {"resourcePath": "/"}}, "API Gateway", "SQS queue"),
    ({"httpMethod": "GET"}, "API Gateway", "SQS queue"),
    ({"version": "2.0", "requestContext": {"http": {"method": "GET"}}}, "API Gateway or a function URL", "SQS queue"),
    ({"httpMethod": "GET", "requestContext": {"elb": {}}}, "an Application Load Balancer", "SQS queue"),
    ({"requestContext": {"connectionId": "secret"}}, "an API Gateway WebSocket", "SQS queue"),
    ({"raw_path": "/secret", "method": "GET"}, "VPC Lattice", "SQS queue"),
    ({"methodArn": "secret", "type": "TOKEN"}, "authorizer", "a handler of your own"),
    ({"awslogs": {"data": "secret"}}, "a CloudWatch Logs event", "Kinesis stream"),
    ({"userPoolId": "secret", "triggerSource": "PreSignUp"}, "a Cognito trigger", "a handler of your own"),
    ({"deviceEvent": {"buttonClicked": {}}}, "an IoT event", "SQS queue"),
    ({"eventSource": "aws:mq", "messages": []}, "an ActiveMQ event", "no partial failures"),
    ({"eventSource": "aws:rmq", "rmqMessagesByQueue": {}}, "a RabbitMQ event", "no partial failures"),
    ({"eventSource": "aws:docdb", "events": []}, "a DocumentDB event", "no partial failures"),
    ({"deliveryStreamArn": "secret", "records": []}, "a Firehose transformation", "a handler of your own"),
    ({"requestContext": {"condition": "Success"}, "requestPayload": {}}, "a Lambda destination", "SQS queue"),
    ({"Type": "Notification", "TopicArn": "secret", "Message": "secret"}, "an SNS notification", "SQS queue"),
    (sqs_event("secret")["Records"][0], "one SQS record", '{"Records": [...]}'),
    ({"Messages": [{"Body": "secret"}], "ResponseMetadata": {}}, "ReceiveMessage", "map the queue"),
    ({}, "no Records", "SQS queue"),
    ({"order": "secret"}, "no Records", "Step Functions"),
    ([{"eventSource": "aws:mq", "data": "secret"}], "an ActiveMQ event", "no partial failures"),
    ([{"eventSource": "aws:kafka", "topic": "secret", "value": "secret"}], "Pipes", "map the topic"),
    ({"Records": [{"eventSource": "acme:secret"}]}, "a source that is not SQS", "Kinesis or DynamoDB"),
    ({"Records": [{"EventSource": "acme:secret"}]}, "a source that is not SQS", "Kinesis or DynamoDB"),
]


@pytest.mark.parametrize(("event", "what", "advice"), OTHERS)
def test_an_event_of_another_kind_says_what_it_is_and_what_to_do(event: Any, what: str, advice: str) -> None:
    said = refusal(event)

    assert what in said
    assert advice in said


def test_a_record_of_a_source_that_nobody_knows_is_taken_for_sqs_s_if_it_is_like_one() -> None:
    event = [record(name) | {"eventSource": "acme:queue"} for name in ("1", "2")]

    assert reported(batch_handler(lambda message: int(message.id) - 1 or 1 / 0)(event)) == ["1"]


@pytest.mark.parametrize(
    "window",
    [
        {"window": {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"}, "state": {}},
        {"isFinalInvokeForWindow": True, "state": {"secret": 1}},
        {"isWindowTerminatedEarly": False},
    ],
)
@pytest.mark.parametrize("stream", [kinesis_event("1"), dynamodb_event({"id": {"S": "1"}}), {"Records": []}])
def test_a_tumbling_window_is_refused_since_the_layer_keeps_no_state(
    window: dict[str, Any], stream: dict[str, Any]
) -> None:
    assert refusal(stream | window) == (
        "the event has a tumbling window, and this layer keeps no state; "
        "take TumblingWindowInSeconds out of the event source mapping"
    )


@pytest.mark.parametrize("event", [{"Records": []}, [], {"eventSource": "aws:kafka", "records": {}}])
def test_an_empty_batch_is_a_success(event: Any) -> None:
    assert reported(batch_handler(lambda message: 1 / 0)(event)) == []
    assert reported(bulk_handler(lambda messages: messages)(event)) == []


def test_the_event_is_not_changed() -> None:
    for make in (
        lambda: standard_event("1", "2"),
        lambda: kinesis_event("1"),
        lambda: kafka_event("1", "2", partition=[0, 1]),
        lambda: pipes_event(kinesis_event("1")),
    ):
        event = make()
        batch_handler(lambda message: message.body)(event)
        assert event == make()
