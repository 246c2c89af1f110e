"""Keeps docs/why.md in step: the code of each strategy, its figures, and the pictures."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from benchmarks.compare.outcome import Outcome
from benchmarks.compare.picture import draw
from benchmarks.compare.strategies import STRATEGIES
from benchmarks.compare.table import markdown
from sqslab.errors import SqslabError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.compare.run import Played
    from benchmarks.compare.strategies import Strategy

_IGNORED = re.compile(r"  # (type: ignore|noqa).*")


def renew(folder: Path, played: Sequence[Played]) -> None:
    """Write the pictures, and what `why.md` has between `<!-- NAME -->` and `<!-- end -->`, NAME being a strategy's.

    Args:
        folder: where `why.md` is.
        played: what every strategy did, without and with a poison message.

    Raises:
        SqslabError: there is no such file, it has no place for a strategy, or something cannot be written.
    """
    file = folder / "why.md"
    try:
        text = file.read_text(encoding="utf-8")
        for strategy in STRATEGIES:
            block = f"<!-- {strategy.name} -->\n\n{_section(strategy, played)}\n<!-- end -->"
            parts = re.split(rf"<!-- {re.escape(strategy.name)} -->.*?<!-- end -->", text, flags=re.DOTALL)
            if len(parts) != 2:
                raise SqslabError(f"{file} needs <!-- {strategy.name} --> and, below it, <!-- end -->, once.")
            text = block.join(parts)
        file.write_text(text, encoding="utf-8")
        for kind in ("standard", "fifo"):
            drawn = [one for one in played if one.strategy.fifo == (kind == "fifo") and one.messages.poison]
            draw(drawn, folder / f"compare-{kind}.svg")
    except OSError as error:
        raise SqslabError(f"Cannot renew {error.filename or file}: {error.strerror}.") from error


def _section(strategy: Strategy, played: Sequence[Played]) -> str:
    code = _IGNORED.sub("", inspect.getsource(strategy.handler))
    rows = [
        ("with a poison message" if one.messages.poison else f"{one.messages.count:,} messages", Outcome.of(one))
        for one in played
        if one.strategy == strategy
    ]
    return f"```python\n{code}```\n\n{markdown(rows)}"
