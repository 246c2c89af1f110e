"""The consumers' surroundings: an SQS in this process, and consumers loaded with an environment of the test's own."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_queue(monkeypatch):
    """There is no queue to reach, as under sam local, except for those that ask for one."""
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # of the emulator of other tests


@pytest.fixture
def sqs(monkeypatch, no_queue):
    monkeypatch.delenv("AWS_SAM_LOCAL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("partial_batch._sqs.client._clients", {})  # the layer's client is to be made in here, too
    with mock_aws():
        yield boto3.client("sqs")


@pytest.fixture
def load_consumer(monkeypatch):
    """Loads a consumer as Lambda does, as the module `app`, with this dead-letter queue in its environment."""

    def load(name, dead_letter_queue_url):
        # It reads its environment when it is imported, so it is run anew.
        monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", dead_letter_queue_url)
        return SimpleNamespace(**runpy.run_path(ROOT / "functions" / name / "app.py", run_name="app"))

    return load


@pytest.fixture
def receive_all(sqs):
    """Everything in a queue, with all its attributes."""

    def receive(queue_url):
        return sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])

    return receive
