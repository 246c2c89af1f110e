"""`pip install ./layers/partial_batch`, in an environment that has nothing of this project."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import ROOT

LAYER = ROOT / "layers" / "partial_batch"
PROJECT = tomllib.loads((LAYER / "pyproject.toml").read_text())["project"]
BIN = Path(sys.executable).parent


def run(*command, cwd, **options):
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "VIRTUAL_"))}
    done = subprocess.run(command, cwd=cwd, env=outside, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder outside, with a virtual environment that the layer is installed in.

    The wheel is built with what builds it here; then pip needs no network.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(LAYER, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    before = sorted((folder / "source").rglob("*"))
    options = ("--no-deps", "--no-index", "--disable-pip-version-check")
    run(
        *(sys.executable, "-m", "pip", "wheel", "./source", "--no-build-isolation", *options, "--wheel-dir", "wheels"),
        cwd=folder,
    )
    assert sorted((folder / "source").rglob("*")) == before
    (wheel,) = (folder / "wheels").iterdir()
    venv.create(folder / "environment", symlinks=True)
    python = folder / "environment" / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--disable-pip-version-check"),
        *(str(wheel),),
        cwd=folder,
    )
    return SimpleNamespace(folder=folder, python=python, wheel=wheel)


def test_it_can_be_imported(elsewhere):
    code = "import partial_batch; print(partial_batch.batch_handler(lambda message: None)({'Records': []}))"
    assert run(elsewhere.python, "-c", code, cwd=elsewhere.folder) == "{'batchItemFailures': []}\n"


def test_it_knows_its_version(elsewhere):
    code = "import importlib.metadata; print(importlib.metadata.version('partial-batch'))"
    assert run(elsewhere.python, "-c", code, cwd=elsewhere.folder) == f"{PROJECT['version']}\n"


def test_it_needs_nothing(elsewhere):
    (site_packages,) = (elsewhere.folder / "environment").glob("lib/*/site-packages")
    (metadata,) = importlib.metadata.distributions(path=[str(site_packages)])
    assert metadata.requires is None
    assert metadata.metadata["Requires-Python"] == ">=3.13"


def test_the_wheel_holds_all_modules_and_nothing_else(elsewhere):
    with zipfile.ZipFile(elsewhere.wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {path.relative_to(LAYER).as_posix() for path in (LAYER / "partial_batch").rglob("*.py")}
    assert held == modules | {"partial_batch/py.typed"}


USE = """
from partial_batch import Message, batch_handler


@batch_handler
def lambda_handler(message: Message) -> None:
    reveal_type(message.receive_count)
    message.nothing
"""


def test_mypy_sees_its_types(elsewhere):
    (elsewhere.folder / "use.py").write_text(USE)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--python-executable", elsewhere.python]
    done = subprocess.run([*command, "use.py"], cwd=elsewhere.folder, capture_output=True, text=True)
    assert 'Revealed type is "int"' in done.stdout.replace("builtins.", "")
    assert '"Message" has no attribute "nothing"' in done.stdout
    assert "Found 1 error" in done.stdout


def test_pyright_sees_its_types(elsewhere):
    (elsewhere.folder / "use.py").write_text(USE)
    command = [BIN / "basedpyright", "--level", "error", "--pythonpath", elsewhere.python, "use.py"]
    done = subprocess.run(command, cwd=elsewhere.folder, capture_output=True, text=True)
    assert 'Cannot access attribute "nothing" for class "Message"' in done.stdout
    assert "1 error" in done.stdout
