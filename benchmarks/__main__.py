"""Measure, print the table, write it to results.md; exit code 1 if the layer costs more than it may."""

import importlib.metadata
import sys
from dataclasses import dataclass
from pathlib import Path

LAYER_FOLDER = Path(__file__).parents[1] / "layers" / "partial_batch"
sys.path.insert(0, str(LAYER_FOLDER))

from rich.console import Console  # noqa: E402 - the layer has to be on the path first
from rich.table import Table  # noqa: E402

from . import measure  # noqa: E402
from .peers import BARE, LAYER, POWERTOOLS  # noqa: E402
from .report import machine, markdown, today, write_part  # noqa: E402

HEADINGS = ("", "measured", "limit", "aim", "")
METHOD = (
    "All handlers are measured in one process, by turns, in rounds. A ratio is the median over the rounds of the ratio"
    " within a round; microseconds are those of the fastest round. Each handler does nothing with a message, has its"
    " defaults and gets a Lambda context. Imports are measured by turns too, each in a fresh interpreter that has json"
    " and logging, with byte code written before."
)


@dataclass
class Row:
    """One figure, and what it has to be."""

    name: str
    measured: float
    limit: float
    aim: float | None = None
    unit: str = ""
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
        return f"{value:.1f} {self.unit}" if self.unit else f"{value:.3f}"


def main() -> int:
    """Measure everything; about a minute."""
    rows: list[Row] = []
    absolute: list[tuple[str, ...]] = []

    times = measure.imports({LAYER: "partial_batch", POWERTOOLS: "aws_lambda_powertools.utilities.batch"}, rounds=15)
    rows.append(Row("import / Powertools' batch utility", times.ratio(LAYER, POWERTOOLS), 0.08))
    absolute.append(("import", *(_microseconds(times, name) for name in (LAYER, POWERTOOLS)), ""))
    for count, rounds, calls in ((10, 120, 100), (10_000, 30, 1)):
        for fifo in (False, True):
            name = f"batch of {count:,}, {'FIFO skip_group' if fifo else 'standard'}"
            limit, aim = {
                (10, False): (0.40, 0.25),
                (10, True): (0.40, 0.25),
                (10_000, False): (0.55, 0.40),
                (10_000, True): (0.40, 0.30),
            }[count, fifo]
            times = measure.batches(count, fifo=fifo, rounds=rounds, calls=calls)
            rows.append(Row(f"{name} / Powertools", times.ratio(LAYER, POWERTOOLS), limit, aim))
            absolute.append((name, *(_microseconds(times, peer) for peer in (LAYER, POWERTOOLS, BARE))))
    for kind, faster in measure.waiting(messages=100, seconds=0.02, concurrency=10, rounds=3).items():
        name = f"100 messages that each wait 20 ms, concurrency=10 in {kind}"
        rows.append(Row(name, faster, 9, unit="x faster", at_least=True))
    rows.append(Row("layer zip", measure.zip_size() / 1000, 40, unit="KB"))

    console = Console(width=120)
    console.print(_table("What the layer costs", HEADINGS, [row.cells() for row in rows]))
    peers = ("", LAYER, POWERTOOLS, BARE)
    console.print(_table("Microseconds", peers, absolute))
    write_part(_results(markdown(HEADINGS, [row.cells() for row in rows]), markdown(peers, absolute)))
    missed = [row.name for row in rows if not row.met]
    if missed:
        console.print(f"missed: {'; '.join(missed)}")
    return 1 if missed else 0


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
