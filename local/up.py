"""Runs a whole stack on this machine until it is told to stop."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

import boto3

from local import environment, stack
from local.apart import make_clients_apart
from local.emulator import Emulator
from local.endpoints import check_endpoint
from local.errors import LocalError
from local.happenings import BatchDone, BatchReceived, Happening, Listener, in_words
from local.logs import LogTail
from local.poll import count_mappings
from local.pollers import Pollers
from local.project import Project
from local.reporter import Reporter
from local.rows import Rows
from local.running import Running, announced
from local.screen import open_screen
from local.tally import Tally
from local.trouble import AWS_ERRORS, describe
from local.view import make_console, step
from local.watch import CodeWatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.clients import Clients
    from local.screen import Screen

_UNCHANGED = "The functions are as they were before; save again to retry."
# Bodies for the queues of this repository's own template; others get a plain one.
_BODIES = {
    "StandardQueue": '{"order_id": "A1", "quantity": 2}',
    "FifoQueue": '{"movement_id": "1", "account": "savings", "amount": 100}',
}


def run_up(project: Project, port: int | None, lambda_endpoint_url: str | None = None) -> NoReturn:
    """Start the emulator, build and deploy the stack, and poll its mappings until interrupted.

    Saving a file of a function, a layer or the template builds and deploys again.

    Args:
        project: what to run.
        port: where the emulator listens; None for a free port.
        lambda_endpoint_url: where the functions run, if not in the emulator.

    Raises:
        LocalError: something could not be started, or the emulator ended.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. All is stopped by then.
    """
    if lambda_endpoint_url is not None:
        check_endpoint(lambda_endpoint_url)
    console = make_console()
    emulator = Emulator(port)
    url = emulator.endpoint_url
    environment.replace_environment(environment.local_environment(url))
    with ExitStack() as running:
        # The last to be left, so that a `send` never finds an emulator that is gone.
        running.enter_context(emulator)
        running.enter_context(announced(project, Running(url, project.stack_name)))
        with step(console, "sam build"):
            stack.build(url, emulator.directory, project)
        watch = running.enter_context(CodeWatch(project))
        with step(console, "sam deploy"):
            stack.deploy(url, emulator.directory, project)
        clients = make_clients_apart(url, lambda_endpoint_url=lambda_endpoint_url)
        names = names_in_template(clients, project)
        queues = queues_with_function(clients)
        print(*_help(project, url, queues, names), sep="\n", flush=True)
        help_lines = [f"send: {send_command(project, queue, names)}" for queue in queues]
        screen = running.enter_context(open_screen(console, help_lines))
        running.callback(screen.status, "stopped")
        reporter = running.enter_context(report(url, clients, tally := Tally(), names, screen))
        pollers = running.enter_context(Pollers(url, clients, teller(tally, screen)))
        running.callback(screen.status, "stopping: what is in flight is finished first; Ctrl-C again does not wait")
        ready = f"ready: polling {count_mappings(len(pollers))} on {url}; Ctrl-C stops everything"
        screen.status(ready)
        while True:
            pollers.follow()
            emulator.check()
            reporter.check()
            if watch.changed():
                _update(emulator, project, screen)
                names.update(names_in_template(clients, project))
                watch.follow_build()
                screen.status(ready)


def _update(emulator: Emulator, project: Project, screen: Screen) -> None:
    """Build and deploy what was saved. If that fails, what is deployed stays as it is."""
    url = emulator.endpoint_url
    try:
        screen.status("saved: sam build ...")
        stack.build(url, emulator.directory, project)
        screen.status("saved: sam deploy ...")
        stack.deploy(url, emulator.directory, project)
    except LocalError as error:
        emulator.check()
        screen.notice(f"{error.message}\n{error.output}\n{_UNCHANGED}")
    except AWS_ERRORS as error:
        emulator.check()
        screen.notice(f"{describe(error)}\n{_UNCHANGED}")
    else:
        screen.notice("saved: the functions are up to date")


def report(endpoint_url: str, clients: Clients, tally: Tally, names: Mapping[str, str], screen: Screen) -> Reporter:
    """Make what feeds the view; it works for as long as its `with` block runs."""
    logs = boto3.client("logs", endpoint_url=endpoint_url)
    return Reporter(Rows(clients, tally, names), LogTail(logs, clients.functions), names, screen)


def teller(tally: Tally, screen: Screen) -> Listener:
    """Make the listener of the pollers: it counts, and shows what the numbers do not."""

    def tell(happening: Happening) -> None:
        tally(happening)
        if isinstance(happening, BatchDone) and not happening.undeleted:
            screen.event(in_words(happening))
        elif not isinstance(happening, BatchReceived):  # its end is told soon
            screen.notice(in_words(happening))

    return tell


def names_in_template(clients: Clients, project: Project) -> dict[str, str]:
    """Give the names in the template by the real names of queues and functions."""
    names = stack.logical_names(clients.cloudformation, project.stack_name)
    return {physical.rsplit("/", 1)[-1]: logical for physical, logical in names.items()}


def _name(queue_url: str) -> str:
    return queue_url.rsplit("/", 1)[-1]


def queues_with_function(clients: Clients) -> list[str]:
    """List the URLs of the queues that have a function."""
    names = {
        mapping["EventSourceArn"].split(":")[5]
        for page in clients.functions.get_paginator("list_event_source_mappings").paginate()
        for mapping in page["EventSourceMappings"]
        if mapping.get("EventSourceArn", "").split(":")[2:3] == ["sqs"]
    }
    return [clients.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in sorted(names)]


def _body(project: Project, queue: str) -> str:
    return _BODIES.get(queue, "hello") if project.template == Project().template else "hello"


def send_command(project: Project, queue_url: str, names: Mapping[str, str]) -> str:
    """Write the command that sends a message to a queue of the project."""
    queue = names.get(_name(queue_url), _name(queue_url))
    group = ["--group", "savings"] if queue_url.endswith(".fifo") else []
    template = [] if project.template == Project().template else ["--template-file", str(project.template)]
    return shlex.join(["python", "-m", "local", "send", *template, *group, queue, _body(project, queue)])


def _aws_command(project: Project, queue_url: str, names: Mapping[str, str]) -> str:
    body = _body(project, names.get(_name(queue_url), ""))
    fifo = ["--message-group-id", "savings", "--message-deduplication-id", "1"] if queue_url.endswith(".fifo") else []
    return shlex.join(["aws", "sqs", "send-message", "--queue-url", queue_url, *fifo, "--message-body", body])


def _help(project: Project, endpoint_url: str, queues: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Say how to use what runs from another terminal."""
    return [
        "To send a message from another terminal:",
        "  source .venv/bin/activate",
        *(f"  {send_command(project, queue, names)}" for queue in queues),
        "or with the AWS CLI, and to read the logs with the SAM CLI:",
        *(f"  {line}" for line in environment.shell_lines(endpoint_url)),
        *(f"  {_aws_command(project, queue, names)}" for queue in queues),
        f"  sam logs --stack-name {project.stack_name} --tail",
        "Saving a file of a function, a layer or the template builds and deploys again.",
    ]
