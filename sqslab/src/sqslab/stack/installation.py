"""The emulator's own Python environment, made on first use, once for all projects of a user.

MiniStack's pins exclude the SAM CLI's, so it cannot be installed beside sqslab.
"""

import hashlib
import importlib.util
import os
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import filelock
import platformdirs

from sqslab.errors import SqslabError
from sqslab.signals import shielded
from sqslab.stack import processes

# What is installed, each file with its hash. `make lock` writes it.
REQUIREMENTS = Path(__file__).with_name("emulator.txt")

# These would have pip install into another folder, or Python read another's modules.
_DROPPED = ("PIP_PREFIX", "PIP_TARGET", "PIP_USER", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


def installed_emulator() -> Path:
    """Give MiniStack's executable. Install it first if it is not there, and say so on standard error.

    Raises:
        SqslabError: it cannot be installed; with what the installer said.
    """
    folder = _folder()
    if not _is_whole(folder):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _install_once(folder)
        except OSError as error:
            raise SqslabError(f"Cannot install the emulator into {folder}: {error.strerror}.") from error
    return folder / "bin" / "ministack"


def _folder() -> Path:
    """Give the folder of the environment: another list, Python version or machine has another."""
    made_of = f"{REQUIREMENTS.read_text()}\n{sysconfig.get_platform()}"
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:12]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return platformdirs.user_cache_path("sqslab") / f"emulator-python{python}-{digest}"


def _is_whole(folder: Path) -> bool:
    # The Python that it was made with may have been removed.
    return (folder / "ready").exists() and (folder / "bin" / "python").exists()


def _install_once(folder: Path) -> None:
    """Install unless another process does so at this moment, and wait for that then."""
    lock = filelock.FileLock(folder.with_suffix(f"{folder.suffix}.lock"))
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        _say("Another sqslab is installing the emulator; waiting for it ...")
        lock.acquire()
    try:
        if not _is_whole(folder):
            _install(folder)
    finally:
        lock.release()


def _install(folder: Path) -> None:
    started = time.monotonic()
    _say(f"Installing the emulator (MiniStack) into {folder}, once for all projects ...")
    # Without `ready` the folder is taken for one that was not finished, and made anew.
    python = str(folder / "bin" / "python")
    if importlib.util.find_spec("pip"):  # beside sqslab: to give the new environment one of its own takes seconds
        _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)])
        pip = [sys.executable, "-m", "pip", "--python", python]
    else:
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [python, "-m", "pip"]
    _run([*pip, "install", "--quiet", "--no-input", "--require-hashes", "--requirement", str(REQUIREMENTS)])
    (folder / "ready").touch()
    _say(f"Installing the emulator: done in {time.monotonic() - started:.0f} s")


def _run(command: Sequence[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    with tempfile.TemporaryFile() as output:
        process = None
        try:
            with shielded():
                process = processes.start(command, environment=environment, output=output)
            code = process.wait()
        finally:
            if process is not None:
                processes.stop(process)
        if code:
            output.seek(0)
            raise SqslabError(
                "The emulator cannot be installed. Name one that you have in SQSLAB_EMULATOR, or try again.",
                output.read().decode(errors="replace"),
            )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
