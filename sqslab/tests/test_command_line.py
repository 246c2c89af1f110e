"""`sqslab` as a user runs it: its lines, its exit codes, and that nothing stays behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

import sqslab
from sqslab.cli import cli, main
from sqslab.stack.emulator import HOST
from sqslab_testing.up import SOURCE, TEMPLATE

NO_TRACEBACK = "Traceback"
DLQ = ("show", "redrive", "drop")
SCENARIO = "messages:\n" + "".join(
    f"  - {{queue: Jobs, name: job-{number}, body: bad, end: dead-lettered by SQS}}\n" for number in range(3)
)


@pytest.fixture
def project(tmp_path):
    """A small project whose messages fail for a while."""
    folder = tmp_path / "project"
    (folder / "worker").mkdir(parents=True)
    (folder / "template.yaml").write_text(TEMPLATE.replace("VisibilityTimeout: 2", "VisibilityTimeout: 60"))
    (folder / "worker" / "app.py").write_text(SOURCE)
    (folder / "scenario.yaml").write_text(SCENARIO)
    return folder


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("The emulator runs on", signal.SIGINT),
        ("sam build ...", signal.SIGINT),
        ("sam deploy ...", signal.SIGTERM),
        ("0/3 ended", signal.SIGINT),
    ],
    ids=["at its start", "while it builds", "while it deploys", "while messages are in flight"],
)
def test_an_interrupted_scenario_leaves_nothing(run_local, project, free_port, wait_for, said, number):
    # given
    program = run_local("scenario", "scenario.yaml", "--port", str(free_port), folder=project)
    wait_for(lambda: program.has_said(said), seconds=120)
    # when
    program.signal(number)
    # then
    assert program.exit_code() == 130, program.output
    assert NO_TRACEBACK not in program.output
    assert program.left_behind() == []
    assert list(program.temporary_directory.iterdir()) == []
    with socket.create_server((HOST, free_port)):
        pass  # the port is free again


INTERRUPTED_WHILE_A_DATACLASS_IS_MADE = """
import sys
from sqslab import cli

def interrupt():
    raise KeyboardInterrupt

cli._run = lambda *_: exec("interrupt()", globals())
sys.exit(cli.main(["scenario", "scenario.yaml"]))
"""


def test_the_exit_code_is_the_same_wherever_it_is_interrupted(tmp_path):
    (tmp_path / "interrupted.py").write_text(INTERRUPTED_WHILE_A_DATACLASS_IS_MADE)
    ended = subprocess.run([sys.executable, "-m", "interrupted"], cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "Interrupted. Everything it started is stopped.\n")


@pytest.mark.parametrize("command", [["scenario", "scenario.yaml"], ["up"]])
def test_a_port_in_use_is_told_in_one_message(run_local, project, command):
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        program = run_local(*command, "--port", str(port), folder=project)
        assert program.exit_code() == 1
    assert program.output.startswith(f"error: Cannot listen on {HOST}:{port}")
    assert NO_TRACEBACK not in program.output


def test_without_a_template_it_is_said_what_was_looked_for(run_local, tmp_path):
    program = run_local("up", folder=tmp_path)
    assert program.exit_code() == 1
    assert program.lines == [
        f"error: There is no {tmp_path / 'template.yaml'} and no {tmp_path / 'template.yml'}. "
        "Name a SAM template or its folder."
    ]


def test_a_wrong_scenario_is_one_error(run_local, project):
    (project / "scenario.yaml").write_text("messages:\n  - queue: Jobs\n    name: first\n")
    program = run_local("scenario", "scenario.yaml", folder=project)
    assert program.exit_code() == 1
    assert program.lines == ["error: scenario.yaml, line 2: a message without `body`."]


def test_the_version_is_said_and_python_m_sqslab_is_the_same_program(run_local):
    program = run_local("--version")
    assert program.exit_code() == 0
    assert program.output == f"sqslab, version {sqslab.__version__}"
    script = subprocess.run(
        [Path(sys.executable).parent / "sqslab", "--version"], capture_output=True, text=True, check=True
    )
    assert script.stdout.strip() == program.output


@pytest.mark.parametrize(
    "command", [[], *([name] for name in cli.list_commands(None)), *(["dlq", name] for name in DLQ)]
)
def test_help_fits_into_80_columns(command, capsys):
    assert main([*command, "--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_a_missing_emulator_is_told_in_one_message(run_local, project, tmp_path):
    program = run_local("up", environment=os.environ | {"SQSLAB_EMULATOR": str(tmp_path / "none")}, folder=project)
    assert program.exit_code() == 1
    assert program.output.startswith("error: The emulator is missing")
    assert len(program.lines) == 1


@pytest.mark.parametrize(
    "arguments",
    [["up", "--port", "0"], ["up", "--port", "http"], ["poll"], ["send"], ["send", "Queue"], ["scenario"], ["dance"]],
)
def test_a_wrong_command_line_is_refused(run_local, arguments):
    program = run_local(*arguments)
    assert program.exit_code() == 2
    assert NO_TRACEBACK not in program.output


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["up", "--bogus"], "up"),
        (["scenario", "file", "--bogus"], "scenario"),
        (["dlq", "show", "Queue", "--bogus"], "dlq show"),
        (["restore", "--bogus"], "restore"),
        (["plan", "--function-time", "1", "--bogus"], "plan"),
    ],
)
def test_what_a_command_does_not_know_is_told_with_its_own_usage(run_local, arguments, usage):
    program = run_local(*arguments)
    assert program.exit_code() == 2
    assert program.lines[0].startswith(f"Usage: sqslab {usage} [OPTIONS]")
    assert program.lines[-1].startswith(f"Error: No such option: {arguments[-1]}")


def without_region():
    return {name: os.environ[name] for name in os.environ if "REGION" not in name and name != "AWS_ENDPOINT_URL"}


ELSEWHERE = "http://192.0.2.1:4566"  # for documentation; nothing is sent there


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["dlq", "show", "Queue", "--stack-name", "shop"], "--region or "),
        (["dlq", "redrive", "Queue", "--endpoint-url", ELSEWHERE], "--region or "),
        (["dlq", "drop", "Queue", "--message-id", "1", "--endpoint-url", ELSEWHERE], "--region or "),
        (["send", "--endpoint-url", ELSEWHERE, "Queue", "x"], ""),
        (["poll", "--endpoint-url", ELSEWHERE], ""),
        (["poll", "--sqs-endpoint-url", ELSEWHERE, "--stack-name", "s", "--lambda-endpoint-url", ELSEWHERE], ""),
        (["up", "--sqs-endpoint-url", ELSEWHERE, "--stack-name", "s"], ""),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else None,
)
def test_a_missing_region_is_one_message(run_local, project, arguments, option):
    program = run_local(*arguments, environment=without_region(), folder=project)
    assert program.exit_code() == 2
    assert program.lines == [f"error: No AWS region is set. Name one with {option}AWS_REGION."]


def test_aws_region_names_the_region(run_local, project, emulator):
    boto3.client("sqs", endpoint_url=emulator.endpoint_url, region_name="eu-west-1").create_queue(QueueName="europe")
    command = ["dlq", "show", "europe", "--endpoint-url", emulator.endpoint_url]
    for region, code in [("eu-west-1", 0), ("us-west-2", 1)]:
        program = run_local(*command, environment=without_region() | {"AWS_REGION": region}, folder=project)
        assert program.exit_code() == code, program.output


@pytest.mark.parametrize(
    "url", ["127.0.0.1:4566", "http://", "ftp://127.0.0.1", "", "https://sqs.us-east-1.amazonaws.com"]
)
def test_poll_refuses_what_is_no_endpoint_or_is_aws_itself(run_local, url):
    program = run_local("poll", "--endpoint-url", url)
    assert program.exit_code() == 1
    assert program.output.startswith("error: ")
    assert len(program.lines) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_poll_runs_without_any_credentials_until_it_is_told_to_stop(run_local, emulator, wait_for, tmp_path, number):
    # given no AWS settings at all
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["HOME"] = str(tmp_path)
    program = run_local("poll", "--endpoint-url", emulator.endpoint_url, environment=environment)
    wait_for(lambda: program.has_said("ready"))
    # when
    program.signal(number)
    # then
    assert program.exit_code() == 0, program.output


def test_poll_finishes_what_is_in_flight_before_it_ends(
    run_local, emulator, clients, make_function, wait_for, tmp_path
):
    # given a batch whose function waits for a file
    started, go_on = tmp_path / "started", tmp_path / "go on"
    source = f"""
import os, time
def lambda_handler(event, context):
    open({str(started)!r}, "w").close()
    while not os.path.exists({str(go_on)!r}):
        time.sleep(0.01)
"""
    url = clients.sqs.create_queue(QueueName="in-flight", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    mapping = clients.functions.create_event_source_mapping(
        EventSourceArn="arn:aws:sqs:us-east-1:000000000000:in-flight",
        FunctionName=make_function("waits", source, timeout=60),
    )
    program = run_local("poll", "--endpoint-url", emulator.endpoint_url)
    wait_for(lambda: program.has_said("ready"))
    clients.sqs.send_message(QueueUrl=url, MessageBody="{}")
    wait_for(started.exists)
    # when
    program.signal(signal.SIGTERM)
    go_on.touch()
    # then
    assert program.exit_code() == 0, program.output
    assert "in-flight: 1 message done, 0 failed" in program.lines
    attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    clients.functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_poll_waits_for_an_endpoint_that_is_not_there_yet(run_local, free_port, wait_for):
    program = run_local("poll", "--endpoint-url", f"http://{HOST}:{free_port}")
    wait_for(lambda: program.has_said(f"http://{HOST}:{free_port}: Could not connect"))
    program.signal(signal.SIGINT)
    assert program.exit_code() == 0, program.output
    assert len(program.lines) == 1
