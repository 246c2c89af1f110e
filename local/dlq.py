"""The commands for dead-letter queues: `dlq show`, `dlq redrive` and `dlq drop`, on AWS and on an emulator."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from local import redrive
from local.clock import RealClock
from local.endpoints import use_dummy_credentials_if_none
from local.environment import local_environment, replace_environment
from local.errors import LocalError
from local.find import find_queue, name_of
from local.letters import held_letters
from local.queues import backlog
from local.running import find_running

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient

    from local.letters import Letter
    from local.project import Project

_STACK_NAME = "AWS_SAM_STACK_NAME"


@dataclass(frozen=True)
class Account:
    """Where the queues are.

    Attributes:
        sqs: a client of that place.
        cloudformation: a client of that place.
        stack_name: in whose template queues are looked for by name.
    """

    sqs: SQSClient
    cloudformation: CloudFormationClient
    stack_name: str

    def queue(self, name: str) -> str:
        """Find the URL of a queue by its name in the template, its real name or its URL."""
        return find_queue(self.sqs, self.cloudformation, self.stack_name, name)

    def dead_letter_queue(self, name: str) -> str:
        """Find the URL of a dead-letter queue.

        Raises:
            LocalError: there is no such queue, or it has a dead-letter queue itself. In such a one every look is a
                receive that counts: enough of them would have SQS dead-letter what is only looked at.
        """
        url = self.queue(name)
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
        if attributes.get("RedrivePolicy"):
            raise LocalError(f"{name_of(url)} is no dead-letter queue: it has one itself. Nothing was done.")
        return url


def open_account(
    project: Project, stack_name: str | None, endpoint_url: str | None, profile: str | None, region: str | None
) -> Account:
    """Find out which place is meant, AWS or an emulator.

    It is the endpoint, if `endpoint_url` or AWS_ENDPOINT_URL names one; AWS, if anything else is named; else the
    emulator of the `up` that runs the project. AWS is never where one comes to by saying nothing.

    Args:
        project: whose `up` is meant.
        stack_name: the stack's name; AWS_SAM_STACK_NAME if None.
        endpoint_url: where the services answer.
        profile: of the AWS configuration files.
        region: of the services.

    Raises:
        LocalError: nothing is named and nothing runs, or there is no such stack.
    """
    stack_name = stack_name or os.environ.get(_STACK_NAME)
    url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    running = find_running(project)
    if url is None and not (stack_name or profile or region):
        if running is None:
            raise LocalError(
                f"Nothing runs {project.template}. Name a stack on AWS with --stack-name or {_STACK_NAME}, an emulator "
                "with --endpoint-url, or start `python -m local up`."
            )
        url = running.endpoint_url
    if running is not None and url == running.endpoint_url:
        replace_environment(local_environment(url))
        stack_name = stack_name or running.stack_name
    elif url is not None:
        use_dummy_credentials_if_none(url)
    session = boto3.Session(profile_name=profile, region_name=region)
    cloudformation = session.client("cloudformation", endpoint_url=url)
    if stack_name is not None:
        _check_stack(cloudformation, stack_name)
    return Account(session.client("sqs", endpoint_url=url), cloudformation, stack_name or project.stack_name)


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
    with held_letters(account.sqs, url) as letters:
        shown = 0
        while shown < limit and (taken := letters.take(limit - shown)):
            for letter in taken:
                print(*_describe(letter, bodies=bodies), sep="\n")
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
        LocalError: it is not known where to, or it stopped before the end.
    """
    url = account.dead_letter_queue(queue)
    destination = account.queue(to) if to else redrive.find_source(account.sqs, url)
    if redrive.is_fifo(url) != redrive.is_fifo(destination):
        raise LocalError(f"{name_of(url)} and {name_of(destination)} are not of the same kind, FIFO or standard.")
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


def _check_stack(cloudformation: CloudFormationClient, stack_name: str) -> None:
    try:
        cloudformation.describe_stacks(StackName=stack_name)
    except ClientError as error:
        # What CloudFormation answers if there is none.
        if error.response.get("Error", {}).get("Code") != "ValidationError":
            raise
        raise LocalError(f"There is no stack {stack_name} at {cloudformation.meta.endpoint_url}.") from error


def _describe(letter: Letter, *, bodies: bool) -> Iterator[str]:
    yield letter.id
    error_type, error = letter.attribute("ErrorType"), letter.attribute("ErrorMessage")
    if letter.attribute("SourceMessageId"):
        yield f"  reason    {_printable(': '.join(filter(None, [error_type, error])) or 'none given')}"
        yield f"  source    {_source(letter)}, there message {_printable(letter.source_id)}"
        yield f"  received  {_times(int(letter.attribute('SourceReceiveCount') or 0))} there"
    else:
        source = letter.source_arn
        yield f"  reason    {'received too often: moved here by SQS' if source else 'none: sent here directly'}"
        yield f"  source    {_source(letter)}"
        yield f"  received  {_times(letter.receive_count)}, this look included"
    if letter.group is not None:
        yield f"  group     {_printable(letter.group)}"
    sent = datetime.fromtimestamp(letter.sent_at, UTC)
    yield f"  sent      {sent:%Y-%m-%dT%H:%M:%SZ}, {_age(time.time() - letter.sent_at)} ago"
    if bodies:
        yield f"  body      {_printable(letter.message['Body'])}"


def _source(letter: Letter) -> str:
    return _printable((letter.source_arn or "unknown").rsplit(":", 1)[-1])


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
