"""Builds the stack and deploys it to the emulator, with the same `sam` that deploys it to AWS."""

import json
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local import processes
from local.clients import make_clients
from local.emulator import REPOSITORY
from local.environment import local_environment
from local.errors import LocalError
from local.signals import shielded

_CONFIG_ENVIRONMENT = "local"


def find_sam() -> Path:
    """Find the SAM CLI: the one beside this Python, else the first on the PATH.

    Raises:
        LocalError: there is none.
    """
    found = shutil.which("sam", path=str(Path(sys.executable).parent)) or shutil.which("sam")
    if found is None:
        raise LocalError("The SAM CLI (sam) is missing, beside this Python and on the PATH. `make demo` installs it.")
    return Path(found)


def build(endpoint_url: str, directory: Path, project: Path = REPOSITORY) -> None:
    """Run `sam build`.

    Args:
        endpoint_url: the emulator's; the build does not use it, and reaches no other.
        directory: an existing directory for the tool's log and settings.
        project: where template.yaml and samconfig.toml are.

    Raises:
        LocalError: it failed; with its own output and exit code.
    """
    _run_sam(["build", "--config-env", _CONFIG_ENVIRONMENT], endpoint_url, directory, project)


def deploy(endpoint_url: str, directory: Path, project: Path = REPOSITORY) -> dict[str, str]:
    """Make the bucket that samconfig.toml names, and run `sam deploy`.

    Args:
        endpoint_url: where to deploy to.
        directory: an existing directory for the tool's log and settings.
        project: where template.yaml and samconfig.toml are, and the build.

    Returns:
        The outputs of the stack, name to value.

    Raises:
        LocalError: it failed; with its own output and exit code.
    """
    config = _config(project)
    clients = make_clients(endpoint_url)
    # Only here and not by `sam` (resolve_s3): the same command sent to AWS by mistake finds no such bucket and stops.
    clients.s3.create_bucket(Bucket=config["deploy"]["parameters"]["s3_bucket"])
    _run_sam(["deploy", "--config-env", _CONFIG_ENVIRONMENT], endpoint_url, directory, project)
    (stack,) = clients.cloudformation.describe_stacks(StackName=name(project))["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def name(project: Path = REPOSITORY) -> str:
    """The stack's name, as samconfig.toml gives it for the emulator."""
    found: str = _config(project)["global"]["parameters"]["stack_name"]
    return found


def _config(project: Path) -> dict[str, Any]:
    with (project / "samconfig.toml").open("rb") as file:
        config: dict[str, Any] = tomllib.load(file)[_CONFIG_ENVIRONMENT]
        return config


def _run_sam(arguments: Sequence[str], endpoint_url: str, directory: Path, project: Path) -> None:
    settings = directory / "sam"
    settings.mkdir(exist_ok=True)
    # The SAM CLI asks PyPI for a newer version once a week and keeps the date in this file.
    (settings / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time()}))
    environment = local_environment(endpoint_url) | {
        "__SAM_CLI_APP_DIR": str(settings),
        "TMPDIR": str(settings),  # it leaves files there
        # It builds with the `python3.13` it finds on the PATH: this one.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    log_file = directory / f"sam-{arguments[0]}.log"
    command: list[str | Path] = [find_sam(), *arguments]
    process = None
    try:
        with log_file.open("wb") as log:
            with shielded():
                process = processes.start(command, environment=environment, output=log, directory=project)
            exit_code = process.wait()
    finally:
        if process is not None:
            processes.stop(process)
    if exit_code != 0:
        raise LocalError(
            f"`sam {' '.join(arguments)}` failed (exit code {exit_code}). Its output:",
            log_file.read_text(errors="replace"),
        )
