import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import support  # keeps the AWS settings, which go below

ROOT = Path(__file__).parents[1]

# A fork may have dropped sqslab, whose own tests have what those on the emulator use, or may have it from elsewhere.
HAS_SQSLAB = bool((found := find_spec("sqslab")) and found.origin)
collect_ignore = [] if (ROOT / "sqslab" / "tests").exists() else ["emulator"]
collect_ignore += [] if HAS_SQSLAB else ["deployed"]
collect_ignore += [] if (ROOT / "docs").exists() else ["docs"]

# No test can reach an AWS account, whatever the one who runs them has set up; tests/deployed does if it is told to.
for name in support.AWS_SETTINGS:
    del os.environ[name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# What the template gives the consumers, as sam local does: a logical id where the URL belongs.
os.environ |= {"BACKOFF_BASE": "10", "DEAD_LETTER_QUEUE_URL": "DeadLetterQueue", "MAX_RECEIVE_COUNT": "5"}


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Hand on to a process of pytest-xdist what this one has taken out of the environment."""
    node.workerinput["aws_settings"] = support.AWS_SETTINGS


def pytest_configure(config):
    if hasattr(config, "workerinput"):
        support.AWS_SETTINGS.clear()
        support.AWS_SETTINGS.update(config.workerinput["aws_settings"])
    config.addinivalue_line("markers", "differs(reason): the emulator does otherwise than AWS")


settings.register_profile("default", max_examples=100, deadline=None)
settings.register_profile("nightly", max_examples=10_000, deadline=None)
# mutmut runs the tests several times in one process, on other instances of their classes each time.
settings.register_profile(
    "mutation",
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.differing_executors],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
