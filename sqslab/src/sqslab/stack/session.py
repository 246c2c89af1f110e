"""The note that `up` leaves in the project while it runs, so that `send` finds it."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO

from sqslab.errors import SqslabError
from sqslab.stack.project import Project

_FILE = "local-up.json"  # below .aws-sam, which git ignores


@dataclass(frozen=True)
class Session:
    """What runs.

    Attributes:
        endpoint_url: where SQS answers: the emulator, or the side whose queues are polled.
        stack_name: the name of the stack that has the queues.
        deployed: whether that is not the emulator `up` has started, so that the user's own credentials are used.
    """

    endpoint_url: str
    stack_name: str
    deployed: bool = False


@contextmanager
def announced(project: Project, running: Session) -> Iterator[None]:
    """Leave the note for as long as the `with` block runs. One that was left by a killed `up` counts for nothing.

    Raises:
        SqslabError: another `up` runs this project: both would build into the same folder.
    """
    path = project.directory / ".aws-sam" / _FILE
    path.parent.mkdir(exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        if not _lock(file):
            raise SqslabError(f"`sqslab up` runs {project.template} already. Stop it first.")
        try:
            file.truncate(0)
            file.write(json.dumps(asdict(running)))
            file.flush()
            yield
        finally:
            path.unlink(missing_ok=True)


def find_session(project: Project) -> Session | None:
    """Read the note; None if no `up` runs this project."""
    path = project.directory / ".aws-sam" / _FILE
    try:
        with path.open("r+", encoding="utf-8") as file:
            # The lock ends with the process that holds it, however it ends.
            return None if _lock(file) else Session(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None


def _lock(file: IO[str]) -> bool:
    """Try to lock a file until it is closed; False if another holds the lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
