"""What a fork may delete, and what `make` says of the rest."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("target", "folder"),
    [(target, "sqslab") for target in ("demo", "up", "compare", "picture", "scaling", "soak", "faults")]
    + [(target, "benchmarks") for target in ("bench", "compare", "picture", "scaling", "soak", "faults")],
)
def test_a_target_whose_folder_was_deleted_says_so_in_one_line_and_sets_nothing_up(tmp_path, target, folder):
    # given
    shutil.copy(ROOT / "Makefile", tmp_path)
    other = tmp_path / ("benchmarks/__main__.py" if folder == "sqslab" else "sqslab/pyproject.toml")
    other.parent.mkdir()
    other.touch()
    (tmp_path / folder / "__pycache__").mkdir(parents=True)  # what `git rm` leaves
    # when
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    ended = subprocess.run(["make", target], cwd=tmp_path, env=outside, capture_output=True, text=True, check=False)
    # then
    assert ended.returncode == 2
    (line,) = (ended.stdout + ended.stderr).splitlines()
    assert f"{folder}/ was deleted, and `make {target}` needs {'sqslab: ' if folder == 'sqslab' else 'it'}" in line
    assert not list(tmp_path.glob(".venv*"))
