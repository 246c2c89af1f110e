"""The dashboard: is it keeping up, what fails, what is dead."""

import json
import re
from typing import Any

import pytest

from tests.template.translation import each_queue, properties, resources_of_type


@pytest.fixture(scope="session")
def widgets(template: dict[str, Any]) -> list[dict[str, Any]]:
    """Its widgets, with the names in the template where the real ones go."""
    body = properties(template, "Dashboard")["DashboardBody"]["Fn::Sub"]
    defaults = {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}
    found: list[dict[str, Any]] = json.loads(
        re.sub(r"\$\{([\w:]+)(\.\w+)?\}", lambda match: defaults.get(match[1], match[1]), body)
    )["widgets"]
    return found


@pytest.fixture(scope="session")
def metrics(widgets: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    return {
        tuple(part for part in metric if isinstance(part, str))
        for widget in widgets
        if widget["type"] == "metric"
        for metric in widget["properties"]["metrics"]
    }


def test_it_asks_three_questions(widgets: list[dict[str, Any]]) -> None:
    assert [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"] == [
        "## Is it keeping up?",
        "## What fails?",
        "## What is dead?",
    ]


def test_it_shows_the_state_of_every_alarm(template: dict[str, Any], widgets: list[dict[str, Any]]) -> None:
    (alarms,) = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]

    assert sorted(alarms) == sorted(resources_of_type(template, "AWS::CloudWatch::Alarm"))


@each_queue
def test_it_answers_for_each_queue(metrics: set[tuple[str, ...]], name: str) -> None:
    queue, dead = ("QueueName", f"{name}Queue"), ("QueueName", f"{name}DeadLetterQueue")
    function = ("FunctionName", f"{name}ConsumerFunction")

    assert {
        # is it keeping up
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", *queue),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", *queue),
        ("AWS/Lambda", "ConcurrentExecutions", *function),
        # what fails
        ("PartialBatch", "MessagesFailed", *function, *queue),
        ("PartialBatch", "MessagesReceived", *function, *queue),
        ("AWS/Lambda", "Errors", *function),
        ("AWS/Lambda", "Throttles", *function),
        # what is dead
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", *dead),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", *dead),
        ("PartialBatch", "MessagesDeadLettered", *function, *queue),
    } <= metrics


def test_every_metric_is_of_a_resource_there_is(template: dict[str, Any], metrics: set[tuple[str, ...]]) -> None:
    assert {dimension for metric in metrics for dimension in metric[3::2]} <= template["Resources"].keys()


def test_widgets_lie_in_the_grid_and_not_on_each_other(widgets: list[dict[str, Any]]) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert all(0 <= x < 24 for x, _ in cells)
        taken |= cells
