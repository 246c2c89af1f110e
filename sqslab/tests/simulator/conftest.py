"""One set of cases on two backends: the simulator in virtual time, and the emulator in real time."""

import itertools
import json
import time

import boto3
import pytest
from botocore.config import Config

from sqslab.simulator import SimulatedSqs
from sqslab.simulator.virtual_clock import VirtualClock
from sqslab.stack.emulator import Emulator

_BOUND = 60  # seconds; not meant to be reached
_names = itertools.count()


class Backend:
    """A client of SQS, and the few steps that the cases are made of. Messages go by their bodies."""

    def __init__(self, sqs, pause):
        self.sqs = sqs
        self._pause = pause  # lets a short time pass

    def queue(self, *, fifo=False, dead_letters=None, receives=3, **attributes):
        """Create a queue and give its URL; in `Attributes` all values are text."""
        if fifo:
            attributes["FifoQueue"] = "true"
        if dead_letters:
            policy = {"deadLetterTargetArn": self.attribute(dead_letters, "QueueArn"), "maxReceiveCount": receives}
            attributes["RedrivePolicy"] = json.dumps(policy)
        settings = {name: str(value) for name, value in attributes.items()}
        name = f"queue-{next(_names)}{'.fifo' * fifo}"
        return self.sqs.create_queue(QueueName=name, Attributes=settings)["QueueUrl"]

    def send(self, url, *bodies, **more):
        """Send messages; on a FIFO queue the group is what stands before the dash."""
        answers = []
        for body in bodies:
            fifo = (
                {"MessageGroupId": body.split("-")[0], "MessageDeduplicationId": body} if url.endswith("fifo") else {}
            )
            answers.append(self.sqs.send_message(QueueUrl=url, MessageBody=body, **fifo | more))
        return answers

    def take(self, url, most=10, **more):
        request = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"], "WaitTimeSeconds": 0}
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, **request | more)
        return Taken(answer.get("Messages", []))

    def hide(self, url, message, seconds):
        self.sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
        )

    def delete(self, url, *messages):
        for message in messages:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def attribute(self, url, name):
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]

    def in_flight(self, url):
        return int(self.attribute(url, "ApproximateNumberOfMessagesNotVisible"))

    def waiting(self, url):
        return int(self.attribute(url, "ApproximateNumberOfMessages"))

    def until(self, condition):
        """Let time pass until something is so."""
        for _ in range(int(_BOUND / 0.05)):
            if condition():
                return
            self._pause(0.05)
        raise AssertionError("the condition was not met in time")

    def until_in_flight(self, url, count):
        self.until(lambda: self.in_flight(url) == count)


class Taken(list):
    """The messages of one receive."""

    @property
    def bodies(self):
        return [message["Body"] for message in self]

    def __getitem__(self, body):
        if isinstance(body, str):
            return next(message for message in self if message["Body"] == body)
        return super().__getitem__(body)


@pytest.fixture(scope="session")
def emulated_sqs():
    with Emulator() as running:
        config = Config(retries={"total_max_attempts": 1})
        yield boto3.client("sqs", endpoint_url=running.endpoint_url, region_name="us-east-1", config=config)


@pytest.fixture
def clock():
    with VirtualClock() as clock:
        yield clock


@pytest.fixture(scope="session")
def make_backend():
    def make(clock, seed=1, **options):
        return Backend(SimulatedSqs(clock, seed, **options), lambda seconds: clock.wait(None, seconds))

    return make


@pytest.fixture
def simulator(clock, make_backend):
    return make_backend(clock)


@pytest.fixture(params=["simulator", "emulator"])
def backend(request):
    """Each case on both. One marked `differs("why")` is expected to fail on the emulator, and told if it does not."""
    if request.param == "simulator":
        return request.getfixturevalue("simulator")
    if marker := request.node.get_closest_marker("differs"):
        request.applymarker(pytest.mark.xfail(reason=marker.args[0], strict=True))
    return Backend(request.getfixturevalue("emulated_sqs"), time.sleep)
