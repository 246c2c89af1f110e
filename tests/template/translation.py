"""The template as CloudFormation gets it."""

import functools
from pathlib import Path
from typing import Any

import pytest
from samcli.lib.cfn_language_extensions.api import create_default_pipeline
from samcli.lib.cfn_language_extensions.models import (
    PseudoParameterValues,
    ResolutionMode,
    TemplateProcessingContext,
)
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from tests.support import HALVES

ROOT = Path(__file__).parents[2]
NAMES = [half.prefix for half in HALVES.values()]
each_queue = pytest.mark.parametrize("name", NAMES)
ACCOUNT, REGION, STACK = "123456789012", "us-east-1", "stack"


class ManagedPolicies:
    """AWS's managed policies by name: the template names none, so none has to be looked up."""

    def load(self) -> dict[str, str]:
        return {}


def read(*changes: tuple[str, str]) -> dict[str, Any]:
    """The template as it is written, after some replacements in its text, its code uploaded as `sam deploy` does."""
    text = (ROOT / "template.yaml").read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    template: dict[str, Any] = yaml_parse(text)
    for resource in template["Resources"].values():
        for place in ("CodeUri", "ContentUri"):
            path = resource.get("Properties", {}).get(place)
            if path is not None:
                resource["Properties"][place] = f"s3://bucket/{path.replace('/', '-')}"
    return template


def translate(**parameters: str) -> dict[str, Any]:
    """What SAM makes of it, with references to parameters left as they are where SAM does not need them."""
    translated: dict[str, Any] = transform(read(), parameters, ManagedPolicies())
    return translated


@functools.cache
def deploy(*changes: tuple[str, str], **parameters: str) -> dict[str, Any]:
    """What the transforms it names make of it for a deployment with these parameters: their values are in it.

    SAM's own LanguageExtensions, which leaves references to resources, but loses an Fn::Sub that has some left.
    """
    template = read(*changes)
    values = {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}
    assert parameters.keys() <= values.keys()
    values |= parameters
    context = TemplateProcessingContext(
        fragment=template,
        parameter_values=values,
        pseudo_parameters=PseudoParameterValues(
            account_id=ACCOUNT, region=REGION, stack_name=STACK, partition="aws", url_suffix="amazonaws.com"
        ),
        resolution_mode=ResolutionMode.PARTIAL,
    )
    if template["Transform"] == ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]:  # in this order
        template = create_default_pipeline(context).process_template(context)
    translated: dict[str, Any] = transform(template, values, ManagedPolicies())
    return translated


def properties(template: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def is_fifo(template: dict[str, Any], name: str) -> bool:
    return properties(template, f"{name}Queue").get("FifoQueue") is True


def resources_of_type(template: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}
