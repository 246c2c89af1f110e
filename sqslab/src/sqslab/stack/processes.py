"""Child processes that never outlive this one."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from sqslab.errors import SqslabError
from sqslab.signals import shielded

# Seconds a process group gets to end by itself after SIGTERM, and then to be gone after SIGKILL.
_TERMINATE_SECONDS = 5.0
_KILL_SECONDS = 2.0


def start(
    command: Sequence[str | Path], *, environment: Mapping[str, str], output: IO[bytes], directory: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a process as the leader of a group of its own, so that it can be ended with all of its children.

    Args:
        command: the executable and its arguments.
        environment: its whole environment.
        output: an open file for its standard output and error.
        directory: its working directory; this process's own if None.

    Returns:
        The running process. Call it inside `shielded` and hand it to `stop`.

    Raises:
        SqslabError: the executable is not there or cannot be run.
    """
    try:
        return subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,  # a tool that asks a question gets no answer and fails instead of hanging
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise SqslabError(f"Cannot run {command[0]}: {error.strerror}.") from error


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process made by `start` and all of its children, and wait until they are gone.

    Asks with SIGTERM, then insists with SIGKILL. Takes a few seconds at most and does nothing the second time.
    """
    with shielded():
        if process.poll() is None:
            _signal_group(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TERMINATE_SECONDS)
        deadline = time.monotonic() + _KILL_SECONDS
        # Children may outlive their leader; until the last one is gone, the group takes signals.
        while _signal_group(process, signal.SIGKILL) and time.monotonic() < deadline:
            process.poll()
            time.sleep(0.01)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Send a signal to the group; False if nobody is left in it."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group of zombies
        return False
    return True
