"""The sample events look as Lambda sends them, and each has its partner."""

import base64
import functools
import hashlib
import itertools
import json
import uuid
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from tests.support import HALVES, of_fifo, of_standard

ROOT = Path(__file__).parents[2]
FOLDERS = {kind: ROOT / "events" / kind for kind in HALVES}
EVENT_FILES = [path for folder in FOLDERS.values() for path in sorted(folder.glob("*.json")) if "." not in path.stem]
BATCH_FILES = [path for path in EVENT_FILES if path.stem != "not-a-batch"]

CASES = {
    "standard": {
        "all-succeed",
        "some-fail",
        "all-fail",
        "malformed-body",
        "permanent-failure",
        "last-receive",
        "batch-of-one",
        "empty-batch",
        "not-a-batch",
        "fair-queue",
        "message-attributes",
    },
    "fifo": {
        "all-succeed",
        "some-fail",
        "all-fail",
        "malformed-body",
        "permanent-failure",
        "last-receive",
        "batch-of-one",
        "first-fails",
        "middle-fails",
        "last-fails",
        "several-groups",
        "empty-batch",
        "not-a-batch",
    },
}

# In the order in which Lambda sends them: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
RECORD_FIELDS = [
    "messageId",
    "receiptHandle",
    "body",
    "attributes",
    "messageAttributes",
    "md5OfMessageAttributes",
    "md5OfBody",
    "eventSource",
    "eventSourceARN",
    "awsRegion",
]
ATTRIBUTES = {
    "standard": ["ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"],
    "fifo": [
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SequenceNumber",
        "MessageGroupId",
        "SenderId",
        "MessageDeduplicationId",
        "ApproximateFirstReceiveTimestamp",
    ],
}


def name(path):
    return f"{path.parent.name}/{path.stem}"


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def records_of(*paths):
    return [record for path in paths for record in load(path)["Records"]]


def event(kind, case):
    return records_of(FOLDERS[kind] / f"{case}.json")


each_batch = pytest.mark.parametrize("path", BATCH_FILES, ids=name)
each_fifo_batch = pytest.mark.parametrize(
    "path", [path for path in BATCH_FILES if path.parent.name == "fifo"], ids=name
)
each_kind = pytest.mark.parametrize("kind", FOLDERS)


@each_kind
def test_every_case_has_its_event(kind):
    assert {path.stem for path in EVENT_FILES if path.parent == FOLDERS[kind]} >= CASES[kind]


@pytest.mark.parametrize("path", EVENT_FILES, ids=name)
def test_an_event_has_either_a_response_or_an_error(path):
    partners = [path.with_suffix(f".{what}.json") for what in ("response", "error")]
    assert [partner.exists() for partner in partners].count(True) == 1


@each_kind
def test_nothing_lies_beside_the_events_but_their_partners(kind):
    events = {path.stem for path in EVENT_FILES if path.parent == FOLDERS[kind]}
    expected = {f"{stem}{suffix}" for stem in events for suffix in (".json", ".response.json", ".error.json")}
    assert {path.name for path in FOLDERS[kind].iterdir()} <= expected


@each_kind
def test_every_event_stands_in_the_readme(kind):
    readme = (ROOT / "events" / "README.md").read_text(encoding="utf-8")
    section = readme.partition(f"## `{kind}/`")[2].partition("\n## ")[0]
    rows = {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")}
    assert rows == {path.stem for path in EVENT_FILES if path.parent == FOLDERS[kind]}


@pytest.mark.parametrize("path", sorted((ROOT / "events").glob("*/*.json")), ids=name)
def test_a_file_is_indented_by_two_and_ends_with_a_newline(path):
    assert path.read_text(encoding="utf-8") == json.dumps(load(path), indent=2, ensure_ascii=False) + "\n"


@each_batch
def test_a_record_has_every_field_in_lambdas_order(path):
    for record in records_of(path):
        fields = [field for field in RECORD_FIELDS if field != "md5OfMessageAttributes" or record["messageAttributes"]]
        assert list(record) == fields


@each_batch
def test_a_record_has_every_attribute_of_its_kind_of_queue(path):
    for record in records_of(path):
        attributes = list(record["attributes"])
        if path.stem == "fair-queue":
            attributes.remove("MessageGroupId")
        assert attributes == ATTRIBUTES[path.parent.name]


@each_batch
def test_attributes_are_strings(path):
    for record in records_of(path):
        assert all(isinstance(value, str) and value for value in record["attributes"].values())


@each_batch
def test_the_queue_fits_the_folder(path):
    queue = {
        "standard": "partial-batch-StandardQueue-k3V9pQ2xWmZa",
        "fifo": "partial-batch-FifoQueue-h7Tq1Lr8YbNc.fifo",
    }
    for record in records_of(path):
        assert record["eventSource"] == "aws:sqs"
        assert record["eventSourceARN"] == f"arn:aws:sqs:us-east-1:123456789012:{queue[path.parent.name]}"
        assert record["awsRegion"] == "us-east-1"


@each_batch
def test_md5_of_body_is_right(path):
    for record in records_of(path):
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()


@of_standard
def test_md5_of_message_attributes_is_what_sqs_answers_when_they_are_sent():
    with_attributes = [record for record in records_of(*BATCH_FILES) if record["messageAttributes"]]
    assert with_attributes
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        queue_url = sqs.create_queue(QueueName="any")["QueueUrl"]
        for record in with_attributes:
            sent = sqs.send_message(
                QueueUrl=queue_url,
                MessageBody=record["body"],
                MessageAttributes={
                    name: (
                        {"DataType": attribute["dataType"], "BinaryValue": base64.b64decode(attribute["binaryValue"])}
                        if "binaryValue" in attribute
                        else {"DataType": attribute["dataType"], "StringValue": attribute["stringValue"]}
                    )
                    for name, attribute in record["messageAttributes"].items()
                },
            )
            assert record["md5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]


@of_standard
def test_message_attributes_of_every_type_are_there_in_lambdas_shape():
    attributes = [
        attribute for record in records_of(*BATCH_FILES) for attribute in record["messageAttributes"].values()
    ]
    assert {attribute["dataType"] for attribute in attributes} == {"String", "Number", "Binary"}
    for attribute in attributes:
        value = "binaryValue" if attribute["dataType"] == "Binary" else "stringValue"
        assert list(attribute) == [value, "stringListValues", "binaryListValues", "dataType"]
        assert attribute["stringListValues"] == attribute["binaryListValues"] == []


@each_batch
def test_timestamps_are_milliseconds_and_sending_comes_before_receiving(path):
    for record in records_of(path):
        sent = record["attributes"]["SentTimestamp"]
        first_received = record["attributes"]["ApproximateFirstReceiveTimestamp"]
        assert len(sent) == len(first_received) == 13
        assert int(sent) <= int(first_received)


@each_batch
def test_a_receive_comes_a_visibility_timeout_after_the_one_before(path):
    visibility_timeout = 1000 * parameter_default("VisibilityTimeout")
    records = records_of(path)
    newest = max((int(record["attributes"]["ApproximateFirstReceiveTimestamp"]) for record in records), default=0)
    for record in records:
        first_received = int(record["attributes"]["ApproximateFirstReceiveTimestamp"])
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        assert first_received + (receives - 1) * visibility_timeout <= newest


def test_no_message_id_and_no_receipt_handle_is_there_twice():
    records = records_of(*BATCH_FILES)
    assert len({record["messageId"] for record in records}) == len(records)
    assert len({record["receiptHandle"] for record in records}) == len(records)


@each_batch
def test_message_ids_are_random_uuids_and_receipt_handles_are_base64(path):
    for record in records_of(path):
        assert str(uuid.UUID(record["messageId"], version=4)) == record["messageId"]
        assert base64.b64decode(record["receiptHandle"], validate=True)


@each_fifo_batch
def test_sequence_numbers_have_twenty_digits_and_rise_within_a_group(path):
    last = {}
    for record in records_of(path):
        number = record["attributes"]["SequenceNumber"]
        group = record["attributes"]["MessageGroupId"]
        assert number.isdecimal()
        assert len(number) == 20
        assert int(number) > last.get(group, 0)
        last[group] = int(number)


@each_fifo_batch
def test_the_messages_of_a_group_stand_together_as_one_receive_gives_them(path):
    groups = [group for group, _ in itertools.groupby(record_groups(path))]
    assert len(groups) == len(set(groups))


@each_fifo_batch
def test_the_account_is_the_group_and_the_movement_the_deduplication_id(path):
    for record in records_of(path):
        if path.stem == "malformed-body" and not record["body"].endswith("}"):
            continue
        movement = json.loads(record["body"])
        assert record["attributes"]["MessageGroupId"] == movement["account"]
        assert record["attributes"]["MessageDeduplicationId"] == movement["movement_id"]


@each_kind
def test_a_last_receive_is_the_templates_default_maximum(kind):
    counts = [int(record["attributes"]["ApproximateReceiveCount"]) for record in event(kind, "last-receive")]
    assert max(counts) == parameter_default("MaxReceiveCount")


@each_kind
def test_a_batch_of_one_has_one_record_and_an_empty_batch_none(kind):
    assert len(event(kind, "batch-of-one")) == 1
    assert event(kind, "empty-batch") == []


@each_kind
def test_a_malformed_body_is_not_json_and_stands_among_good_ones(kind):
    def is_json(body):
        try:
            json.loads(body)
        except json.JSONDecodeError:
            return False
        return True

    assert [is_json(record["body"]) for record in event(kind, "malformed-body")] == [True, False, True]


@of_fifo
@pytest.mark.parametrize(
    ("case", "failing"),
    [
        ("first-fails", [True, False, False]),
        ("middle-fails", [False, True, False]),
        ("last-fails", [False, False, True]),
    ],
)
def test_the_failure_is_in_the_place_the_name_says_and_the_group_is_one(case, failing):
    assert ["fail_attempts" in json.loads(record["body"]) for record in event("fifo", case)] == failing
    assert len(set(record_groups(FOLDERS["fifo"] / f"{case}.json"))) == 1


@of_fifo
def test_several_groups_are_several():
    assert len(set(record_groups(FOLDERS["fifo"] / "several-groups.json"))) == 3


@of_standard
def test_a_failure_on_a_fair_queue_has_others_of_its_group_behind_it():
    first, failing, behind, _ = event("standard", "fair-queue")
    assert "fail_attempts" in json.loads(failing["body"])
    assert len({record["attributes"]["MessageGroupId"] for record in (first, failing, behind)}) == 1


def record_groups(path):
    return [record["attributes"]["MessageGroupId"] for record in records_of(path)]


@functools.cache
def parameter_default(parameter):
    return yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Parameters"][parameter]["Default"]
