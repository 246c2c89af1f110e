"""The long run: the same again from its seed, wrong where something is wrong, and made smaller then."""

import pytest
from partial_batch import _batch

from benchmarks.report import write_part
from benchmarks.soak.__main__ import command, main, shrunk
from benchmarks.soak.consumer import MODES, Behaviour
from benchmarks.soak.shard import run_shard


@pytest.fixture
def broken_layer(monkeypatch):
    """A layer that takes every message for done."""
    monkeypatch.setattr(_batch.Batch, "response", lambda self: {"batchItemFailures": []})


@pytest.mark.parametrize("seed", range(len(MODES)), ids=list(MODES))
def test_one_seed_gives_one_outcome_and_nothing_is_lost(seed):
    outcome = run_shard(seed, 60)
    assert outcome.problems == []
    assert outcome.balance.messages == 60
    assert outcome == run_shard(seed, 60)


def test_what_is_left_out_does_not_go_wrong():
    counts = run_shard(0, 200, without=["raises", "receive refused"]).counts
    assert counts
    assert not {"raises", "receive refused"} & counts.keys()


def test_a_message_that_ends_its_process_for_ever_is_none_for_a_soak():
    with pytest.raises(ValueError, match="for ever"):
        Behaviour(then="kills its process")


@pytest.mark.usefixtures("broken_layer")
def test_a_shard_in_which_something_is_wrong_is_named_and_made_smaller(capsys):
    assert run_shard(5, 100).problems
    assert main(["--messages", "200", "--shard", "100", "--jobs", "1", "--seed", "5"]) == 1
    printed = capsys.readouterr().out
    assert command(5, 100, ()) in printed
    messages, left_out = shrunk(5, 100, ())
    assert messages < 100
    assert "poller killed" in left_out
    assert run_shard(5, messages, left_out).problems
    assert f"smaller: {command(5, messages, left_out)}" in printed


def test_a_clean_ledger_is_printed_and_written_only_if_asked_for(capsys, monkeypatch):
    written = []
    monkeypatch.setattr("benchmarks.soak.__main__.write_part", written.append)
    arguments = ["--messages", "70", "--shard", "40", "--jobs", "2"]
    assert main(arguments) == 0
    assert "| **all** | 70 | " in capsys.readouterr().out
    assert written == []
    assert main([*arguments, "--write"]) == 0
    assert written[0].startswith("# Nothing lost in virtual time\n")


@pytest.mark.parametrize(
    "arguments", [["--messages", "0"], ["--without", "rain"], ["--jobs", "many"]], ids=["messages", "kind", "jobs"]
)
def test_a_wrong_option_is_a_usage_error(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_each_benchmark_writes_its_own_part_of_the_results(tmp_path):
    results = tmp_path / "results.md"
    for text in ("# One\n\nold", "# Two\n\ntext\n\n## with a heading", "# One\n\nnew\n"):
        write_part(text, results)
    assert results.read_text() == "# One\n\nnew\n\n# Two\n\ntext\n\n## with a heading\n"
