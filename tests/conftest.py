import os
from pathlib import Path

from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

# A fork may have dropped what is only for running and measuring here, and either of the halves.
collect_ignore = [name for name in ("local",) if not (ROOT / name).exists()]

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
# mutmut runs the tests several times in one process, on other instances of their classes each time.
settings.register_profile(
    "mutation",
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.differing_executors],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
