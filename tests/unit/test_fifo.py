"""Order on FIFO queues, and what makes a queue FIFO."""

import pytest
from partial_batch import Message, batch_handler

from tests.support import FIFO_ARN, STANDARD_ARN, fifo_event, record, reported, standard_event


def run(event: object, failing: set[str], **options: object) -> tuple[list[str], list[str]]:
    """The messages that were run, and those reported."""
    ran = []

    def function(message: Message) -> None:
        ran.append(message.id)
        if message.id in failing:
            raise ValueError

    return ran, reported(batch_handler(function, **options)(event))  # type: ignore[call-overload]


class TestStopBatch:
    def test_it_is_what_happens_unless_told_otherwise(self) -> None:
        event = fifo_event("a1", "b1", "c1")

        assert run(event, {"b1"}) == run(event, {"b1"}, on_fifo_failure="stop_batch")

    @pytest.mark.parametrize(
        ("failing", "ran", "back"),
        [
            ("a1", ["a1"], ["a1", "b1", "a2"]),
            ("b1", ["a1", "b1"], ["b1", "a2"]),
            ("a2", ["a1", "b1", "a2"], ["a2"]),
        ],
    )
    def test_after_a_failure_nothing_more_is_started_and_the_rest_goes_back(
        self, failing: str, ran: list[str], back: list[str]
    ) -> None:
        assert run(fifo_event("a1", "b1", "a2"), {failing}) == (ran, back)


class TestSkipGroup:
    def test_only_the_rest_of_the_failing_group_goes_back(self) -> None:
        event = fifo_event("a1", "b1", "a2", "b2", "a3")

        assert run(event, {"a2"}, on_fifo_failure="skip_group") == (["a1", "b1", "a2", "b2"], ["a2", "a3"])

    def test_an_async_function_takes_them_in_the_order_of_the_batch_too(self) -> None:
        ran = []

        @batch_handler(on_fifo_failure="skip_group")
        async def handler(message: Message) -> None:
            ran.append(message.id)

        assert reported(handler(fifo_event("a1", "b1", "a2", "b2"))) == []
        assert ran == ["a1", "b1", "a2", "b2"]

    def test_several_groups_can_fail_each_on_its_own(self) -> None:
        event = fifo_event("a1", "b1", "c1", "a2", "b2", "c2")

        ran, back = run(event, {"a1", "b2"}, on_fifo_failure="skip_group")

        assert ran == ["a1", "b1", "c1", "b2", "c2"]
        assert back == ["a1", "a2", "b2"]

    def test_messages_whose_group_is_not_known_count_as_one_group(self) -> None:
        event = {"Records": [record("1", arn=FIFO_ARN), record("2", arn=FIFO_ARN)]}

        assert run(event, {"1"}, on_fifo_failure="skip_group") == (["1"], ["1", "2"])


class TestWhichQueueItIs:
    @pytest.mark.parametrize("option", ["stop_batch", "skip_group"])
    def test_a_message_group_does_not_make_a_standard_queue_fifo(self, option: str) -> None:
        fair = {"Records": [record(name, arn=STANDARD_ARN, group="tenant") for name in ("1", "2", "3")]}

        assert run(fair, {"1"}, on_fifo_failure=option) == (["1", "2", "3"], ["1"])

    @pytest.mark.parametrize("event", [fifo_event("a1", "a2"), standard_event("1", "2")], ids=["fifo", "standard"])
    def test_a_batch_of_one_queue_is_read_without_the_modules_of_other_sources(
        self, event: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def read_other(event: object) -> None:
            raise AssertionError("it is slower")

        monkeypatch.setattr("partial_batch._sources._read_other", read_other)

        assert len(run(event, set())[0]) == 2

    def test_a_standard_queue_with_fifo_in_its_name_is_standard(self) -> None:
        event = {"Records": [record(name, arn=f"{STANDARD_ARN}.fifo-import") for name in ("1", "2")]}

        assert run(event, {"1"}) == (["1", "2"], ["1"])

    @pytest.mark.parametrize("arn", [None, 7, ""])
    def test_a_record_that_does_not_say_is_standard(self, arn: object) -> None:
        event = {"Records": [record(name) | {"eventSourceARN": arn} for name in ("1", "2")]}

        assert run(event, {"1"}) == (["1", "2"], ["1"])
