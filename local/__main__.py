"""The command line of `python -m local`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.errors import LocalError, UsageError
from local.plan.arguments import add_arguments as add_plan_arguments
from local.signals import interrupt_on_signals

if TYPE_CHECKING:
    from local.takeover import Wish

_INTERRUPTED = 130  # what a shell gives for Ctrl-C


class _Parser(argparse.ArgumentParser):
    """A parser that refuses what it does not know itself; else a command leaves that to its parent, with its usage."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and let nothing be left over."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line without the program's name; that of this process if None.

    Returns:
        The exit code: 0 if all is well, 1 on a failure that is told on standard error, 2 if the command line asks for
        what cannot be, 130 on Ctrl-C before the end.
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
        return error.exit_code


def _run(options: argparse.Namespace) -> int:
    # Imported here because boto3 takes a moment, in which Ctrl-C should not show a traceback.
    from botocore.exceptions import NoRegionError

    from local.dashboard import run_dashboard
    from local.demo import run_demo
    from local.dlq import open_account, run_drop, run_redrive, run_show
    from local.environment import heed_aws_region
    from local.picture import run_picture
    from local.plan.command import run_plan
    from local.poll import run_poll, run_poll_deployed
    from local.project import Project
    from local.send import Outgoing, run_send
    from local.switch import run_restore
    from local.trouble import AWS_ERRORS, describe
    from local.up import run_up

    heed_aws_region()
    try:
        match options.command:
            case "demo":
                return run_demo(options.port)
            case "up":
                project = Project.find(options.template_file, options.parameter_overrides)
                run_up(project, options.port, options.lambda_endpoint_url, _wish(options))
            case "compare":
                from local.compare.command import Comparison, run_compare  # needs the layer, as nothing else here

                return run_compare(
                    Comparison(options.messages, options.seed, options.failure_rate, options.json, options.docs)
                )
            case "picture":
                return run_picture(options.file)
            case "dashboard":
                return run_dashboard(options.file)
            case "plan":
                return run_plan(options)
            case "send":
                message = Outgoing(options.queue, options.body, options.group, options.deduplication_id)
                return run_send(message, Project.find(options.template_file), options.endpoint_url)
            case "dlq":
                project = Project.find(options.template_file)
                account = open_account(
                    project, options.stack_name, options.endpoint_url, options.profile, options.region
                )
                match options.action:
                    case "show":
                        return run_show(account, options.queue, options.limit, bodies=options.body)
                    case "redrive":
                        return run_redrive(account, options.queue, options.to, options.rate, options.message_id)
                    case _:
                        return run_drop(account, options.queue, options.message_id)
            case "restore":
                return run_restore()
            case _:
                wish, url = _wish(options), options.endpoint_url
                if wish is not None and (functions_url := options.lambda_endpoint_url or url) is not None:
                    run_poll_deployed(wish, functions_url)
                if wish is not None or url is None:
                    raise UsageError(
                        "Name one endpoint with --endpoint-url, or both --sqs-endpoint-url and --lambda-endpoint-url."
                    )
                run_poll(url, options.lambda_endpoint_url)
    except NoRegionError as error:
        option = "--region or " if "region" in options else ""
        raise UsageError(f"No AWS region is set. Name one with {option}AWS_REGION.") from error
    except AWS_ERRORS as error:
        raise LocalError(describe(error)) from error


def _wish(options: argparse.Namespace) -> "Wish | None":
    """Say which deployed mappings are meant; None if those of the endpoint."""
    from local.takeover import Wish

    if options.sqs_endpoint_url is not None:
        functions = dict(options.function)
        return Wish(options.sqs_endpoint_url, options.stack_name, functions, assumed=options.yes)
    if options.stack_name or options.function or options.yes:
        raise UsageError("--stack-name, --function and --yes go with --sqs-endpoint-url.")
    return None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m local", description="Runs the stack on this machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="send sample messages through the stack and check how each of them ends")
    up = commands.add_parser("up", help="run the stack until Ctrl-C")
    send = commands.add_parser("send", help="send a message to a queue of the running stack")
    poll = commands.add_parser("poll", help="run only the event source mappings, against any endpoint, until Ctrl-C")
    _add_dlq(commands.add_parser("dlq", help="look into a dead-letter queue, here or on AWS, and empty it"))
    picture = commands.add_parser("picture", help="record a picture of what `up` shows, with the sample messages")
    dashboard = commands.add_parser("dashboard", help="draw a picture of the template's dashboard, with sample data")
    for command in (picture, dashboard):
        command.add_argument("file", metavar="FILE.svg", type=Path, help="where to")
    _add_compare(commands.add_parser("compare", help="run the ways of handling a batch side by side, in virtual time"))
    add_plan_arguments(
        commands.add_parser("plan", help="which settings given numbers need, and what they carry and cost")
    )
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
        help="an emulator that has the event source mappings, the queues and, if not named apart, the functions. Its "
        "own polling is switched off, and stays so.",
    )
    for command in (up, poll):
        command.add_argument(
            "--lambda-endpoint-url", help="where the functions run, if elsewhere, such as `sam local start-lambda`"
        )
        command.add_argument(
            "--sqs-endpoint-url",
            help="where queues with deployed event source mappings are, such as https://sqs.eu-west-1.amazonaws.com. "
            "The mappings are switched off until the end, after asking.",
        )
        command.add_argument("--stack-name", help="the deployed stack whose mappings are meant")
        command.add_argument(
            "--function",
            action="append",
            default=[],
            type=_pair,
            metavar="DEPLOYED=LOCAL",
            help="the function here that stands for a deployed one, where the names do not tell; may be repeated",
        )
        command.add_argument("--yes", action="store_true", help="do not ask")
    commands.add_parser("restore", help="switch on again what a `poll` or `up` that was killed has left switched off")
    return parser


def _add_compare(compare: argparse.ArgumentParser) -> None:
    compare.add_argument("--json", action="store_true", help="print JSON instead of tables")
    compare.add_argument(
        "--messages", type=_messages, default=100, metavar="N", help="how many messages, 1 to 10,000 (100)"
    )
    compare.add_argument("--seed", type=_whole_number, default=1, metavar="S", help="one seed, one outcome (1)")
    compare.add_argument(
        "--failure-rate",
        type=_probability,
        default=1 / 3,
        metavar="P",
        help="the probability with which an attempt fails, 0 to 1 (1/3)",
    )
    compare.add_argument(
        "--docs", type=Path, metavar="FOLDER", help="bring why.md in this folder up to date, and its pictures"
    )


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _messages(text: str) -> int:
    number = _whole_number(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError(f"{number} is not 1 to 10,000")
    return number


def _probability(text: str) -> float:
    try:
        probability = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= probability <= 1:  # nor NaN
        raise argparse.ArgumentTypeError(f"{text} is not 0 to 1")
    return probability


def _add_dlq(dlq: argparse.ArgumentParser) -> None:
    actions = dlq.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="list messages with their reasons; they stay in the queue")
    redrive = actions.add_parser("redrive", help="move messages back to the queue they come from")
    drop = actions.add_parser("drop", help="delete messages for good")
    for action in (show, redrive, drop):
        action.add_argument(
            "queue", metavar="QUEUE", help="the dead-letter queue: its name in the template, its real name, or its URL"
        )
        action.add_argument("--stack-name", help="the stack on AWS; AWS_SAM_STACK_NAME if not given")
        action.add_argument("--profile", help="the profile of the AWS configuration files")
        action.add_argument("--region", help="the region; AWS_REGION if not given")
        action.add_argument("--endpoint-url", help="an emulator; AWS_ENDPOINT_URL if not given")
        action.add_argument("--template-file", help="whose running `up` is meant if nothing else is named")
    show.add_argument("--limit", type=_above_zero, default=20, help="how many at most (default: 20)")
    show.add_argument("--body", action="store_true", help="print the bodies as well")
    redrive.add_argument("--to", metavar="QUEUE", help="where to, if not to the queue it is the dead-letter queue of")
    some = redrive.add_mutually_exclusive_group()
    some.add_argument("--rate", type=_rate, help="messages a second at most, 1 to 500")
    for parser, required in ((some, False), (drop, True)):
        parser.add_argument(
            "--message-id",
            action="append",
            default=[],
            required=required,
            metavar="ID",
            help="only this message, by its id here or in its own queue; can be given several times",
        )


def _above_zero(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return int(text)


def _rate(text: str) -> int:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
    if not text.isdecimal() or not 1 <= int(text) <= 500:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 500")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    deployed, _, local = text.partition("=")
    if not deployed or not local:
        raise ValueError
    return deployed, local


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError
    return port


def _complain(message: str, output: str = "") -> None:
    print(f"error: {message}", *([output] if output else []), sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
