"""Where `make` runs the SAM CLI, AWS_REGION names the region, as it does for the AWS CLI."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def region(tmp_path: Path, **environment: str) -> str:
    """What a recipe of the Makefile finds in AWS_DEFAULT_REGION, the only variable that the SAM CLI reads."""
    recipe = tmp_path / "recipe.mk"
    recipe.write_text('region:\n\t@echo "$${AWS_DEFAULT_REGION-not set}"\n')
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory", "-f", "Makefile", "-f", str(recipe), "region"]
    run = subprocess.run(command, cwd=ROOT, env=outside | environment, check=True, capture_output=True, text=True)
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),  # as the AWS CLI takes them
        ({"AWS_PROFILE": "mine"}, "not set"),  # the profile names it
    ],
)
def test_the_sam_cli_gets_the_region_that_is_named(tmp_path: Path, environment: dict[str, str], expected: str) -> None:
    assert region(tmp_path, **environment) == expected
