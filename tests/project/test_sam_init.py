"""`sam init --location` with the address of a git repository gives a whole project."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def git(*arguments, directory):
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", *settings, "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout


def files_below(directory):
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """What git would have of this project, as a repository with one commit."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    directory = tmp_path_factory.mktemp("source") / "partial-batch.git"
    if (ROOT / ".git").exists():
        names = git("ls-files", "--cached", "--others", "--exclude-standard", directory=ROOT).splitlines()
    else:  # made by `sam init` itself: no repository yet, so all but what .gitignore names
        git("init", "--quiet", str(directory), directory=ROOT)
        names = git(
            f"--git-dir={directory}/.git", "--work-tree=.", "ls-files", "--others", "--exclude-standard", directory=ROOT
        ).splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    git("init", "--quiet", directory=directory)
    git("add", "--all", directory=directory)
    git("commit", "--quiet", "--message", "all", directory=directory)
    return directory


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
