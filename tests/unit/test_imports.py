"""What a cold start pays for the layer."""

import json
import subprocess
import sys

import pytest


def modules_after(code: str) -> set[str]:
    """The modules that a fresh interpreter, with what Lambda's runtime has loaded anyway, loads for this code."""
    script = (
        f"import sys, json, logging; before = set(sys.modules)\n{code}\nprint(json.dumps([*set(sys.modules) - before]))"
    )
    path = [entry for entry in sys.path if entry]
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {path!r}\n{script}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(json.loads(found.stdout))


LARGE = {"asyncio", "boto3", "botocore", "concurrent.futures", "dataclasses", "inspect", "typing"}


@pytest.mark.parametrize(
    "use",
    [
        "",
        "batch_handler(lambda message: message.json())({'Records': [{'messageId': '1', 'body': '{}'}]})",
        "batch_handler(lambda message: 1/0)({'Records': [{'messageId': '1', 'body': '{}'}]})",
    ],
)
def test_nothing_large_is_loaded_for_what_does_not_need_it(use: str) -> None:
    loaded = modules_after(f"from partial_batch import batch_handler\n{use}")

    assert "partial_batch.handlers" in loaded
    assert loaded & LARGE == set()


def test_asyncio_is_loaded_when_an_async_function_needs_it() -> None:
    code = "from partial_batch import batch_handler\nasync def f(message): ...\nbatch_handler(f)({'Records': []})"

    assert "asyncio" in modules_after(code)
