"""The figures as tables, for the terminal and for Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.compare.outcome import Outcome

_BAD, _AMBER = "bold red", "yellow"
# Each column with the style of anything but zero in it.
_COLUMNS = {
    "invocations": "",
    "runs": "",
    "repeats": _BAD,
    "lost": _BAD,
    "out of order": _BAD,
    "dead: poison": "",
    "dead: innocent": _BAD,
    "dead: too early": _AMBER,
    "drained after": "",
}
HEADINGS = tuple(_COLUMNS)


def cells(outcome: Outcome) -> list[str]:
    """Give the text of each column; a dash where a column says nothing of this outcome."""
    return [
        f"{outcome.invocations:,}",
        f"{outcome.runs:,}",
        f"{outcome.repeated_runs:,}",
        f"{outcome.lost:,}",
        "-" if outcome.out_of_order is None else f"{outcome.out_of_order:,}",
        {None: "-", True: "yes", False: "no"}[outcome.poison_dead_lettered],
        f"{outcome.innocents_dead_lettered:,}",
        f"{outcome.early_dead_lettered:,}",
        f"never: {outcome.remaining:,} remain" if outcome.drained_after is None else f"{outcome.drained_after:,.1f} s",
    ]


def make_table(title: str, outcomes: Iterable[Outcome]) -> Table:
    """Make a table with a row an outcome, in which the faults stand out.

    Args:
        title: what was run.
        outcomes: in the order of the rows.
    """
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("strategy", vertical="bottom")
    for heading in HEADINGS:
        table.add_column("\n".join(heading.split(" ", 1)), justify="right", no_wrap=True)
    for outcome in outcomes:
        row = zip(cells(outcome), _COLUMNS.values(), strict=True)
        figures = [Text(cell, style="" if cell in ("0", "-") else style) for cell, style in row]
        table.add_row(Text(outcome.strategy, style="" if outcome.faults else "bold green"), *figures)
    return table


def markdown(outcomes: Iterable[tuple[str, Outcome]]) -> str:
    """Write a table with a row an outcome.

    Args:
        outcomes: each with what its row is called.
    """
    lines = [("", *HEADINGS), ("---", *("---:" for _ in HEADINGS))]
    lines += [(name, *cells(outcome)) for name, outcome in outcomes]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
