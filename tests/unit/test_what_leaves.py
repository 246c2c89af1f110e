"""What ends a message and what ends the invocation."""

import asyncio
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from partial_batch import Backoff, Message, OutOfTime, PermanentFailure, RetryLater, batch_handler
from partial_batch._sqs import client as _sqs
from partial_batch.testing import LambdaContext

from tests.support import reported, standard_event
from tests.unit.conftest import SentMessages
from tests.unit.ways import at_once, every_way, one_by_one


class PanicException(BaseException):
    """As of a Rust extension (PyO3)."""


class FunctionTimedOut(BaseException):
    """As of func_timeout."""


class Cancelled(BaseException):
    """As of trio, which lets nobody make one."""

    def __init__(self, *, _it_may_be_made: bool) -> None:
        super().__init__()


class Strange(BaseException):
    """One that cannot be looked at."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise PanicException

    def __getattr__(self, name: str) -> Any:
        raise PanicException


class OddAlarm(OutOfTime):
    alarm = 5  # type: ignore[assignment]


class PartsRaise(BaseExceptionGroup[BaseException]):
    @property
    def exceptions(self) -> Any:
        raise PanicException


class RaisesWhenAsked(type):
    def __subclasscheck__(cls, other: type) -> bool:
        raise PanicException


class NotToBeAsked(Exception, metaclass=RaisesWhenAsked):
    pass


def nested(error: BaseException, deep: int) -> BaseException:
    for _ in range(deep):
        error = BaseExceptionGroup("group", [error])
    return error


of_a_message = pytest.mark.parametrize(
    "error",
    [
        BaseException("any"),
        PanicException("called `Option::unwrap()` on a `None` value"),
        FunctionTimedOut(),
        Cancelled(_it_may_be_made=True),
        Strange(),
        asyncio.CancelledError(),
        StopIteration(),
        StopAsyncIteration(),
        RecursionError(),
        MemoryError(),
        BaseExceptionGroup("two", [PanicException(), asyncio.CancelledError()]),
        nested(PanicException(), 1200),
        OddAlarm(),
        PartsRaise("group", [ValueError()]),
        NotToBeAsked(),
    ],
    ids=lambda error: type(error).__name__,
)
of_the_invocation = pytest.mark.parametrize(
    "error",
    [
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        type("Exit", (SystemExit,), {})(),
        BaseExceptionGroup("one", [ValueError(), SystemExit(1)]),
    ],
    ids=lambda error: type(error).__name__,
)


def raises_on_b(error: BaseException) -> Any:
    def function(message: Message) -> None:
        if message.id == "b":
            raise error

    return function


@one_by_one
@of_a_message
def test_any_other_exception_of_the_function_fails_its_message_only(make: Any, error: BaseException) -> None:
    assert reported(make(raises_on_b(error))(standard_event("a", "b", "c"))) == ["b"]


@of_a_message
def test_so_it_does_when_there_is_a_limit_of_time(error: BaseException) -> None:
    assert reported(batch_handler(raises_on_b(error))(standard_event("a", "b", "c"), LambdaContext(30))) == ["b"]


@at_once
@of_a_message
def test_of_a_bulk_function_it_fails_all_messages(make: Any, error: BaseException) -> None:
    assert reported(make(raises_on_b(error))(standard_event("a", "b", "c"))) == ["a", "b", "c"]


@every_way
@of_a_message
def test_any_other_exception_of_on_success_fails_its_message_only(make: Any, error: BaseException) -> None:
    handler = make(lambda message: None, on_success=raises_on_b(error))

    assert reported(handler(standard_event("a", "b", "c"))) == ["b"]


@every_way
@of_a_message
def test_none_leaves_out_of_error_text_or_on_failure(make: Any, error: BaseException) -> None:
    def raises(*_: object) -> Any:
        raise error

    handler = make(raises, error_text=lambda error: raises(error), on_failure=lambda message, error: raises())

    assert reported(handler(standard_event("a", "b"))) == ["a", "b"]


@every_way
@of_the_invocation
def test_what_ends_the_program_leaves_the_handler(make: Any, error: BaseException) -> None:
    with pytest.raises(type(error)):
        make(raises_on_b(error))(standard_event("a", "b", "c"))


@every_way
@of_the_invocation
def test_so_it_does_out_of_on_success(make: Any, error: BaseException) -> None:
    with pytest.raises(type(error)):
        make(lambda message: None, on_success=raises_on_b(error))(standard_event("a", "b", "c"))


@every_way
@of_the_invocation
def test_reporting_does_not_even_let_that_out(make: Any, error: BaseException) -> None:
    def raises(*_: object) -> Any:
        raise error

    def fails(message: Message) -> None:
        raise ValueError

    handler = make(fails, error_text=lambda error: raises(error), on_failure=lambda message, error: raises())

    assert reported(handler(standard_event("a", "b"))) == ["a", "b"]


def test_a_thread_that_ends_the_program_does_not_wait_for_the_others() -> None:
    go = threading.Event()

    @batch_handler(concurrency=2)
    def handler(message: Message) -> None:
        if message.id == "b":
            sys.exit(1)
        go.wait(10)

    try:
        with pytest.raises(SystemExit):
            handler(standard_event("a", "b"))
    finally:
        go.set()


def test_a_permanent_type_is_told_by_its_class_and_asks_the_exception_nothing(sent: SentMessages) -> None:
    class Never(PermanentFailure):
        @property
        def __class__(self) -> Any:  # type: ignore[override]
            raise PanicException

    sent.accepts()

    def fails(message: Message) -> None:
        raise Never

    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
    assert reported(batch_handler(fails, dead_letter_queue=queue)(standard_event("a"))) == []


@every_way
def test_a_permanent_type_that_raises_when_it_is_asked_costs_no_other_message(make: Any) -> None:
    done = reported(make(raises_on_b(ValueError()), permanent=NotToBeAsked)(standard_event("a", "b", "c")))

    assert done == (["b"] if make.__name__ not in ("make_bulk", "make_async_bulk") else ["a", "b", "c"])


@pytest.mark.parametrize("error", [PanicException(), SystemExit(3), GeneratorExit()], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("option", ["dead_letter_queue", "backoff", "making the client"])
def test_what_a_tracer_raises_around_a_call_to_sqs_costs_no_other_message(
    option: str, error: BaseException, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Client:
        meta = SimpleNamespace(endpoint_url="https://sqs.us-east-1.amazonaws.com")

        def send_message(self, **request: object) -> None:
            raise error

        change_message_visibility_batch = send_message

    def no_client(*_: object, **__: object) -> None:
        raise error

    of_region = {} if option == "making the client" else {None: Client(), "us-east-1": Client()}
    monkeypatch.setattr(_sqs, "_clients", of_region)
    monkeypatch.setattr("botocore.session.Session.create_client", no_client)
    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"
    options: dict[str, Any] = {"backoff": Backoff()} if option == "backoff" else {"dead_letter_queue": queue}

    handler = batch_handler(raises_on_b(PermanentFailure()), **options)

    assert reported(handler(standard_event("a", "b", "c"))) == ["b"]
    assert type(error).__name__ in caplog.text


def retry_with(value: Any) -> Exception:
    class Later(RetryLater):
        def __init__(self) -> None:
            self.seconds = value

    return Later()


class RaisesInSeconds(RetryLater):
    def __init__(self) -> None:
        Exception.__init__(self, "later")

    @property
    def seconds(self) -> float:  # type: ignore[override]
        raise PanicException


nonsense = pytest.mark.parametrize(
    "value",
    ["60", b"60", bytearray(b"60"), float("nan"), float("inf"), -1, -0.5, [5], {}, object(), 10**400, 1j],
    ids=lambda value: repr(value)[:12],
)


@every_way
@nonsense
def test_a_retry_later_of_one_s_own_that_says_nonsense_waits_as_long_as_the_queue_says(
    make: Any, value: Any, sent: SentMessages, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(message: Message) -> None:
        raise retry_with(value)

    assert reported(make(fails)(standard_event("a"))) == ["a"]
    assert sent.hidden == {}
    assert "Later gives no number of seconds to hide it" in caplog.text


@every_way
def test_so_does_one_whose_seconds_raise(make: Any, sent: SentMessages, caplog: pytest.LogCaptureFixture) -> None:
    def fails(message: Message) -> None:
        raise RaisesInSeconds

    assert reported(make(fails)(standard_event("a"))) == ["a"]
    assert sent.hidden == {}
    assert "RaisesInSeconds gives no number of seconds to hide it (PanicException)" in caplog.text


@nonsense
def test_a_backoff_of_one_s_own_that_says_nonsense_waits_as_long_as_the_queue_says(
    value: Any, sent: SentMessages, caplog: pytest.LogCaptureFixture
) -> None:
    class Own(Backoff):
        def delay(self, failures: int) -> Any:
            return value

    handler = batch_handler(raises_on_b(ValueError()), backoff=Own())

    assert reported(handler(standard_event("a", "b", "c"))) == ["b"]
    assert sent.hidden == {}
    assert "Own gives no number of seconds to hide it" in caplog.text


@pytest.mark.parametrize(
    "error", [ValueError(), PanicException(), SystemExit(), KeyboardInterrupt()], ids=lambda error: type(error).__name__
)
def test_so_does_a_backoff_that_raises(
    error: BaseException, sent: SentMessages, caplog: pytest.LogCaptureFixture
) -> None:
    class Own(Backoff):
        def delay(self, failures: int) -> float:
            raise error

    handler = batch_handler(raises_on_b(ValueError()), backoff=Own())

    assert reported(handler(standard_event("a", "b", "c"))) == ["b"]
    assert f"Own gives no number of seconds to hide it ({type(error).__name__})" in caplog.text


class Unsteady:
    """A number the first time, and none the next."""

    def __init__(self) -> None:
        self.said = iter([5.0])

    def __float__(self) -> float:
        return next(self.said, float("nan"))


def test_what_a_retry_later_says_is_asked_once(sent: SentMessages, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    sent.changes_visibility()

    def fails(message: Message) -> None:
        raise retry_with(Unsteady())

    assert reported(batch_handler(fails)(standard_event("a"))) == ["a"]
    assert list(sent.hidden.values()) == [5]
    assert "message a is hidden for 5 s" in caplog.text
