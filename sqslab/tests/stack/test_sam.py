"""`sam build` and `sam deploy` as child processes, with a script in the place of `sam`."""

import json
import os
from pathlib import Path

import pytest

from sqslab.errors import SqslabError
from sqslab.stack import sam
from sqslab.stack.project import Project

CONFIG = """
version = 0.1
[local.global.parameters]
stack_name = "some-stack"
[local.deploy.parameters]
s3_bucket = "some-bucket"
"""


@pytest.fixture
def fake_sam(tmp_path, monkeypatch):
    def write(text):
        path = tmp_path / "fake-sam"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sam, "find_sam", lambda: path)

    return write


@pytest.fixture
def project(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "samconfig.toml").write_text(CONFIG)
    (project / "template.yaml").write_text("Resources: {}")
    return Project.find(str(project))


def test_a_failed_build_shows_the_tools_own_output_and_exit_code(fake_sam, project, tmp_path):
    fake_sam("echo to standard output; echo to standard error >&2; exit 7")
    with pytest.raises(SqslabError, match=r"`sam build` failed \(exit code 7\)") as caught:
        sam.build("http://127.0.0.1:9", tmp_path, project)
    assert caught.value.output == "to standard output\nto standard error"


def test_a_failed_deploy_shows_the_tools_own_output_and_exit_code(fake_sam, project, emulator, tmp_path):
    fake_sam("echo no such template; exit 1")
    with pytest.raises(SqslabError, match=r"`sam deploy` failed \(exit code 1\)") as caught:
        sam.deploy(emulator.endpoint_url, tmp_path, project)
    assert caught.value.output == "no such template"


def test_the_real_sam_fails_a_broken_template_with_one_clear_error(project, tmp_path):
    project.template.write_text("Resources: {F: {Type: AWS::Serverless::Function, Properties: {Bad: 1}}}")
    with pytest.raises(SqslabError, match="`sam build` failed") as caught:
        sam.build("http://127.0.0.1:9", tmp_path, project)
    assert "Error" in caught.value.output


def test_a_missing_sam_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SqslabError, match=r"The SAM CLI .* is missing"):
        sam.find_sam()


def test_sam_runs_in_the_project_and_sees_the_emulator_only(fake_sam, project, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    fake_sam(f"env > {tmp_path}/environment; pwd > {tmp_path}/directory")
    sam.build("http://127.0.0.1:9", tmp_path, project)
    environment = dict(
        line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines() if "=" in line
    )
    assert (tmp_path / "directory").read_text().strip() == os.path.realpath(project.directory)
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert "AWS_PROFILE" not in environment
    assert environment["SAM_CLI_TELEMETRY"] == "0"
    # so that the SAM CLI does not ask PyPI for a newer version
    metadata = json.loads((Path(environment["__SAM_CLI_APP_DIR"]) / "metadata.json").read_text())
    assert metadata["lastVersionCheck"] > 0
