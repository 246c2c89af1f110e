"""The note that a running `up` leaves for `send`."""

import os
import signal
import subprocess
import sys

import pytest

from sqslab.errors import SqslabError
from sqslab.stack.project import Project
from sqslab.stack.session import Session, announced, find_session

RUNNING = Session("http://127.0.0.1:4566", "some-stack")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "template.yaml").write_text("Resources: {}")
    return Project.find(str(tmp_path))


def test_it_is_found_while_it_runs_and_gone_afterwards(project):
    assert find_session(project) is None
    with announced(project, RUNNING):
        assert find_session(project) == RUNNING
    assert find_session(project) is None
    assert list((project.directory / ".aws-sam").iterdir()) == []


def test_it_is_gone_after_a_failure(project):
    with pytest.raises(KeyboardInterrupt), announced(project, RUNNING):
        raise KeyboardInterrupt
    assert find_session(project) is None


def test_a_second_one_in_the_same_project_is_refused_and_does_no_harm(project):
    with announced(project, RUNNING):
        with pytest.raises(SqslabError, match="already"), announced(project, Session("http://127.0.0.1:1", "other")):
            pass
        assert find_session(project) == RUNNING


def test_one_that_was_killed_counts_for_nothing(project, wait_for):
    # given
    source = f"""
import time
from sqslab.stack.project import Project
from sqslab.stack.session import Session, announced
with announced(Project.find({str(project.directory)!r}), Session("http://127.0.0.1:1", "other")):
    print("there", flush=True)
    time.sleep(600)
"""
    command = [sys.executable, "-c", source]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "there\n"
        assert find_session(project) == Session("http://127.0.0.1:1", "other")
        # when
        os.kill(process.pid, signal.SIGKILL)
    # then
    assert find_session(project) is None
    with announced(project, RUNNING):
        assert find_session(project) == RUNNING
