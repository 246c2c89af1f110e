"""Ships orders. Each message is one order, and no order waits for another."""

import logging
import os
from typing import Any

from partial_batch import Backoff, Message, batch_handler

logger = logging.getLogger(__name__)
# Lambda has set up logging already, and then this changes nothing; elsewhere the lines of INFO would not show.
logging.basicConfig(level=logging.INFO)


class InvalidOrder(Exception):
    """The order makes no sense, and trying again will not change that."""


def read_order(message: Message) -> Any:
    """Parse the body. The error says where it is not JSON, never what it holds.

    Raises:
        InvalidOrder: the body is not JSON, nests too deeply or holds a number of thousands of digits.
    """
    try:
        return message.json()
    except (ValueError, RecursionError) as error:
        raise InvalidOrder(f"the body is not JSON: {error}") from None


def ship_order(order: Any, attempt: int) -> None:
    """Ship one order: your business code goes here.

    Args:
        order: the parsed body of the message: `{"order_id": str, "quantity": int}`. With `"fail_attempts": n` in it
            the first n attempts fail, to show what happens then.
        attempt: how often this order has been tried, this time included.

    Raises:
        InvalidOrder: it is not an order, its id is not printable, or its quantity is not above zero.
        ConnectionError: the carrier cannot be reached; it is worth another try.
    """
    match order:
        # True is an int to Python. What is not printable cannot be encoded, or breaks the lines of a log.
        case {"order_id": str(order_id), "quantity": int(quantity)} if (
            quantity > 0 and quantity is not True and order_id.isprintable()
        ):
            if attempt <= order.get("fail_attempts", 0):
                raise ConnectionError("the carrier does not answer")
            logger.info("shipped order %s", order_id)
        case _:
            raise InvalidOrder("an order has a printable order_id and a quantity above zero")


@batch_handler(
    backoff=Backoff(base=float(os.environ["BACKOFF_BASE"])),
    dead_letter_queue=os.environ["DEAD_LETTER_QUEUE_URL"],
    permanent=InvalidOrder,
)
def lambda_handler(message: Message) -> None:
    """Ship the order in one message of the batch."""
    ship_order(read_order(message), attempt=message.receive_count)
    logger.info("message %s is done", message.id)
