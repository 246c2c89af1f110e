"""Every sample event, given to its consumer in this process, gets exactly the response that lies beside it."""

import json
import runpy
from pathlib import Path

import pytest

from tests.support import HALVES

ROOT = Path(__file__).parents[2]
EVENT_FILES = sorted(path for path in (ROOT / "events").glob("*/*.json") if "." not in path.stem)


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def with_partner(what):
    """The events that have this partner, and the partner."""
    pairs = [(path, path.with_suffix(f".{what}.json")) for path in EVENT_FILES]
    return [
        pytest.param(path.parent.name, load(path), load(partner), id=f"{path.parent.name}/{path.stem}")
        for path, partner in pairs
        if partner.exists()
    ]


@pytest.fixture
def handler(kind, monkeypatch):
    """The consumer's handler in the environment that sam local gives it: a logical id where the URL belongs."""
    half = HALVES[kind]
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", f"{half.prefix}DeadLetterQueue")
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    # The consumer reads its environment when it is imported, so it is run anew.
    return runpy.run_path(ROOT / half.code / "app.py", run_name="app")["lambda_handler"]


@pytest.mark.parametrize(("kind", "event", "response"), with_partner("response"))
def test_a_batch_gets_its_response(handler, event, response):
    assert handler(event, None) == response


@pytest.mark.parametrize(("kind", "event", "error"), with_partner("error"))
def test_what_is_no_batch_gets_its_error(handler, event, error):
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is what the file says
        handler(event, None)
    assert {"errorType": type(raised.value).__name__, "errorMessage": str(raised.value)} == error
