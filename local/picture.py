"""Records a picture of the live view, for the documentation."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from local import environment, stack
from local.emulator import Emulator
from local.errors import LocalError
from local.poll import count_mappings
from local.polled import OwnMappings
from local.pollers import Pollers
from local.project import Project
from local.queues import queues_of, send
from local.samples import sample_messages
from local.screen import LiveScreen
from local.tally import Tally
from local.up import queue_urls, report, send_command, teller
from local.view import make_console, step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.rows import MappingRow

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
        LocalError: the stack could not be run, or the file cannot be written.
    """
    console, project, emulator = make_console(), Project(), Emulator()
    url = emulator.endpoint_url
    environment.replace_environment(environment.local_environment(url))
    with emulator:
        with step(console, "sam build"):
            stack.build(url, emulator.directory)
        with step(console, "sam deploy"):
            outputs = stack.deploy(url, emulator.directory)
        polled, tally = OwnMappings(project, url, None), Tally()
        clients, names = polled.clients, polled.names()
        queue_list = queue_urls(clients, polled.known())
        screen = _Subject([f"send: {send_command(project, queue, names)}" for queue in queue_list])
        with (
            report(url, clients, tally, names, screen) as reporter,
            Pollers(url, clients, teller(tally, screen)) as pollers,
        ):
            screen.status(f"ready: polling {count_mappings(len(pollers))} on {url}; Ctrl-C stops everything")
            for queue in queues_of(outputs):
                send(clients.sqs, queue, [sample for sample in sample_messages() if sample.queue == queue.label])
            deadline = time.monotonic() + _DEADLINE_SECONDS
            while not screen.ready:
                emulator.check()
                reporter.check()
                if time.monotonic() > deadline:
                    raise LocalError("The sample messages did not fail as they should; there is nothing to show.")
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            _record(screen, file)
    console.print(f"recorded {file}")
    return 0


def _record(screen: LiveScreen, file: Path) -> None:
    paper = Console(record=True, file=io.StringIO(), width=_WIDTH, height=_HEIGHT, force_terminal=True)
    paper.print(screen)
    svg = paper.export_svg(title="python -m local up", unique_id="live-view")
    # Fonts of the reader's own machine: a picture should not call elsewhere.
    svg = _FONTS.sub("", svg).replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
    try:
        file.write_text(svg.replace("<svg ", '<svg xml:space="preserve" ', 1), encoding="utf-8")
    except OSError as error:
        raise LocalError(f"Cannot write {file}: {error.strerror}.") from error
