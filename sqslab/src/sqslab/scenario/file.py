"""Reads a scenario: the messages to send, and how each of them is to end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import yaml

from sqslab.errors import SqslabError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DEADLINE_SECONDS = 300.0
_FIELDS = ("queue", "name", "about", "group", "deduplication_id", "attributes", "body", "end", "receives")
_MOST_BYTES = (
    1024 * 1024
)  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html


class End(Enum):
    """How a message ends."""

    SUCCEEDED = "succeeded"
    BY_SQS = "dead-lettered by SQS"
    BY_FUNCTION = "dead-lettered by the function"


@dataclass(frozen=True)
class ScenarioMessage:
    """One message to send.

    Attributes:
        queue: its queue's logical name in the template.
        name: what the summary calls it.
        body: the message body.
        end: how it is to end.
        receives: how often the function has to get it before that, at least.
        group: the message group id, None if it has none.
        about: what is special about it, empty if nothing is.
        deduplication_id: for a FIFO queue.
        attributes: message attributes, name to text.
    """

    queue: str
    name: str
    body: str
    end: End = End.SUCCEEDED
    receives: int = 1
    group: str | None = None
    about: str = ""
    deduplication_id: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """What a file lists.

    Attributes:
        messages: in the order in which they are sent.
        deadline_seconds: after which the messages that have not ended count as such.
    """

    messages: tuple[ScenarioMessage, ...]
    deadline_seconds: float

    @property
    def queues(self) -> list[str]:
        """The logical names of the queues, in the order in which the file names them first."""
        return list(dict.fromkeys(message.queue for message in self.messages))


def read_scenario(file: Path) -> Scenario:
    """Read a file.

    Raises:
        SqslabError: it cannot be read, or is wrong; with the line.
    """
    try:
        text = file.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise SqslabError(f"{file} cannot be read: {error}.") from error
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise SqslabError(f"{file}, line {line}: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise SqslabError(f"{file} is not YAML: {error}.") from error
    return _Reader(file).scenario(node)


class _Reader:
    """Makes a scenario from the nodes of a YAML file, which know their lines."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def scenario(self, node: yaml.Node | None) -> Scenario:
        fields = self._mapping(node, "The file", ("deadline_seconds", "messages"))
        listed = fields.get("messages")
        if not isinstance(listed, yaml.SequenceNode) or not listed.value:
            raise self._error(listed or node, "`messages` is missing: a list of messages")
        deadline = _DEADLINE_SECONDS
        if (given := fields.get("deadline_seconds")) is not None:
            deadline = self._value(given)
            if isinstance(deadline, bool) or not isinstance(deadline, int | float) or not deadline > 0:
                raise self._error(given, "`deadline_seconds` is not a number above 0")
        names: set[str] = set()
        messages = []
        for each in listed.value:
            message = self._message(each)
            if message.name in names:
                raise self._error(each, f"there is another message `{message.name}`")
            names.add(message.name)
            messages.append(message)
        return Scenario(tuple(messages), float(deadline))

    def _message(self, node: yaml.Node) -> ScenarioMessage:
        fields = self._mapping(node, "A message", _FIELDS)
        for name in ("queue", "name", "body"):
            if name not in fields:
                raise self._error(node, f"a message without `{name}`")
        queue, group = self._text(fields["queue"], "queue"), None
        if "group" in fields:
            group = self._text(fields["group"], "group")
        attributes = {}
        if "attributes" in fields:
            given = self._mapping(fields["attributes"], "`attributes`", None)
            attributes = {name: self._text(value, name) for name, value in given.items()}
        return ScenarioMessage(
            queue,
            self._text(fields["name"], "name"),
            self._body(fields["body"]),
            self._end(fields.get("end")),
            self._receives(fields.get("receives")),
            group,
            self._text(fields["about"], "about") if "about" in fields else "",
            self._text(fields["deduplication_id"], "deduplication_id") if "deduplication_id" in fields else None,
            attributes,
        )

    def _body(self, node: yaml.Node) -> str:
        """Take text as it is, and make JSON of anything else."""
        value = self._value(node)
        try:
            body = value if isinstance(value, str) else json.dumps(value)
        except TypeError as error:
            raise self._error(node, f"`body` cannot be written as JSON: {error}") from error
        if not body or len(body.encode()) > _MOST_BYTES:
            raise self._error(node, "`body` is empty or over 1 MiB, which SQS does not take")
        return body

    def _end(self, node: yaml.Node | None) -> End:
        if node is None:
            return End.SUCCEEDED
        value = self._value(node)
        for end in End:
            if value == end.value:
                return end
        raise self._error(node, f"`end` is none of: {', '.join(end.value for end in End)}")

    def _receives(self, node: yaml.Node | None) -> int:
        if node is None:
            return 1
        value = self._value(node)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._error(node, "`receives` is not a whole number above 0")
        return value

    def _text(self, node: yaml.Node, name: str) -> str:
        value = self._value(node)
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            raise self._error(node, f"`{name}` is not a text")
        return str(value)

    def _value(self, node: yaml.Node) -> Any:
        try:
            return yaml.SafeLoader("").construct_document(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self._error(node, str(error)) from error

    def _mapping(self, node: yaml.Node | None, what: str, known: tuple[str, ...] | None) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{what} is not a mapping of names to values")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if known is not None and name not in known:
                raise self._error(key, f"unknown field `{name}`; there are {', '.join(known)}")
            if name in found:
                raise self._error(key, f"`{name}` is given twice")
            found[name] = value
        return found

    def _error(self, node: yaml.Node | None, problem: str) -> SqslabError:
        line = 1 if node is None else node.start_mark.line + 1
        return SqslabError(f"{self._file}, line {line}: {problem}.")
