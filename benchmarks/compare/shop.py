"""What the strategies work with: `ship`, the business code that fails now and then, and an SQS client.

Both belong to the run that goes on: `open_shop` says which it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from partial_batch._sqs import client as _sqs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-east-1"
_URLS = f"https://sqs.{REGION}.amazonaws.com/000000000000"
QUEUE_URL = f"{_URLS}/orders"
FIFO_DEAD_LETTER_QUEUE_URL = f"{_URLS}/orders-dead.fifo"
# As in template.yaml; benchmarks/tests/soak/test_settings.py compares. The last is for a FIFO queue where the layer
# dead-letters.
MAX_RECEIVE_COUNT = 5
BATCH_SIZE = 10
QUEUE_MAX_RECEIVE_COUNT = 2 * MAX_RECEIVE_COUNT * BATCH_SIZE


class ShippingFailed(Exception):
    """An order could not be shipped; the next attempt may do better."""


class _Shop:
    """What `open_shop` was given last."""

    ship: Callable[[str], None]
    client: Any


_shop = _Shop()


class _Client:
    """The client that a handler makes at import, before any run."""

    def __getattr__(self, operation: str) -> Any:
        return getattr(_shop.client, operation)


sqs = _Client()


def ship(order: str) -> None:
    """Ship an order: the business code, which takes its time and fails as the run has it.

    Args:
        order: the body of its message.

    Raises:
        ShippingFailed: not this time.
    """
    _shop.ship(order)


async def ship_async(order: str) -> None:
    """Ship an order, if it is awaited."""
    ship(order)


@contextmanager
def open_shop(ship: Callable[[str], None], client: Any) -> Iterator[None]:
    """Let the strategies work, for one run at a time: they are plain handlers, and find all they need in this module.

    Args:
        ship: what becomes of an order, by the body of its message.
        client: of the SQS that has the queue. The layer gets it too, in place of those it would make.
    """
    _shop.ship, _shop.client = ship, client
    with patch.dict(_sqs._clients, {None: client, REGION: client}, clear=True):
        yield
