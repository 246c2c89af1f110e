"""`sqslab up` with the queues of a deployed stack. A second emulator plays AWS."""

import datetime
import json
import signal

import pytest

from sqslab.clients import make_clients
from sqslab.stack import sam
from sqslab.stack.emulator import Emulator
from sqslab.stack.project import Project
from sqslab_testing.up import SOURCE, TEMPLATE, Up

# A function that sends on what it cannot do, with boto3 and the URL it has from the template.
SENDS_ON = """
import os, boto3
def handler(event, context):
    for record in event["Records"]:
        print(os.environ["GREETING"], "here")
        boto3.client("sqs").send_message(QueueUrl=os.environ["ELSEWHERE"], MessageBody=record["body"])
"""
WITH_URL = TEMPLATE.replace("{GREETING: !Ref Greeting}", "{GREETING: !Ref Greeting, ELSEWHERE: !Ref FailedJobs}")


@pytest.fixture(scope="module")
def aws(emulator):
    with Emulator() as second:
        yield second


@pytest.fixture(scope="module")
def there(aws):
    return make_clients(aws.endpoint_url)


@pytest.fixture(scope="module")
def folder(aws, tmp_path_factory):
    """A project whose stack `dev` is deployed already, and what its samconfig says of that."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "worker").mkdir()
    (folder / "template.yaml").write_text(WITH_URL)
    (folder / "worker" / "app.py").write_text(SOURCE)
    (folder / "samconfig.yaml").write_text("version: 0.1\nlocal: {global: {parameters: {stack_name: dev}}}\n")
    sam.build(aws.endpoint_url, aws.directory, Project.find(str(folder)))
    sam.deploy(aws.endpoint_url, aws.directory, Project.find(str(folder)))
    # what is deployed stays behind; the default environment is that of AWS
    (folder / "samconfig.yaml").write_text("version: 0.1\ndefault: {global: {parameters: {stack_name: dev}}}\n")
    return folder


@pytest.fixture(scope="module")
def up(folder, aws, tmp_path_factory, wait_for):
    state = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(state))
        options = ("--sqs-endpoint-url", aws.endpoint_url, "--yes")
        temporary = tmp_path_factory.mktemp("temporary")
        running = Up(folder, temporary, *options, template=WITH_URL, source=SENDS_ON)
    try:
        wait_for(lambda: running.program.has_said("ready: polling 1 event source mapping"), seconds=180)
        yield running
    finally:
        running.program.close()


def mapping_state(there):
    (mapping,) = there.functions.list_event_source_mappings()["EventSourceMappings"]
    return mapping["State"]


def test_messages_of_the_deployed_queue_go_to_the_function_here_with_the_deployed_settings(up, there, wait_for):
    assert mapping_state(there) == "Disabled"
    up.send("a message")
    # the greeting of the deployed stack, not that of the command line
    wait_for(lambda: up.count("Worker | hello here"))
    wait_for(lambda: up.count("1 message done, 0 failed"))


def test_what_the_function_sends_on_goes_to_the_deployed_queue(up, there, wait_for):
    (url,) = there.sqs.list_queues(QueueNamePrefix="dev-FailedJobs")["QueueUrls"]
    up.send("sent on")

    def bodies():
        messages = there.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in messages.get("Messages", [])]

    wait_for(lambda: "sent on" in bodies())


def test_a_saved_file_updates_the_function_here_and_keeps_the_deployed_settings(up, wait_for):
    up.source.write_text(SENDS_ON.replace("here", "here again"))
    wait_for(lambda: up.count("saved: the functions are up to date") == 1, seconds=180)
    up.send("a message")
    wait_for(lambda: up.count("Worker | hello here again"))


def test_it_says_how_to_send_to_the_deployed_queue(up, aws):
    assert up.count(f"sqslab send --template-file {up.template} Jobs hello") == 1
    assert up.count(f"aws sqs send-message --queue-url {aws.endpoint_url}") == 1
    assert up.count("export AWS_") == 0


def test_at_the_end_the_mapping_is_on_again(up, there, aws, wait_for):
    up.program.signal(signal.SIGTERM)
    assert up.program.exit_code() == 0, up.program.output
    assert mapping_state(there) == "Enabled"
    assert up.program.left_behind() == []


def test_when_the_emulator_dies_the_mapping_is_put_back(
    folder, aws, there, tmp_path, tmp_path_factory, monkeypatch, wait_for
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    options = ("--sqs-endpoint-url", aws.endpoint_url, "--yes", "--stack-name", "dev")
    up = Up(tmp_path_factory.mktemp("dies"), tmp_path_factory.mktemp("temporary"), *options)
    try:
        wait_for(lambda: up.program.has_said("ready"), seconds=180)
        assert mapping_state(there) == "Disabled"
        up.program.kill_children()  # the emulator
        assert up.program.exit_code() == 1
        assert "The emulator on" in up.program.output
        assert mapping_state(there) == "Enabled"
    finally:
        up.program.close()


# As the `credential_process` of a profile, whose keys are too old at once: asked anew for each call.
KEYS = """#!/bin/sh
echo asked >> {log}
test "$AWS_PROFILE" = dev || exit 1
echo '{{"Version": 1, "AccessKeyId": "test", "SecretAccessKey": "test", "Expiration": "'{soon}'"}}'
"""


def test_credentials_that_expire_are_renewed_with_the_users_own_settings(
    folder, aws, there, tmp_path, tmp_path_factory, monkeypatch, wait_for
):
    # given
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=9)  # renewed when ten are left
    keys, log = tmp_path / "keys", tmp_path / "log"
    keys.write_text(KEYS.format(log=log, soon=soon.strftime("%Y-%m-%dT%H:%M:%SZ")))
    keys.chmod(0o700)
    (tmp_path / "config").write_text(f"[profile dev]\nregion = us-east-1\ncredential_process = {keys}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "dev")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    options = ("--sqs-endpoint-url", aws.endpoint_url, "--yes", "--stack-name", "dev")
    up = Up(tmp_path_factory.mktemp("expires"), tmp_path_factory.mktemp("temporary"), *options)
    try:
        wait_for(lambda: up.program.has_said("ready: polling 1 event source mapping"), seconds=180)
        assert mapping_state(there) == "Disabled"
        before = log.read_text().count("asked")
        # when
        (url,) = there.sqs.list_queues(QueueNamePrefix="dev-Jobs")["QueueUrls"]
        there.sqs.send_message(QueueUrl=url, MessageBody="x")
        wait_for(lambda: up.count("1 message done, 0 failed"))
        up.program.signal(signal.SIGTERM)
        # then
        assert up.program.exit_code() == 0, up.program.output
        assert log.read_text().count("asked") > before
        assert mapping_state(there) == "Enabled"
    finally:
        up.program.close()


def test_without_a_stack_it_says_how_to_name_one(run_local, aws, tmp_path):
    (tmp_path / "template.yaml").write_text(json.dumps({"Resources": {}}))
    program = run_local("up", "--template-file", str(tmp_path), "--sqs-endpoint-url", aws.endpoint_url)
    assert program.exit_code() == 2
    assert program.output.startswith("error: Say which event source mappings")
    assert len(program.lines) == 1
