"""Events of Kafka topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .values import ACCOUNT, REGION, SENT_AT, base64_of


def kafka_event(
    *values: Any,
    topic: str = "orders",
    partition: int | Sequence[int] = 0,
    first_offset: int = 0,
    key: Any = None,
    headers: Mapping[str, bytes] | None = None,
    self_managed: bool = False,
    sent_at: float = SENT_AT,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, Any]:
    """Make the event of a Kafka topic.

    https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html

    Args:
        values: one for each record. Text and bytes are taken as they are, None is a record without a value, and
            anything else is written as JSON.
        topic: name of the topic.
        partition: of all records, or a list with one for each.
        first_offset: of the first record of each partition.
        key: of all records, written as a value is.
        headers: of all records, each with its bytes.
        self_managed: the cluster is not Amazon MSK's.
        sent_at: the timestamp of the records, in seconds since the epoch.
        account: of the MSK cluster.
        region: of the MSK cluster.
    """
    partitions = [partition] * len(values) if isinstance(partition, int) else list(partition)
    if len(partitions) != len(values):
        raise ValueError(f"{len(values)} values have {len(partitions)} partitions; give one, or one for each")
    for name, text in (headers or {}).items():
        if not isinstance(text, bytes):
            raise TypeError(f"header {name!r} is a {type(text).__name__}, not bytes")
    lists: dict[str, list[dict[str, Any]]] = {}
    for number, (value, where) in enumerate(zip(values, partitions, strict=True)):
        records = lists.setdefault(f"{topic}-{where}", [])
        records.append(
            {
                "topic": topic,
                "partition": where,
                "offset": first_offset + len(records),
                "timestamp": round(sent_at * 1000),
                "timestampType": "CREATE_TIME",
                "key": None if key is None else base64_of(key, "key"),
                "value": None if value is None else base64_of(value, f"values[{number}]"),
                "headers": [{name: list(text)} for name, text in (headers or {}).items()],
            }
        )
    servers = f"b-1.demo.a1bcde.c1.kafka.{region}.amazonaws.com:9092"
    if self_managed:
        return {"eventSource": "SelfManagedKafka", "bootstrapServers": servers, "records": lists}
    arn = f"arn:aws:kafka:{region}:{account}:cluster/demo/751d2973-a626-431c-9d4e-d7975eb44dd7-2"
    return {"eventSource": "aws:kafka", "eventSourceArn": arn, "bootstrapServers": servers, "records": lists}
