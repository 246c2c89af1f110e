"""Alarms that stay silent."""

from collections.abc import Iterable, Iterator
from typing import Any

from cfnlint.template import Template

from .redrive import redrives_to
from .rule import Path, Rule
from .template.consumers import find_queue
from .template.values import Attribute
from .template.view import Resource, View

_ALARM = "AWS::CloudWatch::Alarm"


class DeadLetterAlarm(Rule):
    """(p) An alarm on what is sent to a dead-letter queue."""

    id = "W9917"
    shortdesc = "An alarm on a dead-letter queue counts what is in it"
    description = (
        "NumberOfMessagesSent counts what a sender sends. A message that SQS moves because of a redrive policy is "
        "not sent, so the alarm stays silent."
    )
    source_url = (
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"
    )

    def subjects(self, cfn: Template) -> Iterable[str]:
        """The alarms' logical ids."""
        return cfn.get_resources(_ALARM)

    def examine(self, view: View, subject: str) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        alarm = view.resource(subject)
        if alarm is None:
            return
        for path, metric in _metrics(view, alarm):
            if view.get(metric, "Namespace") != "AWS/SQS" or view.get(metric, "MetricName") != "NumberOfMessagesSent":
                continue
            for dimension in view.items(view.get(metric, "Dimensions")) or ():
                queue = _queue_named(view, view.get(dimension, "Value"))
                sources = redrives_to(view, queue) if queue else []
                if queue and sources:
                    names = " and ".join(source.name for source in sources)
                    yield (
                        (*path, "MetricName"),
                        f"{subject} watches NumberOfMessagesSent of {queue.name}, the dead-letter queue of {names}: "
                        "what SQS moves there is not counted as sent, so the alarm stays silent. Use "
                        "ApproximateNumberOfMessagesVisible, over 0.",
                    )


def _metrics(view: View, alarm: Resource) -> Iterator[tuple[Path, Any]]:
    """The metrics an alarm is on: its own, or those of its metric data queries."""
    path: Path = ("Resources", alarm.name, "Properties")
    yield path, alarm.properties
    queries = view.get(alarm.properties, "Metrics")
    for index, query in enumerate(queries if isinstance(queries, list) else ()):
        metric = view.get(query, "MetricStat", "Metric")
        if isinstance(metric, dict):
            yield (*path, "Metrics", index, "MetricStat", "Metric"), metric


def _queue_named(view: View, value: Any) -> Resource | None:
    if isinstance(value, Attribute) and value.name != "QueueName":
        return None
    return find_queue(view, value)
