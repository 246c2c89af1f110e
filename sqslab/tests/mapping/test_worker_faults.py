"""What goes wrong around the poller: nothing is lost, it is said once, and it goes on when things work again."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from sqslab.clients import make_clients
from sqslab.mapping.events import (
    BatchDone,
    BatchKept,
    BatchReceived,
    BatchThrottled,
    ConcurrencyChanged,
    MappingQuestioned,
    MessagesFiltered,
    MessagesLeft,
    OtherPoller,
    OutageBegan,
    OutageEnded,
    in_words,
)
from sqslab.queues import Backlog, backlog
from sqslab.simulator.clock import RealClock
from sqslab.stack.emulator import Emulator
from sqslab.workers import Workers

GONE = ClientError(
    {"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}, "ResponseMetadata": {"HTTPStatusCode": 404}},
    "Invoke",
)
DOWN = EndpointConnectionError(endpoint_url="http://endpoint")

# Notes each run; waits for a file the first time.
WAITS = """
import os, pathlib, time
def lambda_handler(event, context):
    here = pathlib.Path({directory!r})
    for record in event["Records"]:
        with open(here / "runs", "a") as file:
            file.write(record["body"] + "\\n")
    (here / "pid").write_text(str(os.getpid()))
    (here / "pid").rename(here / "started")
    while not (here / "go on").exists():
        time.sleep(0.01)
"""


@pytest.fixture
def make_real_mapping(clients, make_function):
    """Creates a queue and a mapping of it on the emulator; removes the mapping at the end."""
    made = []

    def make(name, source, **queue):
        attributes = {key: str(value) for key, value in queue.items()}
        url = clients.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        mapping = clients.functions.create_event_source_mapping(
            EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:{name}",
            FunctionName=make_function(name, source, timeout=60),
            Enabled=False,
        )
        made.append(mapping["UUID"])
        return url

    yield make
    for uuid in made:
        clients.functions.delete_event_source_mapping(UUID=uuid)


@pytest.fixture
def start_poll(emulator, tmp_path, wait_for):
    """Starts `sqslab poll` as a process; waits until it is ready."""
    processes = []

    def start():
        output = tmp_path / f"output-{len(processes)}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "sqslab", "poll", "--endpoint-url", emulator.endpoint_url],
                env=os.environ | {"TMPDIR": str(tmp_path)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        processes.append(process)
        process.output = output
        wait_for(lambda: "ready" in output.read_text())
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_nothing_is_lost_when_the_poller_is_killed_in_the_middle_of_a_batch(
    clients, make_real_mapping, start_poll, tmp_path, wait_for
):
    # given a batch that is with the function
    url = make_real_mapping("poller-killed", WAITS.format(directory=str(tmp_path)), VisibilityTimeout=3)
    for number in range(5):
        clients.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    killed = start_poll()
    wait_for((tmp_path / "started").exists)
    # when
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (tmp_path / "go on").touch()
    # then its messages come back to the next poller, which notices none beside it
    following = start_poll()
    wait_for(lambda: backlog(clients.sqs, url) == Backlog(0, 0))
    runs = (tmp_path / "runs").read_text().split()
    assert set(runs) == {"0", "1", "2", "3", "4"}
    assert len(runs) > 5  # what was in the middle of it ran twice
    assert "somebody else" not in following.output.read_text()


def test_nothing_is_lost_when_the_function_is_killed_in_the_middle_of_a_batch(
    clients, make_real_mapping, start_poll, tmp_path, wait_for
):
    # given a batch that is with the function
    url = make_real_mapping("function-killed", WAITS.format(directory=str(tmp_path)), VisibilityTimeout=3)
    clients.sqs.send_message(QueueUrl=url, MessageBody="0")
    poll = start_poll()
    started = tmp_path / "started"
    wait_for(started.exists)
    # when its process is killed
    os.kill(int(started.read_text()), signal.SIGKILL)
    wait_for(lambda: "function-killed: 1 message kept, the function failed" in poll.output.read_text())
    (tmp_path / "go on").touch()
    # then the message comes back to a new one
    wait_for(lambda: backlog(clients.sqs, url) == Backlog(0, 0))
    wait_for(lambda: "function-killed: 1 message done" in poll.output.read_text())
    assert (tmp_path / "runs").read_text().split() == ["0", "0"]


def test_a_second_poll_is_harmless_and_said(clients, make_real_mapping, start_poll, tmp_path, wait_for):
    source = """
def lambda_handler(event, context):
    with open({path!r}, "a") as file:
        file.write("".join(record["body"] + "\\n" for record in event["Records"]))
"""
    log = tmp_path / "log"
    url = make_real_mapping("polled-twice", source.format(path=str(log)), VisibilityTimeout=600)
    first, second = start_poll(), start_poll()
    for number in range(50):
        clients.sqs.send_message(QueueUrl=url, MessageBody=str(number))
    wait_for(lambda: backlog(clients.sqs, url) == Backlog(0, 0))
    assert sorted(map(int, log.read_text().split())) == list(range(50))
    assert "somebody else" not in first.output.read_text()
    assert "somebody else polls it as well" in second.output.read_text()


def test_an_endpoint_that_goes_away_and_comes_back_is_polled_again(make_function_on, wait_for):
    # given an endpoint with a mapping
    told = []
    back = threading.Event()
    back.set()

    def tell(mapping_event):
        told.append(mapping_event)
        if isinstance(mapping_event, OutageBegan) and len(of(OutageBegan)) == 1:
            back.clear()

    class WaitsUntilItIsBack(RealClock):
        """Else the poller may find the second endpoint before the queue is made there, which is another trouble."""

        def wait(self, event, seconds):
            back.wait()
            return super().wait(event, seconds)

    def of(kind):
        return [mapping_event for mapping_event in told if isinstance(mapping_event, kind)]

    def set_up(endpoint_url):
        clients = make_clients(endpoint_url)
        url = clients.sqs.create_queue(QueueName="away")["QueueUrl"]
        function = make_function_on(clients.functions, "away", "def lambda_handler(event, context): pass")
        arn = "arn:aws:sqs:us-east-1:000000000000:away"
        clients.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=function, Enabled=False)
        clients.sqs.send_message(QueueUrl=url, MessageBody="{}")

    with Emulator() as first:
        set_up(first.endpoint_url)
        pollers = Workers(first.endpoint_url, make_clients(first.endpoint_url), tell, WaitsUntilItIsBack())
        pollers.__enter__()
        wait_for(lambda: of(BatchDone))
    try:
        # when it goes away
        wait_for(lambda: of(OutageBegan))
        # and comes back
        with Emulator(int(first.endpoint_url.rsplit(":", 1)[1])) as second:
            set_up(second.endpoint_url)
            back.set()
            wait_for(lambda: pollers.refresh() and len(of(BatchDone)) == 2)
            assert {mapping_event.subject for mapping_event in of(OutageBegan)} == {first.endpoint_url}
            assert len(of(OutageBegan)) == len(of(OutageEnded))
    finally:
        back.set()
        pollers.__exit__(None, None, None)


def test_a_queue_that_is_gone_and_comes_back_is_said_once_and_others_go_on(
    clients, emulator, make_real_mapping, wait_for
):
    told = []

    def done(queue):
        return [one for one in told if isinstance(one, BatchDone) and one.mapping.queue_name == queue]

    source = "def lambda_handler(event, context): pass"
    gone, other = make_real_mapping("gone", source), make_real_mapping("other", source)
    with Workers(emulator.endpoint_url, clients, told.append):
        clients.sqs.delete_queue(QueueUrl=gone)
        wait_for(lambda: [one for one in told if isinstance(one, OutageBegan)])
        clients.sqs.send_message(QueueUrl=other, MessageBody="{}")
        wait_for(lambda: done("other"))
        clients.sqs.create_queue(QueueName="gone")
        clients.sqs.send_message(QueueUrl=gone, MessageBody="{}")
        wait_for(lambda: done("gone"))
    assert [one.subject for one in told if isinstance(one, OutageBegan)] == ["gone"]
    assert [one.subject for one in told if isinstance(one, OutageEnded)] == ["gone"]


def test_a_function_that_is_gone_and_comes_back_is_said_once(stage, make_mapping, make_message, wait_for):
    mapping = make_mapping()
    stage.sqs.batches = [[make_message("a")]]
    stage.functions.answer = GONE
    poller = stage.poller(mapping)
    poller.start()
    for name in ("b", "c"):
        wait_for(lambda: not stage.sqs.batches)
        if name == "c":
            stage.functions.answer = b"null"
        stage.sqs.batches.append([make_message(name)])
    wait_for(stage.deleted)
    poller.stop()
    poller.join()
    assert stage.deleted()[-1] == "handle of c"
    assert [one.subject for one in stage.mapping_events if isinstance(one, OutageBegan)] == ["function ship"]
    assert [one.subject for one in stage.mapping_events if isinstance(one, OutageEnded)] == ["function ship"]


def test_while_a_function_is_gone_nothing_is_received_so_that_nothing_is_dead_lettered(both, monkeypatch):
    # given a function that is deleted, its mapping being left, and messages that may be received twice
    dead_letters = both.queue()
    policy = json.dumps({"deadLetterTargetArn": both.arn(dead_letters), "maxReceiveCount": 2})
    url = both.queue(VisibilityTimeout=2, RedrivePolicy=policy)
    source = "def lambda_handler(event, context): note(bodies(event))"
    mapping = both.mapping(url, source)
    functions, looked = both.clients.functions, []
    functions.delete_function(FunctionName=mapping.function_name)
    look = functions.get_function_configuration
    monkeypatch.setattr(
        functions, "get_function_configuration", lambda **request: (looked.append(request), look(**request))[1]
    )
    both.send(url, "a")
    # when it is looked for again and again
    with both.polling(mapping):
        both.wait_for(lambda: len(looked) == 3)
        received = len(both.of(BatchReceived))
        both.make_function(mapping.function_name, source)
        both.wait_for(lambda: both.left(url) == Backlog(0, 0))
    # then the message was received once in vain, and reaches the function when that is back
    assert received == 1
    assert both.notes() == [["a"]]
    assert both.left(dead_letters) == Backlog(0, 0)
    assert [one.subject for one in both.of(OutageBegan)] == [f"function {mapping.function_name}"]
    assert len(both.of(OutageEnded)) == 1


def test_an_endpoint_that_does_not_know_functions_is_asked_to_invoke_them(stage, make_mapping, make_message, wait_for):
    # given one like `sam local start-lambda`, which has Invoke only
    def refuse(**_):
        raise ClientError({"Error": {"Code": "PathNotFoundLocally", "Message": "no"}}, "GetFunctionConfiguration")

    stage.functions.get_function_configuration = refuse
    stage.functions.answer = GONE
    stage.sqs.batches = [[make_message("a")]]
    poller = stage.poller(make_mapping())
    poller.start()
    wait_for(lambda: [one for one in stage.mapping_events if isinstance(one, OutageBegan)])
    stage.functions.answer = b"null"
    stage.sqs.batches.append([make_message("b")])
    wait_for(stage.deleted)
    poller.stop()
    poller.join()
    poller.check()
    assert stage.deleted() == ["handle of b"]


def test_a_function_that_does_not_answer_is_no_trouble_of_the_queue(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a")]]
    stage.functions.answer = DOWN
    poller = stage.poller(make_mapping())
    with pytest.raises(EndpointConnectionError):
        poller.poll_once()
    poller.poll_once()  # the queue answers
    assert [one.subject for one in stage.mapping_events if isinstance(one, OutageBegan)] == ["function ship"]
    assert not [one for one in stage.mapping_events if isinstance(one, OutageEnded)]


def test_every_batch_received_has_exactly_one_end(stage, make_mapping, make_message, wait_for):
    # given batches of which each ends in another way
    answers = iter([b"null", GONE, b"no JSON", DOWN, json.dumps({"batchItemFailures": []}).encode()])
    invoke = stage.functions.invoke

    def answer(**request):
        stage.functions.answer = next(answers)
        return invoke(**request)

    stage.functions.invoke = answer
    stage.sqs.batches = [[make_message(name)] for name in "abcde"]
    poller = stage.poller(make_mapping(maximum_concurrency=1))
    poller.start()
    ends = (BatchDone, BatchKept)
    wait_for(lambda: sum(isinstance(one, ends) for one in stage.mapping_events) == 5)
    poller.stop()
    poller.join()
    poller.check()
    assert sum(isinstance(one, BatchReceived) for one in stage.mapping_events) == 5
    assert sum(isinstance(one, BatchKept) for one in stage.mapping_events) == 3
    assert not [one for one in stage.mapping_events if isinstance(one, OtherPoller)]


def test_everything_told_has_words(make_mapping):
    mapping = make_mapping()
    for mapping_event, words in [
        (BatchThrottled(mapping, ("a",)), "orders: 1 message waiting, ship is throttled"),
        (MessagesFiltered(mapping, ("a",), {}), "orders: 1 message deleted, no filter matches"),
        (MessagesFiltered(mapping, (), {"a": "Code"}), "1 could not be deleted (Code)"),
        (MessagesLeft(mapping, ("a", "b"), "why"), "orders: 2 messages left for later, why"),
        (ConcurrencyChanged(mapping, 3), "orders: at most 3 batches at once, after errors"),
        (ConcurrencyChanged(mapping, 1), "orders: at most 1 batch at once, after errors"),
        (ConcurrencyChanged(mapping, None), "orders: as many batches at once as before the errors"),
        (MappingQuestioned(mapping, "why", polled=False), "mapping: why; not polled"),
        (MappingQuestioned(mapping, "why", polled=True), "mapping: why; polled nevertheless"),
        (OtherPoller("http://endpoint"), "http://endpoint: somebody else polls it as well"),
    ]:
        assert words in in_words(mapping_event)


def test_an_error_nobody_foresaw_in_a_batch_is_not_swallowed(stage, make_mapping, make_message):
    stage.sqs.batches = [[make_message("a")]]
    stage.functions.answer = KeyError("bug")
    poller = stage.poller(make_mapping())
    poller.start()
    poller.join()
    assert stage.deleted() == []
    with pytest.raises(KeyError):
        poller.check()


def test_an_endpoint_without_long_polling_is_not_asked_without_end(stage, make_mapping):
    waits = []

    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

        def wait(self, event, seconds):
            waits.append(seconds)
            self.now += seconds
            return event.is_set()

    poller = stage.poller(make_mapping())
    poller._batcher._clock = Clock()
    poller.poll_once()
    assert waits == [0.1]
