"""events/demo.yaml: what `make demo` sends shows every way in which a message can end."""

import pytest

from tests.conftest import ROOT
from tests.support import as_shipped

scenario = pytest.importorskip("sqslab.scenario.file")
End = scenario.End

pytestmark = as_shipped


@pytest.fixture(scope="module")
def messages():
    return scenario.read_scenario(ROOT / "events" / "demo.yaml").messages


def test_the_samples_show_every_end(messages):
    assert len(messages) == 40
    assert {entry.end for entry in messages if entry.queue == "StandardQueue"} == set(End)
    # the function gives up itself on FIFO, for the sake of those that wait behind
    assert {entry.end for entry in messages if entry.queue == "FifoQueue"} == {End.SUCCEEDED, End.BY_FUNCTION}


def test_a_sample_that_never_succeeds_has_others_waiting_behind_it(messages):
    movements = [entry for entry in messages if entry.group]
    (place,) = [place for place, entry in enumerate(movements) if entry.about == "always fails"]
    assert movements[place + 1].group == movements[place].group
