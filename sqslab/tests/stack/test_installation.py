"""The emulator's own environment, with a small package in the place of MiniStack."""

import hashlib
import os
import signal
import subprocess
import sys
import zipfile

import pytest

from sqslab.errors import SqslabError
from sqslab.stack import installation
from sqslab.stack.emulator import find_emulator

PROGRAM = """
import sys
from pathlib import Path
from sqslab.signals import interrupt_on_signals
from sqslab.stack import installation
interrupt_on_signals()
installation.REQUIREMENTS = Path(sys.argv[1])
print(installation.installed_emulator())
"""


@pytest.fixture
def requirements(tmp_path):
    """A list that names the wheel by its hash, as the one that sqslab ships does."""
    name = "ministack-1.0-py3-none-any.whl"
    (tmp_path / "wheels").mkdir()
    with zipfile.ZipFile(tmp_path / "wheels" / name, "w") as wheel:
        folder = "ministack-1.0.dist-info"
        wheel.writestr("ministack.py", "def main():\n    print('it runs')\n")
        wheel.writestr(f"{folder}/METADATA", "Metadata-Version: 2.1\nName: ministack\nVersion: 1.0\n")
        wheel.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{folder}/entry_points.txt", "[console_scripts]\nministack = ministack:main\n")
        wheel.writestr(f"{folder}/RECORD", "")
    digest = hashlib.sha256((tmp_path / "wheels" / name).read_bytes()).hexdigest()
    path = tmp_path / "list.txt"
    path.write_text(f"ministack==1.0 --hash=sha256:{digest}\n")
    return path


@pytest.fixture(autouse=True)
def user(tmp_path, requirements, monkeypatch):
    """A user with an empty cache, whose pip knows that wheel alone."""
    monkeypatch.setattr(installation, "REQUIREMENTS", requirements)
    monkeypatch.delenv("SQSLAB_EMULATOR", raising=False)
    monkeypatch.delenv("PIP_CONSTRAINT", raising=False)
    for name, value in {
        "HOME": tmp_path,
        "XDG_CACHE_HOME": tmp_path / "cache",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": tmp_path / "wheels",
        "PIP_TARGET": tmp_path / "elsewhere",
    }.items():
        monkeypatch.setenv(name, str(value))


@pytest.fixture
def start(requirements):
    """Starts a process that needs the emulator."""
    processes = []

    def start():
        command = [sys.executable, "-c", PROGRAM, requirements]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_it_is_installed_once(capfd, requirements):
    path = find_emulator()
    first = capfd.readouterr()
    assert subprocess.run([path], capture_output=True, text=True, check=True).stdout == "it runs\n"
    assert [line.rpartition(" ")[0] for line in first.err.splitlines()] == [
        f"Installing the emulator (MiniStack) into {path.parents[1]}, once for all projects",
        first.err.splitlines()[1].rpartition(" ")[0],
    ]
    assert first.out == ""

    assert find_emulator() == path
    assert capfd.readouterr().err == ""

    # another list, as a newer sqslab ships it, has another folder
    requirements.write_text(f"# newer\n{requirements.read_text()}")
    assert installation._folder() != path.parents[1]


def test_two_at_once_install_it_once(start):
    first, second = start(), start()
    answers = [first.communicate(timeout=120), second.communicate(timeout=120)]
    assert [first.returncode, second.returncode] == [0, 0]
    assert len({output for output, _ in answers}) == 1
    assert sum("into" in said for _, said in answers) == 1


def test_one_that_was_interrupted_is_made_anew(start, wait_for):
    interrupted = start()
    folder = installation._folder()
    wait_for(folder.exists)
    interrupted.send_signal(signal.SIGTERM)
    interrupted.communicate(timeout=60)
    assert interrupted.returncode != 0
    (folder / "left").touch()

    assert find_emulator().is_file()
    assert not (folder / "left").exists()


def test_where_there_is_no_pip_beside_sqslab_the_environment_has_its_own(monkeypatch):
    monkeypatch.setattr(installation.importlib.util, "find_spec", lambda name: None)
    assert subprocess.run([find_emulator()], capture_output=True, text=True, check=True).stdout == "it runs\n"


def test_a_file_of_another_hash_is_one_clear_error_with_what_pip_said(requirements):
    requirements.write_text(f"ministack==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SqslabError, match="Name one that you have in SQSLAB_EMULATOR") as caught:
        find_emulator()
    assert "DO NOT MATCH THE HASHES" in caught.value.output


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(SqslabError, match=r"Cannot install the emulator into .*: Not a directory"):
        find_emulator()


def test_the_list_that_is_shipped_names_each_file_by_its_hash(monkeypatch):
    monkeypatch.undo()
    lines = installation.REQUIREMENTS.read_text().splitlines()
    required = [line for line in lines if line[:1].isalnum()]
    assert any(line.startswith("ministack==") for line in required)
    assert all("==" in line and line.endswith("\\") for line in required)
    assert not any("://" in line for line in lines)
