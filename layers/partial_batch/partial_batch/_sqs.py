"""The client for the layer's own SQS calls."""

from __future__ import annotations

from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_lock = Lock()
_client: SQSClient | None = None


def sqs_client() -> SQSClient:
    """An SQS client, made at the first call and kept between invocations.

    It gives up within three seconds: the call is made on the function's time, and when it fails the message goes
    back as any other.
    """
    global _client
    with _lock:  # making clients is not thread-safe, using them is
        if _client is None:
            import boto3
            from botocore.config import Config

            _client = boto3.client(
                "sqs",
                config=Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2}),
            )
        return _client
