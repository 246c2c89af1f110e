"""The commands of README.md, "Make it yours", run on copies of this project: what they leave is whole."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.conftest import ROOT
from tests.support import as_shipped

BIN = Path(sys.executable).parent
README = ROOT / "README.md"
SECTION = README.read_text().partition("## Make it yours\n")[2].partition("\n## ")[0] if README.exists() else ""
# The tests of a fork that are about what the commands change. Those of this file are to be skipped in it.
OWN_TESTS = [f"tests/{name}" for name in ("events", "functions", "project/test_fork.py", "template", "workflows")]
# Their names are the kind's, whatever the half is called.
KIND = r"StandardBatch\w+|FifoBatchSize|FifoQueueMaxReceiveCount|FifoQueue(?=: true)"

pytestmark = [
    as_shipped,
    pytest.mark.slow,
    pytest.mark.skipif(not SECTION, reason="the README is another"),
    pytest.mark.skipif(
        not all((ROOT / folder).exists() for folder in ("benchmarks", "docs", "sqslab")),
        reason="some of it was deleted already",
    ),
    pytest.mark.skipif(shutil.which("perl") is None, reason="there is no Perl"),
]


def block(command, **values):
    """The block of commands that has this one in it, with other values than those of its example."""
    blocks = [textwrap.dedent(found) for found in re.findall(r"(?:^ {7}.*\n)+", SECTION, re.MULTILINE)]
    (found,) = [text for text in blocks if command in text]
    for name, value in values.items():
        found, replaced = re.subn(rf"(?<= {name}=)\w+", value, found)
        assert replaced == 1
    return found


def drop(kind):
    return block("rm -r functions/", HALF=kind)


def rename(kind, name):
    return block("mv functions/", HALF=kind, NAME=name)


# What is done to each, and which tests of its own are run. Those that need both halves take long.
FORKS = {
    "renamed": (
        lambda: [rename("standard", "orders"), rename("fifo", "movements")],
        ["tests/template/test_lint_findings.py", "tests/project/test_fork.py", "-k", "fifo"],
    ),
    "without FIFO": (
        lambda: [drop("fifo"), rename("standard", "orders")],
        [*OWN_TESTS, "-k", "not cfn_lint"],
    ),
    "without standard and sqslab": (
        lambda: [
            drop("standard"),
            rename("fifo", "movements"),
            block("STACK=", STACK="shop"),
            block("rm -r sqslab"),
            block("rm -r tests/deployed"),
        ],
        [*OWN_TESTS, "-k", "not cfn_lint"],
    ),
}


class Fork(NamedTuple):
    """A copy after the commands, and what becomes of looking at it."""

    folder: Path
    linted: Future[str]
    tested: Future[str]


@pytest.fixture(scope="module")
def forks(source, tmp_path_factory):
    """All of them, with as much at once as there are processors."""
    made = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (commands, tests) in FORKS.items():
            folder = tmp_path_factory.mktemp("fork") / "project"
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".git"))
            for each in commands():
                run(folder, "bash", "-euc", each)
            made[name] = Fork(folder, pool.submit(lint, folder), pool.submit(run_tests, folder, tests))
        yield made


@pytest.fixture(params=FORKS)
def fork(request, forks):
    return forks[request.param]


def lint(folder):
    return run(folder, "cfn-lint") + run(folder, "ruff", "check", "--quiet", "--no-cache")


def run_tests(folder, tests):
    return run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)


def run(folder, *command):
    environment = os.environ | {"PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def names(folder):
    template = yaml_parse((folder / "template.yaml").read_text())
    return {name for part in ("Parameters", "Resources", "Outputs") for name in template[part]}


def test_of_each_half_everything_or_nothing_is_left(fork):
    """Under one name: with the other half, or under the old name, there is nothing."""
    before = {name for name in names(ROOT) if not re.fullmatch(KIND, name)}
    shared = {name for name in before if not name.startswith(("Standard", "Fifo"))}
    suffixes = {name.removeprefix("Standard") for name in before if name.startswith("Standard")}
    assert suffixes == {name.removeprefix("Fifo") for name in before if name.startswith("Fifo")}
    after = {name for name in names(fork.folder) if not re.fullmatch(KIND, name)}

    folders = [path.parent for path in (fork.folder / "functions").glob("*/app.py")]
    prefixes = [folder.name.removesuffix("_consumer").capitalize() for folder in folders]
    assert after == shared | {prefix + suffix for prefix in prefixes for suffix in suffixes}

    gone = {"Standard", "Fifo"}.difference(prefixes)
    for file in ("template.yaml", "samconfig.toml", ".github/aws-roles.yaml", "tests/support.py"):
        text = re.sub(KIND, "", (fork.folder / file).read_text())
        assert not [line for line in text.splitlines() for prefix in gone if prefix in line], file
    makefile = (fork.folder / "Makefile").read_text()  # make invoke
    assert all(f"function={prefix}ConsumerFunction" in makefile for prefix in prefixes)


def test_lint_finds_nothing_in_it(fork):
    assert fork.linted.result() == ""


def test_its_tests_pass(fork):
    assert " passed" in fork.tested.result()
