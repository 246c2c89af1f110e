"""Moving messages from a dead-letter queue back to where they belong: by SQS itself, or one by one.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sqslab.aws_errors import AWS_ERRORS, describe
from sqslab.dlq.dead_letters import held_dead_letters
from sqslab.errors import SqslabError
from sqslab.queues import MOST_PER_CALL, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mypy_boto3_sqs import SQSClient

    from sqslab.dlq.dead_letters import DeadLetter, DeadLetters
    from sqslab.simulator.clock import Clock

_SECONDS_BETWEEN_LOOKS = 1.0
# How an endpoint says that it does not know an operation. AWS's UnsupportedOperation is not in it: it also stands for
# "there is already a task running".
_UNKNOWN_OPERATION = ("InvalidAction", "UnknownOperationException")

type Tell = Callable[[str], None]


def find_source(sqs: SQSClient, dead_letter_url: str) -> str:
    """Find the queue that a dead-letter queue belongs to.

    Returns:
        Its URL.

    Raises:
        SqslabError: there is none, or more than one.
    """
    try:
        pages = sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=dead_letter_url)
        sources = [url for page in pages for url in page.get("queueUrls", [])]
    except ClientError as error:
        if not _is_unknown_operation(error):
            raise
        sources = list(_sources_by_policy(sqs, arn_of(sqs, dead_letter_url)))
    match sources:
        case [source]:
            return source
        case []:
            raise SqslabError(
                f"No queue has {name_of(dead_letter_url)} as its dead-letter queue. Say where to with --to."
            )
        case _:
            names = ", ".join(sorted(name_of(source) for source in sources))
            raise SqslabError(f"{name_of(dead_letter_url)} belongs to several queues: {names}. Say which with --to.")


def move_all(
    sqs: SQSClient, dead_letter_url: str, destination_url: str, rate: int | None, tell: Tell, clock: Clock
) -> int:
    """Move all messages that are in a dead-letter queue now.

    SQS does it (StartMessageMoveTask), standard or FIFO; where an endpoint has no such operation they are moved one by
    one. The destination is always named: SQS knows the source only of what it moved itself, and a task without one
    fails at the first message that a consumer has sent.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/troubleshooting-dlq-redrive.html

    Args:
        sqs: a client of the endpoint that has both queues.
        dead_letter_url: from where.
        destination_url: to where; of the same kind.
        rate: messages a second, at most; None for as fast as it goes.
        tell: hears how far it is.
        clock: whose time it is.

    Returns:
        How many were moved; approximately, if SQS did it.

    Raises:
        SqslabError: it stopped before the end, with the number of those that were moved.
    """
    request: dict[str, Any] = {
        "SourceArn": arn_of(sqs, dead_letter_url),
        "DestinationArn": arn_of(sqs, destination_url),
    }
    if rate is not None:
        request["MaxNumberOfMessagesPerSecond"] = rate
    try:
        handle = sqs.start_message_move_task(**request)["TaskHandle"]
    except ClientError as error:
        if not _is_unknown_operation(error):
            raise
        tell("This endpoint has no StartMessageMoveTask: moving one by one.")
        return _move_one_by_one(sqs, dead_letter_url, destination_url, rate, tell, clock)
    try:
        return _follow(sqs, request["SourceArn"], tell, clock)
    except KeyboardInterrupt:
        sqs.cancel_message_move_task(TaskHandle=handle)
        raise


def move_some(sqs: SQSClient, dead_letter_url: str, destination_url: str, ids: Collection[str], tell: Tell) -> int:
    """Move the messages with these ids, in the order in which the dead-letter queue gives them.

    Args:
        sqs: a client of the endpoint that has both queues.
        dead_letter_url: from where.
        destination_url: to where; of the same kind.
        ids: message ids, those of the dead-letter queue or those the messages had before.
        tell: hears of each.

    Returns:
        How many were moved.

    Raises:
        SqslabError: one of them is not found, and nothing was moved; or it stopped before the end.
    """
    with held_dead_letters(sqs, dead_letter_url) as dead_letters:
        chosen = _choose(dead_letters, dead_letter_url, ids)
        for number, dead_letter in enumerate(chosen):
            _move(sqs, dead_letters, dead_letter, destination_url, number)
            tell(f"moved {dead_letter.id}")
    return len(chosen)


def drop_some(sqs: SQSClient, dead_letter_url: str, ids: Collection[str], tell: Tell) -> int:
    """Delete the messages with these ids; as `move_some`, and nothing is sent."""
    with held_dead_letters(sqs, dead_letter_url) as dead_letters:
        chosen = _choose(dead_letters, dead_letter_url, ids)
        for dead_letter in chosen:
            dead_letters.delete(dead_letter)
            tell(f"deleted {dead_letter.id}")
    return len(chosen)


def arn_of(sqs: SQSClient, queue_url: str) -> str:
    """Give the ARN of a queue."""
    return sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _follow(sqs: SQSClient, source_arn: str, tell: Tell, clock: Clock) -> int:
    """Wait for the end of the task that was started last."""
    told = None
    while True:
        # The newest comes first: .../latest/APIReference/API_ListMessageMoveTasks.html
        (task,) = sqs.list_message_move_tasks(SourceArn=source_arn, MaxResults=1)["Results"]
        moved = task.get("ApproximateNumberOfMessagesMoved", 0)
        match task["Status"]:
            case "COMPLETED":
                return moved
            case "FAILED" | "CANCELLED" as end:
                reason = task.get("FailureReason", "no reason given")
                raise SqslabError(f"The task has the status {end} after {moved} messages: {reason}.")
        line = f"{moved} of about {task.get('ApproximateNumberOfMessagesToMove', '?')} moved"
        if line != told:
            tell(told := line)
        clock.wait(None, _SECONDS_BETWEEN_LOOKS)


def _move_one_by_one(
    sqs: SQSClient, dead_letter_url: str, destination_url: str, rate: int | None, tell: Tell, clock: Clock
) -> int:
    start, moved, skipped, told = clock.time(), 0, 0, 0
    with held_dead_letters(sqs, dead_letter_url) as dead_letters:
        while taken := dead_letters.take(MOST_PER_CALL):
            if moved > told:  # how many in the end, the caller says
                tell(f"{moved} moved so far")
                told = moved
            for dead_letter in taken:
                if dead_letter.sent_at > start:
                    skipped += 1
                    continue  # back again already, or new: moving those as well might never end
                if rate is not None and moved:
                    clock.wait(None, 1 / rate)
                _move(sqs, dead_letters, dead_letter, destination_url, moved)
                moved += 1
    if skipped:
        # SQS's clock may be ahead of ours, and then these were there before.
        tell(f"{skipped} not moved: by the queue's clock sent after this began; another redrive moves them")
    return moved


def _move(
    sqs: SQSClient, dead_letters: DeadLetters, dead_letter: DeadLetter, destination_url: str, before: int
) -> None:
    """Send first, then delete: whatever happens in between, the message is in one of the queues, or in both."""
    try:
        sqs.send_message(QueueUrl=destination_url, **_as_sent(dead_letter))
    except AWS_ERRORS as error:
        raise SqslabError(
            f"Stopped after {before} moved: {dead_letter.id} could not be sent to {name_of(destination_url)}, "
            f"{describe(error)}. It is still in the dead-letter queue."
        ) from error
    try:
        dead_letters.delete(dead_letter)
    except AWS_ERRORS as error:
        raise SqslabError(
            f"Stopped after {before} moved: {dead_letter.id} was sent to {name_of(destination_url)}, but could not be "
            f"deleted, {describe(error)}. It is in both queues now."
        ) from error


def _as_sent(dead_letter: DeadLetter) -> dict[str, Any]:
    request: dict[str, Any] = {"MessageBody": dead_letter.message["Body"]}
    if attributes := dead_letter.message.get("MessageAttributes"):
        request["MessageAttributes"] = attributes
    if dead_letter.group is not None:
        request["MessageGroupId"] = dead_letter.group
    if dead_letter.system("MessageDeduplicationId") is not None:
        # If we are killed before we can delete it, moving it again within five minutes does not send it twice.
        request["MessageDeduplicationId"] = dead_letter.id
    if (trace := dead_letter.system("AWSTraceHeader")) is not None:
        request["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    return request


def _choose(dead_letters: DeadLetters, dead_letter_url: str, ids: Collection[str]) -> list[DeadLetter]:
    found: dict[str, DeadLetter] = {}
    while missing := set(ids) - found.keys():
        taken = dead_letters.take(MOST_PER_CALL)
        if not taken:
            break
        for dead_letter in taken:
            found |= dict.fromkeys(missing & {dead_letter.id, dead_letter.source_id}, dead_letter)
    if missing:
        behind = " What stands behind ten others of its group cannot be reached." if is_fifo(dead_letter_url) else ""
        raise SqslabError(
            f"Not in {name_of(dead_letter_url)}, or received by somebody else just now: {', '.join(sorted(missing))}. "
            f"Nothing was done.{behind}"
        )
    # Two ids may name one message; dicts keep the order in which the queue gave them.
    return list({dead_letter.id: dead_letter for dead_letter in found.values()}.values())


def _sources_by_policy(sqs: SQSClient, dead_letter_arn: str) -> Iterator[str]:
    for page in sqs.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
            policy = json.loads(attributes.get("RedrivePolicy") or "{}")
            if policy.get("deadLetterTargetArn") == dead_letter_arn:
                yield url


def _is_unknown_operation(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in _UNKNOWN_OPERATION


def is_fifo(queue_url: str) -> bool:
    """Say whether it is a FIFO queue."""
    return name_of(queue_url).endswith(".fifo")
