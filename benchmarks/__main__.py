"""Measure, print the table, write it to results.md; exit code 1 if the layer costs more than it may."""

import importlib.metadata
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

LAYER_FOLDER = Path(__file__).parents[1] / "layers" / "partial_batch"
sys.path.insert(0, str(LAYER_FOLDER))

from rich.console import Console  # noqa: E402 - the layer has to be on the path first
from rich.table import Table  # noqa: E402

from . import failures, measure  # noqa: E402
from .built import Built, build  # noqa: E402
from .peers import BARE, LAYER, POWERTOOLS  # noqa: E402
from .report import machine, markdown, today, write_part  # noqa: E402

HEADINGS = ("", "measured", "limit", "aim", "")
METHOD = (
    "All handlers are measured in one process, by turns, in rounds. A ratio is the median over the rounds of the ratio"
    " within a round; microseconds are those of the fastest round. Each handler does nothing with a message, has its"
    " defaults and gets a Lambda context. Imports are those of a cold start: what `sam build` leaves, the layer with"
    " its bytecode, Powertools as it is installed, without; by turns, each time in a fresh interpreter that has json"
    " and logging and writes no bytecode. The consumer is the standard queue's with the template's options, and imports"
    " boto3 where they need it. Where all messages fail, each raises an error of its own, the log is Lambda's in its"
    " JSON format, calls are those of botocore to a server on this machine, without TLS, and the environment is warm."
)


@dataclass
class Row:
    """One figure, and what it has to be."""

    name: str
    measured: float
    limit: float
    aim: float | None = None
    unit: str = ""
    decimals: int = 1
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the limit is kept."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def cells(self) -> tuple[str, ...]:
        """The row as text, under HEADINGS."""
        bound = "at least" if self.at_least else "at most"
        aim = "" if self.aim is None else self._number(self.aim)
        return self.name, self._number(self.measured), f"{bound} {self._number(self.limit)}", aim, self._verdict()

    def _verdict(self) -> str:
        if not self.met:
            return "missed"
        return "aim met" if self.aim is not None and self.measured <= self.aim else "met"

    def _number(self, value: float) -> str:
        return f"{value:.{self.decimals}f} {self.unit}" if self.unit else f"{value:.3f}"


def main() -> int:
    """Measure everything; about two minutes."""
    rows: list[Row] = []
    absolute: list[tuple[str, ...]] = []

    with tempfile.TemporaryDirectory() as folder:
        built = build(Path(folder))
        zip_size = built.zip_size()
        times = measure.imports(
            {
                LAYER: ("partial_batch", [built.layer]),
                POWERTOOLS: ("aws_lambda_powertools.utilities.batch", [built.powertools]),
            },
            rounds=15,
        )
        consumer = _consumer(built)
    rows.append(Row("cold import / Powertools' batch utility", times.ratio(LAYER, POWERTOOLS), 0.03))
    absolute.append(("cold import", *(_microseconds(times, name) for name in (LAYER, POWERTOOLS)), ""))
    absolute.append(("cold import of the consumer", consumer, "", ""))
    for count, rounds, calls in ((10, 120, 100), (10_000, 30, 1)):
        for fifo in (False, True):
            name = f"batch of {count:,}, {'FIFO skip_group' if fifo else 'standard'}"
            limit, aim = {
                (10, False): (0.40, 0.30),
                (10, True): (0.40, 0.30),
                (10_000, False): (0.55, 0.40),
                (10_000, True): (0.40, 0.30),
            }[count, fifo]
            times = measure.batches(count, fifo=fifo, rounds=rounds, calls=calls)
            rows.append(Row(f"{name} / Powertools", times.ratio(LAYER, POWERTOOLS), limit, aim))
            absolute.append((name, *(_microseconds(times, peer) for peer in (LAYER, POWERTOOLS, BARE))))
    for kind, faster in measure.waiting(messages=100, seconds=0.02, concurrency=10, rounds=3).items():
        name = f"100 messages that each wait 20 ms, concurrency=10 in {kind}"
        rows.append(Row(name, faster, 9, unit="x faster", at_least=True))
    seconds = failures.with_backoff(rounds=3, call_seconds=0.01)
    rows.append(Row("10,000 failures with backoff, 10 ms a call", seconds, 2, unit="s", decimals=2))
    seconds = failures.plain(rounds=3)
    rows.append(Row("10,000 plain failures with Lambda's JSON log format", seconds, 1.5, unit="s", decimals=2))
    rows.append(Row("layer zip, with bytecode", zip_size / 1000, 130, unit="KB"))

    console = Console(width=120)
    console.print(_table("What the layer costs", HEADINGS, [row.cells() for row in rows]))
    peers = ("", LAYER, POWERTOOLS, BARE)
    console.print(_table("Microseconds", peers, absolute))
    write_part(_results(markdown(HEADINGS, [row.cells() for row in rows]), markdown(peers, absolute)))
    missed = [row.name for row in rows if not row.met]
    if missed:
        console.print(f"missed: {'; '.join(missed)}")
    return 1 if missed else 0


def _consumer(built: Built) -> str:
    """Microseconds of importing functions/standard_consumer, with the environment that the template gives it."""
    environment = {
        "BACKOFF_BASE": "30",
        "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead-orders",
        "MAX_RECEIVE_COUNT": "5",
        "PARTIAL_BATCH_METRICS_NAMESPACE": "PartialBatch",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    modules = {"consumer": ("app", [built.consumer, built.layer])}
    return _microseconds(measure.imports(modules, rounds=10, environment=environment), "consumer")


def _microseconds(times: measure.Times, name: str) -> str:
    return f"{times.fastest(name) * 1e6:,.1f}"


def _table(title: str, headings: tuple[str, ...], lines: list[tuple[str, ...]]) -> Table:
    table = Table(title=title)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    for line in lines:
        table.add_row(*line)
    return table


def _results(ratios: str, absolute: str) -> str:
    powertools = importlib.metadata.version("aws-lambda-powertools")
    return f"""# What the layer costs

Written by `make bench` on {today()}: Powertools for AWS Lambda (Python) {powertools}, {machine()}.

{ratios}

Microseconds:

{absolute}

{METHOD}
"""


if __name__ == "__main__":
    sys.exit(main())
