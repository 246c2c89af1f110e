"""Starts and stops the emulator of AWS, MiniStack, on a loopback port."""

import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError

from sqslab.errors import SqslabError
from sqslab.signals import shielded
from sqslab.stack import processes
from sqslab.stack.environment import emulator_environment
from sqslab.stack.installation import installed_emulator

HOST = "127.0.0.1"

_READY_SECONDS = 60.0  # a bound, not a pause: it is ready within two on a laptop
_LOG_LINES_SHOWN = 30


def find_emulator() -> Path:
    """Find MiniStack's executable: what `SQSLAB_EMULATOR` names, else the one that sqslab installs for itself.

    Raises:
        SqslabError: there is none, and it cannot be installed.
    """
    if chosen := os.environ.get("SQSLAB_EMULATOR"):
        if Path(chosen).is_file():
            return Path(chosen)
        raise SqslabError(f"The emulator is missing: there is no {chosen}, which SQSLAB_EMULATOR names.")
    return installed_emulator()


class Emulator:
    """MiniStack, for as long as a `with` block runs. It listens on 127.0.0.1 only and keeps nothing.

    Args:
        port: the TCP port to listen on; a free one if None.

    Attributes:
        endpoint_url: where it answers, such as `http://127.0.0.1:4566`.
        directory: a temporary directory for what it, or a tool used with it, writes. Removed at the end.
    """

    def __init__(self, port: int | None = None) -> None:
        self._executable = find_emulator()
        self._port = _free_port() if port is None else port
        self._process: subprocess.Popen[bytes] | None = None
        self._temporary_directory: tempfile.TemporaryDirectory[str] | None = None
        self.endpoint_url = f"http://{HOST}:{self._port}"

    @property
    def directory(self) -> Path:
        """The temporary directory; there is one only inside the `with` block."""
        if self._temporary_directory is None:
            raise RuntimeError("the emulator is not running")
        return Path(self._temporary_directory.name)

    @property
    def process_id(self) -> int:
        """The id of its process, and of the group that the functions' processes are in too."""
        if self._process is None:
            raise RuntimeError("the emulator is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            SqslabError: the port is in use, or it ends or stays silent instead of answering.
        """
        _check_port_is_free(self._port)
        try:
            with shielded():
                self._temporary_directory = tempfile.TemporaryDirectory(prefix="sqslab-")
                with self._log_file.open("wb") as log:
                    self._process = processes.start(
                        [self._executable], environment=self._environment(), output=log, directory=self.directory
                    )
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it, the processes of the functions included, and remove what it wrote.

        Raises:
            SqslabError: the block ended because the emulator was gone.
        """
        try:
            if isinstance(error, BotoCoreError):
                self.check()
        finally:
            self._stop()

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            SqslabError: it does not; with the end of its log.
        """
        if self._process is not None and self._process.poll() is not None:
            raise SqslabError(
                f"The emulator on {self.endpoint_url} ended by itself (exit code {self._process.returncode}).",
                self._log_tail(),
            )

    def _environment(self) -> dict[str, str]:
        # Everything it writes goes below one directory: by default two runs would share paths below /tmp.
        directory = str(self.directory)
        return emulator_environment(self.endpoint_url) | {
            "BIND_HOST": HOST,  # it listens on all interfaces unless told
            "GATEWAY_PORT": str(self._port),
            "IOT_MTLS_ENABLED": "0",  # would listen on port 8883
            "SFTP_ENABLED": "0",
            "PYTHONUNBUFFERED": "1",  # so that the log is whole when it dies
            # It removes containers of other emulators when it finds Docker. It runs Python functions without.
            "DOCKER_HOST": f"unix://{directory}/no-docker",
            "TMPDIR": directory,
            "STATE_DIR": f"{directory}/state",
            "S3_DATA_DIR": f"{directory}/s3",
        }

    @property
    def _log_file(self) -> Path:
        return self.directory / "emulator.log"

    def _log_tail(self) -> str:
        return "\n".join(self._log_file.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:])

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not _answers(f"{self.endpoint_url}/_ministack/health"):
            self.check()
            if time.monotonic() > deadline:
                raise SqslabError(
                    f"The emulator did not answer on {self.endpoint_url} within {_READY_SECONDS:.0f} s.",
                    self._log_tail(),
                )
            time.sleep(0.05)
        self.check()  # what answered must not be another program that took the port first

    def _stop(self) -> None:
        with shielded():
            if self._process is not None:
                processes.stop(self._process)
                self._process = None
            if self._temporary_directory is not None:
                self._temporary_directory.cleanup()
                self._temporary_directory = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _check_port_is_free(port: int) -> None:
    with socket.socket() as probe:
        # As servers do, or a connection closed a moment ago would count as a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SqslabError(
                f"Cannot listen on {HOST}:{port}: {error.strerror}. "
                "Name another port with --port, or none to get a free one."
            ) from error


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
