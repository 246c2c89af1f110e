"""The rules of an SQS event source mapping, one after the other, as AWS documents them.

Each test is named after its rule. `stage` has clients that play a part; `world` is the simulator in virtual time;
`real` is the emulator.
"""

import base64
import contextlib
import itertools
import json
import random
from collections import Counter

import pytest
from botocore.exceptions import ClientError

from local.clients import Clients
from local.clock import RealClock, VirtualClock
from local.happenings import (
    BatchDone,
    BatchKept,
    BatchReceived,
    BatchThrottled,
    ConcurrencyChanged,
    MappingQuestioned,
    MessagesFiltered,
    MessagesLeft,
)
from local.mappings import EventSourceMapping, refusal
from local.pace import DEFAULT_LIMIT, Pace
from local.poller import Poller
from local.pollers import Pollers
from local.queues import Backlog, backlog
from local.record import MOST_PAYLOAD_BYTES
from local.simulator import SimulatedFunctions, SimulatedSqs
from local.trouble import Troubles

ACCOUNT = "000000000000"
names = (f"rules-{number}" for number in itertools.count())


class World:
    """A queue, a function and a poller between them."""

    def __init__(self, clients, clock, make_mapping, make_function, wait_for):
        self.clients = clients
        self.clock = clock
        self.wait_for = wait_for
        self.told = []
        self._make_mapping = make_mapping
        self._make_function = make_function

    def queue(self, *, fifo=False, **attributes):
        name = next(names) + ".fifo" * fifo
        settings = {key: str(value) for key, value in attributes.items()} | ({"FifoQueue": "true"} if fifo else {})
        return self.clients.sqs.create_queue(QueueName=name, Attributes=settings)["QueueUrl"]

    def send(self, url, *bodies, group=None):
        for number, body in enumerate(bodies):
            fifo = {"MessageGroupId": group, "MessageDeduplicationId": f"{group}-{number}"} if group else {}
            self.clients.sqs.send_message(QueueUrl=url, MessageBody=body, **fifo)

    def mapping(self, url, function, **changes):
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[-1]}"
        return self._make_mapping(queue_arn=arn, function_arn=self._make_function(function), **changes)

    def poller(self, mapping):
        return Poller(mapping, self.clients, self.told.append, Troubles("endpoint", self.told.append), self.clock)

    @contextlib.contextmanager
    def polling(self, mapping):
        poller = self.poller(mapping)
        poller.start()
        try:
            yield poller
        finally:
            poller.stop()
            poller.join()
        poller.check()

    def left(self, url):
        return backlog(self.clients.sqs, url)

    def of(self, kind):
        return [happening for happening in self.told if isinstance(happening, kind)]


@pytest.fixture
def world(make_mapping):
    """In virtual time; a function is a Python callable, or a tuple of one and its options."""
    with VirtualClock() as clock:
        functions = SimulatedFunctions(clock)

        def make_function(function):
            handler, options = function if isinstance(function, tuple) else (function, {})
            return functions.add_function(next(names), handler, **options)

        def wait_for(condition, seconds=100_000):
            while not condition():
                assert clock.monotonic() < seconds, "the condition was not met in time"
                clock.wait(None, 0.05)

        clients = Clients(sqs=SimulatedSqs(clock), functions=functions, s3=None, cloudformation=None)
        yield World(clients, clock, make_mapping, make_function, wait_for)


@pytest.fixture
def real(clients, make_mapping, make_function, wait_for):
    """On the emulator; a function is its source."""
    return World(clients, RealClock(), make_mapping, lambda source: make_function(next(names), source), wait_for)


def described(**changes):
    return {"UUID": "u", "EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", "FunctionArn": "a:b"} | changes


def failing(*ids):
    return json.dumps({"batchItemFailures": [{"itemIdentifier": name} for name in ids]}).encode()


def sizes_of(functions):
    return [len(event["Records"]) for event in functions.events]


# 1: sizes


def test_rule_1_batch_size_is_ten_unless_said(stage):
    mapping = EventSourceMapping.from_api(described())
    assert (mapping.batch_size, mapping.window, mapping.maximum_concurrency, mapping.filters) == (10, 0, None, ())


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


def test_rule_1_a_large_batch_reaches_a_real_function(real):
    url = real.queue(VisibilityTimeout=600)
    for _ in range(25):
        real.send(url, "{}")
    mapping = real.mapping(url, "def lambda_handler(event, context): pass", batch_size=25, window=60)
    real.poller(mapping).poll_once()
    assert [len(told.deliveries) for told in real.of(BatchReceived)] == [25]
    assert real.left(url) == Backlog(0, 0)


# 2: the window


@pytest.mark.parametrize(
    ("size", "window", "refused"), [(10, 0, False), (11, 0, True), (11, 1, False), (1, 300, False), (1, 301, True)]
)
def test_rule_2_more_than_ten_need_a_window_and_it_is_at_most_300_seconds(make_mapping, size, window, refused):
    assert (refusal(make_mapping(batch_size=size, window=window)) is not None) == refused


# 3: when it invokes


def test_rule_3_it_invokes_when_the_window_ends(world):
    invoked_at = []
    url = world.queue(VisibilityTimeout=600)
    world.send(url, "{}")
    with world.polling(world.mapping(url, lambda *_: invoked_at.append(world.clock.monotonic()), window=20)):
        world.clock.wait(None, 15)
        world.send(url, "{}")
        world.wait_for(lambda: invoked_at)
    assert invoked_at == [20]
    assert [len(told.deliveries) for told in world.of(BatchReceived)] == [2]


def test_rule_3_it_invokes_when_the_batch_is_full(world):
    invoked_at = []
    url = world.queue(VisibilityTimeout=600)
    for _ in range(12):
        world.send(url, "{}")
    mapping = world.mapping(url, lambda *_: invoked_at.append(world.clock.monotonic()), batch_size=12, window=300)
    with world.polling(mapping):
        world.wait_for(lambda: invoked_at)
    assert invoked_at == [0]


def test_rule_3_it_invokes_at_6_mb_and_the_rest_goes_into_the_next_batch(stage, make_mapping, make_message):
    # given messages of almost 1 MiB each
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
    stage.sqs.batches = [[make_message(str(number), body='"' * 1_040_000) for number in range(10)]]
    poller = stage.poller(make_mapping())
    for _ in range(5):
        poller.poll_once()
    assert sizes_of(stage.functions) == [3, 3, 3, 1]  # a quotation mark takes two bytes


def test_rule_3_what_was_held_until_it_is_visible_again_is_not_used(world):
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
    assert world.left(url) == Backlog(0, 0)
    assert [delivery.receive_count for delivery in world.of(BatchReceived)[1].deliveries] == [2]


def test_rule_3_a_fifo_batch_over_6_mb_goes_in_order_and_stops_at_a_failure(world):
    url = world.queue(fifo=True, VisibilityTimeout=30)
    for group in "ab":
        world.send(url, *(f"{group}{number}" + "x" * 1_040_000 for number in range(5)), group=group)
    events = []

    def handler(event, _):
        events.append([record["body"][:2] for record in event["Records"]])
        failed = [] if len(events) > 1 else [record for record in event["Records"] if record["body"][:2] == "b0"]
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}

    with world.polling(world.mapping(url, handler)):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert events == [["a0", "a1", "a2", "a3", "a4", "b0"], ["b0", "b1", "b2", "b3", "b4"]]
    assert [len(told.message_ids) for told in world.of(MessagesLeft)] == [4]


def test_rule_3_a_fifo_batch_over_6_mb_takes_as_many_invocations_as_it_needs(world):
    url = world.queue(fifo=True, VisibilityTimeout=30)
    world.send(url, *(str(number) * 1_040_000 for number in range(8)), group="g")
    events = []
    mapping = world.mapping(url, lambda event, _: events.append("".join(r["body"][0] for r in event["Records"])))
    world.poller(mapping).poll_once()
    assert events == ["012345", "67"]
    assert world.left(url) == Backlog(0, 0)


# 4: timeouts


@pytest.mark.parametrize(("timeout", "questioned"), [(30, False), (31, True)])
def test_rule_4_a_function_that_may_outlast_the_visibility_timeout_is_told(stage, timeout, questioned):
    stage.sqs.get_queue_attributes = lambda **_: {"Attributes": {"VisibilityTimeout": "30"}}
    stage.functions.get_function_configuration = lambda **_: {"Timeout": timeout}
    stage.functions.get_paginator = lambda _: stage.functions
    stage.functions.paginate = lambda: [{"EventSourceMappings": [described(FunctionArn="a:b:c:d:e:f:g")]}]
    stage.functions.update_event_source_mapping = lambda **_: None
    with Pollers("http://endpoint", stage.clients, stage.happenings.append):
        pass
    assert [told.polled for told in stage.happenings if isinstance(told, MappingQuestioned)] == [True] * questioned


# 5 and 6: the response. Byte by byte in test_response_contract.py, on the emulator in
# test_invalid_response_on_emulator.py.


@pytest.mark.parametrize(
    "answer", [b"", b"null", b"{}", b'{"batchItemFailures": []}', b'{"batchItemFailures": null}', b'""']
)
def test_rule_5_an_empty_or_null_list_or_response_is_a_success(stage, make_mapping, make_message, answer):
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.answer = answer
    stage.poller(make_mapping()).poll_once()
    assert stage.deleted() == ["handle of a", "handle of b"]


@pytest.mark.parametrize(
    "answer",
    [b"{", failing(""), failing(None), b'{"batchItemFailures": [{"messageId": "a"}]}', failing("unknown"), b'"x"'],
)
def test_rule_6_an_invalid_response_fails_the_whole_batch(stage, make_mapping, make_message, answer):
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.answer = answer
    stage.poller(make_mapping()).poll_once()
    assert stage.deleted() == []


# 7 and 8: what becomes of the messages


@pytest.mark.parametrize("reports", [True, False])
def test_rule_7_a_function_that_fails_fails_the_whole_batch(stage, make_mapping, make_message, reports):
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.function_error = "Unhandled"
    stage.functions.answer = b'{"batchItemFailures": []}'
    stage.poller(make_mapping(reports_item_failures=reports)).poll_once()
    assert stage.deleted() == []


@pytest.mark.parametrize("answer", [failing("a"), failing(""), b"no JSON", b"null", b'"text"', b""])
def test_rule_7_without_report_batch_item_failures_any_return_is_a_success(stage, make_mapping, make_message, answer):
    stage.sqs.batches = [[make_message("a"), make_message("b")]]
    stage.functions.answer = answer
    stage.poller(make_mapping(reports_item_failures=False)).poll_once()
    assert len(stage.deleted()) == 2


def test_rule_7_code_that_cannot_be_loaded_fails_the_whole_batch(real):
    url = real.queue(VisibilityTimeout=600)
    real.send(url, "{}", "{}")
    mapping = real.mapping(url, "import there_is_no_such_module\ndef lambda_handler(event, context): pass")
    with real.polling(mapping):
        real.wait_for(lambda: real.of(BatchKept))
    assert "no_such_module" in real.of(BatchKept)[0].reason
    assert real.left(url) == Backlog(0, 2)


def test_rule_8_failures_wait_out_their_visibility_timeout_and_come_back(world):
    url = world.queue(VisibilityTimeout=30)
    world.send(url, "good", "bad")
    received = []

    def handler(event, _):
        received.extend((record["body"], world.clock.monotonic()) for record in event["Records"])
        failed = [record for record in event["Records"] if record["body"] == "bad" and len(received) < 4]
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}

    with world.polling(world.mapping(url, handler)):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert received == [("good", 0), ("bad", 0), ("bad", 30), ("bad", 60)]


def test_rule_8_a_real_failure_comes_back(real):
    url = real.queue(VisibilityTimeout=1)
    real.send(url, "{}")
    source = """
def lambda_handler(event, context):
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]
                                  if record["attributes"]["ApproximateReceiveCount"] == "1"]}
"""
    with real.polling(real.mapping(url, source)):
        real.wait_for(lambda: any(told.deleted for told in real.of(BatchDone)))
    assert [told.deliveries[0].receive_count for told in real.of(BatchReceived)] == [1, 2]


# 9: errors and throttling


def pace(**options):
    return Pace(16, 0, ramp=False, **options)


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


@pytest.mark.parametrize("fails", [True, False], ids=["function error", "reported failure"])
def test_rule_9_reported_failures_do_not_reduce_it(world, fails):
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
    assert bool(world.of(ConcurrencyChanged)) == fails


def test_rule_9_throttled_invocations_are_tried_again(world):
    url = world.queue(VisibilityTimeout=30)
    world.send(url, *["{}"] * 4)
    done = []

    def handler(event, _):
        world.clock.wait(None, 2)
        done.append(event)

    mapping = world.mapping(url, (handler, {"concurrency": 1}), batch_size=1)
    with world.polling(mapping):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert len(done) == 4
    assert world.of(BatchThrottled)
    assert {delivery.receive_count for told in world.of(BatchReceived) for delivery in told.deliveries} == {1}


def test_rule_9_throttled_messages_are_let_go_when_their_visibility_timeout_ends(world):
    url = world.queue(VisibilityTimeout=30)
    world.send(url, "{}")
    mapping = world.mapping(url, (lambda *_: None, {"concurrency": 0}))
    with world.polling(mapping):
        world.wait_for(lambda: world.of(BatchKept))
        assert 29 < world.clock.monotonic() < 30
        world.wait_for(lambda: len(world.of(BatchReceived)) == 2)
    assert "throttled" in world.of(BatchKept)[0].reason
    assert world.of(BatchReceived)[1].deliveries[0].receive_count == 2


def test_rule_9_a_real_throttled_function_gets_the_batch_when_it_may(real):
    url = real.queue(VisibilityTimeout=600)
    real.send(url, "{}")
    mapping = real.mapping(url, "def lambda_handler(event, context): pass")
    name = mapping.function_name
    real.clients.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with real.polling(mapping):
        real.wait_for(lambda: real.of(BatchThrottled))
        real.clients.functions.delete_function_concurrency(FunctionName=name)
        real.wait_for(lambda: real.of(BatchDone))
    assert len(real.of(BatchReceived)) == 1


def test_rule_9_stopping_lets_a_throttled_batch_go(stage, make_mapping, make_message, wait_for):
    stage.sqs.get_queue_attributes = lambda **_: {"Attributes": {"VisibilityTimeout": "43200"}}
    error = {"Error": {"Code": "TooManyRequestsException", "Message": "no"}}
    stage.functions.answer = ClientError(error, "Invoke")
    stage.sqs.batches = [[make_message("a")]]
    poller = stage.poller(make_mapping())
    poller.start()
    wait_for(lambda: any(isinstance(told, BatchThrottled) for told in stage.happenings))
    poller.stop()
    poller.join()
    assert stage.deleted() == []


# 10 and 11: FIFO


def test_rule_10_what_a_fifo_function_reports_after_its_first_failure_comes_back_in_order(world):
    url = world.queue(fifo=True, VisibilityTimeout=30)
    world.send(url, *"012345", group="g")
    seen = []

    def handler(event, _):
        bodies = [record["body"] for record in event["Records"]]
        seen.append("".join(bodies))
        failed = event["Records"][2:] if len(seen) == 1 else []
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}

    with world.polling(world.mapping(url, handler)):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert seen == ["012345", "2345"]


def test_rule_11_a_fifo_batch_mixes_groups(world):
    url = world.queue(fifo=True)
    world.send(url, "a0", "a1", group="a")
    world.send(url, "b0", group="b")
    events = []
    world.poller(world.mapping(url, lambda event, _: events.append(event))).poll_once()
    assert {record["attributes"]["MessageGroupId"] for record in events[0]["Records"]} == {"a", "b"}


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
    # given many groups, a function that fails at random, and more time than a message is hidden
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
        world.wait_for(lambda: bugs or world.left(url) == Backlog(0, 0))
    # then
    assert bugs == []
    assert order.done == dict.fromkeys("abcdef", count - 1)


def test_rule_11_what_a_function_makes_visible_again_while_it_runs_follows_its_invocation(world):
    # given a function that gives messages back itself, as the layer does with those it has not started
    url = world.queue(fifo=True, VisibilityTimeout=600)
    world.send(url, *"012", group="g")
    seen = []

    def handler(event, _):
        seen.append(("".join(record["body"] for record in event["Records"]), world.clock.monotonic()))
        if len(seen) > 1:
            return None
        for record in event["Records"]:
            world.clients.sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
            )
        world.clock.wait(None, 2)
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event["Records"]]}

    with world.polling(world.mapping(url, handler)):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert seen == [("012", 0), ("012", 2)]
    assert [told.deliveries[0].receive_count for told in world.of(BatchReceived)] == [1, 2]


def test_rule_11_groups_run_side_by_side_on_the_emulator_and_each_in_its_order(real, tmp_path):
    log = tmp_path / "log"
    source = f"""
def lambda_handler(event, context):
    with open({str(log)!r}, "a") as file:
        file.write("".join(record["body"] + "\\n" for record in event["Records"]))
"""
    url = real.queue(fifo=True, VisibilityTimeout=600)
    for group in "abcd":
        real.send(url, *(f"{group} {number}" for number in range(12)), group=group)
    with real.polling(real.mapping(url, source)):
        real.wait_for(lambda: real.left(url) == Backlog(0, 0))
    done = log.read_text().splitlines()
    for group in "abcd":
        assert [line for line in done if line[0] == group] == [f"{group} {number}" for number in range(12)]


# 12: concurrency


def test_rule_12_a_standard_queue_begins_with_five_and_gets_300_more_a_minute():
    one = Pace(1000, 0, ramp=True)
    assert [one.allowed(seconds) for seconds in (0, 1, 60, 198, 199, 1000)] == [5, 10, 305, 995, 1000, 1000]


@pytest.mark.parametrize(("value", "refused"), [(None, False), (1, True), (2, False), (1000, False), (1001, True)])
def test_rule_12_maximum_concurrency_is_2_to_1000(make_mapping, value, refused):
    assert (refusal(make_mapping(maximum_concurrency=value)) is not None) == refused


@pytest.mark.parametrize("limit", [2, 7])
def test_rule_12_no_more_batches_at_once_than_the_mapping_allows(world, limit):
    running, most = 0, 0

    def handler(event, _):
        nonlocal running, most
        running += 1
        most = max(most, running)
        world.clock.wait(None, 3)
        running -= 1

    url = world.queue(VisibilityTimeout=600)
    world.send(url, *["{}"] * 60)
    with world.polling(world.mapping(url, handler, batch_size=1, maximum_concurrency=limit)):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert most == limit


@pytest.mark.parametrize(("maximum", "at_last"), [(None, DEFAULT_LIMIT), (2, 2), (1000, 1000)])
def test_rule_12_a_mapping_without_a_maximum_gets_what_this_machine_carries(stage, make_mapping, maximum, at_last):
    poller = stage.poller(make_mapping(maximum_concurrency=maximum))
    assert poller._pace.allowed(float("inf")) == at_last


def test_rule_12_real_invocations_run_side_by_side(real, tmp_path):
    # given a function that returns when three of them are there
    source = f"""
import os, pathlib, time
def lambda_handler(event, context):
    here = pathlib.Path({str(tmp_path)!r})
    (here / event["Records"][0]["messageId"]).touch()
    while len(list(here.iterdir())) < 3:
        time.sleep(0.01)
"""
    url = real.queue(VisibilityTimeout=600)
    real.send(url, *["{}"] * 3)
    with real.polling(real.mapping(url, source, batch_size=1, maximum_concurrency=3)):
        real.wait_for(lambda: len(real.of(BatchDone)) == 3)
    assert real.left(url) == Backlog(0, 0)


def test_rule_12_on_fifo_a_group_is_in_one_batch_at_most(world):
    url = world.queue(fifo=True, VisibilityTimeout=600)
    world.send(url, *map(str, range(25)), group="g")
    running, seen = 0, []

    def handler(event, _):
        nonlocal running
        assert running == 0
        running += 1
        world.clock.wait(None, 3)
        running -= 1
        seen.extend(record["body"] for record in event["Records"])

    with world.polling(world.mapping(url, handler)):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert seen == list(map(str, range(25)))


# 13: filters; the operators are in test_filters.py

CRITERIA = {"Filters": [{"Pattern": '{"body": {"kind": ["a"]}}'}, {"Pattern": '{"body": {"kind": ["b"]}}'}]}


def test_rule_13_what_matches_no_filter_is_deleted_without_an_invocation(stage, make_mapping, make_message):
    filters = EventSourceMapping.from_api(described(FilterCriteria=CRITERIA)).filters
    bodies = {"1": '{"kind": "a"}', "2": '{"kind": "c"}', "3": "plain", "4": '{"kind": "b"}'}
    stage.sqs.batches = [[make_message(name, body=body) for name, body in bodies.items()]]
    mapping = make_mapping(filters=filters)
    stage.poller(mapping).poll_once()
    assert [record["messageId"] for record in stage.functions.events[0]["Records"]] == ["1", "4"]
    assert stage.sqs.deletes == [["handle of 2", "handle of 3"], ["handle of 1", "handle of 4"]]
    assert stage.happenings[0] == MessagesFiltered(mapping, ("2", "3"), {})


def test_rule_13_nothing_is_invoked_when_nothing_matches(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("1", body="plain")]]
    stage.poller(make_mapping(filters=('{"body": {"x": [1]}}',))).poll_once()
    assert stage.functions.events == []
    assert stage.deleted() == ["handle of 1"]


def test_rule_13_filtered_messages_do_not_count_for_the_batch(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("1", body="no"), make_message("2", body="yes")], [make_message("3", body="yes")]]
    stage.poller(make_mapping(batch_size=2, window=300, filters=('{"body": ["yes"]}',))).poll_once()
    assert [request["MaxNumberOfMessages"] for request in stage.sqs.receives] == [2, 1]
    assert sizes_of(stage.functions) == [2]


@pytest.mark.parametrize(("count", "refused"), [(5, False), (10, False), (11, True)])
def test_rule_13_there_are_five_filters_or_ten_with_a_raised_quota(make_mapping, count, refused):
    assert (refusal(make_mapping(filters=('{"body": ["x"]}',) * count)) is not None) == refused


def test_rule_13_an_invalid_filter_deletes_nothing_because_the_mapping_is_refused(make_mapping):
    assert "wildcard" in refusal(make_mapping(filters=('{"body": {"x": [{"wildcard": "*"}]}}',)))


def test_rule_13_filters_of_a_real_mapping(real):
    url = real.queue(VisibilityTimeout=600)
    real.send(url, '{"kind": "a"}', "plain", '{"kind": "c"}')
    mapping = real.mapping(url, "def lambda_handler(event, context): pass")
    described = real.clients.functions.create_event_source_mapping(
        EventSourceArn=mapping.queue_arn,
        FunctionName=mapping.function_name,
        Enabled=False,
        FilterCriteria=CRITERIA,
        ScalingConfig={"MaximumConcurrency": 7},
    )
    try:
        read = EventSourceMapping.from_api(real.clients.functions.get_event_source_mapping(UUID=described["UUID"]))
        assert read.maximum_concurrency == 7
        with real.polling(read):
            real.wait_for(lambda: real.left(url) == Backlog(0, 0))
    finally:
        real.clients.functions.delete_event_source_mapping(UUID=described["UUID"])
    assert sum(len(told.deleted) for told in real.of(MessagesFiltered)) == 2
    assert sum(len(told.deleted) for told in real.of(BatchDone)) == 1


# 14: the record; in full in test_record_shape.py


def test_rule_14_a_record_is_as_lambda_makes_it(world):
    url = world.queue(fifo=True)
    body = '{"a": 1.0, "a":2,\t"ü": "\\u00fc 😀"}  '
    world.clients.sqs.send_message(
        QueueUrl=url,
        MessageBody=body,
        MessageGroupId="g",
        MessageDeduplicationId="d",
        MessageAttributes={
            "Text": {"StringValue": "ü", "DataType": "String"},
            "Blob": {"BinaryValue": b"\x00\xff", "DataType": "Binary"},
        },
    )
    events = []
    mapping = world.mapping(url, lambda event, _: events.append(event))
    world.poller(mapping).poll_once()
    [record] = events[0]["Records"]
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


def test_rule_14_a_group_on_a_standard_queue_is_passed_on_and_means_no_order(world):
    url = world.queue()
    for body in "xy":
        world.clients.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    running, most, groups = 0, 0, []

    def handler(event, _):
        nonlocal running, most
        groups.extend(record["attributes"]["MessageGroupId"] for record in event["Records"])
        running += 1
        most = max(most, running)
        world.clock.wait(None, 1)
        running -= 1

    with world.polling(world.mapping(url, handler, batch_size=1)):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert (groups, most) == (["g", "g"], 2)


# 15: deletes that fail


def test_rule_15_a_message_that_could_not_be_deleted_is_told_and_comes_back(world):
    url = world.queue(VisibilityTimeout=30)
    world.send(url, "{}")
    counts = []
    sqs = world.clients.sqs
    delete, refuse = sqs.delete_message_batch, [True]

    def delete_or_not(**request):
        if refuse:
            refuse.clear()
            raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "DeleteMessageBatch")
        return delete(**request)

    sqs.delete_message_batch = delete_or_not

    def handler(event, _):
        counts.extend(record["attributes"]["ApproximateReceiveCount"] for record in event["Records"])

    with world.polling(world.mapping(url, handler)):
        world.wait_for(lambda: world.left(url) == Backlog(0, 0))
    assert counts == ["1", "2"]
    assert [list(told.undeleted.values()) for told in world.of(BatchDone)] == [["InternalError: no"], []]


def test_rule_15_a_message_that_is_gone_already_is_told(real):
    # given a function that deletes its message itself
    url = real.queue(VisibilityTimeout=600)
    source = f"""
import boto3
def lambda_handler(event, context):
    for record in event["Records"]:
        boto3.client("sqs").delete_message(QueueUrl={url!r}, ReceiptHandle=record["receiptHandle"])
"""
    real.send(url, "{}")
    with real.polling(real.mapping(url, source)):
        real.wait_for(lambda: real.of(BatchDone) or real.of(BatchKept))
    [done] = real.of(BatchDone)
    assert len(done.deleted) + len(done.undeleted) == 1
    assert real.left(url) == Backlog(0, 0)
