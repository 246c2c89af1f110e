"""`python -m local` as a user runs it: its lines, its exit codes, and that nothing stays behind."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import pytest

from local.emulator import HOST, REPOSITORY

NO_TRACEBACK = "Traceback"


class Program:
    """`python -m local ...` in a process of its own, its output read as it comes."""

    def __init__(self, arguments, environment, temporary_directory):
        self.temporary_directory = temporary_directory
        self.lines = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local", *arguments],
            cwd=REPOSITORY,
            env=environment | {"TMPDIR": str(temporary_directory), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip())

    def has_said(self, beginning):
        ended = self._process.poll() is not None
        said = any(line.startswith(beginning) for line in list(self.lines))
        assert said or not ended, self.output
        return said

    @property
    def output(self):
        return "\n".join(self.lines)

    def signal(self, number):
        self._process.send_signal(number)

    def exit_code(self):
        code = self._process.wait(120)
        self._reader.join()
        return code

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
        self.exit_code()
        self._process.stdout.close()

    def left_behind(self):
        """Command lines of living processes that were started by it: they have its temporary directory."""
        mark = str(self.temporary_directory).encode()
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_bytes())
            except OSError:
                continue  # it has just ended, or is another user's
        return found


@pytest.fixture
def run_local(tmp_path):
    programs = []

    def run(*arguments, environment=os.environ):
        directory = tmp_path / f"run-{len(programs)}"
        directory.mkdir()
        programs.append(Program(arguments, environment, directory))
        return programs[-1]

    yield run
    for program in programs:
        program.close()


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("The emulator runs on", signal.SIGINT),
        ("sam build ...", signal.SIGINT),
        ("sam deploy ...", signal.SIGTERM),
        ("0/40 ended", signal.SIGINT),
    ],
    ids=["at its start", "while it builds", "while it deploys", "while messages are in flight"],
)
def test_an_interrupted_demo_leaves_nothing(run_local, free_port, wait_for, said, number):
    # given
    program = run_local("demo", "--port", str(free_port))
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


@pytest.mark.parametrize("command", ["demo", "up"])
def test_a_port_in_use_is_told_in_one_message(run_local, command):
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        program = run_local(command, "--port", str(port))
        assert program.exit_code() == 1
    assert program.output.startswith(f"error: Cannot listen on {HOST}:{port}")
    assert NO_TRACEBACK not in program.output


def test_a_missing_emulator_is_told_in_one_message(run_local, tmp_path):
    program = run_local("demo", environment=os.environ | {"PARTIAL_BATCH_EMULATOR": str(tmp_path / "none")})
    assert program.exit_code() == 1
    assert program.output.startswith("error: The emulator is missing")
    assert len(program.lines) == 1


@pytest.mark.parametrize("arguments", [[], ["demo", "--port", "0"], ["demo", "--port", "http"], ["poll"], ["dance"]])
def test_a_wrong_command_line_is_refused(run_local, arguments):
    program = run_local(*arguments)
    assert program.exit_code() == 2
    assert NO_TRACEBACK not in program.output


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
