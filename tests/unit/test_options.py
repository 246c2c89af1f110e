"""A wrong option or function is an error at decoration, not at the first message."""

from functools import partial
from typing import Any

import pytest
from partial_batch import Backoff, Message, batch_handler


async def async_hook(*arguments: object) -> None: ...


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"on_fifo_failure": "stop"}, ValueError, "'stop_batch' or 'skip_group', not 'stop'"),
        ({"on_fifo_failure": 7}, ValueError, "not 7"),
        ({"concurrency": 0}, ValueError, "concurrency is at least 1"),
        ({"concurrency": 2.0}, TypeError, "concurrency is a whole number"),
        ({"concurrency": True}, TypeError, "concurrency is a whole number"),
        (
            {"concurrency": 2, "on_fifo_failure": "stop_batch"},
            ValueError,
            "^with concurrency above 1, on_fifo_failure is 'skip_group': groups run side by side$",
        ),
        ({"backoff": 5}, TypeError, "backoff is a Backoff"),
        ({"backoff": Backoff}, TypeError, "backoff is a Backoff"),
        ({"max_receive_count": 0, "dead_letter_queue": "https://q"}, ValueError, "max_receive_count is at least 1"),
        ({"max_receive_count": "3", "dead_letter_queue": "https://q"}, TypeError, "max_receive_count is a whole"),
        ({"max_receive_count": 3}, ValueError, "^max_receive_count needs a dead_letter_queue to send messages to$"),
        ({"time_reserve": -1}, ValueError, "time_reserve is 0 seconds or more"),
        ({"time_reserve": float("nan")}, ValueError, "time_reserve"),
        ({"time_reserve": float("inf")}, ValueError, "time_reserve"),
        ({"time_reserve": "1"}, TypeError, "time_reserve is a number"),
        (
            {"metrics_namespace": ""},
            ValueError,
            "^metrics_namespace is empty; it is a CloudWatch namespace or None$",
        ),
        ({"metrics_namespace": 7}, TypeError, "metrics_namespace is a CloudWatch"),
        ({"on_success": "print"}, TypeError, "a function is needed"),
        ({"on_success": async_hook}, TypeError, "on_success is a plain function"),
        ({"on_failure": async_hook}, TypeError, "on_failure is a plain function"),
        ({"dead_letter_queue": ""}, ValueError, "^dead_letter_queue is empty; it is the URL of a queue or None$"),
        ({"dead_letter_queue": 7}, TypeError, "dead_letter_queue is the URL"),
        ({"permanent": "ValueError"}, TypeError, "not 'ValueError'"),
        ({"permanent": (ValueError, int)}, TypeError, "not <class 'int'>"),
        ({"permanent": [ValueError]}, TypeError, "permanent is one or a tuple"),
        ({"permanent": KeyboardInterrupt}, TypeError, "KeyboardInterrupt"),
        ({"permanent": ValueError("an instance")}, TypeError, "permanent is one or a tuple"),
        ({"raise_if_all_failed": "no"}, TypeError, "True or False"),
        ({"retries": 3}, TypeError, "retries"),
    ],
)
def test_a_wrong_option_is_refused_with_and_without_a_function(
    options: dict[str, Any], error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        batch_handler(**options)
    with pytest.raises(error, match=complaint):
        batch_handler(print, **options)


def generator(message: Message) -> Any:
    yield message


async def async_generator(message: Message) -> Any:
    yield message


class GeneratorCallable:
    def __call__(self, message: Message) -> Any:
        yield message


@pytest.mark.parametrize("function", [generator, async_generator, GeneratorCallable(), partial(generator)])
def test_a_generator_function_is_refused_since_calling_it_runs_nothing(function: Any) -> None:
    with pytest.raises(TypeError, match="generator function"):
        batch_handler(function)
    with pytest.raises(TypeError, match="generator function"):
        batch_handler(permanent=ValueError)(function)


@pytest.mark.parametrize("function", ["a name", 7, GeneratorCallable])
def test_what_is_no_function_is_refused(function: Any) -> None:
    with pytest.raises(TypeError, match="a function is needed"):
        batch_handler(function)


@pytest.mark.parametrize("permanent", [ValueError, (ValueError, KeyError), ()])
def test_permanent_takes_what_an_except_clause_takes(permanent: Any) -> None:
    batch_handler(print, permanent=permanent)


def test_it_is_used_bare_with_options_or_as_a_call() -> None:
    @batch_handler
    def bare(message: Message) -> None: ...

    @batch_handler()
    def empty(message: Message) -> None: ...

    @batch_handler(on_fifo_failure="skip_group")
    def with_options(message: Message) -> None: ...

    for handler in (bare, empty, with_options, batch_handler(print)):
        assert handler({"Records": []}) == {"batchItemFailures": []}
        assert handler({"Records": []}, object()) == {"batchItemFailures": []}
