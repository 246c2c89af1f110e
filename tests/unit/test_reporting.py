"""Reporting decides nothing: whatever a log call, a metric or a hook raises, the outcome of the batch stays."""

import gc
import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from partial_batch import Message, PermanentFailure, batch_handler

from tests.support import reported, standard_event
from tests.unit.conftest import SentMessages
from tests.unit.ways import every_way, one_by_one

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
logger = logging.getLogger("partial_batch")

any_error = pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(1), KeyboardInterrupt(), GeneratorExit(), BaseException()], ids=repr
)


@pytest.fixture(autouse=True, scope="module")
def only_new_objects_are_collected() -> None:
    """Keep what other tests have left, which may be mypy's whole tree, out of the collections below."""
    gc.collect()
    gc.freeze()


def fails_on_b(message: Message) -> None:
    if message.id == "b":
        raise ValueError(f"unknown {message.body}")


class Raises:
    """As a filter, a handler or a formatter: raises."""

    level = 0

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, *_: object, **__: object) -> Any:
        raise self.error

    filter = handle = format = __call__


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    factory = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)
    logger.filters.clear()
    logger.handlers.clear()


@every_way
@any_error
@pytest.mark.parametrize("where", ["filter", "handler", "formatter", "factory"])
def test_what_the_user_s_logging_raises_changes_nothing(make: Any, error: BaseException, where: str) -> None:
    raises = Raises(error)
    if where == "filter":
        logger.addFilter(raises)
    elif where == "handler":
        logger.addHandler(raises)  # type: ignore[arg-type]
    elif where == "formatter":
        handler = logging.StreamHandler(io.StringIO())
        handler.setFormatter(raises)  # type: ignore[arg-type]
        handler.handleError = raises  # type: ignore[method-assign]
        logger.addHandler(handler)
    else:
        logging.setLogRecordFactory(raises)
    done = reported(make(fails_on_b)(standard_event("a", "b", "c")))

    assert done == (["b"] if make.__name__ not in ("make_bulk", "make_async_bulk") else ["a", "b", "c"])


def test_fields_that_a_record_factory_sets_are_not_refused(caplog: pytest.LogCaptureFixture) -> None:
    factory = logging.getLogRecordFactory()

    def with_fields(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        record = factory(*arguments, **keywords)
        for name in ("message_id", "message_group_id", "receive_count", "error_type", "outcome", "message_ids"):
            setattr(record, name, "of the user")
        return record

    logging.setLogRecordFactory(with_fields)

    assert reported(batch_handler(fails_on_b)(standard_event("a", "b"))) == ["b"]
    [line] = caplog.records
    assert line.__dict__["message_id"] == "of the user"
    assert line.__dict__["partial_batch_message_id"] == "b"


def test_after_the_copy_was_sent_a_log_that_raises_does_not_bring_the_message_back(sent: SentMessages) -> None:
    sent.accepts()
    logger.addFilter(Raises(KeyError("message_id")))

    @batch_handler(dead_letter_queue=QUEUE)
    def handler(message: Message) -> None:
        raise PermanentFailure

    assert reported(handler(standard_event("a"))) == []


@one_by_one
@any_error
def test_on_failure_may_raise_whatever_it_likes(
    make: Any, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    handler = make(fails_on_b, on_failure=lambda message, reason: Raises(error)())

    assert reported(handler(standard_event("a", "b", "c"))) == ["b"]
    assert "on_failure raised for message b" in caplog.text


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "None"])
def test_a_stream_that_is_gone_changes_nothing(stream: str, closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, stream, gone if closed else None)
    handler = batch_handler(fails_on_b, metrics_namespace="Orders")

    assert reported(handler(standard_event("a", "b"))) == ["b"]


def test_reports_that_fail_are_told_of_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.addFilter(Raises(ZeroDivisionError()))
    handler = batch_handler(lambda message: 1 / 0, metrics_namespace="Orders")
    monkeypatch.setattr(sys, "stdout", None)

    assert reported(handler(standard_event("a", "b", "c"))) == ["a", "b", "c"]
    assert capsys.readouterr().err == "partial_batch: a report failed with ZeroDivisionError; it changes nothing\n"


class OddContext:
    @property
    def function_name(self) -> str:
        raise RuntimeError

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def test_a_context_without_a_readable_name_costs_no_message() -> None:
    assert reported(batch_handler(fails_on_b, metrics_namespace="X")(standard_event("a", "b"), OddContext())) == ["b"]


class NoText(Exception):
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


class ExitsAsText(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class BadNotes(Exception):
    __notes__ = 5  # type: ignore[assignment]


class NotesRaise(Exception):
    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        raise SystemExit


class OddModule(Exception):
    __module__ = 5  # type: ignore[assignment]


class Empty(Exception):
    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        raise RuntimeError


class LiesAboutItself(Exception):
    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise RuntimeError


class TruthRaises(Exception):
    def __bool__(self) -> bool:
        raise RuntimeError


class TracebackRaises(Exception):
    @property
    def __traceback__(self) -> Any:  # type: ignore[override]
        raise RuntimeError


class PartsRaise(BaseExceptionGroup[BaseException]):
    @property
    def exceptions(self) -> Any:
        raise RuntimeError


def caused_by(cause: BaseException) -> Exception:
    error = ValueError("caused")
    error.__cause__ = cause
    return error


def with_note(note: Any) -> Exception:
    error = ValueError("no")
    error.__notes__ = [note]
    return error


def cycle() -> Exception:
    one, two = ValueError("one \ud800"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    return one


def chain(of: int) -> Exception:
    error = ValueError("last")
    for number in range(of):
        outer = ValueError(f"number {number}")
        outer.__cause__ = error
        error = outer
    return error


def nested_groups(of: int) -> Exception:
    error: Exception = ValueError("\ud800")
    for _ in range(of):
        error = ExceptionGroup("in a group", [error])
    return error


odd_errors = pytest.mark.parametrize(
    "make_error",
    [
        lambda: ValueError("unknown \ud800"),
        NoText,
        ExitsAsText,
        BadNotes,
        NotesRaise,
        OddModule,
        Empty,
        LiesAboutItself,
        lambda: with_note("\udfff"),
        lambda: with_note(NoText()),
        lambda: KeyError(NoText()),
        lambda: OSError(5, "\ud800"),
        lambda: ExceptionGroup("\ud800", [ValueError("\ud801"), NoText()]),
        cycle,
        TruthRaises,
        lambda: caused_by(TruthRaises()),
        TracebackRaises,
        lambda: caused_by(TracebackRaises()),
        lambda: PartsRaise("group", [ValueError()]),
        lambda: caused_by(PartsRaise("group", [ValueError()])),
        lambda: chain(5000),
        lambda: nested_groups(30),
        lambda: nested_groups(3000),
        lambda: ExceptionGroup("wide", [NoText() for _ in range(20_000)]),
        lambda: OddModule("\ud800"),
        lambda: SyntaxError("no", ("order", 1, 1, "\ud800", 1, 1)),
        lambda: SyntaxError("no", ("\ud800", 1, 1, "\ud800", 1, 1)),
    ],
    ids=lambda make: getattr(make, "__name__", "")[:20],
)


@every_way
@odd_errors
def test_an_exception_with_any_text_fails_its_message_with_one_line(
    make: Any, make_error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The sink of Lambda encodes strictly."""
    log = io.BytesIO()
    strict = logging.StreamHandler(io.TextIOWrapper(log, encoding="utf-8", write_through=True))
    strict.handleError = Raises(AssertionError("not encoded"))  # type: ignore[method-assign]
    logger.addHandler(strict)

    def fails(message: Message) -> None:
        raise make_error()

    handler = make(fails, raise_if_all_failed=False)

    assert reported(handler(standard_event("a"))) == ["a"]
    assert len(caplog.records) == 1
    assert log.getvalue().startswith(b"message a failed with ")
    del strict
    gc.collect()


@odd_errors
def test_so_is_the_cause_of_what_is_raised_when_all_failed(make_error: Any) -> None:
    def fails(message: Message) -> None:
        raise make_error()

    with pytest.raises(RuntimeError, match="all 1 messages") as raised:
        batch_handler(fails, raise_if_all_failed=True)(standard_event("a"))
    str(raised.value.__cause__).encode()
