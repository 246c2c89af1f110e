"""The command line: `python -m local demo`, `up`, `send`, `poll` and `plan`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.errors import LocalError
from local.plan.arguments import add_arguments as add_plan_arguments
from local.signals import interrupt_on_signals

_INTERRUPTED = 130  # what a shell gives for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line without the program's name; that of this process if None.

    Returns:
        The exit code: 0 if all is well, 1 on a failure that is told on standard error, 130 on Ctrl-C before the end.
    """
    options = _parser().parse_args(arguments)
    interrupt_on_signals()
    try:
        return _run(options)
    except KeyboardInterrupt:
        if options.command in ("up", "poll"):
            return 0  # to be interrupted is how they end
        print("Interrupted. Everything it started is stopped.", file=sys.stderr)
        return _INTERRUPTED
    except LocalError as error:
        _complain(error.message, error.output)
        return 1


def _run(options: argparse.Namespace) -> int:
    # Imported here because boto3 takes a moment, in which Ctrl-C should not show a traceback.
    from local.demo import run_demo
    from local.picture import run_picture
    from local.plan.command import run_plan
    from local.poll import run_poll
    from local.project import Project
    from local.send import Outgoing, run_send
    from local.trouble import AWS_ERRORS, describe
    from local.up import run_up

    try:
        match options.command:
            case "demo":
                return run_demo(options.port)
            case "up":
                project = Project.find(options.template_file, options.parameter_overrides)
                run_up(project, options.port, options.lambda_endpoint_url)
            case "picture":
                return run_picture(options.file)
            case "plan":
                return run_plan(options)
            case "send":
                message = Outgoing(options.queue, options.body, options.group, options.deduplication_id)
                return run_send(message, Project.find(options.template_file), options.endpoint_url)
            case _:
                run_poll(options.endpoint_url, options.sqs_endpoint_url, options.lambda_endpoint_url)
    except AWS_ERRORS as error:
        raise LocalError(describe(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="Runs the stack on this machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="send sample messages through the stack and check how each of them ends")
    up = commands.add_parser("up", help="run the stack until Ctrl-C")
    send = commands.add_parser("send", help="send a message to a queue of the running stack")
    poll = commands.add_parser("poll", help="run only the event source mappings, against any endpoint, until Ctrl-C")
    picture = commands.add_parser("picture", help="record a picture of what `up` shows, with the sample messages")
    add_plan_arguments(
        commands.add_parser("plan", help="which settings given numbers need, and what they carry and cost")
    )
    picture.add_argument("file", metavar="FILE.svg", type=Path, help="where to")
    for command in (demo, up):
        command.add_argument("--port", type=_port, help="port of the emulator on 127.0.0.1; a free one if not given")
    for command in (up, send):
        command.add_argument("--template-file", help="the SAM template, or its folder; this repository's if not given")
    up.add_argument(
        "--parameter-overrides",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="parameters of the template; they win over those of the environment `local` in its samconfig.toml",
    )
    send.add_argument("queue", metavar="QUEUE", help="its name in the template, its real name, or its URL")
    send.add_argument("body", metavar="BODY", help="the body of the message; - for standard input")
    send.add_argument("--group", help="message group id; a FIFO queue needs one")
    send.add_argument("--deduplication-id", help="message deduplication id, FIFO only; a new one if not given")
    send.add_argument(
        "--endpoint-url", help="where SQS answers; if not given, AWS_ENDPOINT_URL, else that of the running `up`"
    )
    poll.add_argument(
        "--endpoint-url",
        required=True,
        help="what has the event source mappings, and SQS and Lambda if they are not named apart. The endpoint's own "
        "polling is switched off, and stays so.",
    )
    poll.add_argument("--sqs-endpoint-url", help="where the queues are, if elsewhere")
    for command in (up, poll):
        command.add_argument(
            "--lambda-endpoint-url", help="where the functions run, if elsewhere, such as `sam local start-lambda`"
        )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError
    return port


def _complain(message: str, output: str = "") -> None:
    print(f"error: {message}", *([output] if output else []), sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
