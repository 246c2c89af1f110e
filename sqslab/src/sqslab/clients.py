"""The AWS clients for an endpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

from sqslab.stack.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# A function may run for 900 s (https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html), and to stop
# waiting earlier would make a batch fail that succeeds.
_INVOKE_READ_SECONDS = 960
_MOST_AT_ONCE = 1_000  # invocations of one mapping: MaximumConcurrency's own limit


@dataclass(frozen=True)
class WorkerClients:
    """What the pollers need. All clients are safe to share between threads.

    Attributes:
        sqs: retries a failed call by itself; a repeated receive or delete does no harm.
        functions: the Lambda client. Never retries: a repeated Invoke would run the batch twice.
    """

    sqs: SQSClient
    functions: LambdaClient


@dataclass(frozen=True)
class Clients(WorkerClients):
    """Clients for one endpoint.

    Attributes:
        s3: for the bucket `sam deploy` needs.
        cloudformation: for the outputs of the stack.
    """

    s3: S3Client
    cloudformation: CloudFormationClient


def emulator_session() -> boto3.Session:
    """Make a session for an emulator, with made-up credentials and none of the user's AWS settings."""
    core = botocore.session.Session()
    settings = core.get_component("config_store")
    for name in ("config_file", "credentials_file"):
        settings.set_config_variable(name, os.devnull)
    for name in ("profile", "ca_bundle"):
        settings.set_config_variable(name, None)
    for name in ("use_fips_endpoint", "use_dualstack_endpoint"):  # botocore has neither with an endpoint of one's own
        settings.set_config_variable(name, False)
    return boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION, botocore_session=core)


def make_clients(endpoint_url: str, session: boto3.Session | None = None) -> Clients:
    """Make the clients.

    Args:
        endpoint_url: where the services answer.
        session: has credentials and region; those of this process's environment if None.
    """
    session = session or boto3.Session()
    patient = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=_MOST_AT_ONCE)
    once = Config(
        retries={"total_max_attempts": 1},
        read_timeout=_INVOKE_READ_SECONDS,
        tcp_keepalive=True,
        max_pool_connections=_MOST_AT_ONCE,
    )
    return Clients(
        sqs=session.client("sqs", endpoint_url=endpoint_url, config=patient),
        functions=session.client("lambda", endpoint_url=endpoint_url, config=once),
        s3=session.client("s3", endpoint_url=endpoint_url, config=patient),
        cloudformation=session.client("cloudformation", endpoint_url=endpoint_url, config=patient),
    )
