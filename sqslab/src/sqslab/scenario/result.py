"""Compares how the messages of a scenario ended with how they should have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqslab.scenario.file import End

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqslab.dlq.dead_letters import DeadLetter
    from sqslab.scenario.file import ScenarioMessage


@dataclass(frozen=True)
class MessageResult:
    """How one message ended.

    Attributes:
        message: the message.
        receives: how often a function got it.
        end: what became of it, in words.
        problem: what is wrong with that; None if nothing is.
    """

    message: ScenarioMessage
    receives: int
    end: str
    problem: str | None


def check_messages(
    sent: Mapping[str, ScenarioMessage],
    receive_counts: Mapping[str, int],
    successes: Sequence[str],
    dead_letters: Sequence[DeadLetter],
    fifo_queues: Collection[str],
) -> list[MessageResult]:
    """Check every message that was sent.

    Args:
        sent: message id to message, in the order of sending.
        receive_counts: message id to the number of receives; none stands for no receive.
        successes: the ids of the messages that succeeded and were deleted, in that order.
        dead_letters: what the dead-letter queues held.
        fifo_queues: the logical names of those queues that have an order.

    Returns:
        A result for each, in the order of sending.
    """
    found: dict[str, list[DeadLetter]] = {}
    for dead_letter in dead_letters:
        found.setdefault(dead_letter.source_id, []).append(dead_letter)
    times_done = Counter(successes)
    out_of_order = _out_of_order(sent, successes, fifo_queues)
    results = []
    for message_id, message in sent.items():
        receives = receive_counts.get(message_id, 0)
        own = found.get(message_id, [])
        end = _end(times_done[message_id], own)
        problem = _problem(message, end, receives, times_done[message_id], own)
        if problem is None and message_id in out_of_order:
            problem = "overtook an earlier message of its group"
        results.append(MessageResult(message, receives, _in_words(end, receives, own), problem))
    return results


def _end(times_done: int, dead_letters: Sequence[DeadLetter]) -> End | None:
    """Name the end of a message; None if it has not ended."""
    if dead_letters:
        return End.BY_FUNCTION if _by_function(dead_letters) else End.BY_SQS
    return End.SUCCEEDED if times_done else None


def _problem(
    message: ScenarioMessage, end: End | None, receives: int, times_done: int, dead_letters: Sequence[DeadLetter]
) -> str | None:
    if end is not message.end:
        return f"expected: {message.end.value}"
    if receives < message.receives:  # a failure that went unnoticed
        return f"expected: {message.receives} receives"
    # If SQS takes what a function sends and answers late, the function fails the message. The next try sends a second
    # copy, or SQS moves the message before that. SQS moves a message once.
    moved = len(dead_letters) - len(_by_function(dead_letters))
    if moved > 1:
        return f"was moved to the dead-letter queue {moved} times"
    # The function counts what it dead-letters itself as done; what SQS moves was never done.
    if times_done != (0 if moved else 1):
        return f"was done {times_done} times"
    if any(dead_letter.message["Body"] != message.body for dead_letter in dead_letters):
        return "its body was changed"
    return None


def _by_function(dead_letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    return [dead_letter for dead_letter in dead_letters if dead_letter.reason is not None]


def _in_words(end: End | None, receives: int, dead_letters: Sequence[DeadLetter]) -> str:
    match end:
        case None:
            return "not ended"
        case End.SUCCEEDED:
            return "succeeded"
        case End.BY_SQS:
            return f"{end.value}: failed {receives} times"
        case End.BY_FUNCTION:
            reason = f"{end.value}: {_by_function(dead_letters)[0].reason}"
            return reason if len(dead_letters) == 1 else f"{reason} ({len(dead_letters)} copies)"


def _out_of_order(
    sent: Mapping[str, ScenarioMessage], successes: Sequence[str], fifo_queues: Collection[str]
) -> set[str]:
    """Find messages done before one of their group that was sent earlier to the same queue."""
    positions = {message_id: position for position, message_id in enumerate(sent)}
    wrong = set()
    earliest: dict[tuple[str, str], int] = {}  # of each group, what was sent first among those done later
    for message_id in reversed(successes):
        message = sent.get(message_id)
        # On a standard queue a group is a fair queue's tenant, and has no order.
        if message is None or message.group is None or message.queue not in fifo_queues:
            continue
        group, position = (message.queue, message.group), positions[message_id]
        if position > earliest.get(group, position):
            wrong.add(message_id)
        earliest[group] = min(position, earliest.get(group, position))
    return wrong
