"""The command line of `sqslab`: its commands, and how a failure is told."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import click

from sqslab import __version__
from sqslab.errors import SqslabError
from sqslab.signals import forget_interrupt, interrupt_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130  # what a shell gives for Ctrl-C
# In the order of the help text. Each is `command` in the module of its name.
_COMMANDS = ("up", "poll", "scenario", "send", "dlq", "plan", "restore")


class _Commands(click.Group):
    """The commands. Each is imported when it is called: boto3 takes a moment, in which Ctrl-C is to work."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give one of the commands; None if there is none of that name."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"sqslab.commands.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for, and tell its failure in one message."""
        try:
            return _run(self, ctx)
        except KeyboardInterrupt:
            if ctx.invoked_subcommand in ("up", "poll"):
                ctx.exit(0)  # to be interrupted is how they end
            click.echo("Interrupted. Everything it started is stopped.", err=True)
            ctx.exit(_INTERRUPTED)
        except SqslabError as error:
            click.echo("\n".join([f"error: {error.message}", *([error.output] if error.output else [])]), err=True)
            ctx.exit(error.exit_code)

    def invoke_command(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        return super().invoke(ctx)


def _run(commands: _Commands, ctx: click.Context) -> object:
    from botocore.exceptions import NoRegionError

    from sqslab.aws_errors import AWS_ERRORS, describe
    from sqslab.errors import UsageError
    from sqslab.stack.environment import heed_aws_region

    heed_aws_region()
    try:
        return commands.invoke_command(ctx)
    except NoRegionError as error:
        option = "--region or " if ctx.invoked_subcommand == "dlq" else ""
        raise UsageError(f"No AWS region is set. Name one with {option}AWS_REGION.") from error
    except AWS_ERRORS as error:
        raise SqslabError(describe(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="sqslab")
def cli() -> None:
    """Run the SQS queues and Lambda functions of a SAM project on this machine."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: the command line without the program's name; that of this process if None.

    Returns:
        The exit code: 0 if all is well, 1 on a failure that is told on standard error, 2 if the command line asks for
        what cannot be, 130 on Ctrl-C before the end.
    """
    interrupt_on_signals()
    try:
        code = cli.main(None if arguments is None else list(arguments), "sqslab", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    finally:
        forget_interrupt()
    return code if isinstance(code, int) else 0


def run() -> None:
    """Run the command of this process, as the console script does."""
    sys.exit(main())
