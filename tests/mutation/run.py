"""Mutation tests of the layer, by mutmut: each small change of what decides what goes back must fail a test.

mutmut wants the package at the top, so it runs on a copy in .mutation/. Changes that survive must stand in
equivalent.toml, with the reason why nothing can tell them apart. `make mutate` writes benchmarks/mutation.md, and exits
1 if there are others.

    make mutate                            all modules: three quarters of an hour or more
    make mutate ARGS="clock _sqs.client"   some of them; writes nothing
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "partial_batch" / "partial_batch"
COPY = ROOT / ".mutation"
REPORT = ROOT / "benchmarks" / "mutation.md"
MUTMUT = Path(sys.executable).with_name("mutmut")
# All but what writes log lines and metrics, which changes nothing that goes back.
MODULES = (
    "batch",
    "clock",
    "side_by_side",
    "_runners.independent",
    "_runners.in_order",
    "_runners.threads",
    "_runners.tasks",
    "_runners.event_loop",
    "_runners.executor",
    "_runners.loop_tasks",
    "_runners.bulk",
    "_runners.alarm",
    "_runners.function",
    "_sources",
    "_sources.other",
    "_sources.checks",
    "_sources.streams",
    "_sources.pipes",
    "_sources.kafka",
    "_sqs.client",
    "_sqs.visibility",
    "_sqs.dead_letters",
    "handlers",
    "options",
    "backoff",
    "message",
    "errors",
    "batch_apis",
)
# Not test_imports: mutmut's own additions to a module import more than the layer may. With them, ten thousand messages
# take longer than they may, too.
CONFIGURATION = """
[tool.mutmut]
source_paths = ["partial_batch"]
timeout_multiplier = 4.0
only_mutate = [{modules}]
also_copy = ["functions", "tests"]
pytest_add_cli_args = [
    "--ignore=tests/unit/test_imports.py",
    "--deselect=tests/unit/test_many_failures.py::test_the_response_is_in_time",
    "-p",
    "no:cacheprovider",
]
pytest_add_cli_args_test_selection = ["tests/unit", "tests/functions"]
"""
_RESULT = re.compile(r"^\s*partial_batch\.([\w.]+)\.(x\S+): (.+)$", re.MULTILINE)
_NAME = re.compile(r"x(?:_|ǁ\w+ǁ)(\w+)__mutmut_\d+")  # of a mutant of a function, or of a method
# Suspicious is to mutmut what ends by a signal that it does not know: by SIGALRM here, which then ends the program.
_CAUGHT = ("killed", "timeout", "segfault", "suspicious", "caught by type check")


class Change(NamedTuple):
    """What a mutant changes, and where, without its indentation; a line that is only removed becomes nothing."""

    module: str
    function: str
    before: str
    after: str


def prepare() -> None:
    """Make the copy anew."""
    shutil.rmtree(COPY, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(LAYER, COPY / "partial_batch", ignore=ignore)
    shutil.copytree(ROOT / "functions", COPY / "functions", ignore=ignore)
    for name in ("unit", "functions"):
        shutil.copytree(ROOT / "tests" / name, COPY / "tests" / name, ignore=ignore)
    for name in ("conftest.py", "support.py"):
        shutil.copy(ROOT / "tests" / name, COPY / "tests" / name)
    modules = ", ".join(f'"partial_batch/{file_of(name)}"' for name in MODULES)
    project = (ROOT / "pyproject.toml").read_text()
    (COPY / "pyproject.toml").write_text(project + CONFIGURATION.format(modules=modules))


def file_of(module: str) -> str:
    """Give the path of a module in the layer."""
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (LAYER / path).is_dir() else f"{path}.py"


def mutmut(*arguments: str) -> str:
    """Run mutmut and give what it prints."""
    run = subprocess.run([MUTMUT, *arguments], cwd=COPY, stdout=subprocess.PIPE, text=True, check=True)
    return run.stdout


def change_of(module: str, mutant: str) -> Change:
    """Ask mutmut what a mutant changes."""
    lines = mutmut("show", f"partial_batch.{module}.{mutant}").splitlines()
    lines = [line for line in lines if not line.startswith(("---", "+++"))]
    before, after = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
    function = _NAME.fullmatch(mutant)[1]  # type: ignore[index]
    return Change(module, function, "\n".join(before), "\n".join(after))


def equivalents() -> dict[Change, str]:
    """Read the changes that nothing can tell apart, each with the reason."""
    entries = tomllib.loads(Path(__file__).with_name("equivalent.toml").read_text())["equivalent"]
    return {
        Change(entry["module"], entry["function"], entry["line"], after): entry["why"]
        for entry in entries
        for after in entry["mutants"]
    }


def line_of(change: Change) -> int:
    """Find the line in the module: in the function, the first one that reads so."""
    source = (LAYER / file_of(change.module)).read_text()
    lines = [line.strip() for line in source.splitlines()]
    begin = next(number for number, line in enumerate(lines) if f"def {change.function}(" in line)
    return lines.index(change.before.splitlines()[0], begin) + 1


def report(counts: dict[str, Counter[str]], survivors: dict[Change, str]) -> str:
    """Write the results as Markdown."""
    rows = [
        f"| `{file_of(module)}` | {sum(count.values())} | {sum(count[end] for end in _CAUGHT)} | {count['survived']} |"
        for module, count in counts.items()
    ]
    survived = [
        f"| `{file_of(change.module)}:{line_of(change)}` | `{_cell(change.before)}` | `{_cell(change.after)}` | {why} |"
        for change, why in sorted(survivors.items(), key=lambda pair: (pair[0].module, line_of(pair[0]), pair[0].after))
    ]
    return "\n".join(
        [
            "# Mutants",
            "",
            "Written by `make mutate`. [mutmut](https://mutmut.readthedocs.io/) changes the layer, but for its log",
            "lines and metrics, one small change at a time, and runs `tests/unit` and `tests/functions`. A change that",
            "no test notices survives; with those that are left the layer does the same, whatever Lambda sends.",
            "",
            "| module | mutants | caught | left |",
            "| --- | ---: | ---: | ---: |",
            *rows,
            "",
            "| where | line | mutant | why nothing can tell them apart |",
            "| --- | --- | --- | --- |",
            *survived,
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or "(removed)"


def main(modules: list[str]) -> int:
    """Run, report, and say by the exit code whether every survivor is known."""
    if unknown := set(modules) - set(MODULES):
        print(f"no such module: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    prepare()
    # One at a time: tests of the alarm and of deadlines would time out beside each other.
    command = [MUTMUT, "run", "--max-children", "1", *(f"partial_batch.{name}.*" for name in modules)]
    try:
        subprocess.run(command, cwd=COPY, check=True, env=os.environ | {"HYPOTHESIS_PROFILE": "mutation"})
    except subprocess.CalledProcessError as error:
        print("error: mutmut did not come to its end; see above", file=sys.stderr)
        return error.returncode
    counts: dict[str, Counter[str]] = {module: Counter() for module in modules or MODULES}
    known, survivors, unexplained = equivalents(), {}, []
    for module, mutant, end in _RESULT.findall(mutmut("outcomes", "--all", "true")):
        if module not in counts:
            continue
        counts[module][end] += 1
        if end in _CAUGHT:
            continue
        change = change_of(module, mutant)
        if end == "survived" and change in known:
            survivors[change] = known[change]
        else:
            unexplained.append(f"{module}.{change.function} ({end})\n  - {change.before}\n  + {change.after}")
    gone = [] if modules else [change for change in known if change not in survivors]
    for text in unexplained:
        print(f"not caught: {text}")
    for change in gone:
        print(f"in equivalent.toml, but caught or no longer there: {change}")
    if not modules and not unexplained and not gone:
        REPORT.parent.mkdir(exist_ok=True)  # a fork may have dropped it
        REPORT.write_text(report(counts, survivors))
    return int(bool(unexplained or gone))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
