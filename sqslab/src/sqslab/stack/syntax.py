"""Finds files of Python that cannot be imported, which `sam build` does not look for."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def syntax_errors(files: Iterable[str], below: Path) -> list[str]:
    """Compile files, and run nothing of them.

    Args:
        files: paths; only those that end in `.py` are looked at.
        below: the folder from which the answer names them.

    Returns:
        For each file with a syntax error where it is and what, in the order of the names.
    """
    found = []
    for path in sorted(Path(name) for name in files if name.endswith(".py")):
        try:
            with warnings.catch_warnings(action="ignore"):  # they would be printed into the view
                compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
        except SyntaxError as error:
            name = path.relative_to(below) if path.is_relative_to(below) else path
            line = "" if error.lineno is None else f", line {error.lineno}"
            found.append(f"syntax error in {name}{line}: {error.msg}")
        except (OSError, MemoryError, RecursionError):
            continue  # gone again, or too deeply nested to say
    return found
