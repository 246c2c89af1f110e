"""`sqslab plan`, as it is called."""

import json
from pathlib import Path

import pytest

from sqslab.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
STANDARD = ["plan", "--function-time", "0.1"]
FIFO = [*STANDARD, "--fifo", "--groups", "50"]


def answer(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


NAMES = """
standard: {batch_size: Size, window: Window, maximum_concurrency: Most, function_timeout: Timeout,
  visibility_timeout: Hidden, max_receive_count: Tries, backoff_base: Backoff}
fifo: {batch_size: FifoSize, maximum_concurrency: Most, function_timeout: Timeout, visibility_timeout: Hidden,
  max_receive_count: Tries, queue_max_receive_count: QueueTries, backoff_base: Backoff}
"""


@pytest.fixture
def names(tmp_path):
    (tmp_path / "names.yaml").write_text(NAMES)
    return ["--parameter-names", str(tmp_path / "names.yaml")]


def test_it_shows_the_settings_by_the_names_that_aws_has(capsys):
    assert main([*STANDARD, "--messages-per-second", "100"]) == 0
    # 100 x 0.1 s / 0.7; twice a batch of 1 s, and the reserve; 6 x 3 s + 1 s
    assert (
        "settings: BatchSize=10, MaximumBatchingWindowInSeconds=1, MaximumConcurrency=15, Timeout=3, "
        "VisibilityTimeout=19, maxReceiveCount=5, backoff base=30"
    ) in capsys.readouterr().out


def test_with_the_names_of_a_template_it_shows_them_as_overrides(capsys, names):
    assert main([*STANDARD, "--messages-per-second", "100", *names]) == 0
    assert (
        "sam deploy --parameter-overrides Size=10 Window=1 Most=15 Timeout=3 Hidden=19 Tries=5 Backoff=30"
    ) in capsys.readouterr().out


def test_on_fifo_the_overrides_are_those_of_fifo(capsys, names):
    found = answer(capsys, *FIFO, "--backlog", "100", "--max-receive-count", "3", *names)
    assert found["parameter_overrides"] == {
        "FifoSize": 10,
        "Most": 10,
        "Timeout": 3,
        "Hidden": 18,
        "Tries": 3,
        "QueueTries": 60,  # 2 x 3 x 10
        "Backoff": 30,
    }


@pytest.mark.parametrize("text", ["", "standard: [", "standard: {batch_size: Size}", "fifo: {}"])
def test_names_that_are_not_whole_are_told_in_one_message(capsys, tmp_path, text):
    file = tmp_path / "names.yaml"
    file.write_text(text)
    assert main([*STANDARD, "--backlog", "1", "--parameter-names", str(file)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {file}")


def test_what_is_carried_slowly_is_not_shown_as_nothing(capsys):
    main([*FIFO, "--backlog", "400", "--failure-rate", "0.99"])
    assert "carried 0.0 " not in " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(not PAGE.exists(), reason="docs/ was deleted")
def test_the_example_of_the_documentation_is_what_it_shows(capsys):
    block = PAGE.read_text().split("    sqslab ")[1].split("\n## ")[0]
    command, *lines = block.split("\n\nWhere no setting")[0].splitlines()
    assert main(command.split()) == 0
    found = " ".join(capsys.readouterr().out.split())
    assert len(lines) > 10
    for line in lines:
        assert " ".join(line.removesuffix("...").split()) in found


def test_every_setting_is_taken_from_its_option(capsys):
    given = {
        "batch_size": 20,
        "window": 7,
        "concurrency": 3,
        "maximum_concurrency": 33,
        "function_timeout": 44,
        "visibility_timeout": 555,
        "max_receive_count": 6,
        "backoff_base": 77,
        "memory": 512,
    }
    options = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    found = answer(capsys, *STANDARD, "--backlog", "100", *options)
    assert found["settings"] == given


def test_every_figure_of_the_messages_is_taken_from_its_option(capsys):
    options = ["--messages-per-second", "2.5", "--backlog", "70", "--batch-time", "0.3", "--failure-rate", "0.25"]
    found = answer(capsys, *FIFO, *options, "--message-size", "2000")
    assert found["workload"] == {
        "message_seconds": 0.1,
        "batch_seconds": 0.3,
        "rate": 2.5,
        "backlog": 70,
        "failure_rate": 0.25,
        "message_bytes": 2000,
        "fifo": True,
        "groups": 50,
    }


def test_prices_are_those_of_the_architecture_and_the_kind_of_queue(capsys):
    assert answer(capsys, *STANDARD, "--backlog", "1")["prices"] == {
        "gb_second": 0.0000166667,
        "million_invocations": 0.2,
        "million_requests": 0.4,
    }
    found = answer(capsys, *FIFO, "--backlog", "1", "--architecture", "arm64")["prices"]
    assert (found["gb_second"], found["million_requests"]) == (0.0000133334, 0.5)


def test_prices_of_another_region_can_be_given(capsys):
    options = ["--gb-second-price", "0.00002", "--invocations-price", "0.25", "--requests-price", "0"]
    assert answer(capsys, *STANDARD, "--backlog", "1", *options)["prices"] == {
        "gb_second": 0.00002,
        "million_invocations": 0.25,
        "million_requests": 0,
    }


def test_what_never_ends_is_null_in_json_and_never_in_words(capsys):
    arguments = [*STANDARD, "--messages-per-second", "300", "--backlog", "100000", "--maximum-concurrency", "20"]
    assert answer(capsys, *arguments)["backlog_seconds"] is None
    main(arguments)
    shown = capsys.readouterr().out
    assert "worked off never" in shown
    assert "the backlog grows without end" in shown


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "say --messages-per-second, --backlog or both"),
        (["--fifo", "--backlog", "9"], "say --groups"),
        (["--groups", "5", "--backlog", "9"], "--groups is for --fifo"),
        (["--backlog", "9", "--batch-size", "20", "--window", "0"], "needs a batching window"),
        (["--fifo", "--groups", "5", "--backlog", "9", "--window", "1"], "no batching window on a FIFO queue"),
        (["--fifo", "--groups", "5", "--backlog", "9", "--batch-size", "11"], "not 1 to 10"),
        (["--backlog", "9", "--function-timeout", "10", "--visibility-timeout", "9"], "Lambda refuses"),
        (["--backlog", "9", "--batch-time", "2.1", "--function-timeout", "4"], "a full batch takes 3.1 s"),
        (["--backlog", "9", "--batch-time", "899"], "a full batch takes 900.0 s"),
    ],
)
def test_options_that_do_not_go_together_are_one_clear_error(capsys, options, complaint):
    assert main([*STANDARD, *options]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert complaint in shown.err


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--failure-rate", "1.1", "1.1 is not in the range 0<=x<=1"),
        ("--failure-rate", "nan", "nan is not in the range 0<=x<=1"),
        ("--function-time", "0", "not in the range 0.0001<=x<=900"),
        ("--batch-size", "2.5", "not a valid integer"),
        ("--maximum-concurrency", "1", "not in the range 2<=x<=1000"),
        ("--memory", "64", "not in the range 128<=x<=10240"),
        ("--backlog", "many", "not a valid integer"),
    ],
)
def test_a_number_that_cannot_be_is_a_usage_error(capsys, option, value, complaint):
    assert main([*STANDARD, option, value]) == 2
    assert complaint in capsys.readouterr().err
