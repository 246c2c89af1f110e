"""The workflows: what they use is pinned, what they may do is little, and what they run is in the Makefile."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS = {file.name: yaml.safe_load(file.read_text()) for file in FILES}
JOBS = [
    pytest.param(job, id=f"{name}: {key}")
    for name, workflow in WORKFLOWS.items()
    for key, job in workflow["jobs"].items()
]
# A fork that has dropped them has no job that runs them.
HAS_DEPLOYED_TESTS = (ROOT / "tests" / "deployed").exists()
each_job = pytest.mark.parametrize("job", JOBS)


def steps(job):
    return job.get("steps", [])


def test_there_are_workflows_to_test_and_to_deploy():
    assert WORKFLOWS.keys() >= {"test.yml", "deploy.yml"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_by_its_commit_and_says_its_version(file):
    used = re.findall(r"^\s*(?:- )?uses: (?!\./)(.*)$", file.read_text(), re.MULTILINE)
    assert used or all("uses" in job for job in WORKFLOWS[file.name]["jobs"].values())
    for line in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS.keys())
def test_a_workflow_gives_no_right_to_jobs_that_do_not_ask(workflow):
    assert workflow["permissions"] == {}


def runs(job, target):
    return any(step.get("run") == f"make {target}" for step in steps(job))


@each_job
def test_every_job_says_its_permissions_and_only_one_that_makes_a_release_may_write(job):
    rights = dict(job["permissions"])
    assert rights.pop("id-token", "write") == "write"
    assert rights == {"contents": "write" if runs(job, "release") else "read"}


@each_job
def test_only_a_job_that_takes_on_a_role_or_publishes_gets_a_token_and_none_has_a_key(job):
    roles = [step for step in steps(job) if step.get("uses", "").startswith("aws-actions/")]
    assert ("id-token" in job["permissions"]) == (bool(roles) or runs(job, "publish"))
    for step in roles:
        assert step["with"].keys() == {"role-to-assume", "aws-region"}
        assert job["environment"] in ("dev", "prod")
    assert "secrets" not in str(job)


@each_job
def test_a_job_ends_and_leaves_no_credentials_of_git_behind(job):
    if "uses" not in job:
        assert job["timeout-minutes"] <= (350 if job in WORKFLOWS["nightly.yml"]["jobs"].values() else 120)
        (checkout,) = [step for step in steps(job) if step.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"]["persist-credentials"] is False


@each_job
def test_a_job_runs_targets_of_the_makefile_and_nothing_else(job):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for step in steps(job):
        if "run" in step:
            command = re.fullmatch(r"make ([a-z-]+)(?: [A-Z_]+=[\w/]+)?", step["run"])
            assert command, step["run"]
            assert command[1] in targets


def test_the_whole_of_what_make_test_all_thins_out_runs_each_night():
    workflow = WORKFLOWS["nightly.yml"]
    assert "schedule" in workflow[True]  # YAML 1.1 takes `on` for a truth value
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in steps(job) if "run" in step] == ["make nightly"]


def test_prod_comes_after_the_tests_of_the_deployed_dev():
    jobs = WORKFLOWS["deploy.yml"]["jobs"]
    order = ["test", "dev", *(["deployed"] if HAS_DEPLOYED_TESTS else []), "prod"]
    assert list(jobs) == order
    assert [jobs[name]["needs"] for name in order[1:]] == order[:-1]
    assert {name: jobs[name]["environment"] for name in order[1:]} == {
        name: "prod" if name == "prod" else "dev" for name in order[1:]
    }
    assert WORKFLOWS["deploy.yml"]["concurrency"] == {"group": "deploy", "cancel-in-progress": False}


@pytest.mark.skipif(not HAS_DEPLOYED_TESTS, reason="there are no tests of the deployed stack")
def test_the_deployed_tests_get_the_stack_that_was_deployed():
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    stack_name = config["default"]["global"]["parameters"]["stack_name"]
    assert WORKFLOWS["deploy.yml"]["jobs"]["deployed"]["env"]["AWS_SAM_STACK_NAME"] == stack_name


def test_the_tests_in_docker_are_not_skipped():
    assert WORKFLOWS["test.yml"]["jobs"]["test"]["env"]["REQUIRE_DOCKER"] == "1"
