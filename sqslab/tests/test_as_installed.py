"""sqslab as a stranger has it: its wheel in an environment of its own, and a project that is not this one."""

import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from sqslab_testing.programs import Program
from sqslab_testing.up import SOURCE, TEMPLATE

SQSLAB = Path(__file__).parents[1]
LOCK = SQSLAB.parent / "locks" / "development.txt"

pytestmark = pytest.mark.slow


class Stranger:
    """Somebody with an environment that sqslab was installed into, and a project."""

    def __init__(self, folder):
        self.bin, self.project = folder / "environment" / "bin", folder / "project"
        self._temporary = folder / "temporary"
        # Of this project neither the programs nor the modules.
        others = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_", "AWS_"))
        }
        path = [place for place in os.environ["PATH"].split(os.pathsep) if Path(place) != Path(sys.executable).parent]
        self.environment = others | {"PATH": os.pathsep.join([str(self.bin), *path]), "SAM_CLI_TELEMETRY": "0"}

    def run(self, *command, code=0):
        """Give what a command says, and fail where it ends with another code."""
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, *arguments):
        temporary = self._temporary / arguments[0]
        temporary.mkdir(parents=True)
        command = [self.bin / "sqslab"]
        return Program(arguments, temporary, environment=self.environment, folder=self.project, command=command)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "source").mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(SQSLAB / name, folder / "source")
    shutil.copytree(SQSLAB / "src", folder / "source" / "src", ignore=shutil.ignore_patterns("__pycache__"))
    # The versions that are tested here, of what sqslab itself says that it needs.
    versions = re.findall(r"^[\w.-]+==\S+", LOCK.read_text(), re.MULTILINE)
    (folder / "versions.txt").write_text("\n".join(versions))
    venv.create(folder / "environment", symlinks=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", "wheels", "./source"]
    subprocess.run(build, cwd=folder, check=True)
    (wheel,) = (folder / "wheels").iterdir()
    # By uv: pip takes minutes for what the SAM CLI needs.
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", folder / "environment"]
    subprocess.run([*install, "--constraint", "versions.txt", f"{wheel}[lint]"], cwd=folder, check=True)
    (folder / "project" / "worker").mkdir(parents=True)
    (folder / "project" / "template.yaml").write_text(TEMPLATE)
    (folder / "project" / "worker" / "app.py").write_text(SOURCE)
    return Stranger(folder)


@pytest.fixture(scope="module")
def up(stranger, wait_for):
    program = stranger.start("up")
    try:
        wait_for(lambda: program.has_said("ready: polling 1 event source mapping"), seconds=180)
        yield program
    finally:
        program.close()


def test_nothing_that_it_needs_is_missing(stranger):
    subprocess.run([sys.executable, "-m", "pip", "--python", stranger.bin.parent, "check"], check=True)
    assert stranger.run("sqslab", "--version").startswith("sqslab")
    code = "import sqslab; print(sqslab.__file__)"
    assert Path(stranger.run("python", "-c", code).strip()).is_relative_to(stranger.bin.parent)


def test_up_runs_the_project_and_send_and_dlq_find_it(stranger, up, wait_for):
    assert stranger.run("sqslab", "send", "Jobs", "good").startswith("sent ")
    stranger.run("sqslab", "send", "Jobs", "bad")

    wait_for(lambda: any("from the first version" in line for line in list(up.lines)))
    show = ("sqslab", "dlq", "show", "--body", "FailedJobs")
    shown = wait_for(lambda: "bad" in (said := stranger.run(*show)) and said)
    assert "good" not in shown


def test_poll_runs_the_mappings_of_an_endpoint(stranger, up, wait_for):
    (url,) = {found for line in list(up.lines) for found in re.findall(r"http://127\.0\.0\.1:\d+", line)}
    program = stranger.start("poll", "--endpoint-url", url)
    try:
        wait_for(lambda: program.has_said("ready"))
        program.signal(signal.SIGTERM)
        assert program.exit_code() == 0, program.output
    finally:
        program.close()


def test_its_lint_rules_find_what_is_wrong(stranger):
    (stranger.project / ".cfnlintrc").write_text("append_rules:\n  - sqslab.lint\n")
    found = "Jobs hides a message for 2 s, under the advised 12 s"
    assert found in stranger.run("cfn-lint", "template.yaml", code=4)
    assert found in stranger.run("sam", "validate", "--lint", "--region", "us-east-1", code=1)


def test_without_a_template_it_says_what_it_looked_for(stranger, tmp_path):
    assert f"There is no {tmp_path}/template.yaml" in stranger.run("sqslab", "up", str(tmp_path), code=1)
