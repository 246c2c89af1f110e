"""Read before every other file of tests.

pytest names sqslab/tests/ as a package `sqslab`, after its folder, and would take that for the installed one.
"""

import gc
import os
from contextlib import suppress

import pytest

with suppress(ImportError):
    import sqslab  # noqa: F401


# What starts an emulator or a stack on it.
_LONG = {"deployed", "emulator", "forks", "outputs", "project", "run_local", "up"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for a time to pass."""
    return min((os.cpu_count() or 1) + 1, 6)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that take longest begin first, so that no process works on one of them when the others are done."""
    long = {item.path for item in items if _LONG.intersection(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """Let no later collection of garbage look at what is there before the first test: botocore, moto, the tests."""
    gc.collect()
    gc.freeze()
