"""Which messages of a batch may run side by side."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from partial_batch.batch import Batch


def independent_parts(batch: Batch) -> Iterable[Iterable[int]]:
    """Positions that may run side by side; within each part, one after the other."""
    everything = range(len(batch.records))
    if batch.options.concurrency == 1 or (batch.message_type.ordered and not batch.skips_group):
        return [everything]
    if not batch.message_type.ordered:
        return ((position,) for position in everything)
    groups: dict[str | None, list[int]] = {}
    for position in everything:
        groups.setdefault(batch.message(position).group_id, []).append(position)
    return groups.values()
