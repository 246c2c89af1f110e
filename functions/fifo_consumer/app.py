"""Applies account movements. The account is the message group, and order within an account matters."""

import logging
import os
from typing import Any

from partial_batch import Backoff, Message, batch_handler

logger = logging.getLogger(__name__)
# Lambda has set up logging already, and then this changes nothing; elsewhere the lines of INFO would not show.
logging.basicConfig(level=logging.INFO)


class InvalidMovement(Exception):
    """The movement makes no sense, and trying again will not change that."""


def read_movement(message: Message) -> Any:
    """Parse the body. The error says where it is not JSON, never what it holds.

    Raises:
        InvalidMovement: the body is not JSON, nests too deeply or holds a number of thousands of digits.
    """
    try:
        return message.json()
    except (ValueError, RecursionError) as error:
        raise InvalidMovement(f"the body is not JSON: {error}") from None


def apply_movement(movement: Any, attempt: int) -> None:
    """Apply one movement to its account: your business code goes here.

    Args:
        movement: the parsed body of the message: `{"movement_id": str, "account": str, "amount": int}`, the amount in
            cents. With `"fail_attempts": n` in it the first n attempts fail, to show what happens then.
        attempt: how often this movement has been tried, this time included.

    Raises:
        InvalidMovement: it is not a movement, its id or account is not printable, or nothing moves.
        ConnectionError: the ledger cannot be reached; it is worth another try.
    """
    match movement:
        # True is an int to Python. What is not printable cannot be encoded, or breaks the lines of a log.
        case {"movement_id": str(movement_id), "account": str(account), "amount": int(amount)} if (
            amount and amount is not True and movement_id.isprintable() and account.isprintable()
        ):
            if attempt <= movement.get("fail_attempts", 0):
                raise ConnectionError("the ledger does not answer")
            logger.info("applied movement %s to account %s", movement_id, account)
        case _:
            raise InvalidMovement("a movement has a printable movement_id and account, and an amount that is not zero")


# One account's failure holds back that account only: the others' movements do not depend on it. At MAX_RECEIVE_COUNT a
# failing movement goes to the dead-letter queue alone, and those that waited behind it go on.
@batch_handler(
    on_fifo_failure="skip_group",
    backoff=Backoff(base=float(os.environ["BACKOFF_BASE"])),
    dead_letter_queue=os.environ["DEAD_LETTER_QUEUE_URL"],
    max_receive_count=int(os.environ["MAX_RECEIVE_COUNT"]),
    permanent=InvalidMovement,
)
def lambda_handler(message: Message) -> None:
    """Apply the movement in one message of the batch."""
    apply_movement(read_movement(message), attempt=message.receive_count)
    logger.info("message %s is done", message.id)
