"""`sqslab plan` with the names of this template's parameters, and what its notes take for granted of the template."""

import json

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.conftest import ROOT
from tests.support import of_fifo, of_standard

main = pytest.importorskip("sqslab.cli").main

STANDARD = ["plan", "--function-time", "0.1", "--parameter-names", str(ROOT / "events" / "plan-parameters.yaml")]
FIFO = [*STANDARD, "--fifo", "--groups", "50"]


def answer(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_it_shows_the_settings_as_overrides_of_the_template(capsys):
    assert main([*STANDARD, "--messages-per-second", "100"]) == 0
    # 100 x 0.1 s / 0.7; twice a batch of 1 s, and the reserve; 6 x 3 s + 1 s
    assert (
        "sam deploy --parameter-overrides StandardBatchSize=10 StandardBatchingWindow=1 MaximumConcurrency=15 "
        "FunctionTimeout=3 VisibilityTimeout=19 MaxReceiveCount=5 BackoffBase=30"
    ) in capsys.readouterr().out


def test_on_fifo_the_overrides_are_those_of_the_other_half(capsys):
    found = answer(capsys, *FIFO, "--backlog", "100", "--max-receive-count", "3")
    assert found["parameter_overrides"] == {
        "FifoBatchSize": 10,
        "MaximumConcurrency": 10,
        "FunctionTimeout": 3,
        "VisibilityTimeout": 18,
        "MaxReceiveCount": 3,
        "FifoQueueMaxReceiveCount": 60,  # 2 x 3 x 10
        "BackoffBase": 30,
    }


@pytest.mark.parametrize(
    "arguments",
    [pytest.param(STANDARD, marks=of_standard), pytest.param(FIFO, marks=of_fifo)],
    ids=["standard", "FIFO"],
)
def test_the_overrides_are_parameters_of_the_template(capsys, arguments):
    parameters = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    for name, value in answer(capsys, *arguments, "--backlog", "100")["parameter_overrides"].items():
        assert parameters[name]["MinValue"] <= value <= parameters[name]["MaxValue"]


@of_fifo
def test_the_settings_of_the_template_are_recommended_with_its_own_receive_count_of_the_fifo_queue(capsys):
    parameters = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    names = ("MaxReceiveCount", "FifoBatchSize", "FifoQueueMaxReceiveCount")
    tries, batch_size, most = (parameters[name]["Default"] for name in names)
    options = ["--max-receive-count", str(tries), "--batch-size", str(batch_size), "--backlog", "100"]
    assert answer(capsys, *FIFO, *options)["parameter_overrides"]["FifoQueueMaxReceiveCount"] == most


def test_messages_are_kept_in_the_queues_of_the_template_for_the_four_days_that_notes_speak_of():
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    for name in ("StandardQueue", "FifoQueue"):
        if name in resources:
            assert "MessageRetentionPeriod" not in resources[name]["Properties"]  # SQS's default is four days
