"""What cannot be called with a message is an error where it is decorated, and what can is taken."""

import functools
import operator
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest
from partial_batch import Message, batch_handler, bulk_handler

from tests.support import reported, standard_event

both = pytest.mark.parametrize("decorate", [batch_handler, bulk_handler], ids=["batch", "bulk"])


def one(message: Any) -> None: ...
def one_with_default(message: Any = None) -> None: ...
def default_after(message: Any, retries: int = 3) -> None: ...
def positional_only(message: Any, /) -> None: ...
def positional_only_default(message: Any, retries: int = 3, /) -> None: ...
def any_number(*messages: Any) -> None: ...
def one_and_any(message: Any, *more: Any) -> None: ...
def anything(*arguments: Any, **keywords: Any) -> None: ...
def with_keywords(message: Any, **keywords: Any) -> None: ...
def keyword_default(message: Any, *, retries: int = 3) -> None: ...
async def async_one(message: Any) -> None: ...


def none() -> None: ...
def two(message: Any, other: Any) -> None: ...
def handler_of_lambda(event: Any, context: Any) -> None: ...
def two_and_any(message: Any, other: Any, *more: Any) -> None: ...
def keyword_required(message: Any, *, retries: int) -> None: ...
def only_keyword(*, message: Any) -> None: ...
def only_keywords(**keywords: Any) -> None: ...
def any_and_keyword(*messages: Any, retries: int) -> None: ...
async def async_two(message: Any, other: Any) -> None: ...
async def async_none() -> None: ...
def three_positional_only(message: Any, other: Any, third: Any = None, /) -> None: ...


class Consumer:
    def method(self, message: Any) -> None: ...
    def needs_two(self, message: Any, other: Any) -> None: ...
    def needs_none(self) -> None: ...
    async def async_method(self, message: Any) -> None: ...

    @classmethod
    def of_class(cls, message: Any) -> None: ...
    @classmethod
    def of_class_two(cls, message: Any, other: Any) -> None: ...
    @staticmethod
    def static(message: Any) -> None: ...
    @staticmethod
    def static_two(message: Any, other: Any) -> None: ...


class Callable:
    def __call__(self, message: Any) -> None: ...


class Unreadable(Callable):
    def __repr__(self) -> str:
        raise RuntimeError


class CallableOfTwo:
    def __call__(self, message: Any, other: Any) -> None: ...


class CallableOfNone:
    def __call__(self) -> None: ...


class StaticCallable:
    @staticmethod
    def __call__(message: Any) -> None: ...


class ClassCallable:
    @classmethod
    def __call__(cls, message: Any) -> None: ...


class CallableWithDefault:
    def __call__(self, message: Any, retries: int = 3) -> None: ...


class StaticCallableWithDefault:
    @staticmethod
    def __call__(message: Any, retries: int = 3) -> None: ...


class OddCallable:
    __code__ = "not a code object"

    def __call__(self, *arguments: Any) -> None: ...


def three(message: Any, other: Any, third: Any) -> None: ...
def third_with_default(message: Any, other: Any, third: Any = 3) -> None: ...


named_partial = functools.partial(three, 1)
named_partial.name = "so that a partial of it stays one of a partial"  # type: ignore[attr-defined]


def wrapped(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        return function(*arguments, **keywords)

    return wrapper


good = {
    **{
        function.__name__: function
        for function in (
            one,
            one_with_default,
            default_after,
            positional_only,
            positional_only_default,
            any_number,
            one_and_any,
            anything,
            with_keywords,
            keyword_default,
            async_one,
        )
    },
    "lambda": lambda message: None,
    "method": Consumer().method,
    "async method": Consumer().async_method,
    "class method": Consumer.of_class,
    "class method of an object": Consumer().of_class,
    "static method": Consumer.static,
    "staticmethod object": Consumer.__dict__["static"],
    "callable object": Callable(),
    "object without a repr": Unreadable(),
    "its __call__": Callable().__call__,
    "static callable": StaticCallable(),
    "class callable": ClassCallable(),
    "callable object with a default": CallableWithDefault(),
    "static callable with a default": StaticCallableWithDefault(),
    "odd callable": OddCallable(),
    "lambda of self": lambda self: None,
    "wrapper": wrapped(one),
    "wrapper of a method": wrapped(Consumer().method),
    "cached": functools.lru_cache(one),
    "partial": functools.partial(two, 1),
    "partial with a keyword": functools.partial(keyword_required, retries=1),
    "partial with the second by name": functools.partial(two, other=1),
    "partial of a partial": functools.partial(functools.partial(two), 1),
    "partial of a partial with a name": functools.partial(named_partial, 2),
    "partial with the second by name and a default behind it": functools.partial(third_with_default, other=1),
    "partial with any keyword": functools.partial(with_keywords, other=1),
    "partial of a method": functools.partial(Consumer().needs_two, 1),
    "partial of an object": functools.partial(CallableOfTwo(), 1),
    "partial of a builtin": functools.partial(print, 1),
    "single dispatch": functools.singledispatch(one),
    "print": print,
    "len": len,
    "bound builtin": [].append,
    "item getter": operator.itemgetter(0),
    "Mock": Mock(return_value=None),
    "MagicMock": MagicMock(return_value=None),
    "AsyncMock": AsyncMock(return_value=None),
}

bad = {
    **{
        function.__name__: function
        for function in (
            none, two, handler_of_lambda, two_and_any, keyword_required, only_keyword, only_keywords, any_and_keyword,
            async_two, async_none, three_positional_only,
        )
    },
    "lambda of none": lambda: None,
    "lambda of two": lambda message, other: None,
    "method of its class": Consumer.method,
    "async method of its class": Consumer.async_method,
    "method that needs two": Consumer().needs_two,
    "method that needs none": Consumer().needs_none,
    "class method that needs two": Consumer.of_class_two,
    "static method that needs two": Consumer.static_two,
    "staticmethod object that needs two": Consumer.__dict__["static_two"],
    "object that needs two": CallableOfTwo(),
    "object that needs none": CallableOfNone(),
    "partial that lacks one": functools.partial(two),
    "partial that lacks one behind the one by name": functools.partial(three, other=1),
    "partial that has an unknown keyword": functools.partial(one, other=1),
    "partial that has all": functools.partial(one, 1),
    "partial that has one too many": functools.partial(two, 1, 2),
    "partial that has another keyword": functools.partial(keyword_required, other=1),
    "partial that has the first by name": functools.partial(two, message=1),
    "partial of a method that lacks one": functools.partial(Consumer().needs_two),
}  # fmt: skip


@both
@pytest.mark.parametrize("function", good.values(), ids=good)
def test_what_can_be_called_with_one_argument_is_taken(decorate: Any, function: Any) -> None:
    decorate(function)


@both
@pytest.mark.parametrize("function", bad.values(), ids=bad)
def test_what_cannot_is_an_error_at_decoration(decorate: Any, function: Any) -> None:
    wanted = "a message" if decorate is batch_handler else "the list of messages"
    with pytest.raises(TypeError, match=rf"must take {wanted} and nothing else|decorate the bound method"):
        decorate(function)


@pytest.mark.parametrize("name", [name for name, function in good.items() if function not in (async_one,)])
def test_what_is_taken_works(name: str) -> None:
    if name in ("len", "item getter", "bound builtin"):
        return  # a message has no length
    assert reported(batch_handler(good[name])(standard_event("a"))) == []


@both
@pytest.mark.parametrize(
    "function",
    [
        lambda message, lambda_context: None,
        lambda message, lambda_context=None: None,
        lambda message, *, lambda_context: None,
        lambda message, *, lambda_context=None: None,
    ],
)
def test_lambda_context_as_a_parameter_says_how_to_get_it(decorate: Any, function: Any) -> None:
    with pytest.raises(TypeError, match=r"Lambda's context is message\.context"):
        decorate(function)


@pytest.mark.parametrize("function", [none, keyword_required])
def test_what_lacks_an_argument_hears_nothing_of_lambda_s_context(function: Any) -> None:
    with pytest.raises(TypeError) as raised:
        batch_handler(function)
    assert str(raised.value) == f"{function!r} must take a message and nothing else"


def test_what_needs_more_hears_where_lambda_s_context_is() -> None:
    with pytest.raises(TypeError) as raised:
        batch_handler(two)
    assert str(raised.value) == (f"{two!r} must take a message and nothing else; Lambda's context is message.context")


def test_a_generator_function_is_refused_with_the_reason() -> None:
    def generator(message: Any) -> Any:
        yield message

    async def asynchronous(message: Any) -> Any:
        yield message

    for function in (generator, asynchronous):
        with pytest.raises(TypeError) as raised:
            batch_handler(function)
        assert str(raised.value) == f"{function!r} is a generator function: calling it would run nothing of it"


@pytest.mark.filterwarnings("ignore::FutureWarning")  # a later Python binds it
def test_a_callable_object_that_is_called_by_an_async_partial_is_awaited() -> None:
    ran: list[str] = []

    async def work(message: Message) -> None:
        ran.append(message.id)

    class ByPartial:
        __call__ = functools.partial(work)

    assert reported(batch_handler(ByPartial())(standard_event("a"))) == []
    assert ran == ["a"]


def test_a_handler_of_event_and_context_says_how_to_get_the_context() -> None:
    with pytest.raises(TypeError, match=r"Lambda's context is message\.context"):
        batch_handler(handler_of_lambda)


def test_a_method_decorated_in_its_class_is_refused_with_the_way_out() -> None:
    way_out = (
        " is a method, and its class has no object yet; "
        "decorate the bound method: handler = batch_handler(Consumer().method)"
    )
    with pytest.raises(TypeError) as raised:

        class InClass:
            @batch_handler
            def method(self, message: Message) -> None: ...

    assert str(raised.value).endswith(way_out)
    with pytest.raises(TypeError) as raised:
        batch_handler(lambda cls, message: None)
    assert str(raised.value).endswith(way_out)


def test_the_way_out_works() -> None:
    class Shop:
        def __init__(self) -> None:
            self.shipped: list[str] = []

        def ship(self, message: Message) -> None:
            self.shipped.append(message.id)

    shop = Shop()

    assert reported(batch_handler(shop.ship)(standard_event("a", "b"))) == []
    assert shop.shipped == ["a", "b"]


@pytest.mark.parametrize("function", [5, "ship", None.__class__, Consumer, object()], ids=type)
def test_what_is_not_a_function_is_refused(function: Any) -> None:
    with pytest.raises(TypeError, match="a function is needed"):
        batch_handler(function)


hooks = pytest.mark.parametrize("hook", ["on_success", "on_failure"])


@both
@pytest.mark.parametrize("function", good.values(), ids=good)
def test_on_success_is_checked_likewise(decorate: Any, function: Any) -> None:
    if (
        function in (async_one,)
        or getattr(function, "__name__", "") == "async_method"
        or isinstance(function, AsyncMock)
    ):
        with pytest.raises(TypeError, match="nothing awaits an async one"):
            decorate(one, on_success=function)
    else:
        decorate(one, on_success=function)


@both
@pytest.mark.parametrize("function", bad.values(), ids=bad)
def test_an_on_success_that_cannot_be_called_is_refused(decorate: Any, function: Any) -> None:
    with pytest.raises(TypeError):
        decorate(one, on_success=function)


@both
@pytest.mark.parametrize(
    "function", [two, any_number, anything, default_after, CallableOfTwo(), Consumer().needs_two, print, Mock()]
)
def test_an_on_failure_of_a_message_and_an_exception_is_taken(decorate: Any, function: Any) -> None:
    decorate(one, on_failure=function)


@both
@pytest.mark.parametrize("function", [one, none, keyword_default, Consumer().method, Callable()])
def test_an_on_failure_of_anything_else_is_refused(decorate: Any, function: Any) -> None:
    with pytest.raises(TypeError, match="must take a message and an exception and nothing else"):
        decorate(one, on_failure=function)
    with pytest.raises(TypeError, match="on_failure is a plain function; nothing awaits an async one"):
        decorate(one, on_failure=async_two)


@both
def test_a_message_has_the_context_of_its_invocation(decorate: Any) -> None:
    seen = []
    context = Mock(**{"get_remaining_time_in_millis.return_value": 60_000})

    def function(argument: Any) -> None:
        seen.extend(message.context for message in (argument if isinstance(argument, list) else [argument]))

    handler = decorate(function)
    handler(standard_event("a", "b"), context)
    handler(standard_event("a"))

    assert seen == [context, context, None]
