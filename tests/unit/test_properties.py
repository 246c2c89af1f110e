"""What holds for any batch."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any, Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from partial_batch import Backoff, Message, OutOfTime, PermanentFailure, RetryLater, batch_handler
from partial_batch._sqs import client as _sqs

from tests.support import FIFO_ARN, STANDARD_ARN, Context, record, reported
from tests.unit.conftest import Clock

Outcome = Literal[
    "succeeds", "raises", "asks for later", "is permanent", "is cancelled", "is out of time", "returns a coroutine"
]
Source = Literal["standard", "fifo", "stream"]


class Sqs:
    """The calls the layer makes; some of them fail, with and without having been carried out."""

    meta = SimpleNamespace(endpoint_url="https://sqs.us-east-1.amazonaws.com")

    def __init__(self, behaviour: Iterator[str]) -> None:
        self.behaviour = behaviour
        self.dead_letters: list[str] = []
        self.answered: list[str] = []
        self.hidden: dict[str, int] = {}

    def send_message(self, **request: Any) -> dict[str, str]:
        behaviour = next(self.behaviour)
        identifier = request["MessageAttributes"]["SourceMessageId"]["StringValue"]
        if behaviour != "fails":
            self.dead_letters.append(identifier)
        if behaviour != "works":
            raise ConnectionError
        self.answered.append(identifier)
        return {"MessageId": "new", "MD5OfMessageBody": hashlib.md5(request["MessageBody"].encode()).hexdigest()}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        assert 1 <= len(request["Entries"]) <= 10
        behaviour = next(self.behaviour)
        if behaviour != "works":
            raise ConnectionError
        for entry in request["Entries"]:
            assert 0 <= entry["VisibilityTimeout"] <= 42_000
            assert entry["ReceiptHandle"] not in self.hidden
            self.hidden[entry["ReceiptHandle"]] = entry["VisibilityTimeout"]
        return {"Failed": [{"Id": "0", "Code": "x"}]}


@st.composite
def batches(draw: st.DrawFn) -> list[tuple[str, str, Outcome, int, int]]:
    """Messages: id, group, outcome, receive count, and the seconds the function takes."""
    groups = draw(st.sampled_from(["a", "ab", "abc"]))
    outcomes = st.sampled_from(draw(st.sampled_from([get_args(Outcome), ("succeeds", "is permanent", "raises")])))
    size = draw(st.integers(0, 14))
    duplicates = draw(st.booleans())
    return [
        (
            f"id-{place // 2 if duplicates else place}",
            draw(st.sampled_from(groups)),
            draw(outcomes),
            draw(st.integers(1, 4)),
            draw(st.sampled_from([0, 0, 0, 20])),
        )
        for place in range(size)
    ]


@given(
    batch=batches(),
    source=st.sampled_from(get_args(Source)),
    options=st.fixed_dictionaries(
        {},
        optional={
            "on_fifo_failure": st.just("skip_group"),
            "concurrency": st.integers(1, 4),
            "backoff": st.just(Backoff(base=2)),
            "max_receive_count": st.integers(1, 3),
        },
    ),
    is_async=st.booleans(),
    with_context=st.booleans(),
    sqs_behaviour=st.lists(st.sampled_from(["works", "works", "fails", "works without answering"])),
)
def test_nothing_is_lost_and_no_order_is_broken(
    batch: list[tuple[str, str, Outcome, int, int]],
    source: Source,
    options: dict[str, Any],
    is_async: bool,
    with_context: bool,
    sqs_behaviour: list[str],
) -> None:
    # given a batch of any outcomes, and SQS calls that may fail
    ids = [identifier for identifier, *_ in batch]
    groups = [group for _, group, *_ in batch]
    arn = FIFO_ARN if source == "fifo" else STANDARD_ARN
    records = [
        record(identifier, str(place), arn=arn, group=group, receive_count=count)
        | {"receiptHandle": str(place), "place": place}
        for place, (identifier, group, _, count, _) in enumerate(batch)
    ]
    if source == "stream":
        for place, entry in enumerate(records):
            del entry["messageId"]
            entry |= {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": ids[place], "data": ""}}
    clock = Clock()
    started: list[int] = []
    returned: set[int] = set()

    async def unfinished() -> None: ...

    def work(message: Message) -> object:
        place = message.record["place"]
        started.append(place)
        _, _, outcome, _, seconds = batch[place]
        clock.now += seconds
        match outcome:
            case "raises":
                raise ValueError
            case "asks for later":
                raise RetryLater(60)
            case "is permanent":
                raise PermanentFailure
            case "is cancelled":
                raise asyncio.CancelledError
            case "is out of time":
                raise OutOfTime
            case "returns a coroutine":
                return unfinished()
        returned.add(place)
        return None

    async def work_async(message: Message) -> object:
        await asyncio.sleep(0)
        return work(message)

    sqs = Sqs(chain(sqs_behaviour, repeat("works")))

    # when it is handled
    end = ".fifo" if source == "fifo" else ""
    handler: Any = batch_handler(work_async if is_async else work, dead_letter_queue=f"https://queue{end}", **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sqs, "_clients", {None: sqs, "us-east-1": sqs})
        for module in (
            "_runners.event_loop",
            "clock",
            "_runners.bulk",
            "_runners.in_order",
            "_runners.threads",
            "_sqs.client",
            "_runners.tasks",
            "side_by_side",
        ):
            patch.setattr(f"partial_batch.{module}.monotonic", clock)
        back = reported(handler({"Records": records}, clock if with_context else None))

    # then the response is what the documented contract allows: ids of the batch, in its order, each once
    assert back == [identifier for identifier in dict.fromkeys(ids) if identifier in back]
    # and each message that is missing from it is known to be done
    done = [place in returned or ids[place] in sqs.answered for place in range(len(batch))]
    unfinished_ids = [identifier for identifier, ok in zip(ids, done, strict=True) if not ok]
    no_duplicates = len(set(ids)) == len(ids)
    if source == "stream":
        assert back == unfinished_ids[:1] or not no_duplicates
        assert len(back) <= 1
    else:
        assert set(unfinished_ids) <= set(back)
        assert back == unfinished_ids or not no_duplicates
    # and each message was run at most once, and all of them if nothing forbids it
    assert len(started) == len(set(started))
    if source == "standard" and not with_context:
        assert len(started) == len(batch)
    # and nothing ran after an unfinished earlier one: of its group, or of all where the batch stops
    if source != "standard":
        skip_group = source == "fifo" and ("on_fifo_failure" in options or options.get("concurrency", 1) > 1)
        for position, place in enumerate(started):
            for earlier in range(place):
                if not skip_group or groups[earlier] == groups[place]:
                    assert done[earlier]
                    assert earlier in started[:position]
    # and what was changed of the visibility are messages that go back, and never those of a stream
    assert all(ids[int(handle)] in back for handle in sqs.hidden)
    assert source != "stream" or sqs.hidden == {}


@given(
    plans=st.lists(st.lists(st.booleans(), max_size=5), min_size=2, max_size=3),
    kind=st.sampled_from(["plain", "async", "threads", "tasks"]),
    with_context=st.booleans(),
)
def test_invocations_at_once_and_nested_ones_do_not_mix(plans: list[list[bool]], kind: str, with_context: bool) -> None:
    def ids(number: int) -> list[str]:
        return [f"{number}.{place}" for place in range(len(plans[number]))]

    def invoke(number: int) -> list[str]:
        event = {"Records": [record(identifier) for identifier in ids(number)]}
        return reported(handler(event, Context(60) if with_context else None))

    def expected(number: int) -> list[str]:
        return [identifier for identifier, ok in zip(ids(number), plans[number], strict=True) if not ok]

    nested: list[list[str]] = []

    def work(message: Message) -> None:
        number, place = map(int, message.id.split("."))
        if number == 0 and len(plans) > 2:
            nested.append(invoke(2))
        if not plans[number][place]:
            raise ValueError

    async def work_async(message: Message) -> None:
        await asyncio.sleep(0)
        work(message)

    handler: Any = batch_handler(
        work_async if kind in ("async", "tasks") else work, concurrency=2 if kind in ("threads", "tasks") else 1
    )
    # when one invocation runs here, on the main thread, and one beside it
    results: dict[int, list[str]] = {}
    beside = threading.Thread(target=lambda: results.update({1: invoke(1)}))
    beside.start()
    results[0] = invoke(0)
    beside.join()

    assert results == {0: expected(0), 1: expected(1)}
    assert nested == ([expected(2)] * len(plans[0]) if len(plans) > 2 else [])
