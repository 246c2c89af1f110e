"""The event source mappings that are deployed beside queues elsewhere: on AWS, or at an emulator in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from sqslab.endpoints import aws_region, use_dummy_credentials_if_none
from sqslab.errors import SqslabError, UsageError
from sqslab.mapping.event_source_mapping import EventSourceMapping, descriptions_of_sqs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

# CloudFormation puts them on what it makes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
_STACK_TAG = "aws:cloudformation:stack-name"
_LOGICAL_ID_TAG = "aws:cloudformation:logical-id"

_MOST_CONNECTIONS = 100


@dataclass(frozen=True)
class QueueSide:
    """Where the queues and their deployed mappings are, with clients that use the user's own credentials.

    Attributes:
        endpoint_url: of SQS there.
        region: the region.
        account: the account that the credentials belong to.
        sqs: a client.
        functions: the Lambda client, for mappings and what is deployed; it invokes nothing.
        cloudformation: a client.
    """

    endpoint_url: str
    region: str
    account: str
    sqs: SQSClient
    functions: LambdaClient
    cloudformation: CloudFormationClient

    def __str__(self) -> str:
        """Name it."""
        return f"account {self.account}, region {self.region}, {self.endpoint_url}"


@dataclass(frozen=True)
class DeployedMapping:
    """A deployed mapping, and what is known of its function.

    Attributes:
        mapping: as deployed.
        state: as Lambda names it: Enabled, Disabled or one in between.
        stack: the name of the function's stack; None if it has none.
        logical_id: the function's name in its template; None if it has none.
    """

    mapping: EventSourceMapping
    state: str
    stack: str | None
    logical_id: str | None

    @property
    def names(self) -> Collection[str]:
        """The function's names: the real one and that in the template."""
        return [name for name in (self.mapping.function_name, self.logical_id) if name is not None]


def connect(endpoint_url: str, region: str | None = None) -> QueueSide:
    """Make the clients and ask whose account it is.

    What is set in the environment to reach an emulator (AWS_ENDPOINT_URL) is not used.

    Args:
        endpoint_url: SQS's: `https://sqs.REGION.amazonaws.com`, or an emulator's.
        region: of an emulator; that of the user's settings if None.

    Raises:
        SqslabError: the address is none, or there are no credentials.
        botocore.exceptions.ClientError: it refuses them.
        botocore.exceptions.BotoCoreError: it does not answer.
    """
    sts, sqs, functions, cloudformation = clients_of(endpoint_url, region)
    return QueueSide(
        endpoint_url=endpoint_url,
        region=sqs.meta.region_name,
        account=sts.get_caller_identity()["Account"],
        sqs=sqs,
        functions=functions,
        cloudformation=cloudformation,
    )


def clients_of(
    endpoint_url: str, region: str | None = None
) -> tuple[STSClient, SQSClient, LambdaClient, CloudFormationClient]:
    """Make the clients of a side, without asking it anything. Arguments and errors as in `connect`."""
    of_aws = aws_region(endpoint_url)
    use_dummy_credentials_if_none(endpoint_url)  # on loopback, never for AWS
    core = botocore.session.Session()
    # Of the session, and so also of the clients that it makes itself to renew the credentials of a role or of SSO:
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    core.set_config_variable("ignore_configured_endpoint_urls", True)
    session = boto3.Session(botocore_session=core, region_name=of_aws or region)
    if session.get_credentials() is None:
        raise SqslabError(
            f"There are no AWS credentials for {endpoint_url}. `aws configure`, or AWS_PROFILE, sets some."
        )
    # Bounded, because it is also how mappings are put back at the end.
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=5,
        read_timeout=25,  # longer than a receive may wait
        max_pool_connections=_MOST_CONNECTIONS,
    )
    elsewhere: dict[str, Any] = {"config": config} | ({} if of_aws else {"endpoint_url": endpoint_url})
    return (
        session.client("sts", **elsewhere),
        session.client("sqs", endpoint_url=endpoint_url, config=config),
        session.client("lambda", **elsewhere),
        session.client("cloudformation", **elsewhere),
    )


def find_mappings(side: QueueSide, stack_name: str | None, functions: Collection[str]) -> list[DeployedMapping]:
    """Find the deployed mappings that are meant, and no others: an account has those of other people.

    Args:
        side: where to look.
        stack_name: the stack whose functions are meant; None for all.
        functions: functions by their real names or their names in the template. With a stack they need to be in it,
            and the stack's other functions are meant as well.

    Raises:
        UsageError: neither is given.
        SqslabError: there is none.
    """
    if stack_name is None and not functions:
        raise UsageError(
            f"Say which event source mappings of {side} are meant: --stack-name for those of a stack, "
            "or --function DEPLOYED=LOCAL for those of a function."
        )
    tags: dict[str, Mapping[str, str]] = {}
    deployed = []
    for description in descriptions_of_sqs(side.functions):
        mapping = EventSourceMapping.from_api(description)
        unqualified = ":".join(mapping.function_arn.split(":")[:7])
        if unqualified not in tags:
            tags[unqualified] = _tags(side.functions, unqualified)
        found = tags[unqualified]
        deployed.append(
            DeployedMapping(mapping, description.get("State", ""), found.get(_STACK_TAG), found.get(_LOGICAL_ID_TAG))
        )
    if stack_name is not None:
        chosen = [one for one in deployed if one.stack == stack_name]
        if not chosen:
            stacks = sorted({one.stack for one in deployed if one.stack is not None})
            there = f" Stacks that have some: {', '.join(stacks)}." if stacks else ""
            raise SqslabError(f"No function of a stack {stack_name} has a queue in {side}.{there}")
    else:
        chosen = [one for one in deployed if not set(functions).isdisjoint(one.names)]
    for function in functions:
        if not any(function in one.names for one in chosen):
            have = sorted({one.mapping.function_name for one in (chosen or deployed)})
            those = f" Those that have one: {', '.join(have)}." if have else ""
            raise SqslabError(f"No function {function} has a queue in {side}.{those}")
    return chosen


def logical_id(functions: LambdaClient, function_arn: str) -> str | None:
    """Say what a function is called in the template of its stack; None if it has none.

    Raises:
        botocore.exceptions.ClientError: the endpoint refuses.
        botocore.exceptions.BotoCoreError: it does not answer.
    """
    return _tags(functions, function_arn).get(_LOGICAL_ID_TAG)


def _tags(functions: LambdaClient, function_arn: str) -> Mapping[str, str]:
    try:
        return functions.list_tags(Resource=function_arn).get("Tags", {})
    except functions.exceptions.ResourceNotFoundException:
        return {}  # a mapping may outlive its function
