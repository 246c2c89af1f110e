"""Read before every other file of tests.

pytest names sqslab/tests/ as a package `sqslab`, after its folder, and would take that for the installed one.
"""

from contextlib import suppress

with suppress(ImportError):
    import sqslab  # noqa: F401
