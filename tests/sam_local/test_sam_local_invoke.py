"""Every sample event, given to the built function in Docker, gets exactly the response that lies beside it."""

import json
from pathlib import Path

import pytest

from tests.support import HALVES

EVENTS = Path(__file__).parents[2] / "events"
EVENT_FILES = sorted(path for path in EVENTS.glob("*/*.json") if "." not in path.stem)
FUNCTIONS = {kind: f"{half.prefix}ConsumerFunction" for kind, half in HALVES.items()}


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def with_partner(what):
    """The events that have this partner, and the partner."""
    pairs = [(path, path.with_suffix(f".{what}.json")) for path in EVENT_FILES]
    return [
        pytest.param(path, load(partner), id=f"{path.parent.name}/{path.stem}")
        for path, partner in pairs
        if partner.exists()
    ]


def named(*cases):
    """The events of these names; a fork has others."""
    return [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in EVENT_FILES if path.stem in cases]


@pytest.mark.parametrize(("event", "response"), with_partner("response"))
def test_a_batch_gets_its_response(invoke, event, response):
    assert json.loads(invoke(FUNCTIONS[event.parent.name], event).stdout) == response


@pytest.mark.parametrize(("event", "error"), with_partner("error"))
def test_what_is_no_batch_gets_its_error(invoke, event, error):
    payload = json.loads(invoke(FUNCTIONS[event.parent.name], event).stdout)
    assert {field: payload.get(field) for field in ("errorType", "errorMessage")} == error


@pytest.mark.parametrize("event", named("malformed-body", "permanent-failure"))
def test_a_permanent_failure_is_reported_without_trying_to_send_it(invoke, event):
    log = invoke(FUNCTIONS[event.parent.name], event).stderr
    # Trying would take as long as the SDK's timeouts and retries do.
    assert "is not a queue's URL" in log


@pytest.mark.parametrize("event", named("some-fail"))
def test_nothing_is_asked_of_sqs_for_a_failed_message(invoke, event):
    log = invoke(FUNCTIONS[event.parent.name], event).stderr
    # The visibility timeout is not changed, of whatever queue has that name in the user's account.
    assert "under sam local there is no queue" in log
