"""However broken a template is, no rule breaks down: cfn-lint would report that as its own error E0002."""

import copy
import json
from typing import Any

from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from samtranslator.yaml_helper import yaml_parse

from sqslab_testing.templates import CONDITIONS, EVENT, MAPPING, PLAIN, lint, template

TEMPLATES = [
    yaml_parse(
        template(
            way,
            visibility="!If [IsProd, 29, !Ref Window]",
            types="!If [IsProd, [ReportBatchItemFailures], !Ref AWS::NoValue]",
            metric="NumberOfMessagesSent",
            queue="QueueName: !Join ['-', [!Ref AWS::StackName, !Sub '${Stage}-orders']]",
            before=CONDITIONS,
        )
    )
    for way in (EVENT, MAPPING, PLAIN)
]
FUNCTIONS = ("Ref", "Condition", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Select", "Fn::If", "Fn::FindInMap")
ARGUMENTS = (None, "", "Orders", "Nowhere", "Orders.Arn", "${A}${B.C}${", [], [1, 2], ["IsProd", 1, {}], ["", [None]])
JUNK = st.one_of(
    st.sampled_from([None, "", "x", -1, 0, 10**400, 1.5, True, [], [None], {}, {"": None}]),
    st.builds(lambda name, argument: {name: argument}, st.sampled_from(FUNCTIONS), st.sampled_from(ARGUMENTS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
)


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a template."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    here = [path] if path else []
    return here + [found for key, value in inner for found in paths(value, (*path, key))]


def put(node: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value


@st.composite
def broken_templates(draw: st.DrawFn) -> Any:
    broken = copy.deepcopy(draw(st.sampled_from(TEMPLATES)))
    for _ in range(draw(st.integers(1, 3))):
        put(broken, draw(st.sampled_from(paths(broken))), copy.deepcopy(draw(JUNK)))
    return broken


@settings(max_examples=settings().max_examples // 3)
@given(broken_templates())
@example({"Resources": None})
@example({"Resources": {"Orders": None, "Ship": {"Type": ["AWS::SQS::Queue"]}}})
@example(
    {"Resources": {"Ship": {"Type": "AWS::Serverless::Function", "Properties": {"Events": {"Batch": {"Type": {}}}}}}}
)
def test_no_rule_breaks_down(broken):
    try:
        found = lint(json.dumps(broken), rules=["E0"])
    except Exception:  # cfn-lint itself breaks down before any rule runs; a rule's exception it catches
        reject()
    assert [match.message for match in found] == []
