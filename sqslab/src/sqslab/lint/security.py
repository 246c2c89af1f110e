"""Encryption at rest and in transit."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from .rule import Path, QueueRule, at
from .template.consumers import find_queue, may_name_queue
from .template.values import Unknown, as_flag
from .template.view import Resource, View

# What brings a message in and what brings it out, in lower case.
_ACTIONS = ("sqs:sendmessage", "sqs:receivemessage")


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
            concerned = queues is None or any(may_name_queue(view, value, queue) for value in queues)
            if concerned and _denies(view, policy.properties, queue) is not False:
                return
        yield (
            ("Resources", queue.name),
            f"{queue.name} has no policy that denies requests without TLS: whoever sends to it over http:// sends the "
            "message and the signed request in plain text. Add an AWS::SQS::QueuePolicy that denies sqs:* where "
            "aws:SecureTransport is false.",
        )


def _denies(view: View, policy: Any, queue: Resource) -> bool | None:
    """Whether a policy denies what comes without TLS; None if it cannot be told."""
    statements = view.items(view.get(policy, "PolicyDocument", "Statement"))
    if statements is None or any(isinstance(statement, Unknown) for statement in statements):
        return None
    denying = [statement for statement in statements if _denies_plain_text(view, statement, queue)]
    return all(any(_covers(view, statement, action) for statement in denying) for action in _ACTIONS)


def _denies_plain_text(view: View, statement: Any, queue: Resource) -> bool:
    """Whether a statement denies anyone something on this queue without TLS."""
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
    principal = view.get(statement, "Principal")
    anyone = principal == "*" or "*" in (view.items(view.get(principal, "AWS")) or ())
    named = [find_queue(view, resource) for resource in view.items(view.get(statement, "Resource")) or ()]
    return anyone and (not named or any(found is None or found.name == queue.name for found in named))


def _covers(view: View, statement: Any, action: str) -> bool:
    """Whether a statement is about an action, or may be.

    Wildcards, the case and what NotAction means:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
    """
    excluded = view.get(statement, "NotAction")
    listed = view.items(view.get(statement, "Action") if excluded is None else excluded)
    if listed is None:
        return True
    patterns = [pattern.lower() for pattern in listed if isinstance(pattern, str)]
    matched = any(fnmatchcase(action, pattern) for pattern in patterns)
    if excluded is not None:
        return not matched
    return matched or len(patterns) < len(listed)
