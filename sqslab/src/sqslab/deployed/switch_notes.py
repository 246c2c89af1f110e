"""Notes on disk of the deployed mappings that are switched off, so that they are put back even after a `kill -9`.

In the user's state folder: https://specifications.freedesktop.org/basedir-spec/latest/
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqslab.errors import SqslabError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class SwitchedOff:
    """What is noted.

    Attributes:
        endpoint_url: of SQS on the side that has the mappings.
        region: its region.
        account: its account.
        uuids: of the mappings that were on.
        polled: of those that are polled instead, also of such as were off.
    """

    endpoint_url: str
    region: str
    account: str
    uuids: tuple[str, ...]
    polled: tuple[str, ...] = ()


class Note:
    """A note, locked for as long as this process has it open. The lock ends with the process, however that ends.

    Attributes:
        what: what it says.
        path: its file.
    """

    def __init__(self, path: Path, what: SwitchedOff, file: int) -> None:
        self.path = path
        self.what = what
        self._file = file

    @classmethod
    def write(cls, what: SwitchedOff) -> Self:
        """Write a note, to stay until it is removed.

        Raises:
            SqslabError: it cannot be written.
        """
        path = _folder() / f"switched-off-{uuid.uuid4()}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            os.write(file, json.dumps(asdict(what)).encode())
            os.fsync(file)
        except OSError as error:
            raise SqslabError(
                f"Nothing was switched off, because what is to be put back cannot be noted in {path.parent}: "
                f"{error.strerror}. XDG_STATE_HOME names another place."
            ) from error
        return cls(path, what, file)

    def remove(self) -> None:
        """Throw it away: all is put back."""
        self.path.unlink(missing_ok=True)
        self.leave()

    def leave(self) -> None:
        """Leave it for another run to put back."""
        os.close(self._file)


def left_notes() -> Iterator[Note]:
    """Give the notes of runs that were killed, each locked until it is removed or left."""
    for path, what, file in _notes():
        if _lock(file):
            yield Note(path, what, file)
        else:
            os.close(file)


def in_use() -> list[SwitchedOff]:
    """Give what running processes have switched off."""
    found = []
    for _, what, file in _notes():
        if not _lock(file):
            found.append(what)
        os.close(file)
    return found


def _notes() -> Iterator[tuple[Path, SwitchedOff, int]]:
    for path in sorted(_folder().glob("switched-off-*.json")):
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue  # its run has just ended
        try:
            content = json.loads(os.read(file, 1_000_000))
            what = SwitchedOff(
                **content | {"uuids": tuple(content["uuids"]), "polled": tuple(content.get("polled", ()))}
            )
        except (ValueError, TypeError, KeyError):
            os.close(file)
            if path.stat().st_size:
                raise SqslabError(
                    f"{path} is not a note of what was switched off. Look at it, and remove it."
                ) from None
            continue  # just being written; nothing is switched off before it is
        yield path, what, file


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folder() -> Path:
    chosen = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".local" / "state") / "sqslab"
