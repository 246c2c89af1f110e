"""Partial failures of AWS's batch calls, from responses that botocore checks against the service's own model."""

import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from partial_batch import Message, batch_apis, bulk_handler

from tests.support import record, reported, standard_event

BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")  # of an entry of SendMessageBatch and PublishBatch
TABLE = "orders"
COUNT = 4


class Api:
    """One batch call: the client's request for messages, and a response in which the entries at `failed` failed."""

    def __init__(
        self,
        service: str,
        operation: str,
        request: Callable[[list[Message]], dict[str, Any]],
        response: Callable[[list[Message], set[int]], dict[str, Any]],
        failures: Callable[[list[Message], Any], list[Message]],
    ) -> None:
        self.service = service
        self.operation = operation
        self.request = request
        self.response = response
        self.failures = failures

    def __repr__(self) -> str:
        return self.service

    def call(self, messages: list[Message], response: dict[str, Any]) -> Any:
        """What the client returns when the service answers so; an answer or request unlike the model is an error."""
        client = boto3.client(self.service)
        with Stubber(client) as stubber:
            stubber.add_response(self.operation, response)
            answer = getattr(client, self.operation)(**self.request(messages))
            stubber.assert_no_pending_responses()
        return answer

    def answered(self, messages: list[Message], response: dict[str, Any]) -> list[str]:
        """The ids of the messages that failed by that response."""
        return [message.id for message in self.failures(messages, self.call(messages, response))]


def entries(messages: list[Message], failed: set[int], good: dict[str, Any], bad: dict[str, Any]) -> list[Any]:
    return [bad if place in failed else good for place in range(len(messages))]


def by_position(name: str, count: str, good: dict[str, Any]) -> Callable[[list[Message], set[int]], dict[str, Any]]:
    bad = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}

    def response(messages: list[Message], failed: set[int]) -> dict[str, Any]:
        counted = {count: len(failed)} if failed or count != "FailedRecordCount" else {}  # Kinesis' model has no 0
        return counted | {name: entries(messages, failed, good, bad)}

    return response


def by_entry_id(good: dict[str, Any]) -> Callable[[list[Message], set[int]], dict[str, Any]]:
    def response(messages: list[Message], failed: set[int]) -> dict[str, Any]:
        ids = batch_apis.entry_ids(messages)
        return {  # in another order than asked, which the services may do
            "Successful": [{"Id": ids[place]} | good for place in reversed(range(len(ids))) if place not in failed],
            "Failed": [
                {"Id": ids[place], "SenderFault": False, "Code": "InternalError", "Message": "Try again."}
                for place in reversed(range(len(ids)))
                if place in failed
            ],
        }

    return response


def write_requests(messages: list[Message]) -> list[dict[str, Any]]:
    """A put for each message but the second, which deletes."""
    return [
        {"DeleteRequest": {"Key": {"id": {"S": message.id}}}}
        if place == 1
        else {"PutRequest": {"Item": {"id": {"S": message.id}, "body": {"S": message.body}}}}
        for place, message in enumerate(messages)
    ]


def unprocessed(messages: list[Message], failed: set[int]) -> dict[str, Any]:
    requests = write_requests(messages)
    return {"UnprocessedItems": {TABLE: [requests[place] for place in sorted(failed, reverse=True)]} if failed else {}}


APIS = {
    api.service: api
    for api in (
        Api(
            "firehose",
            "put_record_batch",
            lambda messages: {"DeliveryStreamName": "s", "Records": [{"Data": m.body.encode()} for m in messages]},
            by_position("RequestResponses", "FailedPutCount", {"RecordId": "r"}),
            batch_apis.firehose,
        ),
        Api(
            "kinesis",
            "put_records",
            lambda messages: {
                "StreamName": "s",
                "Records": [{"Data": m.body.encode(), "PartitionKey": m.id} for m in messages],
            },
            by_position("Records", "FailedRecordCount", {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}),
            batch_apis.kinesis,
        ),
        Api(
            "events",
            "put_events",
            lambda messages: {"Entries": [{"Source": "s", "DetailType": "d", "Detail": m.body} for m in messages]},
            by_position("Entries", "FailedEntryCount", {"EventId": "e"}),
            batch_apis.eventbridge,
        ),
        Api(
            "sns",
            "publish_batch",
            lambda messages: {
                "TopicArn": "arn:aws:sns:us-east-1:123456789012:t",
                "PublishBatchRequestEntries": [
                    {"Id": identifier, "Message": m.body}
                    for identifier, m in zip(batch_apis.entry_ids(messages), messages, strict=True)
                ],
            },
            by_entry_id({"MessageId": "m"}),
            batch_apis.sns,
        ),
        Api(
            "sqs",
            "send_message_batch",
            lambda messages: {
                "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q",
                "Entries": [
                    {"Id": identifier, "MessageBody": m.body}
                    for identifier, m in zip(batch_apis.entry_ids(messages), messages, strict=True)
                ],
            },
            by_entry_id({"MessageId": "m", "MD5OfMessageBody": "99914b932bd37a50b983c5e7c90ae93b"}),
            batch_apis.sqs,
        ),
        Api(
            "dynamodb",
            "batch_write_item",
            lambda messages: {"RequestItems": {TABLE: write_requests(messages)}},
            unprocessed,
            lambda messages, answer: batch_apis.dynamodb(messages, write_requests(messages), answer),
        ),
    )
}

each_api = pytest.mark.parametrize("api", APIS.values(), ids=repr)
by_position_only = pytest.mark.parametrize("api", [APIS[name] for name in ("firehose", "kinesis", "events")], ids=repr)
by_entry_id_only = pytest.mark.parametrize("api", [APIS[name] for name in ("sns", "sqs")], ids=repr)


@pytest.fixture
def messages() -> list[Message]:
    return [Message(record(f"m{place}", f'{{"n": {place}}}')) for place in range(COUNT)]


@each_api
@pytest.mark.parametrize(
    "failed", [set(), {0}, {COUNT - 1}, {0, 2}, {1, 2}, set(range(COUNT))], ids=lambda failed: f"{len(failed)} failed"
)
def test_the_messages_of_the_failed_entries_are_returned_in_the_order_of_the_batch(
    api: Api, failed: set[int], messages: list[Message]
) -> None:
    assert api.answered(messages, api.response(messages, failed)) == [f"m{place}" for place in sorted(failed)]


@each_api
def test_the_very_messages_are_returned(api: Api, messages: list[Message]) -> None:
    (failed,) = api.failures(messages, api.call(messages, api.response(messages, {2})))

    assert failed is messages[2]


@each_api
def test_a_message_that_stands_in_the_batch_twice_fails_by_its_place(api: Api) -> None:
    twice = [Message(record("m0", "1")), Message(record("m0", "2")), Message(record("m1", "3"))]

    failed = api.failures(twice, api.call(twice, api.response(twice, {1})))

    # DynamoDB's request of the second, which deletes by the id, is another than the first's
    assert [message.body for message in failed] == ["2"]


@each_api
@pytest.mark.parametrize("failed", [set(), {1, 3}, set(range(COUNT))], ids=lambda failed: f"{len(failed)} failed")
def test_a_bulk_handler_reports_them(api: Api, failed: set[int]) -> None:
    @bulk_handler
    def handler(messages: list[Message]) -> list[Message]:
        return api.failures(messages, api.call(messages, api.response(messages, failed)))

    event = standard_event(*(f"m{place}" for place in range(COUNT)))
    assert reported(handler(event)) == [f"m{place}" for place in sorted(failed)]


@each_api
def test_a_bulk_handler_reports_the_whole_batch_for_a_response_that_does_not_fit(api: Api) -> None:
    @bulk_handler
    def handler(messages: list[Message]) -> list[Message]:
        more = [*messages, Message(record("of another call"))]
        return api.failures(messages, api.call(messages, api.response(more, {COUNT})))

    event = standard_event(*(f"m{place}" for place in range(COUNT)))
    assert reported(handler(event)) == [f"m{place}" for place in range(COUNT)]


class TestAResponseThatDoesNotFitIsAnError:
    @by_position_only
    @pytest.mark.parametrize("count", [1, COUNT - 1, COUNT + 1])
    def test_another_number_of_entries(self, api: Api, count: int, messages: list[Message]) -> None:
        of_another_call = [Message(record("other"))] * count

        with pytest.raises(ValueError, match=rf"has {count} entries for {COUNT} messages"):
            api.answered(messages, api.response(of_another_call, set()))

    @by_position_only
    def test_no_entries_where_they_belong(self, api: Api, messages: list[Message]) -> None:
        with pytest.raises(ValueError, match="has no list"):
            api.failures(messages, {})

    @by_position_only
    @pytest.mark.parametrize("entry", [None, "OK", []], ids=str)
    def test_an_entry_that_is_no_object(self, api: Api, entry: object, messages: list[Message]) -> None:
        response = api.response(messages, set())
        (entries_of_it,) = (part for part in response.values() if isinstance(part, list))
        entries_of_it[0] = entry

        with pytest.raises(ValueError, match="has an entry that is not an object"):
            api.failures(messages, response)

    @by_position_only
    def test_no_entries_at_all(self, api: Api, messages: list[Message]) -> None:
        with pytest.raises(ValueError, match=rf"has 0 entries for {COUNT} messages"):
            api.failures(messages, api.response([], set()))

    @by_entry_id_only
    def test_an_entry_is_missing(self, api: Api, messages: list[Message]) -> None:
        response = api.response(messages, {0})
        del response["Successful"][1]

        with pytest.raises(ValueError, match="name them with entry_ids"):
            api.answered(messages, response)

    @by_entry_id_only
    @pytest.mark.parametrize("part", ["Successful", "Failed"])
    def test_an_entry_has_an_unknown_id(self, api: Api, part: str, messages: list[Message]) -> None:
        response = api.response(messages, {0})
        response[part][0]["Id"] = "m0"

        with pytest.raises(ValueError, match="name them with entry_ids"):
            api.answered(messages, response)

    @by_entry_id_only
    def test_there_is_one_entry_more(self, api: Api, messages: list[Message]) -> None:
        response = api.response([*messages, Message(record("other"))], set())

        with pytest.raises(ValueError, match="name them with entry_ids"):
            api.answered(messages, response)

    @by_entry_id_only
    def test_an_entry_both_succeeded_and_failed(self, api: Api, messages: list[Message]) -> None:
        response = api.response(messages, {0})
        response["Successful"].append(response["Successful"][0] | {"Id": response["Failed"][0]["Id"]})

        with pytest.raises(ValueError, match="name them with entry_ids"):
            api.answered(messages, response)

    @by_entry_id_only
    def test_an_entry_is_named_by_an_id_that_only_looks_like_its_own(self, api: Api, messages: list[Message]) -> None:
        response = api.response(messages, {0})
        response["Failed"][0]["Id"] = "00"

        with pytest.raises(ValueError, match="name them with entry_ids"):
            api.answered(messages, response)

    def test_dynamodb_names_a_request_that_was_not_made(self, messages: list[Message]) -> None:
        api = APIS["dynamodb"]
        other = {"PutRequest": {"Item": {"id": {"S": "other"}}}}
        response = {"UnprocessedItems": {TABLE: [write_requests(messages)[0], other]}}

        with pytest.raises(ValueError, match=r"^UnprocessedItems has a request that was not made$"):
            api.answered(messages, response)

    @pytest.mark.parametrize("change", [-1, 1])
    def test_dynamodb_gets_another_number_of_requests_than_of_messages(
        self, change: int, messages: list[Message]
    ) -> None:
        requests = write_requests(messages)
        requests = requests[:change] if change < 0 else requests + requests[:1]

        with pytest.raises(ValueError, match=rf"{COUNT + change} requests for {COUNT} messages"):
            batch_apis.dynamodb(messages, requests, {"UnprocessedItems": {}})

    @pytest.mark.parametrize("response", [{}, {"UnprocessedItems": None}], ids=["missing", "null"])
    def test_dynamodb_does_not_say_what_is_unprocessed(self, response: dict[str, Any], messages: list[Message]) -> None:
        with pytest.raises(ValueError, match=r"^the response has no UnprocessedItems$"):
            batch_apis.dynamodb(messages, write_requests(messages), response)


@by_entry_id_only
@pytest.mark.parametrize("part", ["Successful", "Failed"])
def test_a_part_that_would_be_empty_may_be_missing(api: Api, part: str, messages: list[Message]) -> None:
    failed = set(range(COUNT)) if part == "Successful" else set()
    response = api.response(messages, failed)
    del response[part]

    assert len(api.failures(messages, response)) == len(failed)


@pytest.mark.parametrize(
    "identifiers",
    [
        ["a", "a", "b"],
        ["x" * 100, "x" * 99 + "y"],
        ["49590338271490256608559692538361571095921575989136588898", "with spaces", "é", ""],
        [str(number) for number in range(1000)],
    ],
    ids=["duplicates", "longer than allowed", "characters not allowed", "many"],
)
def test_entry_ids_are_unique_and_valid_whatever_the_message_ids_are(identifiers: list[str]) -> None:
    ids = batch_apis.entry_ids([Message(record(identifier)) for identifier in identifiers])

    assert len(ids) == len(set(ids)) == len(identifiers)
    assert all(BATCH_ID.fullmatch(identifier) for identifier in ids)


def test_entry_ids_are_the_same_each_time_so_that_the_response_can_be_read(messages: list[Message]) -> None:
    assert batch_apis.entry_ids(messages) == batch_apis.entry_ids(messages)


def test_of_equal_dynamodb_requests_both_failed_since_nothing_tells_them_apart() -> None:
    messages = [Message(record(identifier, "{}")) for identifier in ("m0", "m1", "m2")]
    put = {"PutRequest": {"Item": {"id": {"S": "the same"}}}}
    other = {"PutRequest": {"Item": {"id": {"S": "other"}}}}

    failed = batch_apis.dynamodb(messages, [put, other, dict(put)], {"UnprocessedItems": {TABLE: [dict(put)]}})

    assert [message.id for message in failed] == ["m0", "m2"]


def test_dynamodb_s_unprocessed_items_of_several_tables_are_all_counted(messages: list[Message]) -> None:
    requests = write_requests(messages)

    failed = batch_apis.dynamodb(
        messages, requests, {"UnprocessedItems": {TABLE: [requests[3]], "another": [requests[0]]}}
    )

    assert [message.id for message in failed] == ["m0", "m3"]


def test_dynamodb_s_binary_values_are_recognised_as_botocore_returns_them() -> None:
    messages = [Message(record("m0", "first")), Message(record("m1", "second"))]
    requests = [{"PutRequest": {"Item": {"id": {"B": message.body.encode()}}}} for message in messages]
    client = boto3.client("dynamodb")
    with Stubber(client) as stubber:
        stubber.add_response("batch_write_item", {"UnprocessedItems": {TABLE: [requests[1]]}})
        answer = client.batch_write_item(RequestItems={TABLE: requests})  # type: ignore[typeddict-item]

    assert batch_apis.dynamodb(messages, requests, answer) == messages[1:]


@by_position_only
def test_an_entry_whose_error_code_is_null_or_empty_succeeded(api: Api, messages: list[Message]) -> None:
    response = api.response(messages, set())
    (entries_of_it,) = (part for part in response.values() if isinstance(part, list))
    entries_of_it[0] = entries_of_it[0] | {"ErrorCode": None}
    entries_of_it[1] = entries_of_it[1] | {"ErrorCode": ""}

    assert api.failures(messages, response) == []


@by_position_only
@pytest.mark.parametrize(
    "entry", [{}, {"ErrorCode": None}, {"ErrorMessage": "Slow down."}, {"Message": "Not Found"}], ids=str
)
def test_an_entry_that_does_not_say_it_succeeded_did_not(
    api: Api, entry: dict[str, Any], messages: list[Message]
) -> None:
    response = api.response(messages, set())
    (entries_of_it,) = (part for part in response.values() if isinstance(part, list))
    entries_of_it[2] = entry

    assert api.failures(messages, response) == [messages[2]]
