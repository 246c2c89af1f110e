"""Records of Kinesis and DynamoDB streams as messages.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

from __future__ import annotations

import json

from partial_batch.message import ReceivedMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class StreamMessage(ReceivedMessage):
    """A record of a stream. Its identifier in the response is its sequence number."""

    __slots__ = ()
    in_order = True
    part: ClassVar[str]
    identifier: ClassVar[str]
    time: ClassVar[str]

    @property
    def id(self) -> str:
        """The sequence number: what identifies the record in the response."""
        identifier: str = self._record[self.part][self.identifier]
        return identifier

    @property
    def sequence_number(self) -> str:
        """The place in the order of the shard."""
        return self.id

    @property
    def sent_at(self) -> float:
        """When the record was written, in seconds since the epoch. ValueError if the record does not say."""
        moment = self._record[self.part].get(self.time)
        if moment is None:
            raise ValueError(f"record {self.id} carries no {self.time}")
        return float(moment)


class KinesisMessage(StreamMessage):
    """A record of a Kinesis stream."""

    __slots__ = ()
    part = "kinesis"
    identifier = "sequenceNumber"
    time = "approximateArrivalTimestamp"

    @property
    def body(self) -> str:
        """The data, as UTF-8. UnicodeDecodeError if it is none; `record` has the data as it came, in base64."""
        from base64 import b64decode

        return b64decode(self._record["kinesis"]["data"]).decode()


class DynamoDBMessage(StreamMessage):
    """A record of a DynamoDB stream."""

    __slots__ = ()
    part = "dynamodb"
    identifier = "SequenceNumber"
    time = "ApproximateCreationDateTime"

    @property
    def body(self) -> str:
        """What changed (Keys, NewImage, OldImage), as JSON text; `json()` gives it as an object."""
        return json.dumps(self._record["dynamodb"])

    def json(self) -> Any:
        """What changed, as it stands in the record."""
        return self._record["dynamodb"]
