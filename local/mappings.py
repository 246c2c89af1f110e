"""The event source mappings at an endpoint, and taking them over from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef


@dataclass(frozen=True)
class EventSourceMapping:
    """What Lambda is told about a queue and the function that consumes it.

    Attributes:
        uuid: its own identifier.
        queue_arn: where the messages come from.
        function_arn: the function, with its alias or version where it has one.
        batch_size: how many messages the function gets at most at once.
        window: seconds to wait for a fuller batch; 0 invokes as soon as there is a message.
        reports_item_failures: whether the function's response says which messages failed (ReportBatchItemFailures).
    """

    uuid: str
    queue_arn: str
    function_arn: str
    batch_size: int
    window: int
    reports_item_failures: bool

    @classmethod
    def from_api(cls, description: EventSourceMappingConfigurationTypeDef) -> Self:
        """Read a mapping as the Lambda API describes it."""
        return cls(
            uuid=description["UUID"],
            queue_arn=description["EventSourceArn"],
            function_arn=description["FunctionArn"],
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html has the defaults.
            batch_size=description.get("BatchSize") or 10,
            window=description.get("MaximumBatchingWindowInSeconds") or 0,
            reports_item_failures="ReportBatchItemFailures" in (description.get("FunctionResponseTypes") or ()),
        )

    @property
    def account(self) -> str:
        """The account that owns the queue."""
        return self.queue_arn.split(":")[4]

    @property
    def queue_name(self) -> str:
        """The name of the queue."""
        return self.queue_arn.split(":")[5]

    @property
    def function_name(self) -> str:
        """The name of the function, without its alias or version."""
        return self.function_arn.split(":")[6]


def take_over_mappings(functions: LambdaClient) -> list[EventSourceMapping]:
    """List the mappings whose source is SQS and switch off the endpoint's own polling of them.

    They are all polled by us, also those that were off: after a first run all of them are.

    Args:
        functions: a client of the endpoint that has the mappings.

    Returns:
        The mappings, in the order of the endpoint.

    Raises:
        botocore.exceptions.ClientError: the endpoint refuses.
        botocore.exceptions.BotoCoreError: it does not answer.
    """
    mappings = []
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for description in page["EventSourceMappings"]:
            if not _is_sqs(description.get("EventSourceArn", "")):
                continue
            if description.get("State") not in ("Disabled", "Disabling", "Deleting"):
                functions.update_event_source_mapping(UUID=description["UUID"], Enabled=False)
            if description.get("State") != "Deleting":
                mappings.append(EventSourceMapping.from_api(description))
    return mappings


def _is_sqs(arn: str) -> bool:
    return arn.split(":")[2:3] == ["sqs"]
