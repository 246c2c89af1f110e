"""One line a failed message, with everything one needs to find it and never its body."""

from __future__ import annotations

import logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._message import Message

logger = logging.getLogger("partial_batch")


def log_failure(message: Message, error: BaseException, why_not: str = "", *, dead_lettered: bool = False) -> None:
    """Log what failed, why, and what becomes of it.

    The fields are `extra`, so that Lambda's JSON format carries them:
    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html

    Args:
        message: the message that failed.
        error: what the function raised; its traceback goes into the log.
        why_not: for a permanent failure, why it was not sent to the dead-letter queue.
        dead_lettered: it was sent there.
    """
    error_type = type(error).__name__
    if dead_lettered:
        becomes = "it was sent to the dead-letter queue"
    else:
        becomes = "it goes back to the queue" + (f" ({why_not})" if why_not else "")
    logger.log(
        logging.ERROR if dead_lettered else logging.WARNING,
        "message %s failed with %s at receive %d: %s",
        message.id,
        error_type,
        message.receive_count,
        becomes,
        exc_info=error,
        extra={
            "message_id": message.id,
            "message_group_id": message.group_id,
            "receive_count": message.receive_count,
            "error_type": error_type,
            "outcome": "dead-lettered" if dead_lettered else "returned",
        },
    )
