"""The console for standard output, and how long a step took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH_WITHOUT_TERMINAL = 120


def make_console() -> Console:
    """Make the console for standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_WITHOUT_TERMINAL)


@contextmanager
def step(console: Console, doing: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    started = time.monotonic()
    if console.is_terminal and not console.is_dumb_terminal:
        with console.status(doing):
            yield
    else:
        console.print(f"{doing} ...")
        yield
    console.print(Text(f"{doing}: done in {time.monotonic() - started:.0f} s"))
