"""No test can reach an AWS account, whatever the one who runs them has set up."""

import os

import pytest
from hypothesis import settings

from benchmarks.settings import ROOT
from sqslab_testing.programs import Program

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

settings.register_profile("default", max_examples=100, deadline=None)
settings.register_profile("nightly", max_examples=10_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def run_compare_command(tmp_path):
    """Runs `python -m benchmarks.compare` in a process of its own."""
    programs = []

    def run(*arguments):
        programs.append(Program(arguments, tmp_path, folder=ROOT, module="benchmarks.compare"))
        return programs[-1]

    yield run
    for program in programs:
        program.close()
