import subprocess

import pytest

from tests.conftest import ROOT


def test_what_a_run_leaves_in_the_project_is_ignored_by_git():
    ignored = subprocess.run(
        ["git", "check-ignore", "--quiet", ".aws-sam/local-up.json"], cwd=ROOT, capture_output=True
    )
    if ignored.returncode == 128:
        pytest.skip("this is no git repository")
    assert ignored.returncode == 0
