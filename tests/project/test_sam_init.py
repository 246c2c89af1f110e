"""`sam init --location` with the address of a git repository gives a whole project."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.conftest import git


def files_below(directory):
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def project(source, tmp_path_factory):
    """The project that `sam init` makes of it, without asking anything."""
    directory = tmp_path_factory.mktemp("made")
    environment = os.environ | {"HOME": str(directory / "home"), "SAM_CLI_TELEMETRY": "0"}
    (directory / "home").mkdir()
    command = [
        Path(sys.executable).parent / "sam",
        "init",
        "--location",
        f"file://{source}",
        "--name",
        "orders",
        "--no-input",
    ]
    ended = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return directory / "orders"


def test_every_file_of_the_repository_is_there_and_no_other(source, project):
    committed = set(git("ls-files", directory=source).splitlines())
    assert {"Makefile", "template.yaml", ".gitignore", ".cfnlintrc", ".python-version"} <= committed
    assert any(name.startswith(".github/workflows/") for name in committed)
    assert files_below(project) == committed


def test_files_are_as_they_were_and_what_could_be_run_still_can(source, project):
    for name in files_below(project):
        assert (project / name).read_bytes() == (source / name).read_bytes()
        assert bool((project / name).stat().st_mode & stat.S_IXUSR) == bool(
            (source / name).stat().st_mode & stat.S_IXUSR
        )


def test_the_history_stays_behind(project):
    assert not (project / ".git").exists()
