"""`python -m benchmarks.compare`: the ways of handling a batch side by side, in virtual time."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.compare.command import Comparison, run_compare
from sqslab.errors import SqslabError
from sqslab.signals import interrupt_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it.

    Returns:
        The exit code: 0, 1 if the documentation cannot be brought up to date, 130 on Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    _add_options(parser)
    options = parser.parse_args(arguments)
    interrupt_on_signals()
    try:
        return run_compare(Comparison(options.messages, options.seed, options.failure_rate, options.json, options.docs))
    except SqslabError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--messages", type=_messages, default=100, metavar="N", help="how many messages, 1 to 10,000 (100)"
    )
    parser.add_argument("--seed", type=_whole_number, default=1, metavar="S", help="one seed, one outcome (1)")
    parser.add_argument(
        "--failure-rate",
        type=_probability,
        default=1 / 3,
        metavar="P",
        help="the probability with which an attempt fails, 0 to 1 (1/3)",
    )
    parser.add_argument(
        "--docs", type=Path, metavar="FOLDER", help="bring why.md in this folder up to date, and its pictures"
    )


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _messages(text: str) -> int:
    number = _whole_number(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError(f"{number} is not 1 to 10,000")
    return number


def _probability(text: str) -> float:
    try:
        probability = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= probability <= 1:  # nor NaN
        raise argparse.ArgumentTypeError(f"{text} is not 0 to 1")
    return probability


if __name__ == "__main__":
    sys.exit(main())
