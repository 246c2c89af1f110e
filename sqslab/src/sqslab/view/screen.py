"""What `up` shows: a live view on a terminal, lines elsewhere."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.live import Live
from rich.segment import SegmentLines
from rich.table import Table
from rich.text import Text

from sqslab.view.shortener import Shortener

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from sqslab.stack.function_logs import LogLine
    from sqslab.view.rows import MappingRow

_MOST_LINES_KEPT = 200
_WIDE = 105  # characters; with fewer, names and titles take two lines
_NARROWEST_LOG = 3  # lines, however small the terminal
_LONGEST_LINE = 4_000  # characters; more than a terminal has room for
_NOTHING = Text("no log lines yet", style="dim")
_HANG = 2  # columns by which the rest of a folded line is indented
# A function may log anything; what is not printable would move the cursor or change colours.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_COLUMNS = ("Waiting", "In flight", "Invocations", "Succeeded", "Failed", "Dead-lettered", "Oldest")
_NARROW_COLUMNS = ("Waiting", "In\nflight", "Invo-\ncations", "Suc-\nceeded", "Failed", "Dead-\nlettered", "Oldest")


class Screen(Protocol):
    """Shows what goes on. All of it may be called from any thread."""

    def rows(self, rows: Sequence[MappingRow]) -> None:
        """Show the numbers as they are now."""

    def log(self, line: LogLine, function: str) -> None:
        """Show a line that a function logged."""

    def notice(self, text: str) -> None:
        """Show something that needs attention: a batch that failed as a whole, a failed build."""

    def event(self, text: str) -> None:
        """Show something that goes as it should; the live view has it in its numbers already."""

    def status(self, text: str) -> None:
        """Show what is being done at the moment."""


@contextmanager
def open_screen(console: Console, help_lines: Sequence[str], *, live: bool | None = None) -> Iterator[Screen]:
    """Open the view for as long as a `with` block runs.

    Args:
        console: where to.
        help_lines: what the live view has at its foot.
        live: whether to draw a live view; if None, where the console is a terminal that can.
    """
    if live is None:
        live = console.is_terminal and not console.is_dumb_terminal
    if not live:
        yield LineScreen(console)
        return
    screen = LiveScreen(help_lines)
    # Drawn when something has changed, and not by a clock: an idle view costs nothing.
    with Live(screen, console=console, auto_refresh=False, vertical_overflow="crop", redirect_stderr=False) as drawing:
        screen.draw_with(drawing)
        yield screen


class LiveScreen:
    """Table, log and help, as high as the terminal."""

    def __init__(self, help_lines: Sequence[str]) -> None:
        self._help = help_lines
        self._lock = threading.Lock()
        self._rows: Sequence[MappingRow] = ()
        self._lines: deque[Text] = deque(maxlen=_MOST_LINES_KEPT)
        self._last_function: str | None = None  # whose line is the last one
        self._shortener = Shortener()
        self._status = ""
        self._drawing: Live | None = None

    def draw_with(self, drawing: Live) -> None:
        """Draw anew with this whenever something has changed."""
        self._drawing = drawing

    def rows(self, rows: Sequence[MappingRow]) -> None:
        """Show the numbers as they are now."""
        with self._lock:
            unchanged = _shown(rows) == _shown(self._rows)
            self._rows = rows
        if not unchanged:
            self._draw()

    def log(self, line: LogLine, function: str) -> None:
        """Show a line that a function logged, in short."""
        for short in self._shortener.shorten(function, line.text):
            text = _beginning(_printable(short.text))
            if short.continues and self._last_function == function:
                self._add(Text(" " * _HANG + text), function)
            else:
                clock = (f"{_clock(line.seconds)} ", "dim")
                self._add(Text.assemble(clock, (f"{function} ", "cyan"), text), function)

    def notice(self, text: str) -> None:
        """Show something that needs attention."""
        before = (f"{_clock(time.time())} ", "dim")
        for line in filter(str.strip, text.splitlines()):
            self._add(Text.assemble(before, (_beginning(_printable(line)), "yellow")))
            before = (" " * _HANG, "")

    def event(self, text: str) -> None:
        """Show nothing: the numbers have it."""

    def status(self, text: str) -> None:
        """Show what is being done at the moment."""
        with self._lock:
            self._status = text
        self._draw()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Make table, log and help fit into the terminal."""
        with self._lock:
            rows, lines, status = list(self._rows), list(self._lines), self._status
        width, height = options.max_width, options.height or console.height
        table = console.render_lines(_table(rows, narrow=width < _WIDE), options.update(height=None), pad=False)
        foot = [Text(), *(line for text in self._help for line in Text(text, "dim").wrap(console, width))]
        below = list(Text(status).wrap(console, width))
        room = height - len(below) - 1  # the last line is the cursor's
        if room >= len(table) + len(foot) + _NARROWEST_LOG:  # the help was printed before the view, too
            below = foot + below
            room -= len(foot)
        table = table[: max(room - _NARROWEST_LOG, 0)]
        yield SegmentLines(table, new_lines=True)
        yield from _newest(console, lines or [_NOTHING], width, room - len(table))
        yield from below

    def _add(self, line: Text, function: str | None = None) -> None:
        with self._lock:
            self._lines.append(line)
            self._last_function = function
        self._draw()

    def _draw(self) -> None:
        if self._drawing is not None:
            self._drawing.refresh()


class LineScreen:
    """A line for whatever happens."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()

    def rows(self, rows: Sequence[MappingRow]) -> None:
        """Show nothing: there is a line for each batch."""

    def log(self, line: LogLine, function: str) -> None:
        """Print a line that a function logged."""
        self._print(f"{function} | {line.text}")

    def notice(self, text: str) -> None:
        """Print it."""
        self._print(text)

    def event(self, text: str) -> None:
        """Print it."""
        self._print(text)

    def status(self, text: str) -> None:
        """Print it."""
        self._print(text)

    def _print(self, text: str) -> None:
        with self._lock:
            print(_printable(text), file=self._console.file, flush=True)


def _newest(console: Console, lines: Sequence[Text], width: int, height: int) -> list[Text]:
    """Fold the newest lines, as many as fit."""
    folded: list[Text] = []
    for line in reversed(lines):
        if len(folded) >= height:
            break
        first, *rest = line.wrap(console, width - _HANG, overflow="fold")
        for part in rest:
            part.pad_left(_HANG)
        folded[:0] = [first, *rest]
    return folded[-height:] if height > 0 else []


def _table(rows: Sequence[MappingRow], *, narrow: bool) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold") if narrow else Table()
    table.add_column("Queue\n-> function" if narrow else "Queue -> function", overflow="fold")
    for title in _NARROW_COLUMNS if narrow else _COLUMNS:
        table.add_column(title, justify="right")
    for row in rows:
        name = Text(f"{row.queue}\n-> {row.function}" if narrow else f"{row.queue} -> {row.function}")
        table.add_row(name, *_cells(row))
    return table


def _shown(rows: Sequence[MappingRow]) -> list[tuple[str, str, list[Text]]]:
    """What can be seen of rows: an age of 1.2 s and one of 1.3 s look the same."""
    return [(row.queue, row.function, _cells(row)) for row in rows]


def _cells(row: MappingRow) -> list[Text]:
    numbers = (row.waiting, row.in_flight, row.invocations, row.succeeded, row.failed)
    return [
        *(Text(str(number)) for number in numbers),
        Text("-" if row.dead_lettered is None else str(row.dead_lettered), style="yellow" if row.dead_lettered else ""),
        Text(_age(row.oldest)),
    ]


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def _beginning(text: str) -> str:
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]} ... (cut off)"


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("�", text.replace("\t", " "))
