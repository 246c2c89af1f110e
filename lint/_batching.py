"""Batch sizes and batching windows that Lambda refuses."""

from collections.abc import Iterator

from ._consumers import Connection, Consumer
from ._rule import ConsumerRule, Path, in_mapping
from ._view import View

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


class FifoBatchSize(ConsumerRule):
    """(g) A batch size over 10 on a FIFO queue."""

    id = "E9907"
    shortdesc = "A FIFO queue's batch size is at most 10"
    description = "Lambda refuses a BatchSize over 10 on a FIFO queue."
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        size = view.number(connected.properties, _SIZE, default=10)
        if connected.fifo and size is not None and size > 10:
            yield (
                in_mapping(consumer, connected.properties, _SIZE),
                f"{consumer.name} has a BatchSize of {size} on a FIFO queue, where 10 is the most: Lambda refuses it "
                "and the deployment fails. Lower BatchSize to 10.",
            )


class FifoWindow(ConsumerRule):
    """(h) A batching window on a FIFO queue."""

    id = "E9908"
    shortdesc = "A FIFO queue has no batching window"
    description = "Lambda refuses a MaximumBatchingWindowInSeconds on a FIFO queue."
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        window = view.number(connected.properties, _WINDOW, default=0)
        if connected.fifo and window is not None and window > 0:
            yield (
                in_mapping(consumer, connected.properties, _WINDOW),
                f"{consumer.name} has a batching window of {window} s on a FIFO queue, which has none: Lambda refuses "
                f"it and the deployment fails. Remove {_WINDOW}.",
            )
