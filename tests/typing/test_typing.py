"""What mypy and pyright make of the layer's annotations."""

import subprocess
import sys
from pathlib import Path

import mypy.api

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[1]
ACCEPTED = FOLDER / "accepted.py"
REJECTED = FOLDER / "rejected.py"

# An ignored line that nothing is wrong with is an error for both: `strict` has mypy's warn_unused_ignores, and
# pyrightconfig.json reportUnnecessaryTypeIgnoreComment.


def test_mypy_accepts_what_is_right_and_rejects_what_is_wrong() -> None:
    output, problems, code = mypy.api.run(
        ["--strict", "--config-file", str(PROJECT / "pyproject.toml"), str(ACCEPTED), str(REJECTED)]
    )

    assert code == 0, output + problems


def test_pyright_accepts_what_is_right_and_rejects_what_is_wrong() -> None:
    # basedpyright is pyright with node in the package; plain pyright would download it.
    done = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--level", "error", "--project", str(FOLDER / "pyrightconfig.json")],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 errors" in done.stdout


def test_every_wrong_use_is_one_that_both_reject() -> None:
    lines = [line for line in REJECTED.read_text().splitlines() if "ignore[" in line]

    assert len(lines) >= 60
    assert all("# type: ignore[" in line and "# pyright: ignore[" in line for line in lines)
