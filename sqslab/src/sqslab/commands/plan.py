"""`sqslab plan`: which settings given numbers need, and what they carry and cost."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
from rich.console import Console

from sqslab.commands.options import Number
from sqslab.errors import UsageError
from sqslab.plan.answer import answer
from sqslab.plan.price import GB_SECOND
from sqslab.plan.question import InvalidPlan, read
from sqslab.plan.report import as_json, show


@click.command("plan")
@click.option("--fifo", is_flag=True, help="The queue is FIFO.")
@click.option("--messages-per-second", type=Number(0, 1e6), default=0.0, metavar="N", help="Messages sent to it.")
@click.option(
    "--backlog", type=click.IntRange(0, 10**12), default=0, metavar="N", help="Messages waiting in it already."
)
@click.option("--function-time", type=Number(0.0001, 900), required=True, metavar="SECONDS", help="For one message.")
@click.option(
    "--batch-time", type=Number(0, 900), default=0.0, metavar="SECONDS", help="For each invocation besides; 0."
)
@click.option(
    "--failure-rate", type=Number(0, 1), default=0.0, metavar="SHARE", help="Of the attempts that fail, 0 to 1; 0."
)
@click.option("--groups", type=click.IntRange(1, 10**9), metavar="N", help="Message groups at once; FIFO only.")
@click.option(
    "--message-size", type=click.IntRange(1, 1_048_576), default=1024, metavar="BYTES", help="Of a body; 1024."
)
@click.option("--batch-size", type=click.IntRange(1, 10_000), default=10, metavar="N", help="Messages a batch; 10.")
@click.option("--window", type=click.IntRange(0, 300), metavar="SECONDS", help="Batching window; 1, none on FIFO.")
@click.option(
    "--concurrency", type=click.IntRange(1, 1000), default=1, metavar="N", help="Messages the handler runs at once; 1."
)
@click.option(
    "--maximum-concurrency",
    type=click.IntRange(2, 1000),
    metavar="N",
    help="Batches at once; what the rate needs, or 10.",
)
@click.option(
    "--function-timeout", type=click.IntRange(3, 900), metavar="SECONDS", help="Of the function; twice a full batch."
)
@click.option(
    "--visibility-timeout",
    type=click.IntRange(1, 43_200),
    metavar="SECONDS",
    help="Of the queue; 6 x the timeout + the window.",
)
@click.option(
    "--max-receive-count", type=click.IntRange(2, 1000), default=5, metavar="N", help="Tries of a message; 5."
)
@click.option("--backoff-base", type=click.IntRange(1, 900), default=30, metavar="SECONDS", help="First backoff; 30.")
@click.option("--memory", type=click.IntRange(128, 10_240), default=256, metavar="MB", help="Of the function; 256.")
@click.option(
    "--architecture", type=click.Choice(list(GB_SECOND)), default="x86_64", help="Whose price counts; x86_64."
)
@click.option("--gb-second-price", type=Number(0, 1), metavar="DOLLARS", help="Of Lambda; us-east-1's.")
@click.option("--invocations-price", type=Number(0, 1e3), metavar="DOLLARS", help="Of a million; us-east-1's.")
@click.option("--requests-price", type=Number(0, 1e3), metavar="DOLLARS", help="Of a million, to SQS; us-east-1's.")
@click.option(
    "--parameter-names",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML with the names of a template's parameters: the answer is written for `sam deploy`.",
)
@click.option("--json", "wants_json", is_flag=True, help="Print the answer as JSON.")
def command(*, wants_json: bool, **options: Any) -> int:
    """Say which settings given numbers need, and what they carry and cost."""
    try:
        question = read(SimpleNamespace(**options))
    except InvalidPlan as error:
        raise UsageError(f"{error}") from error
    found = answer(question)
    if wants_json:
        click.echo(as_json(found, question))
    else:
        show(found, question, Console(highlight=False))
    return 0
