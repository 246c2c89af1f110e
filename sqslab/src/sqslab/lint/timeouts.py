"""How long a message stays hidden, against how long the function may work on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from .rule import ConsumerRule, Path, at
from .template.consumers import Connection, Consumer
from .template.view import Resource, View


@dataclass(frozen=True)
class _Times:
    queue: Resource
    function: Resource
    visibility: int
    timeout: int
    window: int


def _times(view: View, connected: Connection) -> _Times | None:
    """The seconds that matter; None if one of them is not known."""
    queue, function = connected.queue, connected.function
    if queue is None or function is None:
        return None
    # The defaults are CloudFormation's: 30 s, 3 s and no window.
    visibility = view.number(queue.properties, "VisibilityTimeout", default=30)
    timeout = view.number(function.properties, "Timeout", default=3)
    window = view.number(connected.properties, "MaximumBatchingWindowInSeconds", default=0)
    if visibility is None or timeout is None or window is None:
        return None
    return _Times(queue, function, visibility, timeout, window)


class VisibilityUnderTimeout(ConsumerRule):
    """(b) A visibility timeout under the function's timeout."""

    id = "E9902"
    shortdesc = "The visibility timeout is not under the function's timeout"
    description = (
        "A message that becomes visible while the function still works on it is worked on twice at the same time. "
        "Lambda refuses such a mapping, so the deployment fails."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        times = _times(view, connected)
        if times and times.visibility < times.timeout:
            yield (
                at(times.queue, "VisibilityTimeout"),
                f"{times.queue.name} hides a message for {times.visibility} s, while {times.function.name} may work "
                f"on it for {times.timeout} s: Lambda refuses {consumer.name} and the deployment fails. Set "
                f"VisibilityTimeout to {6 * times.timeout + times.window} (6 x Timeout + batching window) or more, or "
                "lower the Timeout.",
            )


class VisibilityUnderSixTimeouts(ConsumerRule):
    """(c) A visibility timeout under six times the function's, plus the window."""

    id = "W9903"
    shortdesc = "The visibility timeout leaves room for Lambda's retries"
    description = (
        "AWS advises 6 x the function's timeout + the batching window. With less, a batch that waited or was "
        "throttled shows up again while it is still in the works, runs twice, and uses up its receives."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        times = _times(view, connected)
        if times is None:
            return
        advised = 6 * times.timeout + times.window
        if times.timeout <= times.visibility < advised:
            window = f" + {times.window} s of batching window" if times.window else ""
            yield (
                at(times.queue, "VisibilityTimeout"),
                f"{times.queue.name} hides a message for {times.visibility} s, under the advised {advised} s (6 x "
                f"{times.function.name}'s Timeout of {times.timeout} s{window}): a batch that waited or was throttled "
                "shows up again while it is in the works, runs twice and nears maxReceiveCount without having "
                f"failed. Set VisibilityTimeout to {advised} or more, or lower the Timeout.",
            )
