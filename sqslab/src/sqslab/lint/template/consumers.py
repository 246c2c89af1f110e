"""The event source mappings of a template, in both ways of writing one, and what they connect."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cfnlint.template import Template

from .naming import find, may_name
from .values import Attribute, as_flag, as_text
from .view import Resource, View

FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
QUEUE = "AWS::SQS::Queue"
MAPPING = "AWS::Lambda::EventSourceMapping"


@dataclass(frozen=True)
class Consumer:
    """An event source mapping as it is written.

    Attributes:
        path: where it stands in the template, down to its properties.
        owner: the resource it stands in: the mapping itself, or the function whose event it is.
        name: how messages call it.
        event: its name among the function's events, or None if it is an explicit mapping.
    """

    path: tuple[str, ...]
    owner: str
    name: str
    event: str | None


@dataclass(frozen=True)
class Connection:
    """What a mapping of an SQS queue connects, in one case of the template.

    Attributes:
        properties: the mapping's own.
        function: None if it is not in the template or cannot be told.
        queue: None if it is not in the template or cannot be told.
        fifo: None if that cannot be told.
    """

    properties: Any
    function: Resource | None
    queue: Resource | None
    fifo: bool | None


def events(cfn: Template) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each event of each function: the function's logical id, the event's name, the event."""
    for name, resource in cfn.get_resources("AWS::Serverless::Function").items():
        properties = resource.get("Properties")
        written = properties.get("Events") if isinstance(properties, dict) else None
        for event_name, event in written.items() if isinstance(written, dict) else ():
            if isinstance(event, dict):
                yield name, event_name, event


def consumers(cfn: Template) -> Iterator[Consumer]:
    """Each explicit mapping, of whatever source, and each event of type SQS."""
    for name in cfn.get_resources(MAPPING):
        yield Consumer(("Resources", name, "Properties"), name, name, None)
    for name, event_name, event in events(cfn):
        if event.get("Type") == "SQS":
            path = ("Resources", name, "Properties", "Events", event_name, "Properties")
            yield Consumer(path, name, f"{name}'s event {event_name}", event_name)


def connection(view: View, consumer: Consumer) -> Connection | None:
    """What the mapping connects; None if it is not in this case of the template or its source is no SQS queue."""
    owner = view.resource(consumer.owner)
    if owner is None:
        return None
    if consumer.event is None:
        properties: Any = owner.properties
        source = view.get(properties, "EventSourceArn")
        function = function_of(view, view.get(properties, "FunctionName"))
    else:
        properties = view.get(owner.properties, "Events", consumer.event, "Properties")
        source = view.get(properties, "Queue")
        function = owner
    queue = find_queue(view, source)
    arn = as_text(source)
    fields = arn.split(":") if arn else []
    if consumer.event is None and queue is None and fields[2:3] != [("sqs",)]:
        return None
    return Connection(properties, function, queue, is_fifo(view, queue) if queue else _named_fifo(source))


def find_queue(view: View, value: Any) -> Resource | None:
    """The queue of this template that a value surely names, if it does."""
    return find(view, value, QUEUE, service="sqs", key="QueueName")


def may_name_queue(view: View, value: Any, queue: Resource) -> bool:
    """Whether a value names a queue of this template or may do so, for all that is known."""
    return may_name(view, value, queue, service="sqs", key="QueueName")


def is_fifo(view: View, queue: Resource) -> bool | None:
    """Whether a queue of this template is FIFO; None if that cannot be told."""
    written = view.get(queue.properties, "FifoQueue")
    if written is None:
        return bool(_named_fifo(view.get(queue.properties, "QueueName")))
    return as_flag(written)


def _named_fifo(value: Any) -> bool | None:
    """Whether a name or ARN is a FIFO queue's, which always ends in .fifo."""
    named = as_text(value)
    if named is None or not isinstance(named.pieces[-1], str):
        return None
    return named.pieces[-1].endswith(".fifo")


def function_of(view: View, value: Any) -> Resource | None:
    """The function that a value names: itself, one of its versions or aliases, by reference, name or ARN."""
    names = {"service": "lambda", "key": "FunctionName"}
    if isinstance(value, Attribute):
        # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html#sam-resource-function-return-values
        name, _, attribute = value.of.partition(".")
        if attribute in ("Alias", "Version"):
            value = Attribute(name)
        pointer = view.resource(value.of)
        if pointer and pointer.type in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            return find(view, view.get(pointer.properties, "FunctionName"), *FUNCTIONS, **names)
    return find(view, value, *FUNCTIONS, **names)
