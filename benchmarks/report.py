"""The file of results, of which each benchmark writes its own part."""

from __future__ import annotations

import datetime
import os
import platform
import re
import textwrap
from pathlib import Path

RESULTS = Path(__file__).with_name("results.md")


def write_part(text: str, path: Path = RESULTS) -> None:
    """Put a part into the file of results, in the place of the one with the same title.

    Args:
        text: Markdown. Its first line is the title, `# ` and its name; there is no other line that begins so.
        path: the file; it need not exist.
    """
    old = path.read_text() if path.exists() else ""
    parts = {part.partition("\n")[0]: part.strip() for part in re.split(r"(?m)^(?=# )", old) if part.strip()}
    parts[text.partition("\n")[0]] = text.strip()
    path.write_text("\n\n".join(parts.values()) + "\n")


def markdown(headings: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """Make a table whose columns, but the first, are numbers."""
    rule = ["---"] + ["---:"] * (len(headings) - 1)
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, rule, *lines))


def paragraph(text: str) -> str:
    """Fill lines of 120 characters."""
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def today() -> str:
    """Give the date, in UTC."""
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"


def machine() -> str:
    """Name what it ran on."""
    return f"CPython {platform.python_version()}, {platform.system()} on {os.cpu_count()} x {_processor()}"


def _processor() -> str:
    """The model of the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
