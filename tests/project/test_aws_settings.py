"""The stack that AWS_SAM_STACK_NAME names is the one that tests/deployed looks at, and no emulator in its place."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("processes", [[], ["--numprocesses", "1"]], ids=["in one process", "in several"])
def test_the_deployed_stack_is_the_one_that_is_named(processes):
    settings = {
        "AWS_SAM_STACK_NAME": "no-such-stack",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_MAX_ATTEMPTS": "1",
    }
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *processes, "tests/deployed"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode != 0
    assert "no stack no-such-stack, which AWS_SAM_STACK_NAME names, could be looked at" in ended.stdout + ended.stderr
