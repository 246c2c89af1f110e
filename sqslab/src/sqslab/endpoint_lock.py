"""Notices a second poller of the same endpoint on this machine.

Through the AWS API one poller cannot see another. A locked file can: the lock goes with the process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class EndpointLock:
    """What a poller holds while it polls an endpoint on a loopback address; of any other it holds nothing.

    Args:
        endpoint_url: the endpoint. Its port is what counts: the loopback address has several names.

    Attributes:
        taken: whether another one holds it already. Known inside the `with` block.
    """

    def __init__(self, endpoint_url: str) -> None:
        parts = urlsplit(endpoint_url)
        self._path = None
        if parts.hostname in _LOOPBACK:
            self._path = Path(tempfile.gettempdir()) / f"sqslab-poll-{os.getuid()}-{parts.port or 80}.lock"
        self._file: int | None = None
        self.taken = False

    def __enter__(self) -> Self:
        """Take it, if nobody has it."""
        if self._path is None:
            return self
        try:
            self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        except OSError:
            return self  # no place for the file: then nothing is noticed
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.taken = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give it back."""
        if self._file is None or self._path is None:
            return
        if not self.taken:
            self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = None
