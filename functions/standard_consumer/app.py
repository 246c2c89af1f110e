"""Ships orders. Each message is one order, and no order waits for another."""

import json
import logging
import os
from typing import Any

from partial_batch import Backoff, Message, batch_handler

logger = logging.getLogger(__name__)
# Lambda has set up logging already, and then this changes nothing; elsewhere the lines of INFO would not show.
logging.basicConfig(level=logging.INFO)


class InvalidOrder(Exception):
    """The order makes no sense, and trying again will not change that."""


def ship_order(order: Any, attempt: int) -> None:
    """Ship one order: your business code goes here.

    Args:
        order: the parsed body of the message: `{"order_id": str, "quantity": int}`. With `"fail_attempts": n` in it
            the first n attempts fail, to show what happens then.
        attempt: how often this order has been tried, this time included.

    Raises:
        InvalidOrder: it is not an order, or its quantity is not above zero.
        ConnectionError: the carrier cannot be reached; it is worth another try.
    """
    match order:
        case {"order_id": str(order_id), "quantity": int(quantity)} if quantity > 0:
            if attempt <= order.get("fail_attempts", 0):
                raise ConnectionError("the carrier does not answer")
            logger.info("shipped order %s", order_id)
        case _:
            raise InvalidOrder("an order has an order_id and a quantity above zero")


@batch_handler(
    backoff=Backoff(base=float(os.environ["BACKOFF_BASE"])),
    dead_letter_queue=os.environ["DEAD_LETTER_QUEUE_URL"],
    permanent=(json.JSONDecodeError, InvalidOrder),
)
def lambda_handler(message: Message) -> None:
    """Ship the order in one message of the batch."""
    ship_order(message.json(), attempt=message.receive_count)
    logger.info("message %s is done", message.id, extra={"message_id": message.id})
