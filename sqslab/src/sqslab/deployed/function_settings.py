"""Gives functions on this machine the settings of the deployed ones they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqslab.errors import SqslabError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_lambda import LambdaClient

    from sqslab.deployed.mappings import QueueSide


def take_settings(side: QueueSide, functions: LambdaClient, pairs: Iterable[tuple[str, str]]) -> None:
    """Set the environment variables of functions to those of deployed ones.

    A function that sends on what it cannot do, as to a dead-letter queue, has to send it to the queue of the side the
    message came from: what it sends to the emulator is gone with that. So its SQS calls go to that side, too.
    On AWS they are refused, because the emulator gives functions made-up credentials, and the message comes back.

    Args:
        side: what has the deployed ones.
        functions: a client of what has the functions to set.
        pairs: the ARN of each deployed function, with the name of the one here.

    Raises:
        SqslabError: the deployed ones cannot be read.
        botocore.exceptions.ClientError: an endpoint refuses.
        botocore.exceptions.BotoCoreError: it does not answer.
    """
    for arn, name in pairs:
        deployed = side.functions.get_function_configuration(FunctionName=arn).get("Environment", {})
        if "Error" in deployed:  # such as no right to the key they are encrypted with
            raise SqslabError(f"The environment variables of {arn} cannot be read: {deployed['Error']}.")
        here = functions.get_function_configuration(FunctionName=name).get("Environment", {})
        endpoint = {"AWS_ENDPOINT_URL_SQS": side.endpoint_url}
        variables = here.get("Variables", {}) | deployed.get("Variables", {}) | endpoint
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
