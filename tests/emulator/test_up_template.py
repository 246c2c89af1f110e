"""`sqslab up` on a copy of this repository's template, as a user runs it."""

import os
import signal
import subprocess
import sys

import pytest

from sqslab_testing.programs import Program
from tests.conftest import ROOT
from tests.support import as_shipped, copy_stack

pytestmark = [as_shipped, pytest.mark.slow]

ORDER = '{"order_id": "A1", "quantity": 2}'


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_stack(tmp_path_factory.mktemp("starter"))


@pytest.fixture(scope="module")
def up(project, tmp_path_factory, wait_for):
    program = Program(["up", "--template-file", str(project)], tmp_path_factory.mktemp("temporary"))
    try:
        # saved while the first build runs, and not again
        wait_for(lambda: program.has_said("sam build ..."), seconds=120)
        source = project / "functions" / "standard_consumer" / "app.py"
        source.write_text(source.read_text() + "\nlogger.error('saved while it built')\n")
        wait_for(lambda: program.has_said("ready: polling 2 event source mappings"), seconds=180)
        yield program
    finally:
        program.close()


@pytest.fixture
def send(project):
    def send(*arguments):
        environment = {name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"}
        command = [sys.executable, "-m", "sqslab", "send", "--template-file", str(project), *arguments]
        completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert completed.returncode == 0, completed.stderr
        return completed.stdout

    return send


def updates(up):
    return sum("saved: the functions are up to date" in line for line in list(up.lines))


def lines_with(up, *words):
    return [line for line in list(up.lines) if all(word in line for word in words)]


def test_what_was_saved_during_the_first_build_is_built_without_another_save(up, send, wait_for):
    wait_for(lambda: updates(up) == 1, seconds=180)
    send("StandardQueue", ORDER)
    wait_for(lambda: lines_with(up, "StandardConsumerFunction", "saved while it built"))


def test_messages_of_both_queues_are_done(up, send, wait_for):
    before = len(lines_with(up, "1 message done, 0 failed"))
    assert send("StandardQueue", ORDER).startswith("sent ")
    movement = '{"movement_id": "1", "account": "savings", "amount": 100}'
    assert send("--group", "savings", "FifoQueue", movement).startswith("sent ")
    wait_for(lambda: len(lines_with(up, "1 message done, 0 failed")) == before + 2)


def test_a_saved_file_takes_effect(project, up, send, wait_for):
    wait_for(lambda: updates(up) == 1, seconds=180)
    source = project / "functions" / "standard_consumer" / "app.py"
    source.write_text(source.read_text().replace("saved while it built", "saved while it ran"))
    wait_for(lambda: updates(up) == 2, seconds=180)
    send("StandardQueue", ORDER)
    wait_for(lambda: lines_with(up, "StandardConsumerFunction", "saved while it ran"))


def test_it_ends_by_ctrl_c_with_nothing_left(up):
    up.signal(signal.SIGINT)
    assert up.exit_code() == 0, up.output
    assert "Traceback" not in up.output
    assert up.left_behind() == []
