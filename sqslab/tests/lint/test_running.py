"""The rules in `cfn-lint` and `sam validate --lint`, as one runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sqslab.lint
from sqslab_testing.templates import EVENT, each_way, template

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"}
CFN_LINT = [str(BIN / "cfn-lint")]
SAM = [str(BIN / "sam"), "validate", "--lint", "--region", "us-east-1"]
RULES = "sqslab.lint"


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT | environment, capture_output=True, text=True, check=False
    )
    assert "E0002" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def project(tmp_path):
    """A project with a broken template and a folder in it, that uses the rules from where they are."""
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "template.yaml").write_text(template(EVENT, types=""))
    return tmp_path


def two_lines(folder: Path, rules: str = RULES) -> None:
    (folder / ".cfnlintrc").write_text(f"append_rules:\n  - {rules}\n")


def test_cfn_lint_runs_them(project):
    two_lines(project)
    done = run([*CFN_LINT, "template.yaml"], project)
    assert done.returncode == 2
    assert "E9901 Ship's event Batch has no ReportBatchItemFailures" in done.stdout


def test_sam_validate_lint_runs_them(project):
    two_lines(project)
    done = run(SAM, project)
    assert done.returncode != 0
    assert "E9901" in done.stdout + done.stderr


class TestFromAnotherFolder:
    """cfn-lint reads the .cfnlintrc of the working folder and of the home folder, of no other."""

    def test_cfn_lint_takes_the_module_as_an_option(self, project):
        command = [*CFN_LINT, "--template", "../../template.yaml", "--append-rules", RULES]
        assert "E9901" in run(command, project / "src" / "deep").stdout

    @pytest.mark.parametrize("command", [[*CFN_LINT, "-t", "../../template.yaml"], [*SAM, "-t", "../../template.yaml"]])
    def test_the_home_folders_cfnlintrc_holds_everywhere(self, project, command):
        home = project / "home"
        home.mkdir()
        two_lines(home)
        done = run(command, project / "src" / "deep", HOME=str(home))
        assert "E9901" in done.stdout + done.stderr


def test_all_of_them_are_brought_in(project):
    two_lines(project)
    command = [*CFN_LINT, "--list-rules"]
    listed = subprocess.run(command, cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    assert [name for name in sqslab.lint.__all__ if f"{getattr(sqslab.lint, name).id}: " not in listed] == []


def test_the_name_of_a_layer_is_configured(project):
    two_lines(project)
    with (project / ".cfnlintrc").open("a") as file:
        file.write("configure_rules: {W9911: {layer: partial_batch}}\n")
    (project / "template.yaml").write_text(template(EVENT, layers=""))
    for command in ([*CFN_LINT, "template.yaml"], SAM):
        done = run(command, project)
        assert "W9911" in done.stdout + done.stderr


@each_way
def test_cfn_lints_own_rules_have_nothing_against_the_right_template_of_these_tests(tmp_path, way):
    (tmp_path / "template.yaml").write_text(template(way))
    assert run([*CFN_LINT, "template.yaml"], tmp_path).stdout == ""


def test_a_finding_is_silenced_on_its_resource(project):
    two_lines(project)
    text = template(EVENT, types="", visibility="29")
    ignore = "Metadata: {cfn-lint: {config: {ignore_checks: [E9901]}}}"
    (project / "template.yaml").write_text(text.replace("  Ship:\n", f"  Ship:\n    {ignore}\n"))
    found = run([*CFN_LINT, "template.yaml"], project).stdout
    assert "E9901" not in found
    assert "E9902" in found
