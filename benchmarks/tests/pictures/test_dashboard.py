"""The picture of the dashboard."""

import json

import pytest

from benchmarks.pictures.dashboard import draw, evaluate, rings, run_dashboard, translated, widgets_of
from benchmarks.pictures.sample_run import MINUTES, SampleMetrics
from benchmarks.settings import ROOT
from sqslab.errors import SqslabError
from tests.support import as_shipped

PICTURE = ROOT / "docs" / "dashboard.svg"


@pytest.fixture(scope="module")
def template():
    return translated(ROOT / "template.yaml")


def test_it_shows_every_title_and_alarm_of_the_definition(template, tmp_path):
    draw(template, file := tmp_path / "picture.svg")
    picture = file.read_text()
    for widget in widgets_of(template):
        shown = widget["properties"]
        for words in [shown.get("title"), shown.get("markdown", "").lstrip("# "), *shown.get("alarms", [])]:
            assert not words or words in picture


def test_the_same_definition_gives_the_same_picture(template, tmp_path):
    draw(template, tmp_path / "one.svg")
    draw(template, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.skipif(not PICTURE.exists(), reason="docs/ was deleted")
def test_the_picture_in_the_docs_is_of_this_definition(template):
    picture = PICTURE.read_text()
    for widget in widgets_of(template):
        assert widget["properties"].get("title", "") in picture
        for metric in widget["properties"].get("metrics", []):
            assert metric[-1].get("label", "") in picture


@pytest.mark.parametrize(
    ("expression", "values"),
    [("100 * a / b", [50.0, 0.0]), ("IF(b >= 2, a, 7)", [1.0, 7.0]), ("a + b - 1", [2.0, 0.0])],
)
def test_metric_math(expression, values):
    # CloudWatch shows nothing where it would have to divide by zero; we show 0
    assert evaluate(expression, {"a": [1, 1], "b": [2, 0]}) == values


@pytest.mark.parametrize("expression", ["RATE(a)", "c * 2", "a ** 2", "__import__('os')"])
def test_metric_math_that_is_not_known_is_one_clear_error(expression):
    with pytest.raises(SqslabError, match="Cannot draw the metric math"):
        evaluate(expression, {"a": [1], "b": [2]})


@as_shipped
def test_an_alarm_rings_when_the_sample_data_are_above_its_threshold(template):
    resources, parameters = template["Resources"], template["Parameters"]
    dead = resources["StandardDeadLetterQueueAlarm"]["Properties"]
    assert rings(dead, parameters, SampleMetrics())
    assert not rings(dead | {"Threshold": 1e9}, parameters, SampleMetrics())
    share = resources["StandardFailureShareAlarm"]["Properties"]
    assert not rings(share, parameters, SampleMetrics())  # the outage is over
    assert rings(share | {"Threshold": -1}, parameters, SampleMetrics())


def test_the_sample_data_are_the_same_each_time():
    metric = ("PartialBatch", "MessagesReceived", {"QueueName": "FifoQueue"})
    assert SampleMetrics().series(*metric) == SampleMetrics().series(*metric)
    assert len(SampleMetrics().series(*metric)) == MINUTES


@pytest.mark.parametrize("name", ["Errors", "Throttles"])
@pytest.mark.parametrize("prefix", ["Standard", "Fifo"])
def test_functions_fail_and_are_throttled_in_the_sample_data_until_the_outage_is_over(prefix, name):
    values = SampleMetrics().series("AWS/Lambda", name, {"FunctionName": f"{prefix}ConsumerFunction"})
    assert sum(values) > 0
    assert not any(values[: MINUTES // 3])
    assert not any(values[-MINUTES // 3 :])


def test_a_template_without_a_dashboard_is_one_clear_error():
    with pytest.raises(SqslabError, match="no AWS::CloudWatch::Dashboard"):
        widgets_of({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}, "Parameters": {}})


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path):
    with pytest.raises(SqslabError, match=r"Cannot write .*picture\.svg"):
        run_dashboard(tmp_path / "there-is-none" / "picture.svg")


def test_parameters_are_in_it_with_their_defaults(template):
    (share,) = [each for each in widgets_of(template) if "share of received" in each["properties"].get("title", "")]
    (line,) = share["properties"]["annotations"]["horizontal"]
    assert line["value"] == template["Parameters"]["FailureShare"]["Default"]
    assert "${" not in json.dumps(share)
