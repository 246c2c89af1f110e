"""Sends one message to a queue of the running stack."""

from __future__ import annotations

import os
import sys
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from sqslab.clients import make_clients
from sqslab.commands.options import template_option
from sqslab.deployed.mappings import connect
from sqslab.endpoints import check_endpoint, use_dummy_credentials_if_none
from sqslab.errors import SqslabError
from sqslab.queue_lookup import find_queue
from sqslab.queues import name_of
from sqslab.stack.environment import local_environment, replace_environment
from sqslab.stack.project import Project
from sqslab.stack.session import find_session

if TYPE_CHECKING:
    from sqslab.clients import Clients
    from sqslab.deployed.mappings import QueueSide


@dataclass(frozen=True)
class Outgoing:
    """A message to be sent.

    Attributes:
        queue: its name in the template, its real name, or its URL.
        body: the body; `-` for standard input, to its end.
        group: the message group id; a FIFO queue needs one.
        deduplication_id: for a FIFO queue; a new one if None, unless the queue makes it of the body.
    """

    queue: str
    body: str
    group: str | None = None
    deduplication_id: str | None = None


@click.command("send")
@click.argument("queue")
@click.argument("body")
@click.option("--group", metavar="ID", help="Message group id; a FIFO queue needs one.")
@click.option("--deduplication-id", metavar="ID", help="Message deduplication id, FIFO only; a new one if not given.")
@click.option(
    "--endpoint-url",
    metavar="URL",
    help="Where SQS answers; if not given, AWS_ENDPOINT_URL, else that of the running `sqslab up`.",
)
@template_option
def command(
    queue: str,
    body: str,
    group: str | None,
    deduplication_id: str | None,
    endpoint_url: str | None,
    template_file: str | None,
) -> int:
    """Send a message to a queue of the running stack.

    QUEUE is its name in the template, its real name, or its URL. BODY is the body
    of the message; - stands for standard input.
    """
    message = Outgoing(queue, body, group, deduplication_id)
    return run_send(message, Project.here(template_file), endpoint_url)


def run_send(message: Outgoing, project: Project | None, endpoint_url: str | None) -> int:
    """Send a message and print its id, never its body.

    Args:
        message: what to send, and where to.
        project: whose `up` is meant, and whose queues' names in the template; None for none.
        endpoint_url: where SQS answers; if None, AWS_ENDPOINT_URL, and if that is not set, what the `up` that runs
            this project polls.

    Returns:
        The exit code, 0.

    Raises:
        SqslabError: there is no endpoint or no such queue, or the queue cannot take the message.
    """
    running = find_session(project) if project else None
    url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or (running.endpoint_url if running else None)
    if url is None:
        raise SqslabError(
            f"Nothing runs {project.template if project else 'here'}. Start `sqslab up` in another terminal, name its "
            "template with --template-file, or name an endpoint with --endpoint-url."
        )
    clients: Clients | QueueSide
    if running is not None and running.deployed and url == running.endpoint_url:
        clients = connect(url)
    else:
        check_endpoint(url)
        if running is not None and url == running.endpoint_url:
            replace_environment(local_environment(url))
        else:
            use_dummy_credentials_if_none(url)
        clients = make_clients(url)
    stack_name = running.stack_name if running else project.stack_name if project else None
    queue_url = find_queue(clients.sqs, clients.cloudformation, stack_name, message.queue)
    sent = clients.sqs.send_message(QueueUrl=queue_url, **_request(clients, queue_url, message))
    print(f"sent {sent['MessageId']} to {name_of(queue_url)}")
    return 0


def _request(clients: Clients | QueueSide, queue_url: str, message: Outgoing) -> dict[str, Any]:
    name = name_of(queue_url)
    is_fifo = name.endswith(".fifo")
    if is_fifo and message.group is None:
        raise SqslabError(f"{name} is a FIFO queue: say which group the message belongs to with --group.")
    if not is_fifo and message.deduplication_id is not None:
        raise SqslabError(f"{name} is a standard queue: only a FIFO queue takes a --deduplication-id.")
    body = sys.stdin.read() if message.body == "-" else message.body
    if not body:
        raise SqslabError("The body is empty, and SQS takes no empty message.")
    request: dict[str, Any] = {"MessageBody": body}
    if message.group is not None:
        request["MessageGroupId"] = message.group
    if message.deduplication_id is not None:
        request["MessageDeduplicationId"] = message.deduplication_id
    elif is_fifo and not _deduplicates_by_content(clients, queue_url):
        # Sent twice means meant twice: without an id SQS would refuse it.
        request["MessageDeduplicationId"] = str(uuid.uuid4())
    return request


def _deduplicates_by_content(clients: Clients | QueueSide, queue_url: str) -> bool:
    attributes = clients.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ContentBasedDeduplication"])
    return attributes.get("Attributes", {}).get("ContentBasedDeduplication") == "true"
