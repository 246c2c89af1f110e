"""The line without which a partial batch response does nothing."""

from collections.abc import Iterator

from .layer import has_layer
from .rule import ConsumerRule, Path, in_mapping
from .template.consumers import Connection, Consumer
from .template.view import View


class PartialResponse(ConsumerRule):
    """(a) A mapping without ReportBatchItemFailures."""

    id = "E9901"
    shortdesc = "The mapping lets Lambda read which messages failed"
    description = (
        "Without ReportBatchItemFailures Lambda ignores the function's response: what it reports as failed is deleted. "
        "A mapping of single messages (BatchSize 1) whose function has not got the configured `layer` may do without."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"layer": {"default": "", "type": "string"}}

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        types = view.items(view.get(connected.properties, "FunctionResponseTypes"))
        if types is None or types:
            return  # not known, or something stands there: a misspelt value is another rule's
        alone = view.number(connected.properties, "BatchSize", default=10) in (1, None)
        layer = self.config["layer"]
        if alone and not (layer and connected.function and has_layer(view, connected.function, layer)):
            return
        function = connected.function.name if connected.function else "its function"
        yield (
            in_mapping(consumer, connected.properties, "FunctionResponseTypes"),
            f"{consumer.name} has no ReportBatchItemFailures: Lambda ignores which messages {function} reports as "
            "failed and deletes the whole batch, those included; and an exception makes the whole batch run again. "
            "Add FunctionResponseTypes: [ReportBatchItemFailures].",
        )
