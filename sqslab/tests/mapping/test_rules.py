"""The rules of an SQS event source mapping, one after the other, as AWS documents them.

Each test is named after its rule. One with `both` runs on the simulator in virtual time and on the emulator in real
time. `world` is the simulator alone, `stage` has clients that play a part: such a test says why. The others are about
pure functions.
"""

import base64
import itertools
import json
import random
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from sqslab.mapping.concurrency import DEFAULT_LIMIT, ConcurrencyLimit
from sqslab.mapping.event_source_mapping import EventSourceMapping, refusal
from sqslab.mapping.events import (
    BatchDone,
    BatchKept,
    BatchReceived,
    BatchThrottled,
    ConcurrencyChanged,
    MappingQuestioned,
    MessagesFiltered,
    MessagesLeft,
)
from sqslab.mapping.record import MOST_PAYLOAD_BYTES
from sqslab.queues import Backlog
from sqslab_testing.world import ACCOUNT

NOTHING = "def lambda_handler(event, context): pass"
EMPTY = Backlog(0, 0)


def described(**changes):
    return {"UUID": "u", "EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", "FunctionArn": "a:b"} | changes


def failing(*ids):
    return json.dumps({"batchItemFailures": [{"itemIdentifier": name} for name in ids]})


def sizes_of(functions):
    return [len(event["Records"]) for event in functions.events]


# 1: sizes


def test_rule_1_batch_size_is_ten_unless_said(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *["{}"] * 11)
    with both.mapped(url, "def lambda_handler(event, context): note(len(event['Records']))"):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert max(both.notes()) == 10
    assert EventSourceMapping.from_api(described()).batch_size == 10


@pytest.mark.parametrize(
    ("queue", "size", "window", "refused"),
    [
        ("q", 10_000, 1, False),
        ("q", 10_001, 1, True),
        ("q", 0, 0, True),
        ("q.fifo", 10, 0, False),
        ("q.fifo", 11, 0, True),
        ("q.fifo", 10, 1, True),
    ],
)
def test_rule_1_a_batch_is_at_most_10_000_and_on_fifo_10_without_a_window(make_mapping, queue, size, window, refused):
    mapping = make_mapping(queue_arn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}", batch_size=size, window=window)
    assert (refusal(mapping) is not None) == refused


def test_rule_1_a_large_batch_reaches_the_function_at_once(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *["{}"] * 25)
    both.poller(both.mapping(url, NOTHING, batch_size=25, window=60)).poll_once()
    assert [len(told.deliveries) for told in both.of(BatchReceived)] == [25]
    assert both.left(url) == EMPTY


# 2: the window


@pytest.mark.parametrize(
    ("size", "window", "refused"), [(10, 0, False), (11, 0, True), (11, 1, False), (1, 300, False), (1, 301, True)]
)
def test_rule_2_more_than_ten_need_a_window_and_it_is_at_most_300_seconds(make_mapping, size, window, refused):
    assert (refusal(make_mapping(batch_size=size, window=window)) is not None) == refused


def test_rule_2_a_mapping_without_the_window_it_needs_is_told_and_not_polled(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, "{}")
    with both.mapped(url, NOTHING, BatchSize=11):
        assert [(told.polled, told.mapping.batch_size) for told in both.of(MappingQuestioned)] == [(False, 11)]
    assert both.left(url) == Backlog(1, 0)


# 3: when it invokes


def test_rule_3_what_comes_within_the_window_is_one_batch(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, "first")
    with both.polling(both.mapping(url, "def lambda_handler(event, context): note(bodies(event))", window=3)):
        both.wait_for(lambda: both.left(url).in_flight)
        both.send(url, "second")
        both.wait_for(both.notes)
    assert both.notes() == [["first", "second"]]


def test_rule_3_it_invokes_when_the_window_ends(world):  # in virtual time only: the moment is exact
    invoked_at = []
    url = world.queue(VisibilityTimeout=600)
    world.send(url, "{}")
    with world.polling(world.mapping(url, lambda *_: invoked_at.append(world.clock.monotonic()), window=20)):
        world.clock.wait(None, 15)
        world.send(url, "{}")
        world.wait_for(lambda: invoked_at)
    assert invoked_at == [20]
    assert [len(told.deliveries) for told in world.of(BatchReceived)] == [2]


def test_rule_3_it_invokes_when_the_batch_is_full(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *["{}"] * 12)
    source = "def lambda_handler(event, context): note(len(event['Records']))"
    with both.polling(both.mapping(url, source, batch_size=12, window=300)):
        both.wait_for(both.notes)
    assert both.notes() == [12]


def test_rule_3_a_batch_over_6_mb_reaches_the_function_in_two(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *[str(number) * 1_040_000 for number in range(7)])
    source = "def lambda_handler(event, context): note([body[0] for body in bodies(event)])"
    with both.polling(both.mapping(url, source, maximum_concurrency=2)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert sorted(both.notes()) == [list("012345"), ["6"]]


def test_rule_3_it_invokes_at_6_mb_and_the_rest_goes_into_the_next_batch(stage, make_mapping, make_message):
    # a part is played, to see every request; given messages of almost 1 MiB each
    stage.sqs.get_queue_attributes = lambda **_: {"Attributes": {"VisibilityTimeout": "30"}}
    payloads = []
    invoke = stage.functions.invoke
    stage.functions.invoke = lambda **request: (payloads.append(len(request["Payload"])), invoke(**request))[1]
    stage.sqs.batches = [[make_message(str(number), body="x" * 1_040_000) for number in range(10)]]
    poller = stage.poller(make_mapping(batch_size=100, window=300))
    # when
    poller.poll_once()
    poller.stop()  # or the second batch would wait for its window
    poller.poll_once()
    # then
    assert sizes_of(stage.functions) == [6, 4]
    assert max(payloads) <= MOST_PAYLOAD_BYTES
    assert len(stage.deleted()) == 10
    assert len(stage.sqs.receives) == 1


def test_rule_3_what_counts_is_the_size_of_the_json(stage, make_mapping, make_message):
    stage.sqs.get_queue_attributes = lambda **_: {"Attributes": {"VisibilityTimeout": "30"}}
    # a part is played: so many large messages at once
    stage.sqs.batches = [[make_message(str(number), body='"' * 1_040_000) for number in range(10)]]
    poller = stage.poller(make_mapping())
    for _ in range(5):
        poller.poll_once()
    assert sizes_of(stage.functions) == [3, 3, 3, 1]  # a quotation mark takes two bytes


def test_rule_3_what_was_held_until_it_is_visible_again_is_not_used(world):  # in virtual time: exact moments
    url = world.queue(VisibilityTimeout=30)
    events = []
    for number in range(7):
        world.send(url, str(number) * 1_040_000)
    mapping = world.mapping(url, lambda event, _: events.append([record["body"][0] for record in event["Records"]]))
    poller = world.poller(mapping)
    poller.poll_once()
    world.clock.wait(None, 31)
    poller.poll_once()
    assert events == [["0", "1", "2", "3", "4", "5"], ["6"]]
    assert world.left(url) == EMPTY
    assert [delivery.receive_count for delivery in world.of(BatchReceived)[1].deliveries] == [2]


def test_rule_3_a_fifo_batch_over_6_mb_goes_in_order_and_stops_at_a_failure(both):
    url = both.queue(fifo=True, VisibilityTimeout=5)
    for group in "ab":
        both.send(url, *(f"{group}{number}" + "x" * 1_040_000 for number in range(5)), group=group)
    source = """
def lambda_handler(event, context):
    note([body[:2] for body in bodies(event)])
    counts = [record["attributes"]["ApproximateReceiveCount"] for record in event["Records"]]
    return failing([r for r, n in zip(event["Records"], counts) if r["body"].startswith("b0") and n == "1"])
"""
    with both.polling(both.mapping(url, source)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert both.notes() == [["a0", "a1", "a2", "a3", "a4", "b0"], ["b0", "b1", "b2", "b3", "b4"]]
    assert [len(told.message_ids) for told in both.of(MessagesLeft)] == [4]


def test_rule_3_a_fifo_batch_over_6_mb_takes_as_many_invocations_as_it_needs(both):
    url = both.queue(fifo=True, VisibilityTimeout=600)
    both.send(url, *(str(number) * 1_040_000 for number in range(8)), group="g")
    source = "def lambda_handler(event, context): note(''.join(body[0] for body in bodies(event)))"
    both.poller(both.mapping(url, source)).poll_once()
    assert both.notes() == ["012345", "67"]
    assert both.left(url) == EMPTY


# 4: timeouts


@pytest.mark.parametrize(("visibility", "questioned"), [(60, False), (59, True)])
def test_rule_4_a_function_that_may_outlast_the_visibility_timeout_is_told(both, visibility, questioned):
    url = both.queue(VisibilityTimeout=visibility)
    with both.mapped(url, NOTHING):  # its timeout is 60 s
        pass
    assert [told.polled for told in both.of(MappingQuestioned)] == [True] * questioned


# 5 and 6: the response. Byte by byte in test_response_contract.py, on the emulator in
# test_invalid_response_on_emulator.py.


ANSWERS = "def lambda_handler(event, context): return json.loads(bodies(event)[0])"  # with a batch size of one
SUCCESSES = ["null", "{}", '{"batchItemFailures": []}', '{"batchItemFailures": null}', '""']
INVALID = [
    failing(""),
    failing(None),
    failing("unknown"),
    '{"batchItemFailures": [{"messageId": "a"}]}',
    '{"batchItemFailures": {}}',
    '"x"',
]


def test_rule_5_an_empty_or_null_list_or_response_is_a_success(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *SUCCESSES)
    with both.polling(both.mapping(url, ANSWERS, batch_size=1)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert both.of(BatchKept) == []


def test_rule_5_an_answer_of_no_bytes_is_a_success(stage, make_mapping, make_message):
    # a part is played: what a Python function returns is at least `null`
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.answer = b""
    stage.poller(make_mapping()).poll_once()
    assert stage.deleted() == ["handle of a", "handle of b"]


def test_rule_6_an_invalid_response_fails_the_whole_batch(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *INVALID)
    with both.polling(both.mapping(url, ANSWERS, batch_size=1)):
        both.wait_for(lambda: len(both.of(BatchKept)) == len(INVALID))
    assert both.left(url) == Backlog(0, len(INVALID))
    assert all("response is invalid" in told.reason for told in both.of(BatchKept))


def test_rule_6_what_is_no_json_fails_the_whole_batch(stage, make_mapping, make_message):
    # a part is played: what a Python function returns is always JSON
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.answer = b"{"
    stage.poller(make_mapping()).poll_once()
    assert stage.deleted() == []


# 7 and 8: what becomes of the messages


@pytest.mark.parametrize("reports", [True, False])
def test_rule_7_a_function_that_fails_fails_the_whole_batch(both, reports):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, "{}", "{}")
    source = "def lambda_handler(event, context): raise ValueError('no')"
    both.poller(both.mapping(url, source, reports_item_failures=reports)).poll_once()
    [kept] = both.of(BatchKept)
    assert kept.reason.startswith("the function failed: ")
    assert kept.reason.endswith(": no")
    assert both.left(url) == Backlog(0, 2)


def test_rule_7_without_report_batch_item_failures_any_return_is_a_success(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *SUCCESSES, *INVALID)
    with both.polling(both.mapping(url, ANSWERS, batch_size=1, reports_item_failures=False)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert both.of(BatchKept) == []


def test_rule_7_code_that_cannot_be_loaded_fails_the_whole_batch(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, "{}", "{}")
    mapping = both.mapping(url, "import there_is_no_such_module\ndef lambda_handler(event, context): pass")
    both.poller(mapping).poll_once()
    [kept] = both.of(BatchKept)
    assert "no_such_module" in kept.reason
    assert both.left(url) == Backlog(0, 2)


def test_rule_8_failures_wait_out_their_visibility_timeout_and_come_back(world):  # in virtual time: exact moments
    url = world.queue(VisibilityTimeout=30)
    world.send(url, "good", "bad")
    received = []

    def handler(event, _):
        received.extend((record["body"], world.clock.monotonic()) for record in event["Records"])
        failed = [record for record in event["Records"] if record["body"] == "bad" and len(received) < 4]
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}

    with world.polling(world.mapping(url, handler)):
        world.wait_for(lambda: world.left(url) == EMPTY)
    assert received == [("good", 0), ("bad", 0), ("bad", 30), ("bad", 60)]


def test_rule_8_successes_are_deleted_and_failures_come_back(both):
    url = both.queue(VisibilityTimeout=5)
    both.send(url, "good", "bad")
    source = """
def lambda_handler(event, context):
    for record in event["Records"]:
        note([record["body"], record["attributes"]["ApproximateReceiveCount"]])
    return failing(r for r in event["Records"]
                   if r["body"] == "bad" and r["attributes"]["ApproximateReceiveCount"] == "1")
"""
    with both.polling(both.mapping(url, source)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert sorted(both.notes()) == [["bad", "1"], ["bad", "2"], ["good", "1"]]


# 9: errors and throttling


def pace(**options):
    return ConcurrencyLimit(16, 0, ramp=False, **options)


def test_rule_9_function_errors_reduce_the_concurrency_and_successes_bring_it_back():
    # by how much is not documented: to half, and one more each time
    one = pace()
    for expected in (8, 4, 2, 1, 1):
        one.after_error()
        assert one.allowed(0) == expected
    for expected in [*range(2, 17), 16]:
        one.after_success()
        assert one.allowed(0) == expected


def test_rule_9_while_a_function_cannot_be_invoked_one_batch_at_a_time_probes_it():
    one = pace()
    one.after_no_invocation(100)
    assert (one.allowed(100), one.not_before) == (1, 100.5)
    one.after_no_invocation(101)
    assert one.not_before == 102
    one.after_success()
    assert one.allowed(102) == 16


@pytest.mark.parametrize(
    ("outcome", "reduces"), [("raise ValueError", True), ("return failing(event['Records'])", False)]
)
def test_rule_9_function_errors_reduce_it_and_reported_failures_do_not(both, outcome, reduces):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *["{}"] * 6)
    source = f"def lambda_handler(event, context):\n    note(1)\n    {outcome}"
    with both.polling(both.mapping(url, source, batch_size=1, maximum_concurrency=4)):
        both.wait_for(lambda: len(both.of(BatchDone)) + len(both.of(BatchKept)) == 6)
    assert [told.reduced_to for told in both.of(ConcurrencyChanged)][-1:] == [1] * reduces


@pytest.mark.parametrize("fails", [True, False], ids=["function error", "reported failure"])
def test_rule_9_after_errors_fewer_run_at_once(world, fails):  # in virtual time only: how many overlap is exact
    running, most = 0, []

    def handler(event, _):
        nonlocal running
        running += 1
        most.append(running)
        world.clock.wait(None, 1)
        running -= 1
        if fails:
            raise ValueError
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}

    url = world.queue(VisibilityTimeout=600)
    world.send(url, *["{}"] * 60)
    mapping = world.mapping(url, handler, batch_size=1, maximum_concurrency=4)
    with world.polling(mapping):
        world.wait_for(lambda: len(most) == 60)
    assert max(most) == 4
    assert max(most[-20:]) == (1 if fails else 4)


def test_that_fewer_run_at_once_is_said_once_while_errors_go_on(world):
    invocations = 0

    def handler(_event, _context):
        nonlocal invocations
        invocations += 1
        if invocations <= 60 and invocations % 3:  # some succeed in between, and bring it back a little
            raise ValueError

    url = world.queue(VisibilityTimeout=600)
    world.send(url, *["{}"] * 120)
    with world.polling(world.mapping(url, handler, batch_size=1, maximum_concurrency=8)):
        world.wait_for(lambda: invocations == 120)
    told = [change.reduced_to for change in world.of(ConcurrencyChanged)]
    assert told == [*sorted({one for one in told if one}, reverse=True), None]
    assert 1 in told


def test_rule_9_throttled_invocations_are_tried_again(both):
    url = both.queue(VisibilityTimeout=60)
    both.send(url, *["{}"] * 4)
    mapping = both.mapping(url, "def lambda_handler(event, context): pause(0.5)", batch_size=1)
    functions, name = both.clients.functions, mapping.function_name
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with both.polling(mapping):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert both.of(BatchThrottled)
    assert {delivery.receive_count for told in both.of(BatchReceived) for delivery in told.deliveries} == {1}


def test_rule_9_a_function_that_is_always_throttled_gets_the_batch_when_it_may(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, "{}")
    mapping = both.mapping(url, NOTHING)
    functions, name = both.clients.functions, mapping.function_name
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with both.polling(mapping):
        both.wait_for(lambda: both.of(BatchThrottled))
        functions.delete_function_concurrency(FunctionName=name)
        both.wait_for(lambda: both.of(BatchDone))
    assert len(both.of(BatchReceived)) == 1


def test_rule_9_throttled_messages_are_let_go_when_their_visibility_timeout_ends(both):
    url = both.queue(VisibilityTimeout=2)
    both.send(url, "{}")
    mapping = both.mapping(url, NOTHING)
    both.clients.functions.put_function_concurrency(FunctionName=mapping.function_name, ReservedConcurrentExecutions=0)
    with both.polling(mapping):
        both.wait_for(lambda: len(both.of(BatchReceived)) == 2)
    assert "throttled" in both.of(BatchKept)[0].reason
    assert both.of(BatchReceived)[1].deliveries[0].receive_count == 2


def test_rule_9_stopping_lets_a_throttled_batch_go(both):
    url = both.queue(VisibilityTimeout=43_200)
    both.send(url, "{}")
    mapping = both.mapping(url, NOTHING)
    both.clients.functions.put_function_concurrency(FunctionName=mapping.function_name, ReservedConcurrentExecutions=0)
    with both.polling(mapping):
        both.wait_for(lambda: both.of(BatchThrottled))
    assert both.left(url) == Backlog(0, 1)


# 10 and 11: FIFO


def test_rule_10_what_a_fifo_function_reports_after_its_first_failure_comes_back_in_order(both):
    url = both.queue(fifo=True, VisibilityTimeout=5)
    both.send(url, *"012345", group="g")
    source = """
def lambda_handler(event, context):
    note("".join(bodies(event)))
    first = event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1"
    return failing(event["Records"][2:] if first else [])
"""
    with both.polling(both.mapping(url, source)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert both.notes() == ["012345", "2345"]


def test_rule_11_a_fifo_batch_mixes_groups(both):
    url = both.queue(fifo=True)
    both.send(url, "a0", "a1", group="a")
    both.send(url, "b0", group="b")
    both.poller(both.mapping(url, "def lambda_handler(event, context): note(bodies(event))")).poll_once()
    [batch] = both.notes()
    assert sorted(batch) == ["a0", "a1", "b0"]
    assert batch.index("a0") < batch.index("a1")


class Order:
    """Notes what a function does, and whether an order within a group is broken."""

    def __init__(self, clock, chance, slowest):
        self.clock, self.chance, self.slowest = clock, chance, slowest
        self.done = {}
        self.in_work = Counter()
        self.most = 0

    def handler(self, event, context):
        records = event["Records"]
        groups = {record["attributes"]["MessageGroupId"] for record in records}
        for group in groups:
            assert not self.in_work[group], "a group is in two invocations"
        self.in_work.update(groups)
        self.most = max(self.most, len(+self.in_work))
        try:
            self.clock.wait(None, self.chance.random() * self.slowest)
            if self.chance.random() < 0.1:
                raise ValueError
            failed = set()
            for record in records:
                group, number = record["body"].split("-")[:2]
                if group in failed or self.chance.random() < 0.2:
                    failed.add(group)
                    continue
                before = self.done.get(group, -1)
                assert int(number) <= before + 1, "a message overtook an earlier one"
                self.done[group] = max(before, int(number))
            return {
                "batchItemFailures": [
                    {"itemIdentifier": record["messageId"]}
                    for record in records
                    if record["body"].split("-")[0] in failed and self.is_open(record["body"])
                ]
            }
        finally:
            self.in_work.subtract(groups)

    def is_open(self, body):
        group, number = body.split("-")[:2]
        return int(number) > self.done.get(group, -1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("padding", [0, 1_040_000], ids=["small", "over 6 MB"])
@pytest.mark.parametrize("slowest", [5, 45], ids=["in time", "outlasting the visibility timeout"])
def test_rule_11_an_order_within_a_group_is_never_broken(world, seed, padding, slowest):
    # in virtual time only: given many groups, a function that fails at random, and more time than a message is hidden
    order = Order(world.clock, random.Random(seed), slowest)
    bugs = []

    def handler(event, context):
        try:
            return order.handler(event, context)
        except AssertionError as error:
            bugs.append(str(error))
            raise

    url = world.queue(fifo=True, VisibilityTimeout=30)
    count = 4 if padding else 12
    for group in "abcdef":
        world.send(url, *(f"{group}-{number}-{'x' * padding}" for number in range(count)), group=group)
    mapping = world.mapping(url, (handler, {"timeout": 900}))
    # when
    with world.polling(mapping):
        world.wait_for(lambda: bugs or world.left(url) == EMPTY)
    # then
    assert bugs == []
    assert order.done == dict.fromkeys("abcdef", count - 1)


def test_rule_11_what_a_function_makes_visible_again_while_it_runs_follows_its_invocation(both):
    # given a function that gives messages back itself, as the layer does with those it has not started
    url = both.queue(fifo=True, VisibilityTimeout=600)
    both.send(url, *"012", group="g")
    source = f"""
def lambda_handler(event, context):
    if event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1":
        for record in event["Records"]:
            sqs().change_message_visibility(
                QueueUrl={url!r}, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0)
        pause(2)
        note(["".join(bodies(event)), "ends"])
        return failing(event["Records"])
    note(["".join(bodies(event)), "again"])
"""
    with both.polling(both.mapping(url, source)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert both.notes() == [["012", "ends"], ["012", "again"]]
    assert [told.deliveries[0].receive_count for told in both.of(BatchReceived)] == [1, 2]


def test_rule_11_groups_run_side_by_side_and_each_in_its_order(both):
    url = both.queue(fifo=True, VisibilityTimeout=600)
    for group in "abcd":
        both.send(url, *(f"{group} {number}" for number in range(12)), group=group)
    with both.polling(both.mapping(url, "def lambda_handler(event, context): note(bodies(event))")):
        both.wait_for(lambda: both.left(url) == EMPTY)
    done = [body for batch in both.notes() for body in batch]
    for group in "abcd":
        assert [body for body in done if body[0] == group] == [f"{group} {number}" for number in range(12)]


# 12: concurrency


def test_rule_12_a_standard_queue_begins_with_five_and_gets_300_more_a_minute():
    one = ConcurrencyLimit(1000, 0, ramp=True)
    assert [one.allowed(seconds) for seconds in (0, 1, 60, 198, 199, 1000)] == [5, 10, 305, 995, 1000, 1000]


@pytest.mark.parametrize(("value", "refused"), [(None, False), (1, True), (2, False), (1000, False), (1001, True)])
def test_rule_12_maximum_concurrency_is_2_to_1000(make_mapping, value, refused):
    assert (refusal(make_mapping(maximum_concurrency=value)) is not None) == refused


@pytest.mark.parametrize("limit", [2, 4])
def test_rule_12_no_more_batches_at_once_than_the_mapping_allows(both, limit):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *["{}"] * 16)
    source = "def lambda_handler(event, context):\n    note(1)\n    pause(0.3)\n    note(-1)"
    with both.polling(both.mapping(url, source, batch_size=1, maximum_concurrency=limit)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert max(itertools.accumulate(both.notes())) == limit


@pytest.mark.parametrize(("maximum", "at_last"), [(None, DEFAULT_LIMIT), (2, 2), (1000, 1000)])
def test_rule_12_a_mapping_without_a_maximum_gets_what_this_machine_carries(stage, make_mapping, maximum, at_last):
    # about the limit alone: a thousand batches at once are more than the emulator and this machine carry
    poller = stage.poller(make_mapping(maximum_concurrency=maximum))
    assert poller._concurrency_limit.allowed(float("inf")) == at_last


def test_rule_12_invocations_run_side_by_side(both, tmp_path):
    # given a function that returns when three of them are there
    source = f"""
import pathlib
def lambda_handler(event, context):
    here = pathlib.Path({str(tmp_path)!r})
    (here / event["Records"][0]["messageId"]).with_suffix(".there").touch()
    while len(list(here.glob("*.there"))) < 3:
        pause(0.01)
"""
    url = both.queue(VisibilityTimeout=600)
    both.send(url, *["{}"] * 3)
    with both.polling(both.mapping(url, source, batch_size=1, maximum_concurrency=3)):
        both.wait_for(lambda: len(both.of(BatchDone)) == 3)
    assert both.left(url) == EMPTY


def test_rule_12_on_fifo_a_group_is_in_one_batch_at_most(both):
    url = both.queue(fifo=True, VisibilityTimeout=600)
    both.send(url, *map(str, range(25)), group="g")
    source = """
def lambda_handler(event, context):
    note("begin")
    pause(0.3)
    note("end")
    note(bodies(event))
"""
    with both.polling(both.mapping(url, source)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    notes = both.notes()
    assert set(zip(notes[::3], notes[1::3], strict=True)) == {("begin", "end")}
    assert [body for batch in notes[2::3] for body in batch] == list(map(str, range(25)))


# 13: filters; the operators are in test_filters.py

CRITERIA = {"Filters": [{"Pattern": '{"body": {"kind": ["a"]}}'}, {"Pattern": '{"body": {"kind": ["b"]}}'}]}


def test_rule_13_what_matches_no_filter_is_deleted_without_an_invocation(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, '{"kind": "a"}', '{"kind": "c"}', "plain", '{"kind": "b"}')
    source = "def lambda_handler(event, context): note(bodies(event))"
    with both.mapped(url, source, FilterCriteria=CRITERIA, ScalingConfig={"MaximumConcurrency": 7}):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert sorted(body for batch in both.notes() for body in batch) == ['{"kind": "a"}', '{"kind": "b"}']
    assert sum(len(told.deleted) for told in both.of(MessagesFiltered)) == 2
    assert sum(len(told.deleted) for told in both.of(BatchDone)) == 2
    assert both.of(BatchDone)[0].mapping.maximum_concurrency == 7


def test_rule_13_nothing_is_invoked_when_nothing_matches(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, "plain")
    mapping = both.mapping(url, "def lambda_handler(event, context): note(1)", filters=('{"body": {"x": [1]}}',))
    both.poller(mapping).poll_once()
    assert both.left(url) == EMPTY
    assert both.notes() == both.of(BatchReceived) == []


def test_rule_13_filtered_messages_do_not_count_for_the_batch(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, "no", "yes", "no", "yes", "no", "yes")
    source = "def lambda_handler(event, context): note(bodies(event))"
    mapping = both.mapping(url, source, batch_size=3, window=300, filters=('{"body": ["yes"]}',))
    both.poller(mapping).poll_once()
    assert both.notes() == [["yes"] * 3]
    assert both.left(url) == EMPTY


@pytest.mark.parametrize(("count", "refused"), [(5, False), (10, False), (11, True)])
def test_rule_13_there_are_five_filters_or_ten_with_a_raised_quota(make_mapping, count, refused):
    assert (refusal(make_mapping(filters=('{"body": ["x"]}',) * count)) is not None) == refused


def test_rule_13_a_mapping_with_an_invalid_filter_is_told_and_deletes_nothing(both):
    url = both.queue(VisibilityTimeout=600)
    both.send(url, '{"x": "abc"}')
    criteria = {"Filters": [{"Pattern": '{"body": {"x": [{"wildcard": "a*"}]}}'}]}
    with both.mapped(url, NOTHING, FilterCriteria=criteria):
        [told] = both.of(MappingQuestioned)
    assert (told.polled, told.reason) == (False, "wildcard is no operator of Lambda's filters")
    assert both.left(url) == Backlog(1, 0)


# 14: the record; in full in test_record_shape.py


def test_rule_14_a_record_is_as_lambda_makes_it(both):
    url = both.queue(fifo=True)
    body = '{"a": 1.0, "a":2,\t"ü": "\\u00fc 😀"}  '
    both.clients.sqs.send_message(
        QueueUrl=url,
        MessageBody=body,
        MessageGroupId="g",
        MessageDeduplicationId="d",
        MessageAttributes={
            "Text": {"StringValue": "ü", "DataType": "String"},
            "Blob": {"BinaryValue": b"\x00\xff", "DataType": "Binary"},
        },
    )
    mapping = both.mapping(url, "def lambda_handler(event, context): note(event)")
    both.poller(mapping).poll_once()
    [event] = both.notes()
    [record] = event["Records"]
    assert record["body"] == body
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", mapping.queue_arn)
    assert record["awsRegion"] == "us-east-1"
    assert record["attributes"].keys() >= {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageGroupId",
        "MessageDeduplicationId",
    }
    lists = {"stringListValues": [], "binaryListValues": []}
    assert record["messageAttributes"] == {
        "Text": lists | {"stringValue": "ü", "dataType": "String"},
        "Blob": lists | {"binaryValue": base64.b64encode(b"\x00\xff").decode(), "dataType": "Binary"},
    }
    assert {"messageId", "receiptHandle", "md5OfBody", "md5OfMessageAttributes"} <= record.keys()


def test_rule_14_a_group_on_a_standard_queue_is_passed_on_and_means_no_order(both, tmp_path):
    url = both.queue(VisibilityTimeout=600)
    for body in "xy":
        both.clients.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    # given a function that returns when both are there
    source = f"""
import pathlib
def lambda_handler(event, context):
    [record] = event["Records"]
    note(record["attributes"]["MessageGroupId"])
    here = pathlib.Path({str(tmp_path)!r})
    (here / record["body"]).with_suffix(".there").touch()
    while len(list(here.glob("*.there"))) < 2:
        pause(0.01)
"""
    with both.polling(both.mapping(url, source, batch_size=1)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert both.notes() == ["g", "g"]


# 15: deletes that fail


def test_rule_15_a_message_that_could_not_be_deleted_is_told_and_comes_back(both, monkeypatch):
    url = both.queue(VisibilityTimeout=5)
    both.send(url, "{}")
    delete, refuse = both.clients.sqs.delete_message_batch, [True]

    def delete_or_not(**request):
        if refuse:
            refuse.clear()
            raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "DeleteMessageBatch")
        return delete(**request)

    monkeypatch.setattr(both.clients.sqs, "delete_message_batch", delete_or_not)
    source = """
def lambda_handler(event, context):
    note([record["attributes"]["ApproximateReceiveCount"] for record in event["Records"]])
"""
    with both.polling(both.mapping(url, source)):
        both.wait_for(lambda: both.left(url) == EMPTY)
    assert both.notes() == [["1"], ["2"]]
    assert [list(told.undeleted.values()) for told in both.of(BatchDone)] == [["InternalError: no"], []]


def test_rule_15_a_message_that_is_gone_already_is_told(both):
    # given a function that deletes its message itself
    url = both.queue(VisibilityTimeout=600)
    source = f"""
def lambda_handler(event, context):
    for record in event["Records"]:
        sqs().delete_message(QueueUrl={url!r}, ReceiptHandle=record["receiptHandle"])
"""
    both.send(url, "{}")
    both.poller(both.mapping(url, source)).poll_once()
    [done] = both.of(BatchDone)
    assert len(done.deleted) + len(done.undeleted) == 1
    assert both.left(url) == EMPTY
