"""A template in one of the cases its conditions allow, with its functions resolved as far as they can be."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfnlint.conditions import UnknownSatisfisfaction
from cfnlint.template import Template

from .values import Attribute, Text, Unknown, as_number, text

CASES = 64  # A template whose conditions allow more is examined in that many.


@dataclass(frozen=True)
class Resource:
    """A resource that exists in this case."""

    name: str
    type: str
    properties: Mapping[str, Any]


class Undecided(Exception):
    """The case says nothing yet of a condition that decides a value."""

    def __init__(self, condition: str) -> None:
        self.condition = condition


class View:
    """One case of a template.

    Args:
        cfn: the template, with its Globals merged (which cfn-lint does before it runs the rules).
        conditions: what holds in this case; a condition that is missing raises Undecided when it is needed.
        parameters: values that were given (`cfn-lint --parameters`); the others have their defaults.
    """

    def __init__(self, cfn: Template, conditions: Mapping[str, bool], parameters: Mapping[str, Any]) -> None:
        self.cfn = cfn
        self._conditions = dict(conditions)
        self._parameters = parameters
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Select": self._select,
        }

    def resources(self, *types: str) -> Iterator[Resource]:
        """The resources of these types that exist in this case."""
        for name, resource in self.cfn.get_resources().items():
            if resource.get("Type") in types and (found := self.resource(name)):
                yield found

    def resource(self, name: str) -> Resource | None:
        """The resource of that logical id, or None if this case has none."""
        resource = self.cfn.get_resources().get(name)
        if resource is None or not isinstance(resource["Type"], str):
            return None
        condition = resource.get("Condition")
        if isinstance(condition, str) and not self._holds(condition):
            return None
        properties = self.value(resource.get("Properties"))
        return Resource(name, resource["Type"], properties if isinstance(properties, dict) else {})

    def get(self, mapping: Any, *keys: str) -> Any:
        """What stands under the keys, one within the other: None if nothing does, an Unknown if that is not known."""
        value = self.value(mapping)
        for key in keys:
            if not isinstance(value, dict):
                return Unknown() if isinstance(value, Unknown | Attribute | Text) else None
            value = self.value(value.get(key))
        return value

    def number(self, mapping: Any, *keys: str, default: int) -> int | None:
        """The whole number under the keys: the default if nothing stands there, None if it is not known."""
        value = self.get(mapping, *keys)
        return default if value is None else as_number(value)

    def items(self, value: Any) -> list[Any] | None:
        """The elements of a list, or the one element that stands there without a list; None if not known."""
        value = self.value(value)
        if value is None:
            return []
        if isinstance(value, Unknown):
            return None
        elements = [self.value(element) for element in value] if isinstance(value, list) else [value]
        return [element for element in elements if element is not None]

    def value(self, node: Any) -> Any:
        """Resolve a value; what is inside of a list or dict is left as it is.

        Returns:
            None for nothing (`AWS::NoValue`); a str, number, bool, list or dict; an Attribute for what a resource
            gives; a Text; or an Unknown, named if it is a parameter or a function whose value another use shares.

        Raises:
            Undecided: a condition decides, and this case says nothing of it.
        """
        if isinstance(node, str) and "{{resolve:" in node:
            return Unknown(node)
        if isinstance(node, dict) and len(node) == 1:
            [(name, argument)] = node.items()
            if name in self._functions:
                return self._functions[name](argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                return Unknown(repr(node))
        return node

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            return Unknown()
        if name == "AWS::NoValue":
            return None
        if name in self.cfn.get_parameters_valid():
            return self._parameter(name)
        return Attribute(name)

    def _parameter(self, name: str) -> Any:
        parameter = self.cfn.get_parameters_valid()[name]
        value = self._parameters.get(name, parameter.get("Default"))
        if value is None or parameter["Type"].startswith("AWS::SSM::") or isinstance(value, dict):
            return Unknown(name)
        if self._conditions and not possible(self.cfn, self._conditions, {name: str(value)}):
            return Unknown(name)  # in this case the parameter has another value
        if parameter["Type"] == "CommaDelimitedList" or parameter["Type"].startswith("List<"):
            return [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        return value

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if isinstance(parts, list) and len(parts) == 2 and all(isinstance(part, str) for part in parts):
            return Attribute(*parts)
        return Unknown()

    def _sub(self, argument: Any) -> Any:
        template, variables = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(template, str) or not isinstance(variables, dict):
            return Unknown()
        pieces: list[Any] = []
        # ${!Name} stands for the text ${Name}:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html
        for literal, name in re.findall(r"((?:[^$]|\$(?!\{)|\$\{!)+)|\$\{([^}]*)\}", template):
            if literal:
                pieces.append(literal.replace("${!", "${"))
            elif name in variables:
                pieces.append(self.value(variables[name]))
            elif "." in name and name.split(".", 1)[0] in self.cfn.get_resources():
                pieces.append(self._get_att(name))
            else:
                pieces.append(self._ref(name.strip()))
        return text(pieces)

    def _join(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
            return Unknown()
        parts = self.items(argument[1])
        if parts is None:
            return Unknown()
        return text([piece for part in parts for piece in (argument[0], part)][1:])

    def _if(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str)):
            return Unknown()
        return self.value(argument[1] if self._holds(argument[0]) else argument[2])

    def _holds(self, condition: str) -> bool:
        if condition not in self._conditions:
            raise Undecided(condition)
        return self._conditions[condition]

    def _find_in_map(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 3):
            return Unknown()
        found = self.cfn.template.get("Mappings")
        for part in argument:
            key = self.value(part)
            if not isinstance(found, dict) or not isinstance(key, str | int):
                return Unknown()
            found = found.get(key, found.get(str(key)))
        return Unknown() if found is None else found

    def _select(self, argument: Any) -> Any:
        if not (isinstance(argument, list) and len(argument) == 2):
            return Unknown()
        index, elements = as_number(self.value(argument[0])), self.value(argument[1])
        if index is None or not isinstance(elements, list) or not 0 <= index < len(elements):
            return Unknown()
        return self.value(elements[index])


def possible(cfn: Template, conditions: Mapping[str, bool], parameters: Mapping[str, Any]) -> bool:
    """Whether the conditions can hold together, with these values of parameters."""
    if not any(cfn.conditions.build_scenarios({name: {holds} for name, holds in conditions.items()})):
        return False
    try:
        return not parameters or bool(cfn.conditions.satisfiable(dict(conditions), dict(parameters)))
    except UnknownSatisfisfaction:
        return True


def examine_cases(
    cfn: Template, parameters: Mapping[str, Any], examine: Callable[[View], Iterable[Any]]
) -> Iterator[Any]:
    """What examine finds in each case that its questions tell apart and that the conditions allow."""
    cases: list[dict[str, bool]] = [{}]
    for _ in range(CASES):
        if not cases:
            return
        case = cases.pop()
        try:
            yield from list(examine(View(cfn, case, parameters)))
        except Undecided as undecided:
            for holds in (False, True):
                split = {**case, undecided.condition: holds}
                if possible(cfn, split, parameters):
                    cases.append(split)
