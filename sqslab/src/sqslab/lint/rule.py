"""What the rules have in common."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from .template.consumers import QUEUE, Connection, Consumer, connection, consumers
from .template.view import Resource, View, examine_cases

Path = tuple[str | int, ...]


class Rule(CloudFormationLintRule):
    """A rule that looks at each of its subjects in each case that the template's conditions allow."""

    tags = ["sqs", "lambda"]  # noqa: RUF012 cfn-lint declares it so

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Called by cfn-lint for each template.

        Args:
            cfn: the template, with the Globals merged into the functions.

        Returns:
            What the rule finds, each thing once.
        """
        found: dict[tuple[Path, str], None] = {}
        for parameters in [given.parameters for given in cfn.context.parameter_sets or []] or [{}]:
            for subject in self.subjects(cfn):
                look = partial(self.examine, subject=subject)
                found.update(dict.fromkeys(examine_cases(cfn, parameters, look)))
        return [RuleMatch(list(path), message) for path, message in found]

    def subjects(self, cfn: Template) -> Iterable[Any]:
        """What there is to look at."""
        raise NotImplementedError

    def examine(self, view: View, subject: Any) -> Iterator[tuple[Path, str]]:
        """What is wrong with one subject in one case: the path of each finding and its message."""
        raise NotImplementedError


class ConsumerRule(Rule):
    """A rule about a queue's event source mapping, in both ways of writing it."""

    def subjects(self, cfn: Template) -> Iterable[Consumer]:
        """The mappings."""
        return consumers(cfn)

    def examine(self, view: View, subject: Consumer) -> Iterator[tuple[Path, str]]:
        """What is wrong with one mapping."""
        connected = connection(view, subject)
        if connected is not None:
            yield from self.examine_consumer(view, subject, connected)

    def examine_consumer(self, view: View, consumer: Consumer, connected: Connection) -> Iterator[tuple[Path, str]]:
        """What is wrong with one mapping and what it connects."""
        raise NotImplementedError


class QueueRule(Rule):
    """A rule about a queue."""

    def subjects(self, cfn: Template) -> Iterable[str]:
        """The queues' logical ids."""
        return cfn.get_resources(QUEUE)

    def examine(self, view: View, subject: str) -> Iterator[tuple[Path, str]]:
        """What is wrong with one queue."""
        queue = view.resource(subject)
        if queue is not None:
            yield from self.examine_queue(view, queue)

    def examine_queue(self, view: View, queue: Resource) -> Iterator[tuple[Path, str]]:
        """What is wrong with one queue."""
        raise NotImplementedError


def at(resource: Resource, key: str) -> Path:
    """The path of a property, or of the resource's properties, or of the resource, whichever is there to point at."""
    path: Path = ("Resources", resource.name)
    if not resource.properties:
        return path
    return (*path, "Properties", key) if key in resource.properties else (*path, "Properties")


def in_mapping(consumer: Consumer, properties: Any, key: str) -> Path:
    """The path of a mapping's property, or of its properties if it has not got it."""
    return (*consumer.path, key) if isinstance(properties, dict) and key in properties else consumer.path
