"""What a plan is made from: the messages, and the settings of the template that carries them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqslab.mapping.record import fitting, make_record, record_json

_QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:queue"
_HANDLE = "A" * 412  # as long as SQS's receipt handles are; nothing documents it


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The messages.

    Attributes:
        message_seconds: what the function takes for one message.
        batch_seconds: what it takes for each invocation besides, whatever the batch holds.
        rate: messages sent a second.
        backlog: messages that wait already.
        failure_rate: the probability with which an attempt fails, 0 to 1.
        message_bytes: of a body.
        fifo: whether the queue is FIFO.
        groups: FIFO only: among how many message groups the messages are spread evenly.
    """

    message_seconds: float
    batch_seconds: float = 0.0
    rate: float = 0.0
    backlog: int = 0
    failure_rate: float = 0.0
    message_bytes: int = 1024
    fifo: bool = False
    groups: int = 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How they are carried, in the words of the template's parameters.

    Attributes:
        batch_size: messages a batch, at most.
        window: seconds to wait for a fuller batch; 0 on FIFO.
        concurrency: messages that the handler runs at once, its option `concurrency`.
        maximum_concurrency: batches at once, at most.
        function_timeout: seconds.
        visibility_timeout: seconds.
        max_receive_count: how often a message is tried.
        backoff_base: seconds a message is hidden after its first failure, at most.
        memory: of the function, in MB.
    """

    batch_size: int
    window: int
    concurrency: int
    maximum_concurrency: int
    function_timeout: int
    visibility_timeout: int
    max_receive_count: int
    backoff_base: int
    memory: int = 256


def full_batch(workload: Workload, batch_size: int) -> int:
    """Say how many messages a full batch has: BatchSize, or less if its payload reaches 6 MB before.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    message = {"MessageId": "0" * 36, "ReceiptHandle": _HANDLE, "Body": "x" * workload.message_bytes}
    system = {"SenderId": "A" * 21, "ApproximateReceiveCount": "1"}
    system |= dict.fromkeys(("SentTimestamp", "ApproximateFirstReceiveTimestamp"), "1700000000000")
    if workload.fifo:
        system |= {"SequenceNumber": "0" * 20, "MessageGroupId": "0" * 36, "MessageDeduplicationId": "0" * 36}
    record = make_record({**message, "Attributes": system, "MD5OfBody": "0" * 32}, _QUEUE_ARN)  # type: ignore[typeddict-item]
    return fitting([len(record_json(record))] * batch_size)


def batch_duration(workload: Workload, messages: float, concurrency: int) -> float:
    """Say how many seconds the function takes for a batch in which nothing waits.

    On FIFO a full batch is of one message group, as far as SQS can, and its messages run one after the other:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html

    Args:
        workload: says what each message takes.
        messages: in the batch; a mean need not be whole.
        concurrency: messages at once.
    """
    if workload.fifo:
        concurrency = 1
    turns = math.ceil(messages / concurrency) if messages == int(messages) else max(1.0, messages / concurrency)
    return workload.batch_seconds + turns * workload.message_seconds
