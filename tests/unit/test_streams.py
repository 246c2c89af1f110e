"""Kinesis and DynamoDB streams by the same decorators."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from partial_batch import Backoff, InvalidEvent, Message, PermanentFailure, batch_handler, bulk_handler

from tests.support import reported, standard_event
from tests.unit.conftest import SentMessages

# Shapes as https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and .../with-ddb.html show them.


def kinesis(*names: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "p",
                    "sequenceNumber": name,
                    "data": base64.b64encode(f'{{"n": "{name} é"}}'.encode()).decode(),
                    "approximateArrivalTimestamp": 1545084650.987,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000006:{name}",
                "eventName": "aws:kinesis:record",
                "awsRegion": "us-east-1",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
            }
            for name in names
        ]
    }


def dynamodb(*names: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventID": f"id of {name}",
                "eventVersion": "1.0",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1545084650,
                    "Keys": {"Id": {"N": "101"}},
                    "NewImage": {"Id": {"N": "101"}, "Message": {"S": name}},
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                    "SequenceNumber": name,
                    "SizeBytes": 26,
                },
                "awsRegion": "us-east-1",
                "eventName": "INSERT",
                "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2015-06-27T00:48:05.899",
                "eventSource": "aws:dynamodb",
            }
            for name in names
        ]
    }


both_streams = pytest.mark.parametrize("stream", [kinesis, dynamodb])


@both_streams
@pytest.mark.parametrize("options", [{}, {"on_fifo_failure": "skip_group"}, {"concurrency": 4}])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_first_failure_stops_the_batch_and_is_the_one_reported(
    stream: Any, options: dict[str, Any], asynchronous: bool
) -> None:
    ran = []

    def work(message: Message) -> None:
        ran.append(message.id)
        if message.id in ("2", "3"):
            raise ValueError

    async def work_async(message: Message) -> None:
        work(message)

    handler: Any = batch_handler(work_async if asynchronous else work, **options)

    assert reported(handler(stream("1", "2", "3", "4"))) == ["2"]
    assert ran == ["1", "2"]


@both_streams
def test_nothing_is_reported_when_all_succeed(stream: Any) -> None:
    assert reported(batch_handler(lambda message: message.json())(stream("1", "2"))) == []


@both_streams
def test_a_bulk_function_s_first_failure_is_the_one_reported(stream: Any) -> None:
    failed = []
    handler = bulk_handler(lambda messages: messages[1:], on_failure=lambda message, _: failed.append(message.id))

    assert reported(handler(stream("1", "2", "3"))) == ["2"]
    assert failed == ["2"]


@both_streams
def test_nothing_is_asked_of_sqs_for_a_record_that_waits(stream: Any, sent: SentMessages) -> None:
    @batch_handler(backoff=Backoff())
    def handler(message: Message) -> None:
        raise ValueError

    assert reported(handler(stream("1", "2"))) == ["1"]
    assert sent.requests == []


@both_streams
def test_a_permanent_failure_is_dead_lettered_and_the_stream_goes_on(stream: Any, sent: SentMessages) -> None:
    sent.accepts()

    @batch_handler(dead_letter_queue="https://sqs.us-east-1.amazonaws.com/1/dead")
    def handler(message: Message) -> None:
        if message.id == "1":
            raise PermanentFailure("no")

    assert reported(handler(stream("1", "2"))) == []
    (request,) = sent.requests
    assert request["MessageAttributes"]["SourceMessageId"]["StringValue"] == "1"
    assert "MessageGroupId" not in request


@both_streams
def test_the_dead_letter_is_the_whole_record_as_it_came(stream: Any, sent: SentMessages) -> None:
    sent.accepts()
    event = stream("1é中")
    handler = batch_handler(dead_letter_queue="https://sqs.us-east-1.amazonaws.com/1/dead", permanent=ValueError)(
        lambda message: int("x")
    )

    assert reported(handler(event)) == []
    body = sent.requests[0]["MessageBody"]
    assert json.loads(body) == event["Records"][0]
    assert "1é中" in body  # not escaped: it could outgrow a message


@both_streams
def test_a_stream_says_of_itself_what_the_batch_needs_to_know(stream: Any) -> None:
    from partial_batch._sources import read_event

    records, kind = read_event(stream("1", "2"))

    assert len(records) == 2
    assert (kind.ordered, kind.grouped, kind.fifo, kind.has_visibility_timeout) == (True, False, False, False)
    assert kind.source == "stream"


@both_streams
def test_a_stream_s_record_that_does_not_say_when_is_an_error_where_it_is_read(stream: Any) -> None:
    event = stream("1")
    part = next(event["Records"][0][name] for name in ("kinesis", "dynamodb") if name in event["Records"][0])
    for name in ("approximateArrivalTimestamp", "ApproximateCreationDateTime"):
        part.pop(name, None)

    assert reported(batch_handler(lambda message: message.receive_count)(event)) == []
    assert reported(batch_handler(lambda message: message.sent_at)(event)) == ["1"]


def test_keywords_of_json_hold_for_a_dynamodb_record_too() -> None:
    seen: list[Any] = []
    batch_handler(lambda message: seen.append(message.json(parse_int=Decimal)))(dynamodb("1"))

    assert type(seen[0]["SizeBytes"]) is Decimal
    assert reported(batch_handler(lambda message: message.json(unknown=1))(dynamodb("1"))) == ["1"]


def test_a_kinesis_record_as_a_message() -> None:
    event = kinesis("49590338271490256608559692538361571095921575989136588898")
    messages: list[Message] = []
    batch_handler(messages.append)(event)
    (message,) = messages

    assert message.id == message.sequence_number == "49590338271490256608559692538361571095921575989136588898"
    assert message.json() == {"n": f"{message.id} é"}
    assert message.sent_at == 1545084650.987
    assert message.receive_count == 1
    assert message.group_id is None
    assert message.attributes == {}
    assert message.source_arn.endswith(":stream/orders")
    assert message.record is event["Records"][0]


def test_a_dynamodb_record_as_a_message() -> None:
    event = dynamodb("4421584500000000017450439091")
    messages: list[Message] = []
    batch_handler(messages.append)(event)
    (message,) = messages

    assert message.id == message.sequence_number == "4421584500000000017450439091"
    assert message.json() is event["Records"][0]["dynamodb"]
    assert message.json()["NewImage"]["Message"] == {"S": message.id}
    assert '"NewImage"' in message.body
    assert message.sent_at == 1545084650


@pytest.mark.parametrize("data", ["/w==", "????", "YQ==!"], ids=["not UTF-8", "not base64", "not only base64"])
def test_data_that_is_no_text_is_an_error_where_it_is_read(data: str) -> None:
    event = kinesis("1")
    event["Records"][0]["kinesis"]["data"] = data

    assert reported(batch_handler(lambda message: message.record)(event)) == []
    assert reported(batch_handler(lambda message: message.body)(event)) == ["1"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kinesis": None}, r"Records\[1\]\.kinesis is a NoneType, not an object"),
        ({"kinesis": {}}, r"Records\[1\]\.kinesis\.sequenceNumber is missing"),
        ({"kinesis": {"sequenceNumber": ""}}, r"Records\[1\]\.kinesis\.sequenceNumber is empty"),
        ({"kinesis": {"sequenceNumber": 7}}, r"Records\[1\]\.kinesis\.sequenceNumber is an int"),
    ],
)
def test_a_malformed_record_is_refused(change: dict[str, Any], complaint: str) -> None:
    event = kinesis("1", "2")
    event["Records"][1] |= change

    with pytest.raises(InvalidEvent, match=complaint):
        batch_handler(print)(event)


def test_a_malformed_dynamodb_record_is_refused() -> None:
    event = dynamodb("1", "2")
    del event["Records"][1]["dynamodb"]["SequenceNumber"]

    with pytest.raises(InvalidEvent, match=r"^Records\[1\]\.dynamodb\.SequenceNumber is missing$"):
        batch_handler(print)(event)


def test_an_sqs_record_is_none_of_a_stream() -> None:
    assert reported(batch_handler(lambda message: 1 / 0)(standard_event("1", "2"))) == ["1", "2"]
