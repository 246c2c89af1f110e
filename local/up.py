"""Runs a whole stack on this machine until it is told to stop."""

from __future__ import annotations

import dataclasses
import shlex
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

from local import environment, stack
from local.clients import emulator_session
from local.emulator import Emulator
from local.endpoints import check_endpoint
from local.errors import LocalError
from local.happenings import BatchDone, BatchReceived, Happening, Listener, in_words
from local.logs import LogTail
from local.poll import count_mappings
from local.polled import MappingsElsewhere, OwnMappings
from local.pollers import Pollers
from local.project import Project
from local.reporter import Reporter
from local.rows import Rows
from local.running import Running, announced
from local.screen import open_screen
from local.syntax import syntax_errors
from local.takeover import Takeover
from local.tally import Tally
from local.trouble import AWS_ERRORS, describe
from local.view import make_console, step
from local.watch import CodeWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from local.clients import PollerClients
    from local.mappings import EventSourceMapping
    from local.screen import Screen
    from local.takeover import Wish

_UNCHANGED = "The functions are as they were before; save again to retry."
_PAUSED = "Polling is paused until the functions have the deployed settings again; that is tried again and again."
# Bodies for the queues of this repository's own template; others get a plain one.
_BODIES = {
    "StandardQueue": '{"order_id": "A1", "quantity": 2}',
    "FifoQueue": '{"movement_id": "1", "account": "savings", "amount": 100}',
}


def run_up(
    project: Project, port: int | None, lambda_endpoint_url: str | None = None, wish: Wish | None = None
) -> NoReturn:
    """Start the emulator, build and deploy the stack, and poll its mappings until interrupted.

    Saving a file of a function, a layer or the template builds and deploys again, unless it has a syntax error.

    Args:
        project: what to run.
        port: where the emulator listens; None for a free port.
        lambda_endpoint_url: where the functions run, if not in the emulator.
        wish: deployed mappings elsewhere to poll instead of the emulator's; without a stack's name, those of the stack
            that samconfig has for AWS.

    Raises:
        UsageError: it is not said which deployed mappings are meant, or there is no terminal to ask at.
        LocalError: something could not be started, the emulator ended, or deployed mappings were not put back.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. All is stopped by then.
    """
    if lambda_endpoint_url is not None:
        check_endpoint(lambda_endpoint_url)
    if images := project.image_functions:
        raise LocalError(
            f"{', '.join(images)} in {project.template}: container images (PackageType: Image) do not run in the "
            "emulator, which has no Docker. `sam local start-lambda` runs them, and `poll --lambda-endpoint-url` "
            "drives that."
        )
    console = make_console()
    emulator = Emulator(port)
    url = emulator.endpoint_url
    takeover = None if wish is None else _agree(wish, project, lambda_endpoint_url or url)
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
            stack.build(url, emulator.directory, project)
        watch = running.enter_context(CodeWatch(project, begun))
        with step(console, "sam deploy"):
            stack.deploy(url, emulator.directory, project)
        polled: OwnMappings | MappingsElsewhere
        if takeover is None:
            polled = OwnMappings(project, url, lambda_endpoint_url)
        else:
            polled = MappingsElsewhere(project, url, lambda_endpoint_url, takeover)
            running.callback(polled.switch.put_back)
            polled.switch.switch_off()
        names = polled.names()
        queues = queue_urls(polled.clients, polled.known())
        print(*_help(project, polled.endpoint_url, queues, names, on_emulator=takeover is None), sep="\n", flush=True)
        help_lines = [f"send: {send_command(project, queue, names)}" for queue in queues]
        screen = running.enter_context(open_screen(console, help_lines))
        running.callback(screen.status, "stopped")
        tally = Tally()
        reporter = running.enter_context(report(url, polled.clients, tally, names, screen, polled.known))
        pollers = running.enter_context(
            Pollers(polled.endpoint_url, polled.clients, teller(tally, screen), mappings=polled.now)
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
    emulator: Emulator, project: Project, polled: OwnMappings | MappingsElsewhere, pollers: Pollers, screen: Screen
) -> bool:
    """Build and deploy what was saved, and say whether it is. If not, what is deployed stays as it is."""
    url = emulator.endpoint_url
    try:
        screen.status("saved: sam build ...")
        stack.build(url, emulator.directory, project)
        screen.status("saved: sam deploy ...")
        with polled.resting(pollers):
            stack.deploy(url, emulator.directory, project)
    except LocalError as error:
        emulator.check()
        screen.notice(f"{error.message}\n{error.output}\n{_PAUSED if polled.paused else _UNCHANGED}")
    except AWS_ERRORS as error:
        emulator.check()
        screen.notice(f"{describe(error)}\n{_PAUSED if polled.paused else _UNCHANGED}")
    else:
        screen.notice("saved: the functions are up to date")
        return True
    return False


def _agree(wish: Wish, project: Project, runs_at: str) -> Takeover:
    """Find the deployed mappings and ask the user, before anything is started."""
    if wish.stack_name is None and not wish.functions:
        wish = dataclasses.replace(wish, stack_name=project.deployed_stack_name)
    takeover = Takeover(wish, print)
    takeover.ask(runs_at)
    return takeover


def _announcement(project: Project, endpoint_url: str, takeover: Takeover | None) -> Running:
    if takeover is None:
        return Running(endpoint_url, project.stack_name)
    stacks = [one.stack for one in takeover.mappings if one.stack is not None]
    return Running(takeover.side.endpoint_url, stacks[0] if stacks else "", deployed=True)


def report(
    endpoint_url: str,
    clients: PollerClients,
    tally: Tally,
    names: Mapping[str, str],
    screen: Screen,
    mappings: Callable[[], Sequence[EventSourceMapping]] | None = None,
) -> Reporter:
    """Make what feeds the view; it works for as long as its `with` block runs."""
    session = emulator_session()
    logs = session.client("logs", endpoint_url=endpoint_url)
    tail = LogTail(logs, session.client("lambda", endpoint_url=endpoint_url))
    return Reporter(Rows(clients, tally, names, mappings), tail, names, screen)


def teller(tally: Tally, screen: Screen) -> Listener:
    """Make the listener of the pollers: it counts, and shows what the numbers do not."""

    def tell(happening: Happening) -> None:
        tally(happening)
        if isinstance(happening, BatchDone) and not happening.undeleted:
            screen.event(in_words(happening))
        elif not isinstance(happening, BatchReceived):  # its end is told soon
            screen.notice(in_words(happening))

    return tell


def _name(queue_url: str) -> str:
    return queue_url.rsplit("/", 1)[-1]


def queue_urls(clients: PollerClients, mappings: Sequence[EventSourceMapping]) -> list[str]:
    """List the URLs of the queues of some mappings."""
    names = sorted({mapping.queue_name for mapping in mappings})
    return [clients.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in names]


def _body(project: Project, queue: str) -> str:
    return _BODIES.get(queue, "hello") if project.template == Project().template else "hello"


def send_command(project: Project, queue_url: str, names: Mapping[str, str]) -> str:
    """Write the command that sends a message to a queue of the project."""
    queue = names.get(_name(queue_url), _name(queue_url))
    group = ["--group", "savings"] if queue_url.endswith(".fifo") else []
    template = [] if project.template == Project().template else ["--template-file", str(project.template)]
    return shlex.join(["python", "-m", "local", "send", *template, *group, queue, _body(project, queue)])


def _aws_command(project: Project, queue_url: str, names: Mapping[str, str], endpoint_url: str | None) -> str:
    body = _body(project, names.get(_name(queue_url), ""))
    fifo = ["--message-group-id", "savings", "--message-deduplication-id", "1"] if queue_url.endswith(".fifo") else []
    # Said as an option, too: version 1 of the AWS CLI does not heed AWS_ENDPOINT_URL for SQS in us-east-1.
    here = ["--endpoint-url", endpoint_url] if endpoint_url is not None else []
    return shlex.join(["aws", "sqs", "send-message", "--queue-url", queue_url, *here, *fifo, "--message-body", body])


def _help(
    project: Project, endpoint_url: str, queues: Sequence[str], names: Mapping[str, str], *, on_emulator: bool
) -> list[str]:
    """Say how to use what runs from another terminal."""
    return [
        "To send a message from another terminal:",
        "  source .venv/bin/activate",
        *(f"  {send_command(project, queue, names)}" for queue in queues),
        "or with the AWS CLI, and to read the logs with the SAM CLI:" if on_emulator else "or with the AWS CLI:",
        *(f"  {line}" for line in (environment.shell_lines(endpoint_url) if on_emulator else [])),
        *(f"  {_aws_command(project, queue, names, endpoint_url if on_emulator else None)}" for queue in queues),
        *([f"  sam logs --stack-name {project.stack_name} --tail"] if on_emulator else []),
        "Saving a file of a function, a layer or the template builds and deploys again"
        + ("." if on_emulator else ", to the emulator only."),
    ]
