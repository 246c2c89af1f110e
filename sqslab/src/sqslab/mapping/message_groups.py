"""Which message groups of a FIFO queue are with the function, and what was received of them meanwhile.

SQS gives out nothing of a group while an earlier message of it is hidden. That is not enough: a visibility timeout may
end, or the function may end it, before the invocation does. What is delivered then waits here for the invocation.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqslab.mapping.sqs_source import Received


class MessageGroups:
    """The groups in use. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Received]] = {}  # for each group in use

    def admit(self, batch: Iterable[Received]) -> list[Received]:
        """Take the groups of a batch into use.

        Args:
            batch: as it was received.

        Returns:
            What may go to the function now. The others wait for who has their group.
        """
        free = []
        with self._lock:
            in_use = frozenset(self._waiting)
            for received in batch:
                if received.group in in_use:
                    self._waiting[received.group].append(received)
                    continue
                free.append(received)
                if received.group is not None:
                    self._waiting.setdefault(received.group, [])
        return free

    def follow(self, groups: set[str], rest: Collection[Received]) -> list[Received]:
        """Take what waits for some groups; give up those of which there is nothing.

        Args:
            groups: in use by the caller. What is given up is removed from it.
            rest: what the caller still has.

        Returns:
            What waited, in the order of its delivery. Its groups stay in use, as do those of `rest`.
        """
        taken: list[Received] = []
        still_needed = {received.group for received in rest}
        with self._lock:
            for group in sorted(groups):
                if waiting := self._waiting[group]:
                    taken += waiting
                    self._waiting[group] = []
                elif group not in still_needed:
                    del self._waiting[group]
                    groups.remove(group)
        return taken
