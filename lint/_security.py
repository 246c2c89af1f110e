"""Encryption at rest and in transit."""

from collections.abc import Iterator
from typing import Any

from ._consumers import find_queue
from ._rule import Path, QueueRule, at
from ._values import UNKNOWN, as_flag
from ._view import Resource, View


class Encryption(QueueRule):
    """(n) A queue whose encryption is switched off."""

    id = "W9914"
    shortdesc = "A queue's messages are encrypted at rest"
    description = (
        "SQS encrypts a queue that says nothing, with its own key. One that says SqsManagedSseEnabled: false and "
        "names no KMS key keeps its messages in plain text."
    )
    source_url = (
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-sqs-sse-queue.html"
    )

    def examine_queue(self, view: View, queue: Resource) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        if as_flag(view.get(queue.properties, "SqsManagedSseEnabled")) is not False:
            return
        if view.get(queue.properties, "KmsMasterKeyId") in (None, ""):
            yield (
                at(queue, "SqsManagedSseEnabled"),
                f"{queue.name} has SqsManagedSseEnabled: false and no KmsMasterKeyId: SQS stores its messages in "
                "plain text. Remove the line, set it to true, or name a key in KmsMasterKeyId.",
            )


class TransportSecurity(QueueRule):
    """(n) A queue that takes and gives messages without TLS."""

    id = "W9915"
    shortdesc = "A queue refuses requests without TLS"
    description = (
        "Only a policy that denies where aws:SecureTransport is false keeps messages from being sent in plain text."
    )
    source_url = (
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html"
    )

    def examine_queue(self, view: View, queue: Resource) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        for policy in view.resources("AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy"):
            key = "Queues" if policy.type == "AWS::SQS::QueuePolicy" else "Queue"
            queues = view.items(view.get(policy.properties, key))
            if queues is None or UNKNOWN in queues:
                return  # it may be this queue's
            concerned = any(_names(view, value, queue) for value in queues)
            if concerned and _denies(view, policy.properties, queue) is not False:
                return
        yield (
            ("Resources", queue.name),
            f"{queue.name} has no policy that denies requests without TLS: whoever sends to it over http:// sends the "
            "message and the signed request in plain text. Add an AWS::SQS::QueuePolicy that denies sqs:* where "
            "aws:SecureTransport is false.",
        )


def _names(view: View, value: Any, queue: Resource) -> bool:
    found = find_queue(view, value)
    return found is not None and found.name == queue.name


def _denies(view: View, policy: Any, queue: Resource) -> bool | None:
    """Whether a policy denies what comes without TLS; None if it cannot be told."""
    statements = view.items(view.get(policy, "PolicyDocument", "Statement"))
    if statements is None or UNKNOWN in statements:
        return None
    return any(_denies_plain_text(view, statement, queue) for statement in statements)


def _denies_plain_text(view: View, statement: Any, queue: Resource) -> bool:
    conditions = view.get(statement, "Condition")
    secure = [
        value
        for operator, test in (conditions.items() if isinstance(conditions, dict) else ())
        if str(operator).lower() in ("bool", "boolifexists") and isinstance(test, dict)
        for key in test
        if str(key).lower() == "aws:securetransport"
        for value in view.items(test[key]) or ()
    ]
    if view.get(statement, "Effect") != "Deny" or not any(as_flag(value) is False for value in secure):
        return False
    actions = [str(action).lower() for action in view.items(view.get(statement, "Action")) or ()]
    everything = {"*", "sqs:*"} & set(actions) or {"sqs:sendmessage", "sqs:receivemessage"} <= set(actions)
    principal = view.get(statement, "Principal")
    anyone = principal == "*" or "*" in (view.items(view.get(principal, "AWS")) or ())
    named = [find_queue(view, resource) for resource in view.items(view.get(statement, "Resource")) or ()]
    concerned = not named or any(found is None or found.name == queue.name for found in named)
    return bool(everything) and anyone and concerned
