"""The redrive policy: where messages go that fail again and again."""

from collections.abc import Iterator
from typing import Any

from .rule import ConsumerRule, Path, QueueRule, at
from .template.consumers import QUEUE, Connection, Consumer, find_queue, is_fifo, may_name_queue
from .template.values import Text
from .template.view import Resource, View

_RETENTION = 345_600  # seconds, a queue's default


def dead_letter_queue(view: View, queue: Resource) -> Resource | None:
    """The queue of this template that a queue's redrive policy names, if it does."""
    return find_queue(view, _target(view, queue))


def _target(view: View, queue: Resource) -> Any:
    return view.get(queue.properties, "RedrivePolicy", "deadLetterTargetArn")


def redrives_to(view: View, target: Resource) -> list[Resource]:
    """The queues of this template that have a queue as their dead-letter queue."""
    sources = ((queue, dead_letter_queue(view, queue)) for queue in view.resources(QUEUE))
    return [queue for queue, dead_letter in sources if dead_letter and dead_letter.name == target.name]


def _may_be_redriven_to(view: View, queue: Resource) -> bool:
    """Whether an ARN in a redrive policy of this template is a queue's, or may be."""
    targets = (_target(view, other) for other in view.resources(QUEUE))
    return any(isinstance(target, str | Text) and may_name_queue(view, target, queue) for target in targets)


class NoRedrivePolicy(ConsumerRule):
    """(d) A consumed queue without a redrive policy."""

    id = "E9904"
    shortdesc = "A consumed queue has a dead-letter queue"
    description = (
        "Without a redrive policy a message that cannot be processed comes back until its retention period ends, and "
        "is then deleted without a trace. A queue that is itself a dead-letter queue needs none."
    )
    source_url = (
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"
    )

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        queue = connected.queue
        if queue is None or view.get(queue.properties, "RedrivePolicy") is not None:
            return
        if redrives_to(view, queue) or _may_be_redriven_to(view, queue):
            return
        order = ", with all messages of its group waiting behind it" if connected.fifo else ""
        retention = view.number(queue.properties, "MessageRetentionPeriod", default=_RETENTION)
        period = f"{retention} s are over" if retention else "its retention period is over"
        yield (
            at(queue, "RedrivePolicy"),
            f"{queue.name} has no RedrivePolicy: a message that {consumer.name} cannot get processed comes back until "
            f"{period}{order}, and is then deleted without a trace. "
            "Add a RedrivePolicy with a deadLetterTargetArn and a maxReceiveCount of 5 or more.",
        )


class DeadLetterQueueType(QueueRule):
    """(e) A dead-letter queue of the other type."""

    id = "E9905"
    shortdesc = "A queue and its dead-letter queue are both FIFO or both standard"
    description = "SQS refuses a redrive policy to a queue of the other type, so the deployment fails."
    source_url = (
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"
    )

    def examine_queue(self, view: View, queue: Resource) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        target = dead_letter_queue(view, queue)
        if target is None:
            return
        fifo, target_fifo = is_fifo(view, queue), is_fifo(view, target)
        if fifo is None or target_fifo is None or fifo == target_fifo:
            return
        kind, target_kind = ("FIFO", "standard") if fifo else ("standard", "FIFO")
        yield (
            at(queue, "RedrivePolicy"),
            f"{queue.name} is a {kind} queue and its dead-letter queue {target.name} a {target_kind} one: SQS refuses "
            f"the RedrivePolicy and the deployment fails. Make {target.name} a {kind} queue as well.",
        )


class LowMaxReceiveCount(ConsumerRule):
    """(i) A maxReceiveCount that gives up too early."""

    id = "W9909"
    shortdesc = "A message is tried often enough before it is dead-lettered"
    description = (
        "A receive counts even if the message never reached the function, as when Lambda is throttled. AWS advises 5 "
        "or more with Lambda; configure `minimum` to be told of others than under 3."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"minimum": {"default": 3, "type": "integer"}}

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        queue = connected.queue
        if queue is None:
            return
        minimum = self.config["minimum"]
        count = view.number(queue.properties, "RedrivePolicy", "maxReceiveCount", default=minimum)
        if count is not None and count < minimum:
            receives, invocations = ("receive", "invocation") if count == 1 else ("receives", "invocations")
            yield (
                at(queue, "RedrivePolicy"),
                f"{queue.name} gives a message up after {count} {receives} (maxReceiveCount): a receive counts even "
                f"if the message never reached the function, so {count} throttled {invocations} of {consumer.name} "
                "dead-letter messages that nothing is wrong with. Set it to 5 or more.",
            )


class DeadLetterRetention(QueueRule):
    """(j) A dead-letter queue that keeps messages no longer than their source did."""

    id = "W9910"
    shortdesc = "A dead-letter queue keeps messages longer than the queue they come from"
    description = (
        "On a standard queue a message's age counts from when it was first sent: a dead-letter queue with the same "
        "retention period deletes it when the source would have. A FIFO message starts anew and is not looked at."
    )
    source_url = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html"

    def examine_queue(self, view: View, queue: Resource) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        target = dead_letter_queue(view, queue)
        if target is None or is_fifo(view, queue) is not False or is_fifo(view, target) is not False:
            return
        kept = view.number(queue.properties, "MessageRetentionPeriod", default=_RETENTION)
        target_kept = view.number(target.properties, "MessageRetentionPeriod", default=_RETENTION)
        if kept is not None and target_kept is not None and target_kept <= kept:
            yield (
                at(target, "MessageRetentionPeriod"),
                f"{target.name} keeps a message for {target_kept} s and {queue.name}, whose dead-letter queue it is, "
                f"for {kept} s: the age counts from when the message was first sent, so one that failed late is "
                f"deleted soon after it got here. Set the MessageRetentionPeriod of {target.name} to 1209600 (14 "
                f"days) and that of {queue.name} to less.",
            )
