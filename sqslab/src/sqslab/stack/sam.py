"""Builds the stack and deploys it to the emulator, with the same `sam` that deploys it to AWS."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqslab.clients import emulator_session, make_clients
from sqslab.errors import SqslabError
from sqslab.signals import shielded
from sqslab.stack import processes
from sqslab.stack.environment import REGION, local_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_cloudformation import CloudFormationClient

    from sqslab.stack.project import Project


def find_sam() -> Path:
    """Find the SAM CLI: the one beside this Python, else the first on the PATH.

    Raises:
        SqslabError: there is none.
    """
    found = shutil.which("sam", path=str(Path(sys.executable).parent)) or shutil.which("sam")
    if found is None:
        raise SqslabError("The SAM CLI (sam) is missing, beside this Python and on the PATH. Install aws-sam-cli.")
    return Path(found)


def build(endpoint_url: str, directory: Path, project: Project) -> None:
    """Run `sam build`.

    Args:
        endpoint_url: the emulator's; the build does not use it, and reaches no other.
        directory: an existing directory for the tool's log and settings.
        project: what to build.

    Raises:
        SqslabError: it failed; with its own output and exit code.
    """
    _run_sam("build", project.build_options(directory), endpoint_url, directory, project)


def deploy(endpoint_url: str, directory: Path, project: Project) -> dict[str, str]:
    """Make the bucket for the code, and run `sam deploy`.

    Args:
        endpoint_url: where to deploy to.
        directory: an existing directory for the tool's log and settings.
        project: what was built.

    Returns:
        The outputs of the stack, name to value.

    Raises:
        SqslabError: it failed; with its own output and exit code.
    """
    clients = make_clients(endpoint_url, emulator_session())
    # Only here and not by `sam` (resolve_s3): the same command sent to AWS by mistake finds no such bucket and stops.
    if project.bucket is not None:
        clients.s3.create_bucket(Bucket=project.bucket)
    _run_sam("deploy", project.deploy_options(directory, REGION), endpoint_url, directory, project)
    (stack,) = clients.cloudformation.describe_stacks(StackName=project.stack_name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def logical_names(cloudformation: CloudFormationClient, stack_name: str) -> dict[str, str]:
    """List the resources of a stack.

    Args:
        cloudformation: a client of the endpoint that has the stack.
        stack_name: its name.

    Returns:
        The physical id of each resource, such as a queue's URL or a function's name, to its name in the template.
    """
    return {
        resource["PhysicalResourceId"]: resource["LogicalResourceId"]
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
        for resource in page["StackResourceSummaries"]
        if "PhysicalResourceId" in resource
    }


def _run_sam(subcommand: str, options: Sequence[str], endpoint_url: str, directory: Path, project: Project) -> None:
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
    log_file = directory / f"sam-{subcommand}.log"
    command: list[str | Path] = [find_sam(), subcommand, *options]
    process = None
    try:
        with log_file.open("wb") as log:
            with shielded():
                process = processes.start(command, environment=environment, output=log, directory=project.directory)
            exit_code = process.wait()
    finally:
        if process is not None:
            processes.stop(process)
    if exit_code != 0:
        raise SqslabError(
            f"`sam {subcommand}` failed (exit code {exit_code}). Its output:",
            log_file.read_text(errors="replace"),
        )
