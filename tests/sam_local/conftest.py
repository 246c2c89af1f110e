"""The real `sam build`, once, and the real `sam local invoke`."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE_IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"


@pytest.fixture(scope="session")
def environment():
    """An environment with nothing of the user's AWS account in it, and with the SAM CLI of this Python first.

    There are no credentials at all: with some, even made-up ones, `sam local invoke` asks AWS whose they are.
    """
    users = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return users | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAM_CLI_TELEMETRY": "0",
    }


@pytest.fixture(scope="session")
def docker():
    """The docker command. Skips the test where no engine answers it, or fails it if REQUIRE_DOCKER is 1."""
    command = shutil.which("docker")
    if command and subprocess.run([command, "version"], capture_output=True).returncode == 0:
        return command
    reason = "no Docker engine answers `docker version`, and sam local invoke needs one"
    if os.environ.get("REQUIRE_DOCKER") == "1":
        pytest.fail(f"{reason} (REQUIRE_DOCKER is 1)")
    return pytest.skip(reason)


@pytest.fixture(scope="session")
def sam(environment):
    """Runs the SAM CLI and gives its completed process; a failing one fails the test, with what it printed."""
    command = shutil.which("sam", path=environment["PATH"])
    assert command, "there is no SAM CLI, neither beside this Python nor on the PATH"

    def run(*arguments):
        completed = subprocess.run([command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
        assert completed.returncode == 0, f"sam {' '.join(arguments)}\n{completed.stdout}{completed.stderr}"
        return completed

    return run


@pytest.fixture(scope="session")
def invoke(docker, sam, tmp_path_factory):
    """Runs `sam local invoke` for a function and an event file, each pair once, and gives the completed process."""
    build = tmp_path_factory.mktemp("sam") / "build"
    # Not cached: the cache, and all that goes with it, is in the .aws-sam of whoever works here.
    sam("build", "--no-cached", "--build-dir", str(build))
    # An image that is there is not asked for again, so that this works without a registry.
    is_there = subprocess.run([docker, "image", "inspect", BASE_IMAGE], capture_output=True).returncode == 0
    options = ["--template", str(build / "template.yaml"), *(["--skip-pull-image"] if is_there else [])]

    @functools.cache
    def run(function, event_file):
        return sam("local", "invoke", function, "--event", str(event_file), *options)

    return run
