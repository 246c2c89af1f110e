"""How long a batch takes all of which fails: python -m benchmarks.failures ROUNDS [backoff]. Seconds, a line a round.

It runs in a process of its own, with the environment of the function and its log as Lambda's.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

_LAYER_FOLDER = str(Path(__file__).parents[1] / "layers" / "partial_batch")
if _LAYER_FOLDER not in sys.path:
    sys.path.insert(0, _LAYER_FOLDER)

from partial_batch import Backoff, Message, batch_handler  # noqa: E402 - the layer has to be on the path first

from .lambda_log import lambda_log  # noqa: E402
from .peers import Context, Handler, event  # noqa: E402
from .sqs_server import server  # noqa: E402

MESSAGES = 10_000
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
# Lambda's Python has no awscrt, which the SAM CLI brings along here and which takes longer to sign a request.
_AS_ON_LAMBDA = {"BOTO_DISABLE_CRT": "true"}
_NOWHERE = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def plain(*, rounds: int) -> float:
    """Seconds for a batch of which each message fails, with defaults: the median."""
    return _median_of([str(rounds)], {})


def with_backoff(*, rounds: int, call_seconds: float) -> float:
    """Seconds for such a batch with a backoff, where each call to SQS takes that long: the median."""
    with server(call_seconds) as sqs:
        seconds = _median_of([str(rounds), "backoff"], {"AWS_ENDPOINT_URL_SQS": sqs.url})
        entries = sqs.entries()
    if entries < rounds * MESSAGES:
        raise AssertionError(f"only {entries} of {rounds * MESSAGES} failed messages were hidden")
    return seconds


def _median_of(arguments: list[str], environment: dict[str, str]) -> float:
    users = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.failures", *arguments],
        env=users | _CREDENTIALS | _AS_ON_LAMBDA | _NOWHERE | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return median(float(line) for line in done.stdout.split())


def _process(message: Message) -> None:
    raise ValueError(f"no {message.id}")


def _main(rounds: int, *, backoff: bool) -> None:
    handler: Handler = batch_handler(_process, backoff=Backoff(base=30) if backoff else None)
    with lambda_log():
        handler(event(10, fifo=False), Context())  # what is made once, such as a client, is made
        for _ in range(rounds):
            batch = event(MESSAGES, fifo=False)
            started = time.perf_counter()
            response = handler(batch, Context())
            print(time.perf_counter() - started, flush=True)
            if len(response["batchItemFailures"]) != MESSAGES:
                raise AssertionError("each message fails")


if __name__ == "__main__":
    _main(int(sys.argv[1]), backoff="backoff" in sys.argv)
