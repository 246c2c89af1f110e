"""Read before every other file of tests.

pytest names sqslab/tests/ as a package `sqslab`, after its folder, and would take that for the installed one.
"""

import gc
from contextlib import suppress

with suppress(ImportError):
    import sqslab  # noqa: F401


def pytest_collection_finish() -> None:
    """Let no later collection of garbage look at what is there before the first test: botocore, moto, the tests."""
    gc.collect()
    gc.freeze()
