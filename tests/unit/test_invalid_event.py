"""Events that are no batch of messages."""

import pytest
from partial_batch import InvalidEvent, batch_handler

from tests.support import record, standard_event


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        (None, "the event is a NoneType"),
        ([], "the event is a list"),
        ("Records", "the event is a str"),
        ({}, "^the event has no Records$"),
        ({"httpMethod": "GET"}, "has no Records"),
        ({"Records": None}, "Records is a NoneType"),
        ({"Records": {"messageId": "1"}}, "Records is a dict"),
        ({"Records": [record("1"), None]}, r"Records\[1\] is a NoneType"),
        ({"Records": ["1"]}, r"Records\[0\] is a str"),
        ({"Records": [record("1"), {"body": "secret"}]}, r"Records\[1\]\.messageId is missing"),
        ({"Records": [record("")]}, r"Records\[0\]\.messageId is empty"),
        ({"Records": [record("1") | {"messageId": 7}]}, r"Records\[0\]\.messageId is a int, not a string"),
        ({"Records": [record("1") | {"messageId": None}]}, r"Records\[0\]\.messageId is a NoneType"),
    ],
)
def test_it_says_what_is_wrong_and_where_before_anything_is_run(event: object, complaint: str) -> None:
    ran: list[object] = []

    with pytest.raises(InvalidEvent, match=complaint) as raised:
        batch_handler(ran.append)(event)

    assert isinstance(raised.value, ValueError)
    assert "secret" not in str(raised.value)
    assert ran == []


def test_the_event_is_not_changed() -> None:
    event = standard_event("1", "2")

    batch_handler(lambda message: message.json())(event)

    assert event == standard_event("1", "2")
