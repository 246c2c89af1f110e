"""Records as EventBridge Pipes sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def pipes_event(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make what EventBridge Pipes sends of the same records: a list, Kinesis's ones flat.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html

    Args:
        event: made by `sqs_event`, `kinesis_event` or `dynamodb_event`.
    """
    if not isinstance(event, Mapping) or "Records" not in event:
        raise TypeError("pipes_event takes what sqs_event, kinesis_event or dynamodb_event returns")
    return [
        {**record.get("kinesis", {}), **{name: value for name, value in record.items() if name != "kinesis"}}
        for record in event["Records"]
    ]
