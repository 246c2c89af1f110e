"""The command line: `python -m local demo`, `up` and `poll`."""

import argparse
import sys
from collections.abc import Sequence

from local.errors import LocalError
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
        if options.command == "demo":
            print("Interrupted. Everything it started is stopped.", file=sys.stderr)
            return _INTERRUPTED
        return 0  # to be interrupted is how the others end
    except LocalError as error:
        _complain(error.message, error.output)
        return 1


def _run(options: argparse.Namespace) -> int:
    # Imported here because boto3 takes a moment, in which Ctrl-C should not show a traceback.
    from local.demo import run_demo
    from local.services import run_poll, run_up
    from local.trouble import AWS_ERRORS, describe

    try:
        match options.command:
            case "demo":
                return run_demo(options.port)
            case "up":
                run_up(options.port)
            case _:
                run_poll(options.endpoint_url)
    except AWS_ERRORS as error:
        raise LocalError(describe(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="Runs the stack on this machine.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="send sample messages through the stack and check how each of them ends")
    up = commands.add_parser("up", help="run the stack until Ctrl-C")
    poll = commands.add_parser("poll", help="run only the event source mappings, against any endpoint, until Ctrl-C")
    for command in (demo, up):
        command.add_argument("--port", type=_port, help="port of the emulator on 127.0.0.1; a free one if not given")
    poll.add_argument(
        "--endpoint-url",
        required=True,
        help="where SQS and Lambda answer. The endpoint's own polling is switched off, and stays so.",
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
