"""The layer that handles the partial failures of a batch, where a project has one."""

import re
from collections.abc import Iterator
from typing import Any

from .rule import ConsumerRule, Path, at
from .template.consumers import FUNCTIONS, Connection, Consumer
from .template.values import Attribute, Unknown, as_text
from .template.view import Resource, View

_LAYERS = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")


def _plain(name: str) -> str:
    """A name without case and punctuation: my_layer, my-layer and MyLayer are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_layer(view: View, value: Any, layer: str) -> bool:
    """Whether an element of a function's Layers is the layer: a resource of this template or an ARN that names it."""
    if isinstance(value, Attribute):
        found = view.resource(value.of)
        return found is not None and found.type in _LAYERS and _defines(view, found, layer)
    named = as_text(value)
    # arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION
    name = named.split(":")[6:7] if named else []
    return len(name) == 1 and len(name[0]) == 1 and isinstance(name[0][0], str) and _plain(name[0][0]) == _plain(layer)


def _defines(view: View, resource: Resource, layer: str) -> bool:
    """Whether a layer's name, its folder or its logical id says that it is the one."""
    names = [resource.name, resource.name.removesuffix("Version").removesuffix("Layer")]
    for key in ("LayerName", "ContentUri"):
        value = view.get(resource.properties, key)
        if isinstance(value, str):
            names.append(value.rstrip("/").rsplit("/", 1)[-1])
    return _plain(layer) in map(_plain, names)


def has_layer(view: View, function: Resource, layer: str) -> bool | None:
    """Whether a function has the layer; None if its layers are not known."""
    layers = view.items(view.get(function.properties, "Layers"))
    if layers is None:
        return None
    if any(_is_layer(view, value, layer) for value in layers):
        return True
    return None if any(isinstance(value, Unknown) or as_text(value) is None for value in layers) else False


class ConsumerWithoutLayer(ConsumerRule):
    """(k) A consumer that has not got the layer."""

    id = "W9911"
    shortdesc = "A consumer has the layer that handles partial failures"
    description = (
        "Where `layer` is configured and the template has that layer (a layer version or an ARN named like it), each "
        "Python function behind an SQS mapping has it. A template without it is not looked at, unless `required` is "
        "configured."
    )
    source_url = "https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html"

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {
            "layer": {"default": "", "type": "string"},
            "required": {"default": False, "type": "boolean"},
        }

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """See Rule."""
        function, layer = connected.function, self.config["layer"]
        if function is None or not layer or has_layer(view, function, layer) is not False:
            return
        # The layer is Python, and a function from an image has no layers.
        runtime = view.get(function.properties, "Runtime")
        if not isinstance(runtime, str) or not runtime.startswith("python"):
            return
        if self.config["required"] or self._is_used(view, layer):
            yield (
                at(function, "Layers"),
                f"{function.name} consumes a queue ({consumer.name}) and has not got the layer {layer}, as others "
                f"here do: importing {layer} fails, and what it answers for a failed message is its own affair. Add "
                "the layer to its Layers or to Globals.Function.Layers.",
            )

    def _is_used(self, view: View, layer: str) -> bool:
        if any(_defines(view, found, layer) for found in view.resources(*_LAYERS)):
            return True
        return any(has_layer(view, function, layer) for function in view.resources(*FUNCTIONS))
