"""Numbers outside of what Lambda takes."""

from collections.abc import Iterator

from .rule import ConsumerRule, Path, in_mapping
from .template.consumers import Connection, Consumer
from .template.view import View

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
_LIMITS = (
    (("BatchSize",), 1, 10_000),
    (("MaximumBatchingWindowInSeconds",), 0, 300),
    (("ScalingConfig", "MaximumConcurrency"), 2, 1_000),
)


class Limits(ConsumerRule):
    """(m) A number that Lambda does not take, in an event of a function."""

    id = "E9913"
    shortdesc = "The numbers of an SQS event are within Lambda's limits"
    description = (
        "BatchSize is 1 to 10,000, MaximumBatchingWindowInSeconds 0 to 300, MaximumConcurrency 2 to 1,000. "
        "On an explicit mapping cfn-lint's own E3034 and W1030 say the same."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        if consumer.event is None:
            return
        for keys, least, most in _LIMITS:
            value = view.number(connected.properties, *keys, default=least)
            if value is None or least <= value <= most or (keys == ("BatchSize",) and connected.fifo and value > 10):
                continue  # a FIFO queue's batch size is another rule's
            yield (
                in_mapping(consumer, connected.properties, keys[0]),
                f"{consumer.name} has a {keys[-1]} of {value}, and Lambda takes {least} to {most}: it refuses the "
                f"event source mapping and the deployment fails. Set {keys[-1]} to {least if value < least else most}.",
            )
