"""The commands for dead-letter queues: `dlq show`, `dlq redrive` and `dlq drop`, on AWS and on an emulator."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from sqslab.commands.options import template_option
from sqslab.dlq import redrive
from sqslab.dlq.account import Account, open_account
from sqslab.dlq.dead_letters import held_dead_letters
from sqslab.errors import SqslabError, UsageError
from sqslab.queues import backlog, name_of
from sqslab.simulator.clock import RealClock
from sqslab.stack.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqslab.dlq.dead_letters import DeadLetter


@click.group("dlq", context_settings={"max_content_width": 80})
def command() -> None:
    """Look into a dead-letter queue, here or on AWS, and empty it."""


def _account_options[F: Callable[..., Any]](function: F) -> F:
    for option in reversed(
        [
            click.argument("queue"),
            click.option("--stack-name", metavar="NAME", help="The stack on AWS; AWS_SAM_STACK_NAME if not given."),
            click.option("--profile", metavar="NAME", help="The profile of the AWS configuration files."),
            click.option("--region", metavar="NAME", help="The region; AWS_REGION if not given."),
            click.option("--endpoint-url", metavar="URL", help="An emulator; AWS_ENDPOINT_URL if not given."),
            template_option,
        ]
    ):
        function = option(function)
    return function


def _message_ids[F: Callable[..., Any]](*, required: bool) -> Callable[[F], F]:
    return click.option(
        "--message-id",
        "ids",
        multiple=True,
        required=required,
        metavar="ID",
        help="Only this message, by its id here or in its own queue. May be repeated.",
    )


@command.command("show")
@_account_options
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@click.option("--body", is_flag=True, help="Print the bodies as well.")
def show_command(queue: str, limit: int, *, body: bool, **place: str | None) -> int:
    """List the messages of QUEUE with their reasons; they stay in it.

    QUEUE is its name in the template, its real name, or its URL.
    """
    return run_show(_account(**place), queue, limit, bodies=body)


@command.command("redrive")
@_account_options
@click.option("--to", metavar="QUEUE", help="Where to, if not to the queue it is the dead-letter queue of.")
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
@click.option("--rate", type=click.IntRange(1, 500), help="Messages a second at most.")
@_message_ids(required=False)
def redrive_command(queue: str, to: str | None, rate: int | None, ids: tuple[str, ...], **place: str | None) -> int:
    """Move messages of QUEUE back to the queue they come from."""
    if rate is not None and ids:
        raise UsageError("--rate does not go with --message-id.")
    return run_redrive(_account(**place), queue, to, rate, ids)


@command.command("drop")
@_account_options
@_message_ids(required=True)
def drop_command(queue: str, ids: tuple[str, ...], **place: str | None) -> int:
    """Delete messages of QUEUE for good."""
    return run_drop(_account(**place), queue, ids)


def _account(
    stack_name: str | None, profile: str | None, region: str | None, endpoint_url: str | None, template_file: str | None
) -> Account:
    return open_account(Project.here(template_file), stack_name, endpoint_url, profile, region)


def run_show(account: Account, queue: str, limit: int, *, bodies: bool) -> int:
    """Print messages of a dead-letter queue; they stay in it and can be received at once.

    Args:
        account: where it is.
        queue: its name in the template, its real name or its URL.
        limit: how many to show at most.
        bodies: print the bodies, too.

    Returns:
        The exit code, 0.
    """
    url = account.dead_letter_queue(queue)
    with held_dead_letters(account.sqs, url) as dead_letters:
        shown = 0
        while shown < limit and (taken := dead_letters.take(limit - shown)):
            for dead_letter in taken:
                print(*_describe(dead_letter, bodies=bodies), sep="\n")
            shown += len(taken)
        left = backlog(account.sqs, url)
    print(f"{name_of(url)} at {account.sqs.meta.endpoint_url}: {shown} shown of about {left.waiting + left.in_flight}")
    if shown < min(limit, left.waiting + left.in_flight) and url.endswith(".fifo"):
        print("A FIFO queue shows at most ten messages of one group, or none while somebody else has one of them.")
    return 0


def run_redrive(account: Account, queue: str, to: str | None, rate: int | None, ids: Collection[str]) -> int:
    """Move messages of a dead-letter queue back to their queue.

    Args:
        account: where they are.
        queue: the dead-letter queue, as for `run_show`.
        to: the queue to move them to; None for the one whose dead-letter queue it is.
        rate: messages a second, at most; None for as fast as it goes.
        ids: the messages to move, by message id; all if empty.

    Returns:
        The exit code, 0.

    Raises:
        SqslabError: it is not known where to, or it stopped before the end.
    """
    url = account.dead_letter_queue(queue)
    destination = account.queue(to) if to else redrive.find_source(account.sqs, url)
    if redrive.is_fifo(url) != redrive.is_fifo(destination):
        raise SqslabError(f"{name_of(url)} and {name_of(destination)} are not of the same kind, FIFO or standard.")
    print(f"from {name_of(url)} to {name_of(destination)} at {account.sqs.meta.endpoint_url}", flush=True)
    if ids:
        moved = redrive.move_some(account.sqs, url, destination, ids, _tell)
    else:
        moved = redrive.move_all(account.sqs, url, destination, rate, _tell, RealClock())
    print(f"{_messages(moved)} moved")
    return 0


def run_drop(account: Account, queue: str, ids: Collection[str]) -> int:
    """Delete messages of a dead-letter queue for good.

    Args:
        account: where they are.
        queue: the dead-letter queue, as for `run_show`.
        ids: the messages, by message id.

    Returns:
        The exit code, 0.
    """
    url = account.dead_letter_queue(queue)
    print(f"from {name_of(url)} at {account.sqs.meta.endpoint_url}", flush=True)
    print(f"{_messages(redrive.drop_some(account.sqs, url, ids, _tell))} deleted")
    return 0


def _describe(dead_letter: DeadLetter, *, bodies: bool) -> Iterator[str]:
    yield dead_letter.id
    if (reason := dead_letter.reason) is not None:
        yield f"  reason    {_printable(reason)}"
        yield f"  source    {_source(dead_letter)}, there message {_printable(dead_letter.source_id)}"
        yield f"  received  {_times(int(dead_letter.attribute('SourceReceiveCount') or 0))} there"
    else:
        source = dead_letter.source_arn
        yield f"  reason    {'received too often: moved here by SQS' if source else 'none: sent here directly'}"
        yield f"  source    {_source(dead_letter)}"
        yield f"  received  {_times(dead_letter.receive_count)}, this look included"
    if dead_letter.group is not None:
        yield f"  group     {_printable(dead_letter.group)}"
    sent = datetime.fromtimestamp(dead_letter.sent_at, UTC)
    yield f"  sent      {sent:%Y-%m-%dT%H:%M:%SZ}, {_age(time.time() - dead_letter.sent_at)} ago"
    if bodies:
        yield f"  body      {_printable(dead_letter.message['Body'])}"


def _source(dead_letter: DeadLetter) -> str:
    return _printable((dead_letter.source_arn or "unknown").rsplit(":", 1)[-1])


def _printable(text: str) -> str:
    """Keep a message from writing to the terminal what is no text: line ends, escape sequences."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def _age(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return _count(int(seconds // size), unit)
    return _count(max(0, int(seconds)), "second")


def _messages(number: int) -> str:
    return _count(number, "message")


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _tell(line: str) -> None:
    print(line, flush=True)
