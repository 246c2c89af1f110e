"""`python -m benchmarks.compare`, as a user and as a program reads it."""

import io
import json

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from benchmarks.compare.command import Comparison, run_compare
from benchmarks.compare.history import History
from benchmarks.compare.outcome import Outcome
from benchmarks.compare.run import Messages, Played
from benchmarks.compare.strategies import STRATEGIES
from benchmarks.compare.table import cells, make_table

NUMBER = {"type": "integer", "minimum": 0}
RESULT = {
    "strategy": {"enum": [strategy.name for strategy in STRATEGIES]},
    "queue": {"enum": ["standard", "fifo"]},
    "poison": {"type": "boolean"},
    "invocations": NUMBER,
    "runs": NUMBER,
    "repeated_runs": NUMBER,
    "done": NUMBER,
    "lost": NUMBER,
    "out_of_order": {"type": ["integer", "null"]},
    "dead_lettered": NUMBER,
    "poison_dead_lettered": {"type": ["boolean", "null"]},
    "innocents_dead_lettered": NUMBER,
    "early_dead_lettered": NUMBER,
    "drained_after": {"type": ["number", "null"]},
    "remaining": NUMBER,
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["messages", "seed", "failure_rate", "results"],
    "properties": {
        "messages": NUMBER,
        "seed": {"type": "integer"},
        "failure_rate": {"type": "number"},
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": list(RESULT),
                "properties": RESULT,
                "if": {"properties": {"queue": {"const": "fifo"}}},
                "then": {"properties": {"out_of_order": {"type": "integer"}}},
                "else": {"properties": {"out_of_order": {"type": "null"}}},
            },
        },
    },
}


@pytest.fixture
def printed(capsys):
    def run(**options):
        assert run_compare(Comparison(**{"messages": 20, "seed": 3, "failure_rate": 0.5} | options)) == 0
        return capsys.readouterr()

    return run


def test_json_has_the_documented_fields_in_their_order(printed):
    document = json.loads(printed(as_json=True).out)
    Draft202012Validator(SCHEMA).validate(document)
    assert [document[name] for name in ("messages", "seed", "failure_rate")] == [20, 3, 0.5]
    assert list(document) == SCHEMA["required"]
    assert [list(result) for result in document["results"]] == [list(RESULT)] * len(document["results"])


def test_json_has_every_strategy_without_and_then_with_a_poison_message(printed):
    results = json.loads(printed(as_json=True).out)["results"]
    names = [strategy.name for strategy in STRATEGIES]
    assert [(result["poison"], result["strategy"]) for result in results] == [
        (poison, name) for poison in (False, True) for name in names
    ]


def test_json_is_the_same_each_time(printed):
    assert printed(as_json=True).out == printed(as_json=True).out


def test_the_seed_and_the_failure_rate_are_heeded(printed):
    documents = [
        printed(as_json=True, **options).out for options in ({}, {"seed": 4}, {"failure_rate": 0.1}, {"messages": 21})
    ]
    assert len({json.dumps(json.loads(document)["results"]) for document in documents}) == 4


def test_the_tables_have_a_row_a_strategy(printed):
    lines = printed().out.splitlines()
    for strategy in STRATEGIES:
        first_word = strategy.name.split(" with ")[0]  # a long name is broken
        assert sum(line.startswith(f"│ {first_word} ") for line in lines) >= 2
    titles = [line.strip() for line in lines if "queue, " in line]
    assert titles == [
        "Standard queue, 20 messages",
        "Standard queue, 20 messages, one of them poison",
        "FIFO queue, 20 messages",
        "FIFO queue, 20 messages, one of them poison",
    ]
    assert "50%" in lines[-2] + lines[-1]


def test_no_column_is_cut_off_on_a_narrow_terminal(printed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("benchmarks.compare.command.make_console", lambda: Console(width=80, highlight=False))
    out = printed().out
    assert "drained" in out
    assert "…" not in out


def outcome(histories, *, fifo=True, poison=True):
    strategy = next(strategy for strategy in STRATEGIES if strategy.fifo == fifo)
    return Outcome.of(Played(strategy, Messages(len(histories), poison=poison), histories, invocations=1234))


def test_a_cell_says_nothing_where_there_is_nothing_to_say():
    row = cells(outcome([History(0, None, False)], fifo=False, poison=False))
    assert row == ["1,234", "0", "0", "0", "-", "-", "0", "0", "never: 1 remain"]


def test_a_cell_says_whether_the_poison_message_is_where_it_belongs():
    assert cells(outcome([History(0, 0, True, dead_lettered=7.0)]))[5:] == ["yes", "0", "0", "7.0 s"]
    assert cells(outcome([History(0, 0, True, deleted=7.25)]))[5:] == ["no", "0", "0", "7.2 s"]


def test_faults_stand_out_and_so_do_the_strategies_without():
    console = Console(file=io.StringIO(), width=130, force_terminal=True, color_system="standard")
    lost, fine = outcome([History(0, 0, True, deleted=1.0)]), outcome([History(0, 0, True, dead_lettered=1.0)])
    console.print(make_table("", [lost, fine]))
    *_, bad_row, good_row, _, _ = console.file.getvalue().split("\n")
    assert "\x1b[1;31m   1\x1b[0m" in bad_row
    assert "\x1b[1;32mcontinue\x1b[0m" in good_row
    assert "\x1b[1;32m" not in bad_row
    assert "\x1b[1;31m" not in good_row


def test_the_command_prints_the_tables(run_compare_command):
    program = run_compare_command("--messages", "10", "--seed", "-1", "--failure-rate", "0.004")
    assert program.exit_code() == 0
    assert program.lines[0].strip() == "Standard queue, 10 messages"
    assert "0.4%" in program.output
    assert "seed -1" in program.output
    assert "never awaited" not in program.output


def test_the_command_prints_json_and_nothing_else(run_compare_command):
    program = run_compare_command("--json", "--messages", "1")
    assert program.exit_code() == 0
    assert json.loads(program.output)["failure_rate"] == 1 / 3


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--messages", "0", "0 is not 1 to 10,000"),
        ("--messages", "10001", "10001 is not 1 to 10,000"),
        ("--messages", "ten", "'ten' is not a whole number"),
        ("--seed", "1.5", "'1.5' is not a whole number"),
        ("--failure-rate", "-0.1", "-0.1 is not 0 to 1"),
        ("--failure-rate", "1.1", "1.1 is not 0 to 1"),
        ("--failure-rate", "nan", "nan is not 0 to 1"),
        ("--failure-rate", "often", "'often' is not a number"),
    ],
)
def test_a_wrong_option_is_named_with_the_reason(run_compare_command, option, value, reason):
    program = run_compare_command(f"{option}={value}")
    assert program.exit_code() == 2
    assert program.lines[-1] == f"python -m benchmarks.compare: error: argument {option}: {reason}"


def test_a_folder_without_the_page_is_told_in_one_message(run_compare_command, tmp_path):
    program = run_compare_command("--messages", "1", "--docs", str(tmp_path))
    assert program.exit_code() == 1
    assert program.lines == [f"error: Cannot renew {tmp_path / 'why.md'}: No such file or directory."]
