"""Why a message that had succeeded was run again: each delivery, and what kept it from being deleted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EXPIRED = "its visibility timeout ended before it could be deleted"


@dataclass
class Delivery:
    """A message as it was received once.

    Attributes:
        place: in the order of all deliveries.
        received_at: when, in virtual seconds.
        next_at: when the message was received the next time; None if it was not.
        cause: what went wrong so that it was not deleted, the first thing that did; empty if nothing did.
    """

    place: int
    received_at: float
    next_at: float | None = None
    cause: str = ""


class Deliveries:
    """Every delivery of a queue, by its receipt handle.

    Args:
        visibility_timeout: of the queue, in seconds.
    """

    def __init__(self, visibility_timeout: float) -> None:
        self._visibility_timeout = visibility_timeout
        self._deliveries: dict[str, Delivery] = {}
        self._latest: dict[int, Delivery] = {}
        self._succeeded: dict[int, list[Delivery]] = {}

    def received(self, number: int, handle: str, now: float) -> None:
        """A message was received."""
        if number in self._latest:
            self._latest[number].next_at = now
        self._deliveries[handle] = self._latest[number] = Delivery(len(self._deliveries), now)

    def succeeded(self, number: int, handle: str) -> None:
        """The function succeeded with a message that was delivered so."""
        self._succeeded.setdefault(number, []).append(self._deliveries[handle])

    def deleted(self, handle: str) -> None:
        """It was deleted; but a standard queue says so, and does nothing, if it had been received again before."""
        delivery = self._deliveries[handle]
        if delivery.next_at is not None and delivery.next_at >= delivery.received_at + self._visibility_timeout:
            delivery.cause = delivery.cause or EXPIRED

    def refused(self, handle: str, now: float) -> None:
        """It cannot be deleted at that time, or not before: it must be visible again by then."""
        delivery = self._deliveries[handle]
        if now >= delivery.received_at + self._visibility_timeout:
            delivery.cause = delivery.cause or EXPIRED

    def went_wrong(self, handles: Iterable[str], cause: str) -> None:
        """Something happened by which these deliveries are not deleted, whatever the function did."""
        for handle in handles:
            self._deliveries[handle].cause = self._deliveries[handle].cause or cause

    def repetitions(self) -> Counter[str]:
        """Count the successes that were not a message's first, by what caused them; under "" those without a cause."""
        causes: Counter[str] = Counter()
        for deliveries in self._succeeded.values():
            ordered = sorted(deliveries, key=lambda delivery: delivery.place)
            causes.update(earlier.cause for earlier in ordered[:-1])
        return causes
