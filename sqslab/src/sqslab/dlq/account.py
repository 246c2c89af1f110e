"""Where the queues of a `dlq` command are: at AWS, at an emulator, or at the running `sqslab up`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from sqslab.endpoints import use_dummy_credentials_if_none
from sqslab.errors import SqslabError
from sqslab.queue_lookup import find_queue
from sqslab.queues import name_of
from sqslab.stack.environment import local_environment, replace_environment
from sqslab.stack.session import find_session

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_sqs import SQSClient

    from sqslab.stack.project import Project

_STACK_NAME = "AWS_SAM_STACK_NAME"


@dataclass(frozen=True)
class Account:
    """Where the queues are.

    Attributes:
        sqs: a client of that place.
        cloudformation: a client of that place.
        stack_name: in whose template queues are looked for by name; None for none.
    """

    sqs: SQSClient
    cloudformation: CloudFormationClient
    stack_name: str | None

    def queue(self, name: str) -> str:
        """Find the URL of a queue by its name in the template, its real name or its URL."""
        return find_queue(self.sqs, self.cloudformation, self.stack_name, name)

    def dead_letter_queue(self, name: str) -> str:
        """Find the URL of a dead-letter queue.

        Raises:
            SqslabError: there is no such queue, or it has a dead-letter queue itself. In such a one every look is a
                receive that counts: enough of them would have SQS dead-letter what is only looked at.
        """
        url = self.queue(name)
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
        if attributes.get("RedrivePolicy"):
            raise SqslabError(f"{name_of(url)} is no dead-letter queue: it has one itself. Nothing was done.")
        return url


def open_account(
    project: Project | None, stack_name: str | None, endpoint_url: str | None, profile: str | None, region: str | None
) -> Account:
    """Find out which place is meant, AWS or an emulator.

    It is the endpoint, if `endpoint_url` or AWS_ENDPOINT_URL names one; AWS, if anything else is named; else the
    emulator of the `up` that runs the project. AWS is never where one comes to by saying nothing.

    Args:
        project: whose `up` is meant; None for none.
        stack_name: the stack's name; AWS_SAM_STACK_NAME if None.
        endpoint_url: where the services answer.
        profile: of the AWS configuration files.
        region: of the services.

    Raises:
        SqslabError: nothing is named and nothing runs, or there is no such stack.
    """
    stack_name = stack_name or os.environ.get(_STACK_NAME)
    url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    running = find_session(project) if project else None
    if url is None and not (stack_name or profile or region):
        if running is None:
            raise SqslabError(
                f"Nothing runs {project.template if project else 'here'}. Name a stack on AWS with --stack-name or "
                f"{_STACK_NAME}, an emulator "
                "with --endpoint-url, or start `sqslab up`."
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
    return Account(
        session.client("sqs", endpoint_url=url), cloudformation, stack_name or (project.stack_name if project else None)
    )


def _check_stack(cloudformation: CloudFormationClient, stack_name: str) -> None:
    try:
        cloudformation.describe_stacks(StackName=stack_name)
    except ClientError as error:
        # What CloudFormation answers if there is none.
        if error.response.get("Error", {}).get("Code") != "ValidationError":
            raise
        raise SqslabError(f"There is no stack {stack_name} at {cloudformation.meta.endpoint_url}.") from error
