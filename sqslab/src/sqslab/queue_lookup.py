"""Finds the queue that is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sqslab.errors import SqslabError
from sqslab.queues import name_of
from sqslab.stack import sam

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient


def find_queue(sqs: SQSClient, cloudformation: CloudFormationClient, stack_name: str | None, queue: str) -> str:
    """Find a queue.

    Args:
        sqs: a client of the endpoint that has the queue.
        cloudformation: a client of the endpoint that has the stack.
        stack_name: the stack in whose template the name is looked for; None, or there may be none.
        queue: its name in the template, its real name, or its URL.

    Returns:
        Its URL.

    Raises:
        SqslabError: there is no such queue.
    """
    if "://" in queue:
        return queue
    try:
        names = sam.logical_names(cloudformation, stack_name) if stack_name else {}
    except ClientError:  # there is no such stack, or no CloudFormation
        names = {}
    for physical, logical in names.items():
        if logical == queue and "://" in physical:
            return _here(sqs, physical)
    try:
        return sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    except ClientError as error:
        queues = sorted(logical for physical, logical in names.items() if "://" in physical)
        known = f" The stack {stack_name} has {', '.join(queues)}." if queues else ""
        raise SqslabError(f"There is no queue {queue} at {sqs.meta.endpoint_url}.{known}") from error


def _here(sqs: SQSClient, queue_url: str) -> str:
    # The emulator calls itself localhost in a stack's resources, which need not be the loopback it listens on.
    return sqs.get_queue_url(QueueName=name_of(queue_url))["QueueUrl"]
