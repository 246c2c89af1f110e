"""Runs a whole stack on this machine until it is told to stop."""

from __future__ import annotations

import dataclasses
import shlex
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from sqslab.aws_errors import AWS_ERRORS, describe
from sqslab.clients import emulator_session
from sqslab.commands.options import PORT, deployed_options, select_mappings
from sqslab.commands.poll import count_mappings
from sqslab.deployed.polled_mappings import EmulatorMappings, RemoteMappings
from sqslab.deployed.takeover import Takeover
from sqslab.endpoints import check_endpoint
from sqslab.errors import SqslabError, UsageError
from sqslab.mapping.events import BatchDone, BatchReceived, Listener, MappingEvent, in_words
from sqslab.queues import name_of
from sqslab.stack import environment, sam
from sqslab.stack.code_watch import CodeWatch
from sqslab.stack.emulator import Emulator
from sqslab.stack.function_logs import LogTail
from sqslab.stack.project import Project
from sqslab.stack.session import Session, announced
from sqslab.stack.syntax import syntax_errors
from sqslab.view.console import make_console, step
from sqslab.view.counts import BatchCounts
from sqslab.view.reporter import Reporter
from sqslab.view.rows import Rows
from sqslab.view.screen import open_screen
from sqslab.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqslab.clients import WorkerClients
    from sqslab.deployed.takeover import MappingSelection
    from sqslab.mapping.event_source_mapping import EventSourceMapping
    from sqslab.view.screen import Screen

_BODY = "hello"
_UNCHANGED = "The functions are as they were before; save again to retry."
_PAUSED = "Polling is paused until the functions have the deployed settings again; that is tried again and again."


@click.command("up")
@click.argument("folder", required=False)
@click.option("--template-file", metavar="PATH", help="The SAM template, if it is not FOLDER's template.yaml.")
@click.option(
    "--parameter-overrides",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the template; it wins over samconfig.toml's. May be repeated.",
)
@click.option("--port", type=PORT, help="Port of the emulator on 127.0.0.1; a free one if not given.")
@deployed_options
def command(
    folder: str | None,
    template_file: str | None,
    parameter_overrides: tuple[str, ...],
    port: int | None,
    lambda_endpoint_url: str | None,
    sqs_endpoint_url: str | None,
    stack_name: str | None,
    functions: tuple[tuple[str, str], ...],
    *,
    yes: bool,
) -> NoReturn:
    """Run the stack of the SAM project in FOLDER, this one if not given, until Ctrl-C."""
    if folder is not None and template_file is not None:
        raise UsageError("Name FOLDER or --template-file, not both.")
    project = Project.find(folder or template_file, parameter_overrides)
    selection = select_mappings(sqs_endpoint_url, stack_name, functions, yes=yes)
    run_up(project, port, lambda_endpoint_url, selection)


def run_up(
    project: Project,
    port: int | None,
    lambda_endpoint_url: str | None = None,
    selection: MappingSelection | None = None,
) -> NoReturn:
    """Start the emulator, build and deploy the stack, and poll its mappings until interrupted.

    Saving a file of a function, a layer or the template builds and deploys again, unless it has a syntax error.

    Args:
        project: what to run.
        port: where the emulator listens; None for a free port.
        lambda_endpoint_url: where the functions run, if not in the emulator.
        selection: deployed mappings elsewhere to poll instead of the emulator's; without a stack's name, those of the
            stack that samconfig has for AWS.

    Raises:
        UsageError: it is not said which deployed mappings are meant, or there is no terminal to ask at.
        SqslabError: something could not be started, the emulator ended, or deployed mappings were not put back.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. All is stopped by then.
    """
    if lambda_endpoint_url is not None:
        check_endpoint(lambda_endpoint_url)
    if images := project.image_functions:
        raise SqslabError(
            f"{', '.join(images)} in {project.template}: container images (PackageType: Image) do not run in the "
            "emulator, which has no Docker. `sam local start-lambda` runs them, and `poll --lambda-endpoint-url` "
            "drives that."
        )
    console = make_console()
    emulator = Emulator(port)
    url = emulator.endpoint_url
    takeover = None if selection is None else _agree(selection, project, lambda_endpoint_url or url)
    if takeover is None:
        environment.replace_environment(environment.local_environment(url))
    else:
        environment.spare_loopback_the_proxy()
    with ExitStack() as running:
        # The last to be left, so that a `send` never finds an emulator that is gone.
        running.enter_context(emulator)
        running.enter_context(announced(project, _announcement(project, url, takeover)))
        begun = time.time()
        with step(console, "sam build"):
            sam.build(url, emulator.directory, project)
        watch = running.enter_context(CodeWatch(project, begun))
        with step(console, "sam deploy"):
            sam.deploy(url, emulator.directory, project)
        polled: EmulatorMappings | RemoteMappings
        if takeover is None:
            polled = EmulatorMappings(project, url, lambda_endpoint_url)
        else:
            polled = RemoteMappings(project, url, lambda_endpoint_url, takeover)
            running.callback(polled.switch.put_back)
            polled.switch.switch_off()
        names = polled.names()
        queues = queue_urls(polled.clients, polled.known())
        print(*_help(project, polled.endpoint_url, queues, names, on_emulator=takeover is None), sep="\n", flush=True)
        help_lines = [f"send: {send_command(project, queue, names)}" for queue in queues]
        screen = running.enter_context(open_screen(console, help_lines))
        running.callback(screen.status, "stopped")
        counts = BatchCounts()
        reporter = running.enter_context(report(url, polled.clients, counts, names, screen, polled.known))
        pollers = running.enter_context(
            Workers(polled.endpoint_url, polled.clients, teller(counts, screen), mappings=polled.now)
        )
        running.callback(screen.status, "stopping: what is in flight is finished first; Ctrl-C again does not wait")
        ready = f"ready: polling {count_mappings(len(pollers))} on {polled.endpoint_url}; Ctrl-C stops everything"
        screen.status(ready)
        while True:
            pollers.follow()
            emulator.check()
            reporter.check()
            if watch.changed():
                # Elsewhere the functions may run with another Python than this one.
                errors = [] if lambda_endpoint_url else syntax_errors(watch.undeployed(), project.directory)
                if errors:
                    screen.notice("\n".join([*errors, _PAUSED if polled.paused else _UNCHANGED]))
                    continue
                updated = _update(emulator, project, polled, pollers, screen)
                names.update(polled.names())
                watch.follow_build(deployed=updated)
                screen.status(ready)


def _update(
    emulator: Emulator, project: Project, polled: EmulatorMappings | RemoteMappings, pollers: Workers, screen: Screen
) -> bool:
    """Build and deploy what was saved, and say whether it is. If not, what is deployed stays as it is."""
    url = emulator.endpoint_url
    try:
        screen.status("saved: sam build ...")
        sam.build(url, emulator.directory, project)
        screen.status("saved: sam deploy ...")
        with polled.resting(pollers):
            sam.deploy(url, emulator.directory, project)
    except SqslabError as error:
        emulator.check()
        screen.notice(f"{error.message}\n{error.output}\n{_PAUSED if polled.paused else _UNCHANGED}")
    except AWS_ERRORS as error:
        emulator.check()
        screen.notice(f"{describe(error)}\n{_PAUSED if polled.paused else _UNCHANGED}")
    else:
        screen.notice("saved: the functions are up to date")
        return True
    return False


def _agree(selection: MappingSelection, project: Project, runs_at: str) -> Takeover:
    """Find the deployed mappings and ask the user, before anything is started."""
    if selection.stack_name is None and not selection.functions:
        selection = dataclasses.replace(selection, stack_name=project.deployed_stack_name)
    takeover = Takeover(selection, print)
    takeover.ask(runs_at)
    return takeover


def _announcement(project: Project, endpoint_url: str, takeover: Takeover | None) -> Session:
    if takeover is None:
        return Session(endpoint_url, project.stack_name)
    stacks = [one.stack for one in takeover.mappings if one.stack is not None]
    return Session(takeover.side.endpoint_url, stacks[0] if stacks else "", deployed=True)


def report(
    endpoint_url: str,
    clients: WorkerClients,
    counts: BatchCounts,
    names: Mapping[str, str],
    screen: Screen,
    mappings: Callable[[], Sequence[EventSourceMapping]] | None = None,
) -> Reporter:
    """Make what feeds the view; it works for as long as its `with` block runs."""
    session = emulator_session()
    logs = session.client("logs", endpoint_url=endpoint_url)
    tail = LogTail(logs, session.client("lambda", endpoint_url=endpoint_url))
    return Reporter(Rows(clients, counts, names, mappings), tail, names, screen)


def teller(counts: BatchCounts, screen: Screen) -> Listener:
    """Make the listener of the pollers: it counts, and shows what the numbers do not."""

    def tell(mapping_event: MappingEvent) -> None:
        counts(mapping_event)
        if isinstance(mapping_event, BatchDone) and not mapping_event.undeleted:
            screen.event(in_words(mapping_event))
        elif not isinstance(mapping_event, BatchReceived):  # its end is told soon
            screen.notice(in_words(mapping_event))

    return tell


def queue_urls(clients: WorkerClients, mappings: Sequence[EventSourceMapping]) -> list[str]:
    """List the URLs of the queues of some mappings."""
    names = sorted({mapping.queue_name for mapping in mappings})
    return [clients.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in names]


def send_command(project: Project, queue_url: str, names: Mapping[str, str]) -> str:
    """Write the command that sends a message to a queue of the project."""
    queue = names.get(name_of(queue_url), name_of(queue_url))
    group = ["--group", "group-1"] if queue_url.endswith(".fifo") else []
    template = [] if project.directory == Path.cwd() else ["--template-file", str(project.template)]
    return shlex.join(["sqslab", "send", *template, *group, queue, _BODY])


def _aws_command(queue_url: str, endpoint_url: str | None) -> str:
    fifo = ["--message-group-id", "group-1", "--message-deduplication-id", "1"] if queue_url.endswith(".fifo") else []
    # Said as an option, too: version 1 of the AWS CLI does not heed AWS_ENDPOINT_URL for SQS in us-east-1.
    here = ["--endpoint-url", endpoint_url] if endpoint_url is not None else []
    return shlex.join(["aws", "sqs", "send-message", "--queue-url", queue_url, *here, *fifo, "--message-body", _BODY])


def _help(
    project: Project, endpoint_url: str, queues: Sequence[str], names: Mapping[str, str], *, on_emulator: bool
) -> list[str]:
    """Say how to use what runs from another terminal."""
    return [
        "To send a message from another terminal:",
        *(f"  {send_command(project, queue, names)}" for queue in queues),
        "or with the AWS CLI, and to read the logs with the SAM CLI:" if on_emulator else "or with the AWS CLI:",
        *(f"  {line}" for line in (environment.shell_lines(endpoint_url) if on_emulator else [])),
        *(f"  {_aws_command(queue, endpoint_url if on_emulator else None)}" for queue in queues),
        *([f"  sam logs --stack-name {project.stack_name} --tail"] if on_emulator else []),
        "Saving a file of a function, a layer or the template builds and deploys again"
        + ("." if on_emulator else ", to the emulator only."),
    ]
