"""What the tests of `sqslab` share: messages, clients that play a part, and one emulator for those that need it."""

import contextlib
import functools
import io
import json
import os
import socket
import time
import zipfile

import pytest
from botocore.response import StreamingBody

from sqslab.clients import Clients, make_clients
from sqslab.mapping.event_source_mapping import EventSourceMapping
from sqslab.mapping.outages import Outages
from sqslab.stack.emulator import HOST, Emulator
from sqslab.stack.environment import local_environment, replace_environment
from sqslab_testing.programs import Program
from sqslab_testing.world import Noting, SteppingWorker, emulated_world, virtual_world

STANDARD_ARN = "arn:aws:sqs:us-east-1:000000000000:orders"
FIFO_ARN = "arn:aws:sqs:us-east-1:000000000000:movements.fifo"


@pytest.fixture
def make_mapping():
    def make(**changes):
        settings = {
            "uuid": "uuid-1",
            "queue_arn": STANDARD_ARN,
            "function_arn": "arn:aws:lambda:us-east-1:000000000000:function:ship",
            "batch_size": 10,
            "window": 0,
            "reports_item_failures": True,
        }
        return EventSourceMapping(**settings | changes)

    return make


@pytest.fixture
def make_message():
    """Makes messages in the shape in which boto3 gives them."""

    def make(message_id, body="{}", receive_count=1, **more):
        return {
            "MessageId": message_id,
            "ReceiptHandle": f"handle of {message_id}",
            "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
            "Body": body,
            "Attributes": {
                "SenderId": "AIDAEXAMPLE",
                "SentTimestamp": "1700000000000",
                "ApproximateReceiveCount": str(receive_count),
                "ApproximateFirstReceiveTimestamp": "1700000000001",
            },
        } | more

    return make


class FakeSqs:
    """Hands out the batches it was given, one a receive, and keeps what it was asked."""

    def __init__(self):
        self.batches = []  # each a list of messages, or an exception to raise
        self.receives = []
        self.deletes = []  # the receipt handles of each call
        self.refused = {}  # receipt handle to the code with which deleting it fails
        self.delete_error = None

    def get_queue_url(self, **request):
        return {"QueueUrl": f"http://queue/{request['QueueOwnerAWSAccountId']}/{request['QueueName']}"}

    def receive_message(self, **request):
        self.receives.append(request)
        if not self.batches:
            return {}
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return {"Messages": batch} if batch else {}

    def delete_message_batch(self, **request):
        entries = request["Entries"]
        if self.delete_error is not None:
            raise self.delete_error
        self.deletes.append([entry["ReceiptHandle"] for entry in entries])
        assert len({entry["Id"] for entry in entries}) == len(entries)
        failed = [entry for entry in entries if entry["ReceiptHandle"] in self.refused]
        return {
            "Successful": [{"Id": entry["Id"]} for entry in entries if entry not in failed],
            "Failed": [
                {"Id": entry["Id"], "Code": self.refused[entry["ReceiptHandle"]], "SenderFault": True}
                for entry in failed
            ],
        }


class FakeFunctions:
    """Answers every invocation with `answer`: a payload, or an exception to raise."""

    def __init__(self):
        self.answer = b"{}"
        self.function_error = None
        self.events = []

    def get_function_configuration(self, **_request):
        return {"Timeout": 3}

    def invoke(self, **request):
        self.events.append(json.loads(request["Payload"]))
        if isinstance(self.answer, Exception):
            raise self.answer
        response = {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(self.answer), len(self.answer))}
        return response | ({"FunctionError": self.function_error} if self.function_error else {})


class Stage:
    """A poller between clients that play a part."""

    def __init__(self):
        self.sqs = FakeSqs()
        self.functions = FakeFunctions()
        self.mapping_events = []
        self.clients = Clients(sqs=self.sqs, functions=self.functions, s3=None, cloudformation=None)

    def poller(self, mapping):
        outages = Outages("http://endpoint", self.mapping_events.append)
        return SteppingWorker(mapping, self.clients, self.mapping_events.append, outages)

    def deleted(self):
        return [handle for call in self.sqs.deletes for handle in call]


@pytest.fixture
def stage():
    return Stage()


def wait_for(condition, seconds=60):
    """Wait until `condition()` is true and return what it gave; fail after a bound that is not meant to be reached."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)
    return result


@pytest.fixture(name="wait_for", scope="session")
def wait_for_fixture():
    return wait_for


@pytest.fixture(scope="session")
def emulator():
    """One running emulator for the whole run."""
    with Emulator() as running:
        yield running


@contextlib.contextmanager
def environment_of(emulator):
    """Let this process's environment point at the emulator for a block."""
    before = dict(os.environ)
    replace_environment(local_environment(emulator.endpoint_url, before))
    try:
        yield
    finally:
        replace_environment(before)


@pytest.fixture(name="environment_of_the_emulator", autouse=True)
def environment_of_the_emulator_fixture(request):
    """A test that uses the emulator finds it in this process's environment; no other test does, whatever ran before."""
    if "emulator" not in request.fixturenames:
        yield
        return
    with environment_of(request.getfixturevalue("emulator")):
        yield


@pytest.fixture(scope="session")
def clients(emulator):
    return make_clients(emulator.endpoint_url)


@pytest.fixture(scope="session")
def make_function_on():
    """Creates a function from its source and gives its ARN."""

    def make(functions, name, source, timeout=10):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", source)
        return functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.lambda_handler",
            Role="arn:aws:iam::000000000000:role/any",
            Timeout=timeout,
            Code={"ZipFile": archive.getvalue()},
        )["FunctionArn"]

    return make


@pytest.fixture(scope="session")
def make_function(clients, make_function_on):
    """Creates a function on the shared emulator."""
    return functools.partial(make_function_on, clients.functions)


@pytest.fixture
def world(make_mapping):
    """A world in virtual time, for what only that shows: exact moments, or many hours."""
    with virtual_world(make_mapping) as world:
        yield world


@pytest.fixture(params=["simulator", "emulator"])
def both(request, make_mapping, tmp_path):
    """A world of each kind. A test marked `differs("why")` is expected to fail on the emulator, and told if not."""
    path = tmp_path / "notes"
    if request.param == "simulator":
        with virtual_world(make_mapping, Noting, path) as world:
            yield world
        return
    if marker := request.node.get_closest_marker("differs"):
        request.applymarker(pytest.mark.xfail(reason=marker.args[0], strict=True))
    clients, make_function = request.getfixturevalue("clients"), request.getfixturevalue("make_function")
    with environment_of(request.getfixturevalue("emulator")):
        yield emulated_world(clients, make_mapping, make_function, wait_for, path)


@pytest.fixture
def run_local(tmp_path):
    programs = []

    def run(*arguments, **options):
        directory = tmp_path / f"run-{len(programs)}"
        directory.mkdir()
        programs.append(Program(arguments, directory, **options))
        return programs[-1]

    yield run
    for program in programs:
        program.close()


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
