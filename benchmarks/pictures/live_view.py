"""Records a picture of the live view, for the documentation."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.settings import ROOT
from sqslab.clients import make_clients
from sqslab.commands.poll import count_mappings
from sqslab.commands.up import queue_urls, report, send_command, teller
from sqslab.deployed.polled_mappings import EmulatorMappings
from sqslab.errors import SqslabError
from sqslab.scenario.file import read_scenario
from sqslab.scenario.run import find_queue_of, send_messages
from sqslab.stack import environment, sam
from sqslab.stack.emulator import Emulator
from sqslab.stack.project import Project
from sqslab.view.console import make_console, step
from sqslab.view.counts import BatchCounts
from sqslab.view.screen import LiveScreen
from sqslab.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqslab.view.rows import MappingRow

_WIDTH, _HEIGHT = 114, 28  # of the terminal in the picture, in characters
_FONTS = re.compile(r"\s*@font-face \{.*?\n    \}", re.DOTALL)
_OLDEST_SECONDS = 3  # so that messages have come back already
_DEADLINE_SECONDS = 60.0  # a bound, not a pause
_SECONDS_BETWEEN_LOOKS = 0.1


class _Subject(LiveScreen):
    """A live view that is not drawn, and knows when it has something to show."""

    ready = False

    def rows(self, rows: Sequence[MappingRow]) -> None:
        """Take the numbers, and see whether every column has some."""
        super().rows(rows)
        self.ready = any(row.dead_lettered for row in rows) and all(
            row.succeeded and row.failed and row.in_flight and (row.oldest or 0) > _OLDEST_SECONDS for row in rows
        )


def run_picture(file: Path) -> int:
    """Run the stack of this repository with the sample messages of the demo, and record the view while they are on it.

    Args:
        file: where to write the picture, as SVG.

    Returns:
        The exit code, 0.

    Raises:
        SqslabError: the stack could not be run, or the file cannot be written.
    """
    console, project, emulator = make_console(), Project.find(ROOT), Emulator()
    url = emulator.endpoint_url
    environment.replace_environment(environment.local_environment(url))
    with emulator:
        with step(console, "sam build"):
            sam.build(url, emulator.directory, project)
        with step(console, "sam deploy"):
            sam.deploy(url, emulator.directory, project)
        scenario, all_clients = read_scenario(ROOT / "events" / "demo.yaml"), make_clients(url)
        polled, counts = EmulatorMappings(project, url, None), BatchCounts()
        clients, names = polled.clients, polled.names()
        queue_list = queue_urls(clients, polled.known())
        screen = _Subject([f"send: {send_command(project, queue, names)}" for queue in queue_list])
        with (
            report(url, clients, counts, names, screen) as reporter,
            Workers(url, clients, teller(counts, screen)) as pollers,
        ):
            screen.status(f"ready: polling {count_mappings(len(pollers))} on {url}; Ctrl-C stops everything")
            for name in scenario.queues:
                queue = find_queue_of(all_clients, project, name)
                send_messages(clients.sqs, queue, [each for each in scenario.messages if each.queue == name])
            deadline = time.monotonic() + _DEADLINE_SECONDS
            while not screen.ready:
                emulator.check()
                reporter.check()
                if time.monotonic() > deadline:
                    raise SqslabError("The sample messages did not fail as they should; there is nothing to show.")
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            _record(screen, file)
    console.print(f"recorded {file}")
    return 0


def _record(screen: LiveScreen, file: Path) -> None:
    paper = Console(record=True, file=io.StringIO(), width=_WIDTH, height=_HEIGHT, force_terminal=True)
    paper.print(screen)
    svg = paper.export_svg(title="sqslab up", unique_id="live-view")
    # Fonts of the reader's own machine: a picture should not call elsewhere.
    svg = _FONTS.sub("", svg).replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
    try:
        file.write_text(svg.replace("<svg ", '<svg xml:space="preserve" ', 1), encoding="utf-8")
    except OSError as error:
        raise SqslabError(f"Cannot write {file}: {error.strerror}.") from error
