"""`sqslab scenario`: sends the messages that a file lists, and checks how each of them ends."""

from __future__ import annotations

from pathlib import Path

import click

from sqslab.commands.options import PORT, template_option
from sqslab.scenario.file import read_scenario
from sqslab.scenario.run import run_scenario
from sqslab.stack.project import Project


@click.command("scenario")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--port", type=PORT, help="Port of the emulator on 127.0.0.1; a free one if not given.")
@template_option
def command(file: Path, port: int | None, template_file: str | None) -> int:
    """Send the messages that FILE lists through the stack, and check how each ends.

    FILE is YAML: a list `messages`, and `deadline_seconds` (300). A message has a
    `queue` (its name in the template), a `name` and a `body` (text, or what is to
    be JSON), and may have a `group`, a `deduplication_id`, `attributes`, and a
    word `about` it. `end` is how it is to end: succeeded, dead-lettered by SQS or
    dead-lettered by the function; `receives` after how many receives at least.
    The exit code is 0 only if every message ended as it is to.
    """
    return run_scenario(read_scenario(file), Project.find(template_file), port)
