"""Batch sizes and batching windows that Lambda refuses."""

from collections.abc import Iterator

from .rule import ConsumerRule, Path, in_mapping
from .template.consumers import Connection, Consumer
from .template.view import View

_SIZE, _WINDOW = "BatchSize", "MaximumBatchingWindowInSeconds"


class BatchSizeWithoutWindow(ConsumerRule):
    """(f) A batch size over 10 without a window."""

    id = "E9906"
    shortdesc = "A batch size over 10 comes with a batching window"
    description = "Lambda refuses a BatchSize over 10 without a MaximumBatchingWindowInSeconds of at least 1."
    source_url = "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        size = view.number(connected.properties, _SIZE, default=10)
        window = view.number(connected.properties, _WINDOW, default=0)
        if connected.fifo is not True and size is not None and size > 10 and window is not None and window < 1:
            yield (
                in_mapping(consumer, connected.properties, _SIZE),
                f"{consumer.name} has a BatchSize of {size} and no batching window: Lambda refuses it and the "
                f"deployment fails. Add {_WINDOW}: 1 or more, or lower BatchSize to 10.",
            )


class _OverOnFifo(ConsumerRule):
    """A number over what a FIFO queue allows, which is also the default."""

    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"
    key: str
    most: int

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        number = view.number(connected.properties, self.key, default=self.most)
        if connected.fifo and number is not None and number > self.most:
            yield (
                in_mapping(consumer, connected.properties, self.key),
                f"{consumer.name} has a {self.key} of {number} on a FIFO queue, where {self.most} is the most: Lambda "
                f"refuses it and the deployment fails. Lower it to {self.most} or leave it out.",
            )


class FifoBatchSize(_OverOnFifo):
    """(g) A batch size over 10 on a FIFO queue."""

    id = "E9907"
    shortdesc = "A FIFO queue's batch size is at most 10"
    description = "Lambda refuses a BatchSize over 10 on a FIFO queue."
    key, most = _SIZE, 10


class FifoWindow(_OverOnFifo):
    """(h) A batching window on a FIFO queue."""

    id = "E9908"
    shortdesc = "A FIFO queue has no batching window"
    description = "Lambda refuses a MaximumBatchingWindowInSeconds on a FIFO queue."
    key, most = _WINDOW, 0
