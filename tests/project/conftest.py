"""A copy of this project, to make others of."""

import shutil
import subprocess

import pytest

from tests.conftest import ROOT


def git(*arguments, directory):
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", *settings, "-c", "init.defaultBranch=main", *arguments]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
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
