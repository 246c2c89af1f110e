"""What holds for any batch."""

import asyncio
import threading
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from partial_batch import Message, PermanentFailure, _sqs, batch_handler

from tests.support import FIFO_ARN, STANDARD_ARN, record, reported

Outcome = Literal["succeeds", "raises", "is permanent", "is cancelled", "returns a coroutine"]
outcomes = st.sampled_from(Outcome.__args__)  # type: ignore[attr-defined]
batches = st.lists(st.tuples(st.sampled_from("abc"), outcomes), max_size=12)


class Queue:
    """A dead-letter queue that takes what it is told to take."""

    def __init__(self, accepts: bool) -> None:
        self.accepts = accepts
        self.taken: list[str] = []

    def send_message(self, **request: Any) -> None:
        if not self.accepts:
            raise ConnectionError
        self.taken.append(request["MessageAttributes"]["SourceMessageId"]["StringValue"])


@given(
    batch=batches,
    fifo=st.booleans(),
    on_fifo_failure=st.sampled_from(["stop_batch", "skip_group"]),
    is_async=st.booleans(),
    queue_accepts=st.booleans(),
    repeats=st.booleans(),
)
def test_nothing_is_lost_and_no_order_is_broken(
    batch: list[tuple[str, Outcome]],
    fifo: bool,
    on_fifo_failure: Literal["stop_batch", "skip_group"],
    is_async: bool,
    queue_accepts: bool,
    repeats: bool,
) -> None:
    # given a batch of any outcomes, on a standard queue with ids that may stand there twice
    ids = [f"id-{place // 2 if repeats and not fifo else place}" for place in range(len(batch))]
    arn = FIFO_ARN if fifo else STANDARD_ARN
    event = {
        "Records": [
            record(identifier, str(place), arn=arn, group=group)
            for place, (identifier, (group, _)) in enumerate(zip(ids, batch, strict=True))
        ]
    }
    started: list[int] = []
    returned: set[int] = set()

    async def unfinished() -> None: ...

    def work(message: Message) -> object:
        place = int(message.body)
        started.append(place)
        match batch[place][1]:
            case "raises":
                raise ValueError
            case "is permanent":
                raise PermanentFailure
            case "is cancelled":
                raise asyncio.CancelledError
            case "returns a coroutine":
                return unfinished()
        returned.add(place)
        return None

    async def work_async(message: Message) -> object:
        await asyncio.sleep(0)
        return work(message)

    queue = Queue(queue_accepts)

    # when it is handled
    handler: Any = batch_handler(
        work_async if is_async else work, on_fifo_failure=on_fifo_failure, dead_letter_queue="https://queue"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sqs, "_clients", {None: queue})
        back = reported(handler(event))

    # then each message is known to be done, or goes back, once and in the order of the batch
    done = [
        place in returned or (place in started and batch[place][1] == "is permanent" and queue_accepts)
        for place in range(len(batch))
    ]
    assert back == list(dict.fromkeys(identifier for identifier, ok in zip(ids, done, strict=True) if not ok))
    assert len(queue.taken) == sum(batch[place][1] == "is permanent" for place in started) * queue_accepts
    # and on FIFO none ran after an unfinished earlier one: of its group, or of all with stop_batch
    assert started == sorted(started)
    if not fifo:
        assert started == list(range(len(batch)))
    for place in started if fifo else []:
        for earlier in range(place):
            if on_fifo_failure == "stop_batch" or batch[earlier][0] == batch[place][0]:
                assert done[earlier]


@given(st.lists(st.lists(st.booleans(), max_size=5), min_size=2, max_size=3))
def test_invocations_at_once_and_nested_ones_do_not_mix(plans: list[list[bool]]) -> None:
    def ids(number: int) -> list[str]:
        return [f"{number}.{place}" for place in range(len(plans[number]))]

    def event(number: int) -> dict[str, Any]:
        return {"Records": [record(identifier) for identifier in ids(number)]}

    def expected(number: int) -> list[str]:
        return [identifier for identifier, ok in zip(ids(number), plans[number], strict=True) if not ok]

    nested: list[list[str]] = []

    @batch_handler
    def handler(message: Message) -> None:
        number, place = map(int, message.id.split("."))
        if number == 0 and len(plans) > 2:
            nested.append(reported(handler(event(2))))
        if not plans[number][place]:
            raise ValueError

    results: dict[int, list[str]] = {}
    threads = [
        threading.Thread(target=lambda number=number: results.update({number: reported(handler(event(number)))}))
        for number in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == {0: expected(0), 1: expected(1)}
    assert all(back == expected(2) for back in nested)
