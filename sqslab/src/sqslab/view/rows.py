"""The numbers of the live view: one row for each event source mapping of an endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqslab.mapping.event_source_mapping import list_mappings
from sqslab.queues import backlog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqslab.clients import WorkerClients
    from sqslab.mapping.event_source_mapping import EventSourceMapping
    from sqslab.view.counts import BatchCounts


@dataclass(frozen=True)
class MappingRow:
    """What the view shows of one mapping. Messages are counted in the queue as it is, the rest since the start.

    Attributes:
        queue: the queue's name in the template, or its real one.
        function: the function's name in the template, or its real one.
        function_name: the function's real name.
        waiting: messages that can be received now, or once their delay is over.
        in_flight: messages that were received and are hidden until done or until their visibility timeout ends.
        invocations: of the function.
        succeeded: messages that were done and deleted.
        failed: times a message was given back.
        dead_lettered: messages in the queue's dead-letter queue; None if it has none.
        oldest: seconds since the oldest unfinished message that was ever received was sent; None if there is none.
    """

    queue: str
    function: str
    function_name: str
    waiting: int
    in_flight: int
    invocations: int
    succeeded: int
    failed: int
    dead_lettered: int | None
    oldest: float | None


class Rows:
    """Makes the rows.

    Args:
        clients: of the endpoint.
        counts: counts what the pollers of that endpoint tell.
        names: names in the template by real name: a function's, a queue's.
        mappings: gives the mappings to make rows for; those of the endpoint if None.
    """

    def __init__(
        self,
        clients: WorkerClients,
        counts: BatchCounts,
        names: Mapping[str, str],
        mappings: Callable[[], Sequence[EventSourceMapping]] | None = None,
    ) -> None:
        self._clients = clients
        self._mappings = mappings or (lambda: list_mappings(clients.functions))
        self._counts = counts
        self._names = names

    def now(self) -> list[MappingRow]:
        """Make the rows as things are now, in a stable order.

        Raises:
            botocore.exceptions.ClientError: the endpoint refuses.
            botocore.exceptions.BotoCoreError: it does not answer.
        """
        rows = [row for mapping in self._mappings() if (row := self._row(mapping)) is not None]
        return sorted(rows, key=lambda row: (row.queue, row.function))

    def _row(self, mapping: EventSourceMapping) -> MappingRow | None:
        queue_name, function_name = mapping.queue_name, mapping.function_name
        sqs = self._clients.sqs
        try:
            url = sqs.get_queue_url(QueueName=queue_name)["QueueUrl"]
            left = backlog(sqs, url)
            policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
            redrive = json.loads(policy.get("RedrivePolicy", "{}"))
            dead_lettered = None
            if "deadLetterTargetArn" in redrive:
                dead_letter_url = sqs.get_queue_url(QueueName=redrive["deadLetterTargetArn"].split(":")[5])["QueueUrl"]
                dead = backlog(sqs, dead_letter_url)
                dead_lettered = dead.waiting + dead.in_flight
        except sqs.exceptions.QueueDoesNotExist:
            return None  # a mapping may outlive its queue; the poller tells of it
        invocations, succeeded, failed = self._counts.numbers(mapping.uuid)
        most = int(redrive["maxReceiveCount"]) if "maxReceiveCount" in redrive else None
        return MappingRow(
            queue=self._names.get(queue_name, queue_name),
            function=self._names.get(function_name, function_name),
            function_name=function_name,
            waiting=left.waiting,
            in_flight=left.in_flight,
            invocations=invocations,
            succeeded=succeeded,
            failed=failed,
            dead_lettered=dead_lettered,
            oldest=self._counts.seconds_unfinished(mapping.uuid, most, left.waiting + left.in_flight),
        )
