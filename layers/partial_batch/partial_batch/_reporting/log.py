"""One line a failed message, with everything one needs to find it and never its body."""

from __future__ import annotations

import logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from partial_batch.message import Message

logger = logging.getLogger("partial_batch")


def log_failure(
    message: Message,
    error: BaseException,
    why_not: str = "",
    *,
    dead_lettered: bool = False,
    seconds: float | None = None,
    traceback: bool = True,
) -> None:
    """Log what failed, why, and what becomes of it.

    The fields are `extra`, so that Lambda's JSON format carries them:
    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html

    Args:
        message: the message that failed.
        error: what the function raised.
        why_not: for one that was to be dead-lettered, why it was not.
        dead_lettered: it was sent to the dead-letter queue.
        seconds: how long it is to be hidden, None for the queue's visibility timeout.
        traceback: the error's goes into the log.
    """
    error_type = type(error).__name__
    if dead_lettered:
        becomes = "it was sent to the dead-letter queue"
    else:
        becomes = f"it goes back to the {getattr(message, 'source', 'queue')}"
        becomes += "" if seconds is None else f", hidden for {seconds:.0f} s"
        becomes += f" ({why_not})" if why_not else ""
    logger.log(
        logging.ERROR if dead_lettered else logging.WARNING,
        "message %s failed with %s at receive %d: %s",
        message.id,
        error_type,
        message.receive_count,
        becomes,
        exc_info=error if traceback else None,
        extra={
            "message_id": message.id,
            "message_group_id": message.group_id,
            "receive_count": message.receive_count,
            "error_type": error_type,
            "outcome": "dead-lettered" if dead_lettered else "returned",
        },
    )


def log_hook_failure(message: Message, problem: Exception) -> None:
    """Log that `on_failure` raised, which changes nothing."""
    logger.error("on_failure raised for message %s", message.id, exc_info=problem, extra={"message_id": message.id})


def log_never_started(count: int, of: int) -> None:
    """Log that time ran out before some messages were started."""
    logger.warning(
        "no time was left to start %d of %d messages: they go back; a longer function timeout or smaller batches help",
        count,
        of,
    )


def log_visibility(messages: list[Message], reason: str) -> None:
    """Log that the visibility timeout of messages could not be changed, which leaves the queue's."""
    ids = [message.id for message in messages]
    logger.warning(
        "the visibility timeout of %d messages stays the queue's, changing it failed: %s (%s)",
        len(ids),
        reason,
        ", ".join(ids),
        extra={"message_ids": ids},
    )
