import json
import os
import socket
import subprocess
import sys

import pytest

from sqslab.clients import make_clients
from sqslab.errors import SqslabError
from sqslab.stack import processes
from sqslab.stack.emulator import HOST, Emulator, find_emulator
from sqslab.stack.environment import local_environment


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def port_of(emulator):
    return int(emulator.endpoint_url.rsplit(":", 1)[1])


@pytest.fixture
def script(tmp_path):
    """Puts a script in the place of an executable."""

    def write(text):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return write


def test_it_answers_inside_the_block_and_is_gone_after_it():
    with Emulator() as emulator:
        port, directory = port_of(emulator), emulator.directory
        assert is_listening(port)
        assert directory.is_dir()
    assert not is_listening(port)
    assert not directory.exists()


def test_it_listens_on_loopback_only(emulator):
    # given any other address of this machine
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; picks the address of the way out
        except OSError:
            pytest.skip("this machine has a loopback address only")
        address = probe.getsockname()[0]
    with socket.socket() as probe:
        probe.settimeout(2)
        assert probe.connect_ex((address, port_of(emulator))) != 0


def test_two_run_side_by_side(emulator):
    with Emulator() as other:
        assert other.endpoint_url != emulator.endpoint_url
        assert other.directory != emulator.directory


def test_it_stops_also_when_the_block_fails():
    port = None

    def interrupted():
        nonlocal port
        with Emulator() as emulator:
            port = port_of(emulator)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not is_listening(port)


def test_the_processes_of_functions_end_with_it(monkeypatch, make_function_on):
    with Emulator() as emulator:
        # given a function whose process is still there after it returned
        for name, value in local_environment(emulator.endpoint_url).items():
            monkeypatch.setenv(name, value)
        functions = make_clients(emulator.endpoint_url).functions
        make_function_on(functions, "pid", "import os\ndef lambda_handler(event, context):\n    return os.getpid()\n")
        pid = json.loads(functions.invoke(FunctionName="pid")["Payload"].read())
        os.kill(pid, 0)
    # then it is not, when the emulator has stopped
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_port_in_use_is_one_clear_error():
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SqslabError, match=f"{HOST}:{port}: Address already in use"), Emulator(port):
            pass
        assert is_listening(port)  # the other's server was left alone


def test_a_missing_emulator_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setenv("SQSLAB_EMULATOR", str(tmp_path / "none"))
    with pytest.raises(SqslabError, match="The emulator is missing"):
        Emulator()


def test_an_emulator_that_cannot_be_run_is_one_clear_error(monkeypatch, tmp_path):
    (tmp_path / "program").write_text("not a program")
    monkeypatch.setenv("SQSLAB_EMULATOR", str(tmp_path / "program"))
    with pytest.raises(SqslabError, match=r"Cannot run .*Permission denied"), Emulator():
        pass


def test_an_emulator_that_dies_at_start_shows_its_own_output(monkeypatch, script):
    monkeypatch.setenv("SQSLAB_EMULATOR", str(script("echo out of coffee; exit 3")))
    with pytest.raises(SqslabError, match=r"ended by itself \(exit code 3\)") as caught, Emulator():
        pass
    assert caught.value.output == "out of coffee"


def test_an_emulator_that_is_gone_is_noticed():
    with Emulator() as emulator:
        emulator.check()
        emulator._process.kill()
        emulator._process.wait()
        with pytest.raises(SqslabError, match="ended by itself"):
            emulator.check()


def test_the_emulator_may_be_chosen(monkeypatch):
    monkeypatch.setenv("SQSLAB_EMULATOR", sys.executable)
    assert str(find_emulator()) == sys.executable


def test_stopping_a_process_ends_its_children_also_those_that_do_not_listen(tmp_path, wait_for):
    # given a process whose child ignores SIGTERM
    child = tmp_path / "child"
    log = tmp_path / "log"
    command = f"sh -c 'trap \"\" TERM; echo $$ > {child}; while :; do sleep 1; done' & wait"
    with log.open("wb") as output:
        process = processes.start(["sh", "-c", command], environment=os.environ, output=output)
    pid = int(wait_for(lambda: child.exists() and child.read_text()))
    # when
    processes.stop(process)
    # then
    assert process.returncode is not None
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    assert state.strip() in ("", "Z")  # gone, or waiting for its adoptive parent to notice
