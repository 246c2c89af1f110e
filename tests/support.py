"""What several tests need: records and events as Lambda makes them."""

import os
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

# What whoever runs the tests has set up, before tests/conftest.py takes it away. For tests/deployed only.
AWS_SETTINGS = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


class Half(NamedTuple):
    """A queue with its consumer: how its resources' names begin, and where the function's code is."""

    prefix: str
    code: str


# By the folder of its events, which is the kind of its queue. A fork that renames a half, or drops one, says so here.
HALVES = {
    "standard": Half("Standard", "functions/standard_consumer"),
    "fifo": Half("Fifo", "functions/fifo_consumer"),
}
as_shipped = pytest.mark.skipif(
    # in small letters, as renaming a half replaces its prefix in this file, too
    [half.prefix.lower() for half in HALVES.values()] != ["standard", "fifo"],
    reason="a half was renamed or deleted",
)
of_standard = pytest.mark.skipif("standard" not in HALVES, reason="there is no standard queue")
of_fifo = pytest.mark.skipif("fifo" not in HALVES, reason="there is no FIFO queue")


def copy_stack(folder: Path) -> Path:
    """Copy what `sam build` and `sam deploy` need: two of them in one folder at once would disturb each other."""
    root = Path(__file__).parents[1]
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(root / name, folder)
    for name in ("functions", "layers"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


STANDARD_ARN = "arn:aws:sqs:us-east-1:123456789012:orders"
FIFO_ARN = "arn:aws:sqs:us-east-1:123456789012:movements.fifo"


def record(
    identifier: str,
    body: str = "{}",
    *,
    arn: str = STANDARD_ARN,
    group: str | None = None,
    receive_count: int = 1,
    attributes: dict[str, Any] | None = None,
) -> dict[str, Any]:
    system = {
        "ApproximateReceiveCount": str(receive_count),
        "SentTimestamp": "1763760000123",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1763760000456",
    }
    if group is not None:
        system["MessageGroupId"] = group
    if arn.endswith(".fifo"):
        system["MessageDeduplicationId"] = f"deduplication of {identifier}"
        system["SequenceNumber"] = "18893957204271106048"
    return {
        "messageId": identifier,
        "receiptHandle": f"handle of {identifier}",
        "body": body,
        "attributes": system,
        "messageAttributes": attributes or {},
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }


def standard_event(*identifiers: str, **fields: Any) -> dict[str, Any]:
    return {"Records": [record(identifier, **fields) for identifier in identifiers]}


def fifo_event(*places: str) -> dict[str, Any]:
    """`fifo_event("a1", "b1", "a2")`: message a1 of group a, b1 of group b, a2 of group a."""
    return {"Records": [record(place, arn=FIFO_ARN, group=place[0]) for place in places]}


def reported(response: Any) -> list[str]:
    """The ids in a response, after a look at its shape."""
    assert set(response) == {"batchItemFailures"}
    assert all(set(failure) == {"itemIdentifier"} for failure in response["batchItemFailures"])
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


class Context:
    """Lambda's context object, as far as the layer looks at it."""

    function_name = "consumer"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)
