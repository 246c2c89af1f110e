"""docs/operations.md: its commands run as they are written, and it has a section for each alarm."""

import os
import re
import subprocess
import textwrap
from dataclasses import dataclass

import pytest
from samtranslator.yaml_helper import yaml_parse

from sqslab.clients import make_clients
from sqslab.dlq.dead_letters import held_dead_letters
from sqslab.queues import backlog
from sqslab.scenario.delivery_log import DeliveryLog
from sqslab.stack import sam
from sqslab.stack.emulator import Emulator
from sqslab.stack.environment import local_environment, replace_environment
from sqslab.stack.project import Project
from sqslab.workers import Workers
from tests.conftest import ROOT
from tests.support import HALVES, copy_stack

PAGE = ROOT / "docs" / "operations.md"
if not PAGE.exists():
    pytest.skip("docs/ was deleted", allow_module_level=True)
pytestmark = pytest.mark.slow
RUNBOOK = PAGE.read_text()
SEPARATOR = "---- next block ----"
# CLI version 1 has SQS endpoints of its own for some regions and heeds AWS_ENDPOINT_URL in none of them.
AWS = 'aws() { "$AWS_CLI" --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
# What is not run is checked by the tools themselves: they read the command line, make up an answer, and send nothing.
PRETEND = """
aws() { "$AWS_CLI" "$@" --generate-cli-skeleton output; }
sam() { command sam "$@" --help >/dev/null; }
"""
OF_QUEUES = ("First", "Look into a dead-letter queue", "Drop", "Redrive")
BAD = {"standard": '{"order_id": "bad", "quantity": 0}', "fifo": '{"movement_id": "bad", "account": "a", "amount": 0}'}
RETRIED = {
    "standard": '{"order_id": "again", "quantity": 1, "fail_attempts": 1}',
    "fifo": '{"movement_id": "again", "account": "a", "amount": 1, "fail_attempts": 1}',
}


@dataclass(frozen=True)
class Block:
    """A fenced block of shell commands, and why it can be run on AWS only, if so."""

    heading: str
    only_on_aws: str | None
    commands: str


def blocks():
    found, heading = [], ""
    for match in re.finditer(r"^#+ (.*)$|^ *```sh(?: on AWS only: (.+))?\n((?:.*\n)*?) *```$", RUNBOOK, re.MULTILINE):
        heading = match[1] or heading
        if match[3] is not None:
            found.append(Block(heading, match[2], textwrap.dedent(match[3])))
    return found


def chosen(kind):
    """All blocks for one queue; for the other those that look into queues, where being FIFO matters."""
    return [block for block in blocks() if kind == next(iter(HALVES)) or block.heading in OF_QUEUES]


def script(kind):
    lines = ["set -euo pipefail", AWS]
    for block in chosen(kind):
        around = (PRETEND, f"unset -f sam; {AWS}") if block.only_on_aws else ("", "")
        lines += [around[0], block.commands, around[1], f"echo; echo '{SEPARATOR}'"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """The stack on an emulator of its own, with the dead letters and log lines that an incident leaves."""
    before = dict(os.environ)
    with Emulator() as emulator:
        project, url = Project.find(copy_stack(tmp_path_factory.mktemp("starter"))), emulator.endpoint_url
        replace_environment(local_environment(url, before))
        try:
            sam.build(url, emulator.directory, project)
            yield emulator, project, sam.deploy(url, emulator.directory, project)
        finally:
            replace_environment(before)


@pytest.fixture(scope="module", params=HALVES)
def ran(request, deployed, wait_for):
    """Runs all blocks in one shell, as somebody would who pastes them, and gives what each has printed, by heading."""
    emulator, project, outputs = deployed
    clients, delivery_log = make_clients(emulator.endpoint_url), DeliveryLog()
    kind, half = request.param, HALVES[request.param].prefix
    queue_url, dead_letter_url = outputs[f"{half}QueueUrl"], outputs[f"{half}DeadLetterQueueUrl"]

    def send(body, number):
        fifo = {"MessageGroupId": f"g{number}", "MessageDeduplicationId": str(number)} if kind == "fifo" else {}
        return clients.sqs.send_message(QueueUrl=queue_url, MessageBody=body, **fifo)["MessageId"]

    with Workers(emulator.endpoint_url, clients, delivery_log):
        retried = send(RETRIED[kind], 0)
        bad = [send(BAD[kind], number) for number in (1, 2, 3)]
        wait_for(
            lambda: backlog(clients.sqs, queue_url).empty and backlog(clients.sqs, dead_letter_url).waiting >= 3,
            seconds=300,
        )
    assert retried in delivery_log.successes
    with held_dead_letters(clients.sqs, dead_letter_url) as dead_letters:
        ids = {dead_letter.source_id: dead_letter.id for dead_letter in dead_letters.take(10)}
    assert ids.keys() == set(bad)
    environment = local_environment(emulator.endpoint_url) | {
        "AWS_CLI": str(ROOT / ".venv-awscli" / "bin" / "aws"),
        "AWS_SAM_STACK_NAME": project.stack_name,
        "CONFIG_ENV": "local",
        "HALF": half,
        "MESSAGE_ID": retried,
        "LETTER_ID": bad[1],
        "UNWANTED_ID": ids[bad[2]],
        "OWNER": "octo-org",
        "NAME": "orders",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(emulator.directory / "sam"),
    }
    ended = subprocess.run(
        ["bash", "-c", script(kind)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = ended.stdout.split(SEPARATOR)
    everything = list(zip([block.heading for block in chosen(kind)], printed, strict=False))
    assert ended.returncode == 0, (everything[-1], ended.stderr[-3000:])
    said = {}
    for heading, text in everything:
        said[heading] = said.get(heading, "") + text
    return said


def test_every_alarm_has_a_section_and_every_section_its_alarm():
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    alarms = {name for name, resource in resources.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}
    sections = re.findall(r"^### (\w+Alarm)$", RUNBOOK, re.MULTILINE)
    assert {half.prefix + section for half in HALVES.values() for section in sections} == alarms


def test_every_link_in_the_runbook_leads_to_a_heading():
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", RUNBOOK, flags=re.DOTALL), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {*re.findall(r"\]\(#([^)]*)\)", RUNBOOK)} <= anchors


def test_most_of_the_commands_are_run():
    assert sum(block.only_on_aws is None for block in blocks()) >= 12
    assert all(block.only_on_aws for block in blocks() if "sh on AWS only" in block.commands)


def test_the_commands_run_as_written_and_show_what_they_promise(ran):
    assert "ApproximateNumberOfMessages" in ran["First"]
    assert "Invalid" in ran["Look into a dead-letter queue"]
    assert "1 message deleted" in ran["Drop"]
    assert ran["Redrive"].count("1 message moved") == 2
    if ran.keys() == {*OF_QUEUES}:
        return
    assert "failed with Invalid" in ran["What fails"]
    assert ran["One message's story"].count("failed with ConnectionError at receive 1") == 3
    assert ran["One message's story"].count("is done") == 3
    assert "50" in ran["Raise the concurrency"]
    assert "FunctionVersion" in ran["Roll back"]
