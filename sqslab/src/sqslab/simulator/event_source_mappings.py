"""The part of a simulated Lambda that keeps event source mappings."""

# ruff: noqa: N803 (the parameters are boto3's)

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Any

from sqslab.simulator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef


class EventSourceMappings:
    """The event source mappings of a Lambda client. Nothing polls for them: that is what a worker is for.

    Args:
        prefix: what the ARN of every function begins with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._mappings: dict[str, EventSourceMappingConfigurationTypeDef] = {}
        self._numbers = itertools.count(1)

    def create_event_source_mapping(
        self,
        *,
        EventSourceArn: str,
        FunctionName: str,
        Enabled: bool = True,
        BatchSize: int = 10,
        MaximumBatchingWindowInSeconds: int = 0,
        FunctionResponseTypes: tuple[str, ...] = (),
        **more: Any,
    ) -> EventSourceMappingConfigurationTypeDef:
        """Add a mapping to the list."""
        arn = FunctionName if FunctionName.startswith(self._prefix) else self._prefix + FunctionName
        mapping: Any = {
            "UUID": str(uuid.UUID(int=next(self._numbers))),
            "EventSourceArn": EventSourceArn,
            "FunctionArn": arn,
            "State": "Enabled" if Enabled else "Disabled",
            "BatchSize": BatchSize,
            "MaximumBatchingWindowInSeconds": MaximumBatchingWindowInSeconds,
            "FunctionResponseTypes": list(FunctionResponseTypes),
            **more,
        }
        self._mappings[mapping["UUID"]] = mapping
        return dict(mapping)  # type: ignore[return-value]

    def list_event_source_mappings(self) -> dict[str, Any]:
        """List all mappings, on one page."""
        return {"EventSourceMappings": [dict(mapping) for mapping in self._mappings.values()]}

    def get_event_source_mapping(self, *, UUID: str) -> EventSourceMappingConfigurationTypeDef:
        """Describe a mapping.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        return self._mapping("GetEventSourceMapping", UUID).copy()

    def delete_event_source_mapping(self, *, UUID: str) -> EventSourceMappingConfigurationTypeDef:
        """Delete a mapping, at once.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        mapping = self._mapping("DeleteEventSourceMapping", UUID)
        del self._mappings[UUID]
        mapping["State"] = "Deleting"
        return mapping

    def get_paginator(self, operation: str) -> _OnePage:
        """Give what goes through the pages of `list_event_source_mappings`: there is one."""
        if operation != "list_event_source_mappings":
            raise NotImplementedError(f"the simulator has no {operation}")
        return _OnePage(self)

    def update_event_source_mapping(self, *, UUID: str, **changes: Any) -> EventSourceMappingConfigurationTypeDef:
        """Change a mapping, at once.

        Raises:
            botocore.exceptions.ClientError: there is none of that name.
        """
        mapping = self._mapping("UpdateEventSourceMapping", UUID)
        if "Enabled" in changes:
            mapping["State"] = "Enabled" if changes.pop("Enabled") else "Disabled"
        mapping.update(changes)  # type: ignore[typeddict-item]
        return mapping.copy()

    def _mapping(self, operation: str, uuid: str) -> EventSourceMappingConfigurationTypeDef:
        if uuid not in self._mappings:
            refusal = Refused("ResourceNotFoundException", "The resource you requested does not exist.", 404)
            raise refusal.as_client_error(operation)
        return self._mappings[uuid]


class _OnePage:
    def __init__(self, functions: EventSourceMappings) -> None:
        self._functions = functions

    def paginate(self) -> Iterator[dict[str, Any]]:
        """Give the one page."""
        yield self._functions.list_event_source_mappings()
