"""Records of Kafka topics (Amazon MSK and self-managed) as messages.

The event: https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
The response: https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
With a schema registry the values are still base64; `valueSchemaMetadata` stands beside them:
https://docs.aws.amazon.com/lambda/latest/dg/services-consume-kafka-events.html
"""

from __future__ import annotations

from partial_batch.errors import InvalidEvent

from .checks import require, require_number, require_text
from .streams import RecordMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from partial_batch.message import Message


class KafkaMessage(RecordMessage):
    """A record of a Kafka topic. Order is kept within a topic-partition, and that is its group."""

    __slots__ = ()
    grouped = True
    source = "topic"

    @classmethod
    def identifiers(cls, unfinished: Sequence[Message]) -> list[Any]:
        """The first of each topic-partition, which has the lowest offset."""
        first: dict[str | None, Message] = {}
        for message in unfinished:
            first.setdefault(message.group_id, message)
        return [{"partition": group, "offset": message.offset} for group, message in first.items()]

    @property
    def id(self) -> str:
        """Topic, partition and offset: "orders-0@15"."""
        return f"{self.group_id}@{self._record['offset']}"

    @property
    def group_id(self) -> str:
        """The topic-partition: "orders-0"."""
        return f"{self._record['topic']}-{self._record['partition']}"

    @property
    def topic(self) -> str:
        """The topic."""
        topic: str = self._record["topic"]
        return topic

    @property
    def partition(self) -> int:
        """The partition of the topic."""
        partition: int = self._record["partition"]
        return partition

    @property
    def offset(self) -> int:
        """The position in the partition."""
        offset: int = self._record["offset"]
        return offset

    @property
    def body(self) -> str:
        """The value, as UTF-8. Empty for a record without a value (a tombstone): `record["value"]` is None then.

        A ValueError if the value is not base64 (binascii.Error) or not UTF-8 (UnicodeDecodeError).
        """
        value = _decoded(self._record.get("value"))
        return "" if value is None else value.decode()

    @property
    def key(self) -> bytes | None:
        """The key. None if the record has none. A ValueError if it is not base64 (binascii.Error)."""
        return _decoded(self._record.get("key"))

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers, in order; a name may come twice. ValueError if one is not a list of bytes."""
        headers = []
        try:
            for header in self._record.get("headers") or ():
                for name, value in header.items():
                    # Lambda may send the bytes as Java has them: from -128 to 127.
                    headers.append((name, bytes(number & 0xFF for number in value)))
        except (AttributeError, TypeError):
            raise ValueError(f"record {self.id} has a header that is not a list of bytes") from None
        return headers

    @property
    def sent_at(self) -> float:
        """The timestamp of the record, in seconds since the epoch. ValueError if the record does not say."""
        milliseconds = self._record.get("timestamp")
        if not isinstance(milliseconds, int | float):
            raise ValueError(f"record {self.id} carries no timestamp")
        return milliseconds / 1000


def _decoded(value: Any) -> bytes | None:
    if value is None:
        return None
    from base64 import b64decode

    if not isinstance(value, str):
        raise ValueError("what is to be base64 is not a string")
    return b64decode(value, validate=True)  # otherwise what is no base64 would be an empty body


def read_kafka(event: dict[str, Any]) -> tuple[list[dict[str, Any]], type[KafkaMessage]]:
    """The records of all partitions, each partition in its order.

    Raises:
        InvalidEvent: a record is malformed.
    """
    partitions: Any = event["records"]
    require(partitions, dict, "records", "an object with a list for each partition")
    records: list[dict[str, Any]] = []
    for name, found in partitions.items():
        where = f'records["{name}"]'
        require(found, list, where, "a list")
        for position, record in enumerate(found):
            _check(record, name, f"{where}[{position}]")
        records += found
    return records, KafkaMessage


def _check(record: Any, name: str, where: str) -> None:
    require(record, dict, where, "an object")
    require_text(record, "topic", where)
    require_number(record, "partition", where)
    require_number(record, "offset", where)
    # Lambda retries the whole batch if the response names a partition that is not in the event.
    if f"{record['topic']}-{record['partition']}" != name:
        raise InvalidEvent(f"{where} is of another topic or partition than its list")
