"""The line without which a partial batch response does nothing."""

from collections.abc import Iterator

from ._consumers import Connection, Consumer
from ._layer import has_layer
from ._rule import ConsumerRule, Path, in_mapping
from ._view import View


class PartialResponse(ConsumerRule):
    """(a) A mapping without ReportBatchItemFailures."""

    id = "E9901"
    shortdesc = "The mapping lets Lambda read which messages failed"
    description = (
        "Without ReportBatchItemFailures Lambda ignores the function's response: what it reports as failed is deleted. "
        "A mapping of single messages (BatchSize 1) whose function has not got the layer may do without."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        types = view.items(view.get(connected.properties, "FunctionResponseTypes"))
        if types is None or types:
            return  # not known, or something stands there: a misspelt value is another rule's
        alone = view.number(connected.properties, "BatchSize", default=10) in (1, None)
        if alone and not (connected.function and has_layer(view, connected.function)):
            return
        function = connected.function.name if connected.function else "its function"
        yield (
            in_mapping(consumer, connected.properties, "FunctionResponseTypes"),
            f"{consumer.name} has no ReportBatchItemFailures: Lambda ignores which messages {function} reports as "
            "failed and deletes the whole batch, those included; and an exception makes the whole batch run again. "
            "Add FunctionResponseTypes: [ReportBatchItemFailures].",
        )
