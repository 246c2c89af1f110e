"""The command `python -m benchmarks.compare`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from benchmarks.compare.outcome import Outcome
from benchmarks.compare.run import Messages, play
from benchmarks.compare.strategies import STRATEGIES
from benchmarks.compare.table import make_table
from sqslab.view.console import make_console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.compare.run import Played


_NARROWEST = 112  # characters; a table cut off says less than one whose lines wrap


@dataclass(frozen=True)
class Comparison:
    """What is to be compared, and where it goes.

    Attributes:
        messages: how many.
        seed: of what is drawn.
        failure_rate: the probability with which an attempt fails, 0 to 1.
        as_json: whether standard output gets JSON instead of tables.
        docs: the folder whose `why.md` is to be brought up to date, with its pictures; None for none.
    """

    messages: int
    seed: int
    failure_rate: float
    as_json: bool = False
    docs: Path | None = None


def run_compare(comparison: Comparison) -> int:
    """Run every strategy, without and with a poison message, and show what became of the messages.

    Returns:
        The exit code, 0.

    Raises:
        SqslabError: the documentation cannot be brought up to date.
    """
    played = play_all(comparison)
    if comparison.docs is not None:
        from benchmarks.compare.docs import renew  # matplotlib takes a moment

        renew(comparison.docs, played)
    outcomes = [Outcome.of(one) for one in played]
    if comparison.as_json:
        make_console().print_json(data=as_json(comparison, outcomes))
    else:
        _print_tables(comparison, outcomes)
    return 0


def play_all(comparison: Comparison) -> list[Played]:
    """Run every strategy, first all of them without and then all of them with a poison message."""
    todo = [
        (strategy, Messages(comparison.messages, comparison.seed, comparison.failure_rate, poison))
        for poison in (False, True)
        for strategy in STRATEGIES
    ]
    console = Console(stderr=True)
    progress = track(todo, "comparing", console=console, transient=True, disable=not console.is_terminal)
    return [play(strategy, messages) for strategy, messages in progress]


def as_json(comparison: Comparison, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Give what `--json` prints; docs/why.md describes it."""
    return {
        "messages": comparison.messages,
        "seed": comparison.seed,
        "failure_rate": comparison.failure_rate,
        "results": [asdict(outcome) for outcome in outcomes],
    }


def _print_tables(comparison: Comparison, outcomes: Sequence[Outcome]) -> None:
    console = make_console()
    console.width = max(console.width, _NARROWEST)
    for kind, name in (("standard", "Standard"), ("fifo", "FIFO")):
        for poison in (False, True):
            title = f"{name} queue, {comparison.messages:,} messages{', one of them poison' if poison else ''}"
            rows = [outcome for outcome in outcomes if outcome.queue == kind and outcome.poison == poison]
            console.print(make_table(title, rows))
    console.print(
        f"An attempt fails with a probability of {comparison.failure_rate * 100:.3g}%, that of a poison message "
        f"always; seed {comparison.seed}. Green: no fault. docs/why.md has the strategies, and what the columns mean."
    )
