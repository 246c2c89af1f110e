"""What the layer promises of one invocation, checked when it returns: docs/layer.md, "FIFO queues" and "Time"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOT_STARTED = "not started though nothing was in its way"
NOT_TOLD = "failed and on_failure was not called"
JUDGED = "dead-lettered by its count though it ran behind another of its group"
KEPT = "failed at its last try, or for good, and was not dead-lettered"
TIMED_OUT = "in an invocation that ran into the function's timeout"


@dataclass(frozen=True)
class Rules:
    """What holds in a mode.

    Attributes:
        tries: at which receives, multiples of it, the layer dead-letters a message that fails; None if never.
        lanes: what waits behind a failure: nothing (`none`), the rest of its `group` or of the `batch`.
        whole: whether the function gets the whole batch, and so the layer does not know who failed for good.
    """

    tries: int | None
    lanes: str
    whole: bool


@dataclass
class Invocation:
    """What happened in one.

    Attributes:
        name: what tells it from others.
        records: its messages.
        begun: the receipt handles of those that the function was started on.
        failed: of those on which code failed, each with whether that was for good.
        told: of those that on_failure was called for.
        dead: the numbers of the messages that the layer dead-lettered.
        unanswered: of those that it tried to, without an answer; after one of them it tries no other.
        longest: seconds the longest run took.
        time_left: seconds there were left to work in when it returned.
    """

    name: str
    records: Sequence[Any]
    begun: set[str] = field(default_factory=set)
    failed: dict[str, bool] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    unanswered: set[int] = field(default_factory=set)
    longest: float = 0.0
    time_left: float = 0.0

    def breaches(self, rules: Rules) -> Iterator[str]:
        """Compare what happened with what was promised; gives what was not kept, once for each message."""
        held: set[str] = set()
        relieved: set[str] = set()
        met: set[str | None] = set()  # groups; what comes behind another of its group is tried for the first time
        for record in self.records:
            handle = record["receiptHandle"]
            lane = self._lane(record, rules)
            group = record["attributes"].get("MessageGroupId")
            is_head = group not in met
            met.add(group)
            if lane in held:
                continue
            if int(record["body"]) in self.dead:
                (held if rules.whole else relieved).add(lane)
                if not is_head and rules.tries is not None and self.failed.get(handle) is False:
                    yield JUDGED
            elif handle in self.failed:
                held.add(lane)
                if handle not in self.told:
                    yield NOT_TOLD
                if self._is_to_be_dead_lettered(record, rules, is_first=is_head and lane not in relieved):
                    yield KEPT
            elif handle not in self.begun:
                held.add(lane)
                if self.time_left > self.longest:
                    yield NOT_STARTED

    def _lane(self, record: Any, rules: Rules) -> str:
        if rules.lanes == "group":
            return str(record["attributes"]["MessageGroupId"])
        return "" if rules.lanes == "batch" else str(record["receiptHandle"])

    def _is_to_be_dead_lettered(self, record: Any, rules: Rules, *, is_first: bool) -> bool:
        if self.unanswered:
            return False
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        judged = rules.tries is not None and receives % rules.tries == 0 and is_first
        return judged or (self.failed[record["receiptHandle"]] and not rules.whole)
