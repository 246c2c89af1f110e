"""The long run: the same again from its seed, wrong where something is wrong, and made smaller then."""

import pytest
from partial_batch import batch as _batch
from partial_batch._sqs import dead_letters as _dead_letter
from partial_batch.outcomes import DEAD_LETTERED, FAILED, NEVER_STARTED

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


def _sends_no_error_type(monkeypatch):
    attributes = _dead_letter._attributes

    def without(*arguments):
        return {name: value for name, value in attributes(*arguments).items() if name != "ErrorType"}

    monkeypatch.setattr(_dead_letter, "_attributes", without)


def _judges(verdict):
    return lambda monkeypatch: monkeypatch.setattr(_batch.Batch, "_reached_max_receive_count", verdict)


def _counts(message, batch):
    most = batch.options.max_receive_count
    return most is not None and message.receive_count % most == 0


def _has_passed_its_tries(batch, place, message):
    most = batch.options.max_receive_count
    return most is not None and message.receive_count >= most and not batch.outcomes.count(DEAD_LETTERED)


def _reports_all_behind_the_first_failure(monkeypatch):
    response = _batch.Batch.response

    def longer(self):
        unfinished = [place for place, outcome in enumerate(self.outcomes) if outcome in (NEVER_STARTED, FAILED)]
        if unfinished:
            self.outcomes[unfinished[0] :] = [FAILED] * (len(self.outcomes) - unfinished[0])
        return response(self)

    monkeypatch.setattr(_batch.Batch, "response", longer)


WITHOUT_REASON = "dead-lettered without a reason"


@pytest.mark.parametrize(
    ("sabotage", "seed", "problem"),
    [
        (_sends_no_error_type, 0, WITHOUT_REASON),
        (_sends_no_error_type, 5, WITHOUT_REASON),
        (_judges(lambda batch, place, message: True), 0, WITHOUT_REASON),
        (_judges(lambda batch, place, message: True), 5, WITHOUT_REASON),
        (_judges(_has_passed_its_tries), 5, WITHOUT_REASON),
        (_judges(lambda batch, place, message: _counts(message, batch)), 5, WITHOUT_REASON),
        (_judges(lambda batch, place, message: False), 5, "failed at its last try"),
        (_reports_all_behind_the_first_failure, 0, "run again after success without a cause"),
        (_reports_all_behind_the_first_failure, 23, "run again after success without a cause"),
    ],
    ids=[
        "no error type",
        "no error type, FIFO",
        "dead-letters each failure",
        "dead-letters each failure, FIFO",
        "dead-letters at each receive from the last try on",
        "dead-letters what waited in the same invocation",
        "never dead-letters what had its tries",
        "reports what succeeded",
        "reports what succeeded, FIFO",
    ],
)
def test_a_layer_that_breaks_its_promises_is_noticed(sabotage, seed, problem, monkeypatch):
    sabotage(monkeypatch)
    assert any(problem in found for found in run_shard(seed, 400).problems)


def test_each_repetition_has_its_cause():
    outcome = run_shard(0, 400)
    assert outcome.repetitions.total() == outcome.balance.repetitions > 0
    assert "" not in outcome.repetitions


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


def test_what_to_type_to_repeat_it_has_all_options(capsys):
    assert main(["--messages", "70", "--shard", "40", "--seed", "3", "--jobs", "1", "--without", "raises,hangs"]) == 0
    again = "    make soak ARGS='--messages 70 --shard 40 --seed 3 --without \"raises,hangs\"'\n"
    assert again in capsys.readouterr().out


def test_a_ledger_without_some_of_the_faults_is_not_written(capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.soak.__main__.write_part", lambda text: pytest.fail("written"))
    with pytest.raises(SystemExit) as error:
        main(["--messages", "10", "--write", "--without", "raises"])
    assert error.value.code == 2
    assert "--write: not with --without" in capsys.readouterr().err


def test_the_lines_of_the_ledger_add_up(capsys):
    main(["--messages", "600", "--shard", "300", "--seed", "12", "--jobs", "1"])  # both without bystander protection
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    (everything,) = [row for row in rows if row[0] == "**all**"]
    messages, done, dead, lost, _, innocent = (int(number.replace(",", "")) for number in everything[1:7])
    assert innocent > 0
    assert done + dead + lost + innocent == messages


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
