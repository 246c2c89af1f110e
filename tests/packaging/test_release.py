"""What a release has: the wheels of the layer and of sqslab, the layer's zip, and the line that publishes it."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HAS_SQSLAB = (ROOT / "sqslab").exists()


def make(target, folder, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    settings = [f"{name}={value}" for name, value in {"DIST": folder, **variables}.items()]
    command = ["make", "--no-print-directory", target, *settings]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release") / "dist"
    run = make("dist", folder)
    assert run.returncode == 0, run.stderr
    return folder


def names_in(file):
    with zipfile.ZipFile(file) as archive:
        return archive.namelist()


def test_the_layer_s_wheel_has_the_layer_and_what_tests_of_consumers_need(release):
    (wheel,) = release.glob("partial_batch-*.whl")
    names = names_in(wheel)
    assert {"partial_batch/__init__.py", "partial_batch/py.typed", "partial_batch/testing/__init__.py"} <= {*names}
    assert all(name.startswith(("partial_batch/", "partial_batch-")) for name in names)


@pytest.mark.skipif(not HAS_SQSLAB, reason="sqslab/ was deleted")
def test_sqslab_s_wheel_has_sqslab_and_no_tests(release):
    (wheel,) = release.glob("sqslab-*.whl")
    assert all(name.startswith(("sqslab/", "sqslab-")) for name in names_in(wheel))


def test_the_zip_is_the_layer_with_its_bytecode(release):
    (file,) = release.glob("partial_batch_layer-*.zip")
    names = names_in(file)
    assert "python/partial_batch/handlers.py" in names
    assert "python/partial_batch/__pycache__/handlers.cpython-313.pyc" in names
    assert all(name.startswith("python/") for name in names)


def test_the_notes_have_the_line_that_publishes_the_zip(release):
    (file,) = release.glob("partial_batch_layer-*.zip")
    assert (
        f"aws lambda publish-layer-version --layer-name partial-batch --zip-file fileb://{file.name}"
        in (release / "notes.md").read_text()
    )


def test_a_tag_that_is_not_the_version_is_refused_before_anything_is_published(tmp_path):
    run = make("release", tmp_path / "dist", TAG="v99.0.0")
    assert run.returncode != 0
    assert "is not of the version that the tag v99.0.0 names" in run.stderr
