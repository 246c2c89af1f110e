"""The event source mappings at an endpoint, and taking them over from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from sqslab.mapping.filters import InvalidFilter, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

_MOST_ON_STANDARD = 10_000
_MOST_ON_FIFO = 10
_MOST_WITHOUT_WINDOW = 10
_LONGEST_WINDOW = 300  # seconds
_MOST_CONCURRENCY = 1_000
_MOST_FILTERS = 10  # five, unless the account's quota is raised


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
        maximum_concurrency: how many batches the function gets at most at once; None for no limit of the mapping's own.
        filter_error: why Lambda does not say what the filter criteria are; None if it does.
        filters: the patterns of the filter criteria, as JSON; a message that matches none is deleted.
    """

    uuid: str
    queue_arn: str
    function_arn: str
    batch_size: int
    window: int
    reports_item_failures: bool
    maximum_concurrency: int | None = None
    filters: tuple[str, ...] = ()
    filter_error: str | None = None

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
            maximum_concurrency=(description.get("ScalingConfig") or {}).get("MaximumConcurrency"),
            filters=tuple(
                filter_["Pattern"]
                for filter_ in (description.get("FilterCriteria") or {}).get("Filters") or ()
                if filter_.get("Pattern")
            ),
            filter_error=_filter_error(description),
        )

    @property
    def account(self) -> str:
        """The account that owns the queue."""
        return self.queue_arn.split(":")[4]

    @cached_property
    def queue_name(self) -> str:
        """The name of the queue."""
        return self.queue_arn.split(":")[5]

    @cached_property
    def is_fifo(self) -> bool:
        """Whether the queue is FIFO."""
        return self.queue_name.endswith(".fifo")

    @cached_property
    def function_name(self) -> str:
        """The name of the function, without its alias or version."""
        return self.function_arn.split(":")[6]


def _filter_error(description: EventSourceMappingConfigurationTypeDef) -> str | None:
    """Read why the filter criteria are not in the description: they are encrypted, and we may not use the key.

    https://docs.aws.amazon.com/lambda/latest/api/API_FilterCriteriaError.html
    """
    error = description.get("FilterCriteriaError")
    return None if error is None else f"{error.get('ErrorCode', 'no code')}: {error.get('Message', 'no message')}"


def refusal(mapping: EventSourceMapping) -> str | None:
    """Say why AWS would not have such a mapping, where an emulator has it.

    The limits: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html and
    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html

    Args:
        mapping: as the endpoint has it.

    Returns:
        The reason, None if there is none.
    """
    most = _MOST_ON_FIFO if mapping.is_fifo else _MOST_ON_STANDARD
    if not 1 <= mapping.batch_size <= most:
        return f"BatchSize is {mapping.batch_size:,}, not 1 to {most:,}"
    if mapping.is_fifo and mapping.window:
        return "there is no batching window on a FIFO queue"
    if not 0 <= mapping.window <= _LONGEST_WINDOW:
        return f"the batching window is {mapping.window} s, not 0 to {_LONGEST_WINDOW}"
    if mapping.batch_size > _MOST_WITHOUT_WINDOW and not mapping.window:
        return f"a BatchSize over {_MOST_WITHOUT_WINDOW} needs a batching window of at least 1 s"
    if mapping.maximum_concurrency is not None and not 2 <= mapping.maximum_concurrency <= _MOST_CONCURRENCY:
        return f"MaximumConcurrency is {mapping.maximum_concurrency:,}, not 2 to {_MOST_CONCURRENCY:,}"
    if len(mapping.filters) > _MOST_FILTERS:
        return f"it has {len(mapping.filters)} filters, more than {_MOST_FILTERS}"
    try:
        for pattern in mapping.filters:
            check(pattern)
    except InvalidFilter as error:
        return str(error)
    return None


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
    for description in descriptions_of_sqs(functions):
        if description.get("State") not in ("Disabled", "Disabling"):
            functions.update_event_source_mapping(UUID=description["UUID"], Enabled=False)
        mappings.append(EventSourceMapping.from_api(description))
    return mappings


def list_mappings(functions: LambdaClient) -> list[EventSourceMapping]:
    """List the mappings whose source is SQS, and change nothing. Errors as in `take_over_mappings`."""
    return [EventSourceMapping.from_api(description) for description in descriptions_of_sqs(functions)]


def descriptions_of_sqs(functions: LambdaClient) -> Iterator[EventSourceMappingConfigurationTypeDef]:
    """Give the mappings whose source is SQS as the endpoint describes them, without those that are being deleted."""
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for description in page["EventSourceMappings"]:
            is_sqs = description.get("EventSourceArn", "").split(":")[2:3] == ["sqs"]
            if not is_sqs or description.get("State") == "Deleting":
                continue
            if description.get("KMSKeyArn") and not description.get("FilterCriteria"):
                # The list leaves encrypted filters out:
                # https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
                whole = functions.get_event_source_mapping(UUID=description["UUID"])
                description["FilterCriteria"] = whole.get("FilterCriteria", {})
                if "FilterCriteriaError" in whole:
                    description["FilterCriteriaError"] = whole["FilterCriteriaError"]
            yield description
