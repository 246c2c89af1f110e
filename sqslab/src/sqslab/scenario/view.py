"""Shows a scenario while it runs: a live table on a terminal, now and then a line elsewhere."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sqslab.scenario.result import MessageResult

_SECONDS_BETWEEN_LINES = 2.0


@dataclass(frozen=True)
class QueueRow:
    """What the view shows of one queue: numbers of messages.

    Attributes:
        name: the queue's logical name in the template.
        waiting: in the queue, to be received.
        in_flight: received, and hidden until done or until the visibility timeout ends.
        done: succeeded and deleted.
        retried: received more than once.
        dead_lettered: in the dead-letter queue.
    """

    name: str
    waiting: int
    in_flight: int
    done: int
    retried: int
    dead_lettered: int

    @property
    def ended(self) -> int:
        """How many have come to an end, good or bad."""
        return self.done + self.dead_lettered


class View(Protocol):
    """Shows numbers that change."""

    def show(self, rows: Sequence[QueueRow]) -> None:
        """Show the numbers as they are now."""


@contextmanager
def open_view(console: Console, total: int) -> Iterator[View]:
    """Show the numbers for as long as a `with` block runs.

    Args:
        console: where to. On a terminal the view is drawn over itself; elsewhere it is lines.
        total: how many messages there are in all.
    """
    if not console.is_terminal or console.is_dumb_terminal:
        yield _Lines(console, total)
        return
    view = _Table(total)
    with Live(view, console=console, refresh_per_second=8):
        yield view


def print_summary(console: Console, queues: Sequence[str], results: Sequence[MessageResult]) -> None:
    """Print every message with its number of receives and its end, and below it what went wrong.

    Args:
        console: where to.
        queues: the logical names of the queues, in the order to print.
        results: how the messages ended.
    """
    for queue in queues:
        table = Table(title=queue, title_justify="left", title_style="bold")
        table.add_column("Message")
        if any(result.message.group for result in results if result.message.queue == queue):
            table.add_column("Group")
        table.add_column("Sample")
        table.add_column("Receives", justify="right")
        table.add_column("End", overflow="fold")
        for result in results:
            if result.message.queue == queue:
                group = [Text(result.message.group)] if result.message.group else []
                about = Text(result.message.about, style="dim")
                table.add_row(Text(result.message.name), *group, about, str(result.receives), _end_text(result))
        console.print(table)
    for result in results:
        if result.problem is not None:
            console.print(Text(f"WRONG: {result.message.name}: {result.problem} ({result.end})", style="bold red"))


def _end_text(result: MessageResult) -> Text:
    if result.problem is not None:
        return Text(f"{result.end} - WRONG: {result.problem}", style="bold red")
    return Text(result.end, style="green" if result.end == "succeeded" else "yellow")


class _Table:
    """A table with a progress bar below it, drawn anew by `rich` as the numbers change."""

    def __init__(self, total: int) -> None:
        self._rows: Sequence[QueueRow] = ()
        self._progress = Progress(
            TextColumn("messages ended"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), auto_refresh=False
        )
        self._task = self._progress.add_task("", total=total)

    def show(self, rows: Sequence[QueueRow]) -> None:
        self._rows = rows
        self._progress.update(self._task, completed=sum(row.ended for row in rows))

    def __rich__(self) -> Group:
        table = Table()
        table.add_column("Queue")
        for title in ("Waiting", "In flight", "Done", "Retried", "Dead-lettered"):
            table.add_column(title, justify="right")
        for row in self._rows:
            numbers = (row.waiting, row.in_flight, row.done, row.retried, row.dead_lettered)
            table.add_row(f"{row.name}", *map(str, numbers))
        return Group(table, self._progress)


class _Lines:
    """A line when something has changed, and not more often than every few seconds."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._shown: Sequence[QueueRow] = ()
        self._next_line = 0.0

    def show(self, rows: Sequence[QueueRow]) -> None:
        ended = sum(row.ended for row in rows)
        finished = ended == self._total
        if list(rows) == list(self._shown) or (time.monotonic() < self._next_line and not finished):
            return
        self._shown = rows
        self._next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
        queues = "; ".join(
            f"{row.name}: {row.waiting} waiting, {row.in_flight} in flight, {row.done} done, "
            f"{row.retried} retried, {row.dead_lettered} dead-lettered"
            for row in rows
        )
        self._console.print(f"{ended}/{self._total} ended. {queues}", soft_wrap=True)
