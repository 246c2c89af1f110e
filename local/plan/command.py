"""`python -m local plan`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from local.plan.answer import answer
from local.plan.arguments import InvalidPlan, read
from local.plan.report import as_json, show

if TYPE_CHECKING:
    import argparse

_USAGE = 2  # the exit code that argparse has


def run_plan(options: argparse.Namespace) -> int:
    """Answer, on standard output.

    Returns:
        The exit code: 0, or 2 if the options do not go together.
    """
    try:
        question = read(options)
    except InvalidPlan as error:
        print(f"error: {error}", file=sys.stderr)
        return _USAGE
    found = answer(question)
    if options.json:
        print(as_json(found, question))
    else:
        show(found, question, Console(highlight=False))
    return 0
