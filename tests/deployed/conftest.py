"""The deployed stack: the one that AWS_SAM_STACK_NAME names, on AWS; without it, one on the emulator.

The tests are the same for both. They know their own messages by ids of their own, look at no others, and take them away
at the end, so that they can run beside real traffic. What they dead-letter sets off the stack's alarms.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from sqslab.clients import make_clients
from sqslab.dlq.dead_letters import held_dead_letters
from sqslab.stack.emulator import Emulator
from sqslab.stack.environment import local_environment, replace_environment
from sqslab.stack.project import Project
from sqslab.stack.sam import build, deploy
from sqslab.workers import Workers
from tests.conftest import ROOT
from tests.support import AWS_SETTINGS, HALVES, copy_stack

STACK_NAME = "AWS_SAM_STACK_NAME"
# Not meant to be reached: with the template's parameters a message that always fails takes eight minutes.
BOUND = 30 * 60


def wait_for(condition, seconds=BOUND):
    """Wait until it holds: lines of the log, too, come some seconds after what they tell of."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.5)
    return result


@pytest.fixture(name="wait_for", scope="session")
def wait_for_fixture():
    return wait_for


class Half:
    """A queue of the stack with its dead-letter queue and its consumer, and the messages that this run has sent."""

    def __init__(self, kind, outputs):
        name, self.fifo = HALVES[kind].prefix, kind == "fifo"
        self.queue_url = outputs[f"{name}QueueUrl"]
        self.queue_arn = outputs[f"{name}QueueArn"]
        self.dead_letter_url = outputs[f"{name}DeadLetterQueueUrl"]
        self.function_name = outputs[f"{name}ConsumerFunctionName"]
        self.log_group = outputs.get(f"{name}ConsumerLogGroupName", f"/aws/lambda/{self.function_name}")
        self.run = uuid.uuid4().hex
        self.ids = {}  # by the name of the message
        self._started = round(time.time() * 1000)
        self._sqs, self._logs = boto3.client("sqs"), boto3.client("logs")

    def group(self, name):
        return f"test-{self.run}-{name}"

    def body(self, name, **more):
        """An order or a movement that nobody else has."""
        number = f"test-{self.run}-{name}"
        body = (
            {"movement_id": number, "account": "test", "amount": 1}
            if self.fifo
            else {"order_id": number, "quantity": 1}
        )
        return json.dumps(body | more)

    def send(self, name, body, *, group=None, url=None):
        fifo = (
            {"MessageGroupId": self.group(group), "MessageDeduplicationId": f"{self.run}-{name}"} if self.fifo else {}
        )
        answer = self._sqs.send_message(QueueUrl=url or self.queue_url, MessageBody=body, **fifo)
        self.ids[name] = answer["MessageId"]
        return answer["MessageId"]

    def lines(self, text):
        """What the consumer has logged that has this text in it, oldest first: (milliseconds, line)."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.log_group, startTime=self._started, filterPattern=f'"{text}"'
        )
        try:
            events = [event for page in pages for event in page["events"]]
        except self._logs.exceptions.ResourceNotFoundException:
            return []  # nothing was invoked yet
        # Once more: the emulator's filter matches word by word.
        return [(event["timestamp"], event["message"]) for event in events if text in event["message"]]

    def done(self, message_id):
        """When the consumer said that this message is done, in milliseconds; empty if it did not."""
        return [moment for moment, _ in self.lines(f"message {message_id} is done")]

    def dead_letters(self):
        """This run's messages in the dead-letter queue, by the id they had in the queue; of several copies the first.

        A function sends a second one if SQS takes the first and answers too late.
        """
        with held_dead_letters(self._sqs, self.dead_letter_url) as dead_letters:
            own = sorted(self._own(dead_letters), key=lambda dead_letter: dead_letter.sent_at, reverse=True)
            return {dead_letter.source_id: dead_letter for dead_letter in own}

    def clean_up(self):
        """Delete this run's messages from the dead-letter queue, and nobody else's."""
        with held_dead_letters(self._sqs, self.dead_letter_url) as dead_letters:
            for dead_letter in self._own(dead_letters):
                dead_letters.delete(dead_letter)

    def _own(self, dead_letters):
        own = []
        while taken := dead_letters.take(10):
            own += [
                dead_letter
                for dead_letter in taken
                if {dead_letter.id, dead_letter.source_id} & {*self.ids.values()} or self._marked(dead_letter)
            ]
        return own

    def _marked(self, dead_letter):
        return self.run in dead_letter.message["Body"] or self.run in (dead_letter.group or "")


def outputs_of(stack_name):
    try:
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        pytest.fail(f"no stack {stack_name}, which {STACK_NAME} names, could be looked at: {error}", pytrace=False)
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The outputs of the stack. For as long as these tests run, this process's environment is that of its place."""
    before = dict(os.environ)
    with ExitStack() as running:
        running.callback(replace_environment, before)
        if STACK_NAME in AWS_SETTINGS:
            others = {name: value for name, value in before.items() if not name.startswith("AWS_")}
            replace_environment(others | AWS_SETTINGS)
        else:
            emulator = running.enter_context(Emulator())
            url, project = emulator.endpoint_url, Project.find(copy_stack(tmp_path_factory.mktemp("starter")))
            replace_environment(local_environment(url, before) | {STACK_NAME: project.stack_name})
            build(url, emulator.directory, project)
            deploy(url, emulator.directory, project)
            running.enter_context(Workers(url, make_clients(url), lambda _: None))
        yield outputs_of(os.environ[STACK_NAME])


@pytest.fixture(scope="module")
def make_half(outputs):
    halves = []

    def make(kind):
        if kind not in HALVES:
            pytest.skip(f"there is no {kind} queue")
        halves.append(Half(kind, outputs))
        return halves[-1]

    yield make
    for half in halves:
        half.clean_up()


@pytest.fixture(scope="module")
def dlq(outputs):
    """Runs `sqslab dlq` as a user does, and gives what it says."""

    def run(*arguments):
        command = [sys.executable, "-m", "sqslab", "dlq", *arguments]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    return run
