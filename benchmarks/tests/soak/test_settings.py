"""What is proved to lose nothing is what template.yaml sets up."""

from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from benchmarks import settings
from benchmarks.compare import shop
from tests.support import of_fifo

TEMPLATE = yaml_parse((Path(__file__).parents[3] / "template.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", [settings, shop], ids=["benchmarks", "compare"])
@pytest.mark.parametrize(
    ("constant", "parameter"),
    [
        ("MAX_RECEIVE_COUNT", "MaxReceiveCount"),
        pytest.param("BATCH_SIZE", "FifoBatchSize", marks=of_fifo),
        pytest.param("QUEUE_MAX_RECEIVE_COUNT", "FifoQueueMaxReceiveCount", marks=of_fifo),
    ],
)
def test_retries_are_those_of_the_template(module, constant, parameter):
    assert getattr(module, constant) == TEMPLATE["Parameters"][parameter]["Default"]
