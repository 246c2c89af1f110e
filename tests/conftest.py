import os
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).parents[1]

# A fork may have dropped what is only for running and measuring here, and either of the halves.
_NEEDS = {"local": "local", "simulator": "local", "soak": "benchmarks"}
collect_ignore = [tests for tests, folder in _NEEDS.items() if not (ROOT / folder).exists()]

# No test can reach an AWS account, whatever the one who runs them has set up.
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

# What the template gives the consumers, as sam local does: a logical id where the URL belongs.
os.environ |= {"BACKOFF_BASE": "10", "DEAD_LETTER_QUEUE_URL": "DeadLetterQueue", "MAX_RECEIVE_COUNT": "5"}

settings.register_profile("default", max_examples=300, deadline=None)
settings.register_profile("nightly", max_examples=10_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
