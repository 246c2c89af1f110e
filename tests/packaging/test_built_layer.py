"""What `sam build` makes of the layer: its modules and their bytecode, and nothing else."""

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LAYER = ROOT / "layers" / "partial_batch"
BIN = Path(sys.executable).parent
MODULES = sorted(
    path.relative_to(LAYER)
    for path in (LAYER / "partial_batch").rglob("*.py")
    if "testing" not in path.parts  # is for tests of consumers, and not needed on Lambda
)
# What no cold start waits for.
LATER = {Path("partial_batch/batch_apis.py")}
LATER |= {Path("partial_batch/_reporting") / name for name in ("log.py", "texts.py")}
LATER |= {path for path in MODULES if path.parent.name == "_sources" and path.name != "__init__.py"}
LATER |= {Path("partial_batch/_sqs") / name for name in ("dead_letters.py", "visibility.py")}
# The path that bytecode lies at in the version of this Python, which is that of the template.
BYTECODE = [path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc" for path in MODULES if path not in LATER]
# Handlers of every kind, made and called with messages that succeed. It prints what has no bytecode.
COLD_START = """
import os, sys
from partial_batch import Backoff, batch_handler, bulk_handler
os.environ["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:1"
event = {"Records": [{"messageId": "a", "body": "{}", "attributes": {"MessageGroupId": "g"}, "eventSourceARN": arn}
                     for arn in ["arn:aws:sqs:us-east-1:123456789012:q.fifo"]]}
def function(message): pass
async def coroutine(message): pass
def bulk(messages): pass
options = {"backoff": Backoff(), "metrics_namespace": "n"}
for handler in (
    *(batch_handler(each, concurrency=count, **options, **groups)
      for each in (function, coroutine) for count in (1, 2) for groups in ({}, {"on_fifo_failure": "skip_group"})),
    bulk_handler(bulk, **options),
):
    assert handler(event, None) == {"batchItemFailures": []}
modules = [module for name, module in sys.modules.items() if name.startswith("partial_batch")]
print(*(module.__name__ for module in modules if not os.path.exists(module.__spec__.cached)), file=sys.stderr)
assert len(modules) > 20
"""
TYPED = Path("partial_batch/py.typed")


def environment(path):
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}
    return outside | {"PATH": path, "SAM_CLI_TELEMETRY": "0"}


def make(source, artifacts, path=f"{BIN}{os.pathsep}{os.environ['PATH']}"):
    """Run what the SAM CLI runs, and give what it would show."""
    command = ["make", "--makefile", str(source / "Makefile"), "build-PartialBatchLayer"]
    variables = environment(path) | {"ARTIFACTS_DIR": str(artifacts)}
    return subprocess.run(command, cwd=source, env=variables, check=True, capture_output=True, text=True).stdout


def files_below(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())


def import_layer(built, code="print(partial_batch.__spec__.cached)"):
    script = f"import sys; sys.path.insert(0, {str(built / 'python')!r})\nimport partial_batch\n{code}"
    return subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def source(tmp_path):
    """A copy of the layer's folder, as one who works on it has it."""
    folder = tmp_path / "source"
    shutil.copytree(LAYER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def built(source, tmp_path):
    make(source, tmp_path / "built")
    return tmp_path / "built"


def test_sam_build_makes_the_modules_with_their_bytecode(tmp_path):
    # given
    command = [BIN / "sam", "build", "PartialBatchLayer", "--no-cached", "--build-dir", tmp_path / "build"]
    # when
    subprocess.run(command, cwd=ROOT, env=environment(f"{BIN}{os.pathsep}{os.environ['PATH']}"), check=True)
    # then
    assert files_below(tmp_path / "build" / "PartialBatchLayer" / "python") == sorted([*MODULES, *BYTECODE, TYPED])


def test_what_else_lies_about_is_left_out(source, tmp_path):
    # given
    for name in (
        "build/lib/partial_batch/old.py",
        "partial_batch.egg-info/PKG-INFO",
        "partial_batch/.mypy_cache/x.json",
    ):
        (source / name).parent.mkdir(parents=True)
        (source / name).touch()
    for name in ("backoff.cpython-312.pyc", "backoff.cpython-313.pyc", "gone.cpython-313.pyc"):
        (source / "partial_batch" / "__pycache__").mkdir(exist_ok=True)
        (source / "partial_batch" / "__pycache__" / name).write_text("stale")
    # when
    make(source, tmp_path / "built")
    # then
    assert files_below(tmp_path / "built" / "python") == sorted([*MODULES, *BYTECODE, TYPED])
    assert not [path for path in (tmp_path / "built").rglob("*") if path.is_dir() and not any(path.iterdir())]
    assert "stale" not in {(tmp_path / "built" / "python" / path).read_text("latin-1") for path in BYTECODE}


def test_a_cold_start_reads_the_bytecode_and_does_not_look_at_the_source(built):
    # given
    layer = built / "python" / "partial_batch" / "__init__.py"
    layer.write_text("raise AssertionError('this was compiled')")
    before = {path: path.stat().st_mtime_ns for path in built.rglob("*")}
    # when
    cached = import_layer(built).strip()
    # then
    assert cached == str(layer.parent / "__pycache__" / "__init__.cpython-313.pyc")
    assert {path: path.stat().st_mtime_ns for path in built.rglob("*")} == before


def test_whatever_a_cold_start_loads_has_bytecode(built):
    script = f"import sys; sys.path.insert(0, {str(built / 'python')!r})\n{COLD_START}"
    # when
    done = subprocess.run([sys.executable, "-B", "-I", "-c", script], check=True, capture_output=True, text=True)
    # then
    assert done.stderr.strip() == ""


def test_a_traceback_names_the_file_that_runs(built):
    code = "print(partial_batch.batch_handler.__code__.co_filename)"
    assert import_layer(built, code).strip() == str(built / "python" / "partial_batch" / "handlers.py")


def test_the_bytecode_of_a_changed_module_is_new(source, built):
    # given
    (source / "partial_batch" / "__init__.py").write_text("changed = True\n")
    # when
    make(source, built)
    # then
    assert import_layer(built, "print(partial_batch.changed)") == "True\n"


def test_a_module_that_is_gone_leaves_nothing(source, built):
    # given
    (source / "partial_batch" / "backoff.py").unlink()
    # when
    make(source, built)
    # then
    assert not [path for path in files_below(built) if "backoff" in path.name]


def test_the_same_source_is_the_same_layer_wherever_it_is_built(source, built, tmp_path):
    # when
    make(source, tmp_path / "other place")
    # then
    names = [str(path) for path in files_below(built)]
    assert filecmp.cmpfiles(built, tmp_path / "other place", names, shallow=False) == (names, [], [])


def test_without_the_runtimes_python_it_has_no_bytecode_and_says_so(source, tmp_path):
    # given
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("cp", "find", "mkdir", "rm", "rmdir", "sh", "true", "make"):
        (tools / tool).symlink_to(shutil.which(tool))
    # when
    said = make(source, tmp_path / "built", path=str(tools))
    # then
    assert "python3.13 is not on the PATH: the layer has no bytecode" in said
    assert files_below(tmp_path / "built" / "python") == sorted([*MODULES, TYPED])


def test_a_python_of_that_name_and_another_version_is_not_used(source, tmp_path):
    # given
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3.13").write_text("#!/bin/sh\nexit 1\n")  # so does pyenv's for a version that is not chosen
    (tools / "python3.13").chmod(0o755)
    # when
    said = make(source, tmp_path / "built", path=f"{tools}{os.pathsep}{os.environ['PATH']}")
    # then
    assert "the layer has no bytecode" in said
    assert files_below(tmp_path / "built" / "python") == sorted([*MODULES, TYPED])


def test_a_module_that_does_not_compile_fails_the_build(source, tmp_path):
    # given
    (source / "partial_batch" / "broken.py").write_text("def")
    # then
    with pytest.raises(subprocess.CalledProcessError):
        make(source, tmp_path / "built")


def test_the_bytecode_is_for_the_runtimes_that_the_template_names():
    from samtranslator.yaml_helper import yaml_parse

    (line,) = [line for line in (LAYER / "Makefile").read_text().splitlines() if line.startswith("RUNTIMES :=")]
    layer = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["PartialBatchLayer"]
    assert line.partition(":=")[2].split() == layer["Properties"]["CompatibleRuntimes"]
    assert layer["Metadata"]["BuildMethod"] == "makefile"
