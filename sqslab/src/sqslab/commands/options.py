"""Options that several commands have, and kinds of values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from sqslab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqslab.deployed.takeover import MappingSelection

PORT = click.IntRange(1, 65535)


class Number(click.FloatRange):
    """A number in a range; `nan` is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Make the number."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


class NamePair(click.ParamType):
    """`DEPLOYED=LOCAL`."""

    name = "DEPLOYED=LOCAL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Take it apart."""
        if isinstance(value, tuple):
            return value
        deployed, _, local = str(value).partition("=")
        if not deployed or not local:
            self.fail(f"{value} is not DEPLOYED=LOCAL.", param, ctx)
        return deployed, local


def template_option[F: Callable[..., Any]](function: F) -> F:
    """Add the option that names the project."""
    option = click.option(
        "--template-file", metavar="PATH", help="The SAM template or its folder; this folder's if not given."
    )
    return option(function)


def deployed_options[F: Callable[..., Any]](function: F) -> F:
    """Add the options that name functions elsewhere and deployed event source mappings."""
    for option in reversed(
        [
            click.option(
                "--lambda-endpoint-url",
                metavar="URL",
                help="Where the functions run, if elsewhere, such as `sam local start-lambda`.",
            ),
            click.option(
                "--sqs-endpoint-url",
                metavar="URL",
                help="Where queues with deployed event source mappings are, such as "
                "https://sqs.eu-west-1.amazonaws.com. The mappings are switched off until the end, after asking.",
            ),
            click.option("--stack-name", metavar="NAME", help="The deployed stack whose mappings are meant."),
            click.option(
                "--function",
                "functions",
                multiple=True,
                type=NamePair(),
                help="The function here that stands for a deployed one, where the names do not tell. May be repeated.",
            ),
            click.option("--yes", is_flag=True, help="Do not ask."),
        ]
    ):
        function = option(function)
    return function


def select_mappings(
    sqs_endpoint_url: str | None, stack_name: str | None, functions: tuple[tuple[str, str], ...], *, yes: bool
) -> MappingSelection | None:
    """Say which deployed mappings are meant; None if those of the endpoint.

    Raises:
        UsageError: options that need --sqs-endpoint-url are given without it.
    """
    from sqslab.deployed.takeover import MappingSelection

    if sqs_endpoint_url is not None:
        return MappingSelection(sqs_endpoint_url, stack_name, dict(functions), assumed=yes)
    if stack_name or functions or yes:
        raise UsageError("--stack-name, --function and --yes go with --sqs-endpoint-url.")
    return None
