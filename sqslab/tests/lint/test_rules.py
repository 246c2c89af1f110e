"""What holds for every rule, and that docs/lint.md says the same as the rules."""

import re
from pathlib import Path

import pytest
from cfnlint.rules import CloudFormationLintRule

import sqslab.lint

RULES = [getattr(sqslab.lint, name) for name in sqslab.lint.__all__]
PAGE = Path(__file__).parents[2] / "docs" / "lint.md"
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@each_rule
def test_a_rule_says_what_cfn_lint_shows(rule):
    assert issubclass(rule, CloudFormationLintRule)
    assert re.fullmatch(r"[EW]99\d\d", rule.id)  # cfn-lint leaves 9xxx to others, and counts custom_rules from 9001
    assert rule.shortdesc
    assert rule.description
    assert rule.source_url.startswith("https://docs.aws.amazon.com/")
    assert "sqs" in rule.tags


def test_no_two_rules_have_the_same_number():
    assert len({rule.id[1:] for rule in RULES}) == len(RULES)


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation was dropped")
def test_the_page_lists_the_rules_as_they_are():
    written = [line for line in PAGE.read_text().splitlines() if re.match(r"\| \[[EW]99", line)]
    rules = sorted(RULES, key=lambda rule: rule.id[1:])
    assert written == [f"| [{rule.id}]({rule.source_url}) | {rule.shortdesc} | {rule.description} |" for rule in rules]
