"""The function's own dead-letter queue, which is not the queue's."""

from collections.abc import Iterator

from .redrive import dead_letter_queue
from .rule import ConsumerRule, Path, at
from .template.consumers import Connection, Consumer, find_queue, function_of
from .template.view import Resource, View

# Sources that call a function and wait for it. What the others cannot deliver does go to its dead-letter queue:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
_SYNCHRONOUS = (
    *("AlexaSkill", "Api", "Cognito", "DocumentDB", "DynamoDB", "HttpApi"),
    *("Kinesis", "MQ", "MSK", "SQS", "SelfManagedKafka"),
)


class FunctionDeadLetters(ConsumerRule):
    """(o) A function's dead-letter queue in place of the queue's."""

    id = "W9916"
    shortdesc = "A function's dead-letter queue does not stand in for the queue's"
    description = (
        "A function's DeadLetterQueue (DeadLetterConfig) is for asynchronous invocations. Lambda calls the function "
        "synchronously for a queue, so none of the queue's messages ever gets there."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        function, queue = connected.function, connected.queue
        if function is None:
            return
        key = "DeadLetterQueue" if function.type == "AWS::Serverless::Function" else "DeadLetterConfig"
        if view.get(function.properties, key) is None or _is_invoked_asynchronously(view, function):
            return
        if queue and view.get(queue.properties, "RedrivePolicy") is not None:
            target = find_queue(view, view.get(function.properties, key, "TargetArn"))
            if target is None or target != dead_letter_queue(view, queue):
                return  # the queue has its own, and this one is for something else
        yield (
            at(function, key),
            f"{function.name}'s {key} gets nothing from {consumer.name}: it is for asynchronous invocations, and "
            "Lambda invokes a queue's consumer synchronously, so a message that fails never gets there. Remove it; "
            f"what has to name a dead-letter queue is the RedrivePolicy of {queue.name if queue else 'the queue'}.",
        )


def _is_invoked_asynchronously(view: View, function: Resource) -> bool:
    """Whether the template lets anything else call the function that may not wait for it."""
    written = view.get(function.properties, "Events")
    for event in written.values() if isinstance(written, dict) else ():
        if view.get(event, "Type") not in _SYNCHRONOUS:
            return True
    for permission in view.resources("AWS::Lambda::Permission"):
        invoked = function_of(view, view.get(permission.properties, "FunctionName"))
        if invoked and invoked.name == function.name:
            return True
    return False
