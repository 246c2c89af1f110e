"""Events of Kinesis and DynamoDB streams."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .values import ACCOUNT, REGION, SENT_AT, base64_of, md5_of


def kinesis_event(
    *data: Any,
    partition_key: str = "1",
    stream: str = "orders",
    sent_at: float = SENT_AT,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, Any]:
    """Make the event of a Kinesis stream.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html

    Args:
        data: one for each record. Text and bytes are taken as they are, anything else is written as JSON.
        partition_key: of all records.
        stream: name of the stream.
        sent_at: when the records arrived, in seconds since the epoch.
        account: of the stream.
        region: of the stream.
    """
    records = []
    for number, one in enumerate(data):
        sequence = str(49590338271490256608559692538361571095921575989136588898 + number)
        records.append(
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": partition_key,
                    "sequenceNumber": sequence,
                    "data": base64_of(one, f"data[{number}]"),
                    "approximateArrivalTimestamp": sent_at,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000006:{sequence}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{account}:role/consumer",
                "awsRegion": region,
                "eventSourceARN": f"arn:aws:kinesis:{region}:{account}:stream/{stream}",
            }
        )
    return {"Records": records}


def dynamodb_event(
    *images: Mapping[str, Any],
    keys: Sequence[str] = ("id",),
    event_name: str = "INSERT",
    table: str = "orders",
    sent_at: float = SENT_AT,
    account: str = ACCOUNT,
    region: str = REGION,
) -> dict[str, Any]:
    """Make the event of a DynamoDB stream.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html

    Args:
        images: one item for each record, in DynamoDB's JSON: `{"id": {"S": "A1"}}`. It is the new image of an INSERT or
            MODIFY, the old image of a REMOVE. A MODIFY has no old image here.
        keys: names of the table's keys. Each item has them.
        event_name: INSERT, MODIFY or REMOVE, for all records.
        table: name of the table.
        sent_at: when the changes were made, in seconds since the epoch.
        account: of the table.
        region: of the table.
    """
    if event_name not in ("INSERT", "MODIFY", "REMOVE"):
        raise ValueError(f"event_name is INSERT, MODIFY or REMOVE, not {event_name!r}")
    records = []
    for number, image in enumerate(images):
        if not isinstance(image, Mapping) or not all(isinstance(value, Mapping) for value in image.values()):
            raise TypeError(f'images[{number}] is not an item in DynamoDB\'s JSON, such as {{"id": {{"S": "A1"}}}}')
        missing = [key for key in keys if key not in image]
        if missing:
            raise ValueError(f"images[{number}] lacks the key {missing[0]!r}; name the table's keys with keys=")
        records.append(
            {
                "eventID": md5_of(f"{table} {number}".encode()),
                "eventName": event_name,
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": region,
                "dynamodb": {
                    "ApproximateCreationDateTime": float(int(sent_at)),
                    "Keys": {key: image[key] for key in keys},
                    "OldImage" if event_name == "REMOVE" else "NewImage": dict(image),
                    "SequenceNumber": str(4421584500000000017450439091 + number),
                    "SizeBytes": len(json.dumps(image)),
                    "StreamViewType": "NEW_AND_OLD_IMAGES" if event_name != "MODIFY" else "NEW_IMAGE",
                },
                "eventSourceARN": f"arn:aws:dynamodb:{region}:{account}:table/{table}/stream/2025-11-21T00:00:00.000",
            }
        )
    return {"Records": records}
