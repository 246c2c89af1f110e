"""Compares how the demo's messages ended with how they should have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.queues import DeadLetter
from local.samples import End, Sample


@dataclass(frozen=True)
class Verdict:
    """How one message ended.

    Attributes:
        sample: the message.
        receives: how often a function got it.
        end: what became of it, in words.
        problem: what is wrong with that; None if nothing is.
    """

    sample: Sample
    receives: int
    end: str
    problem: str | None


def judge(
    sent: Mapping[str, Sample],
    receive_counts: Mapping[str, int],
    successes: Sequence[str],
    dead_letters: Sequence[DeadLetter],
) -> list[Verdict]:
    """Judge every message that was sent.

    Args:
        sent: message id to sample, in the order of sending.
        receive_counts: message id to the number of receives; none stands for no receive.
        successes: the ids of the messages that succeeded and were deleted, in that order.
        dead_letters: what the dead-letter queues held.

    Returns:
        A verdict for each, in the order of sending.
    """
    letters: dict[str, list[DeadLetter]] = {}
    for letter in dead_letters:
        letters.setdefault(letter.message_id, []).append(letter)
    times_done = Counter(successes)
    out_of_order = _out_of_order(sent, successes)
    verdicts = []
    for message_id, sample in sent.items():
        receives = receive_counts.get(message_id, 0)
        own_letters = letters.get(message_id, [])
        end = _end(times_done[message_id], own_letters)
        problem = _problem(sample, end, receives, times_done[message_id], own_letters)
        if problem is None and message_id in out_of_order:
            problem = "overtook an earlier message of its group"
        verdicts.append(Verdict(sample, receives, _in_words(end, receives, own_letters), problem))
    return verdicts


def _end(times_done: int, letters: Sequence[DeadLetter]) -> End | None:
    """Name the end of a message; None if it has not ended."""
    if letters:
        return End.GIVEN_UP if letters[0].reason is None else End.REFUSED
    return End.SUCCEEDED if times_done else None


def _problem(
    sample: Sample, end: End | None, receives: int, times_done: int, letters: Sequence[DeadLetter]
) -> str | None:
    if end is not sample.end:
        return f"expected: {sample.end.value}"
    if receives < sample.receives:  # a failure that went unnoticed
        return f"expected: {sample.receives} receives"
    # The function counts what it dead-letters itself as done; what SQS moves was never done.
    if times_done != (0 if end is End.GIVEN_UP else 1):
        return f"was done {times_done} times"
    if len(letters) > 1:
        return f"is in the dead-letter queue {len(letters)} times"
    if letters and letters[0].body != sample.body:
        return "its body was changed"
    return None


def _in_words(end: End | None, receives: int, letters: Sequence[DeadLetter]) -> str:
    match end:
        case None:
            return "not ended"
        case End.SUCCEEDED:
            return "succeeded"
        case End.GIVEN_UP:
            return f"{end.value}: failed {receives} times"
        case End.REFUSED:
            return f"{end.value}: {letters[0].reason}"


def _out_of_order(sent: Mapping[str, Sample], successes: Sequence[str]) -> set[str]:
    """Find messages done before one of their group that was sent earlier."""
    positions = {message_id: position for position, message_id in enumerate(sent)}
    wrong = set()
    earliest: dict[str, int] = {}  # of each group, what was sent first among those done later
    for message_id in reversed(successes):
        group = sent[message_id].group if message_id in sent else None
        if group is None:
            continue
        position = positions[message_id]
        if position > earliest.get(group, position):
            wrong.add(message_id)
        earliest[group] = min(position, earliest.get(group, position))
    return wrong
