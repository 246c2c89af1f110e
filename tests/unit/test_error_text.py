"""`error_text`: what an exception may say in the log line, the traceback and the dead letter."""

import json
import logging
import traceback
from typing import Any

import pytest
from partial_batch import Message, PermanentFailure, batch_handler

from tests.support import reported, standard_event
from tests.unit.conftest import SentMessages
from tests.unit.ways import every_way

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
SECRET = "4111-1111"


class Invalid(Exception):
    """As pydantic's: its text holds what it was given."""


def direct() -> Exception:
    return Invalid(f"input_value={SECRET}")


def caused() -> Exception:
    error = ValueError("not an order")
    error.__cause__ = direct()
    return error


def while_handling() -> Exception:
    error = ValueError("not an order")
    error.__context__ = caused()
    return error


def in_a_group() -> Exception:
    return ExceptionGroup(f"of {SECRET}", [ValueError("a"), ExceptionGroup("inner", [direct(), caused()])])


def group_as_cause() -> Exception:
    error = ValueError("not an order")
    error.__cause__ = in_a_group()
    return error


def noted() -> Exception:
    error = ValueError("not an order")
    error.add_note(f"input_value={SECRET}")
    return error


def unreadable() -> Exception:
    try:
        compile(f"{SECRET} =", "order", "exec")
    except SyntaxError as error:
        return error
    raise AssertionError


def not_json() -> Exception:
    try:
        json.loads(f'"{SECRET}')
    except ValueError as error:
        error.args = (SECRET, *error.args[1:])
        return error
    raise AssertionError


def key() -> Exception:
    return KeyError(SECRET)


def own_text() -> Exception:
    class Own(Exception):
        def __str__(self) -> str:
            return SECRET

        __repr__ = __str__

    return Own()


leaks = pytest.mark.parametrize(
    "make_error",
    [direct, caused, while_handling, in_a_group, group_as_cause, noted, unreadable, not_json, key, own_text],
    ids=lambda make: make.__name__,
)
texts = pytest.mark.parametrize("error_text", [None, lambda error: "a text of ours"], ids=["None", "function"])


def written(record: logging.LogRecord) -> str:
    return logging.Formatter().format(record) + repr({k: v for k, v in vars(record).items() if k != "exc_info"})


@every_way
@leaks
@texts
def test_no_line_holds_more_than_it_allows(
    make: Any, make_error: Any, error_text: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(message: Message) -> None:
        raise make_error()

    def fails_too(message: Message, error: BaseException) -> None:
        raise make_error()

    assert reported(make(fails, error_text=error_text, on_failure=fails_too)(standard_event("a"))) == ["a"]

    lines = [written(record) for record in caplog.records]
    assert len(lines) == 2
    assert SECRET not in "".join(lines)
    for line in lines:
        assert "Traceback" in line
        assert type(make_error()).__name__ in line
        assert ("a text of ours" in line) == (error_text is not None)
    assert "in fails" in lines[0]


@leaks
@texts
def test_nor_does_what_is_raised_when_all_failed(make_error: Any, error_text: Any) -> None:
    def fails(message: Message) -> None:
        raise make_error()

    with pytest.raises(RuntimeError) as raised:
        batch_handler(fails, error_text=error_text, raise_if_all_failed=True)(standard_event("a"))

    assert SECRET not in "".join(traceback.format_exception(raised.value))


class RaisesWhenCut(str):
    __slots__ = ()

    def __getitem__(self, part: object) -> str:
        raise RuntimeError

    def __format__(self, how: str) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error_text", "said"),
    [
        (str, SECRET),
        (lambda error: "ours", "ours"),
        (lambda error: RaisesWhenCut("ours"), "ours"),
        (None, None),
        (lambda error: 5, None),
        (lambda error: b"ours", None),
        (lambda error: bytearray(b"ours"), None),
        (lambda error: 1 / 0, None),
    ],
)
def test_the_dead_letter_says_what_it_allows(error_text: Any, said: str | None, sent: SentMessages) -> None:
    sent.accepts()

    def fails(message: Message) -> None:
        raise PermanentFailure(SECRET)

    handler = batch_handler(fails, dead_letter_queue=QUEUE, error_text=error_text)

    assert reported(handler(standard_event("a"))) == []
    attributes = sent.requests[0]["MessageAttributes"]
    assert attributes["ErrorType"]["StringValue"] == "PermanentFailure"
    assert attributes.get("ErrorMessage", {}).get("StringValue") == said


def test_by_default_all_is_said(caplog: pytest.LogCaptureFixture) -> None:
    def fails(message: Message) -> None:
        raise noted() from caused()

    batch_handler(fails)(standard_event("a"))

    assert caplog.text.count(SECRET) == 2


def test_on_failure_gets_the_exception_itself() -> None:
    got = []
    error = direct()

    def fails(message: Message) -> None:
        raise error

    batch_handler(fails, error_text=None, on_failure=lambda message, reason: got.append(reason))(standard_event("a"))

    assert got == [error]


async def asynchronous(error: BaseException) -> str:
    return ""


@pytest.mark.parametrize(
    "error_text", ["str", 5, asynchronous, lambda: "", lambda error, message: "", lambda error, *, message: ""]
)
def test_what_cannot_be_called_with_an_exception_is_an_error_at_decoration(error_text: Any) -> None:
    with pytest.raises(TypeError, match=r"error_text|must take an exception"):
        batch_handler(lambda message: None, error_text=error_text)


@pytest.mark.parametrize("error_text", [str, repr, lambda error: "", lambda *errors: "", ascii, "{}".format, None])
def test_what_can_is_taken(error_text: Any) -> None:
    batch_handler(lambda message: None, error_text=error_text)
