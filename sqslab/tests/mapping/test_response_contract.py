"""Both halves of the contract on
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting"""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqslab.mapping.response import InvalidResponse, failed_message_ids

BATCH = ["id-1", "id-2", "id-3"]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"{}",
        b"[]",
        b'""',
        b'{"batchItemFailures": []}',
        b'{"batchItemFailures": null}',
        b'{"statusCode": 200}',
        b' \n{ "batchItemFailures" : [ ] } \n',
    ],
)
def test_a_response_that_names_no_failure_is_a_success(payload):
    assert failed_message_ids(payload, BATCH) == frozenset()


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (b'{"batchItemFailures": [{"itemIdentifier": "id-2"}]}', {"id-2"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "id-3"}, {"itemIdentifier": "id-1"}]}', {"id-1", "id-3"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "id-2"}, {"itemIdentifier": "id-2"}]}', {"id-2"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "id-2", "reason": 1}], "more": {}}', {"id-2"}),
    ],
    ids=["one", "two in any order", "one twice", "with keys of its own"],
)
def test_the_messages_named_failed(payload, failed):
    assert failed_message_ids(payload, BATCH) == failed


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"{", "not JSON"),
        (b"batchItemFailures", "not JSON"),
        (b'{"batchItemFailures": []} trailing', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'"done"', "a string, not an object"),
        (b"true", "a boolean, not an object"),
        (b"false", "a boolean, not an object"),
        (b"0", "a number, not an object"),
        (b'["id-1"]', "a list, not an object"),
        (b'{"batchItemFailures": ""}', "batchItemFailures is a string, not a list"),
        (b'{"batchItemFailures": {}}', "batchItemFailures is an object, not a list"),
        (b'{"batchItemFailures": {"itemIdentifier": "id-1"}}', "batchItemFailures is an object, not a list"),
        (b'{"batchItemFailures": false}', "batchItemFailures is a boolean, not a list"),
        (b'{"batchItemFailures": ["id-1"]}', "[0] is a string, not an object"),
        (b'{"batchItemFailures": [null]}', "[0] is null, not an object"),
        (b'{"batchItemFailures": [{}]}', "[0] has no itemIdentifier"),
        (b'{"batchItemFailures": [{"messageId": "id-1"}]}', "[0] has no itemIdentifier"),
        (b'{"batchItemFailures": [{"ItemIdentifier": "id-1"}]}', "[0] has no itemIdentifier"),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', "[0].itemIdentifier is null, not a string"),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', "[0].itemIdentifier is empty"),
        (b'{"batchItemFailures": [{"itemIdentifier": 1}]}', "[0].itemIdentifier is a number, not a string"),
        (b'{"batchItemFailures": [{"itemIdentifier": ["id-1"]}]}', "[0].itemIdentifier is a list, not a string"),
        (b'{"batchItemFailures": [{"itemIdentifier": "id-9"}]}', "[0].itemIdentifier is not the id of a message"),
        (b'{"batchItemFailures": [{"itemIdentifier": "ID-1"}]}', "[0].itemIdentifier is not the id of a message"),
        (b'{"batchItemFailures": [{"itemIdentifier": "id-1"}, {}]}', "[1] has no itemIdentifier"),
    ],
)
def test_an_invalid_response_fails_the_batch_and_says_why(payload, says):
    with pytest.raises(InvalidResponse) as caught:
        failed_message_ids(payload, BATCH)
    assert says in str(caught.value)


def test_no_value_of_the_response_is_quoted():
    payload = b'{"batchItemFailures": [{"itemIdentifier": "secret"}]}'
    with pytest.raises(InvalidResponse) as caught:
        failed_message_ids(payload, BATCH)
    assert "secret" not in str(caught.value)


@given(st.sets(st.sampled_from(BATCH)))
def test_what_a_correct_function_reports_is_what_is_read(failed):
    payload = json.dumps({"batchItemFailures": [{"itemIdentifier": name} for name in failed]}).encode()
    assert failed_message_ids(payload, BATCH) == failed


KEYS = st.sampled_from(["batchItemFailures", "itemIdentifier", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(JSON)
def test_whatever_a_function_returns_is_read_or_refused(value):
    try:
        failed = failed_message_ids(json.dumps(value).encode(), BATCH)
    except InvalidResponse:
        return
    assert failed <= set(BATCH)


@given(st.binary())
def test_whatever_bytes_come_are_read_or_refused(payload):
    with contextlib.suppress(InvalidResponse):
        assert failed_message_ids(payload, BATCH) <= set(BATCH)
