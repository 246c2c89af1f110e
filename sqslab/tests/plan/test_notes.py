"""What `sqslab plan` says to know before its settings are used."""

import json

import pytest

from sqslab.cli import main

STANDARD = ["plan", "--function-time", "0.1"]
FIFO = [*STANDARD, "--fifo", "--groups", "50"]


def answer(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("options", "note"),
    [
        (["--backlog", "9", "--message-size", "100000", "--batch-size", "100", "--concurrency", "9"], "ends at 62"),
        (["--backlog", "9", "--visibility-timeout", "18"], "AWS advises a visibility timeout"),
        (["--messages-per-second", "9000", "--failure-rate", "0.5"], "SQS allows 120,000"),
        (["--backlog", "9", "--concurrency", "4"], "batch_handler(concurrency=4)"),
        (["--fifo", "--groups", "5", "--backlog", "9", "--concurrency", "4"], "does not speed up"),
        (["--fifo", "--groups", "5", "--backlog", "9", "--failure-rate", "0.2"], "A smaller BatchSize helps"),
        (["--fifo", "--groups", "1000", "--backlog", "9", "--maximum-concurrency", "1000"], "High throughput for FIFO"),
        (["--fifo", "--groups", "1", "--backlog", "9", "--messages-per-second", "10"], "the backlog never shrinks"),
        (
            ["--fifo", "--groups", "1", "--backlog", "10000000"],
            "The backlog takes 11 d 13 h. SQS deletes messages after 4",
        ),
        (["--backlog", "9", "--max-receive-count", "400"], "may take 4 d 3 h to the dead-letter queue. SQS deletes"),
    ],
)
def test_it_notes_what_to_know_before(capsys, options, note):
    assert any(note in text for text in answer(capsys, *STANDARD, *options)["notes"])


def test_there_is_nothing_to_note_about_plain_numbers(capsys):
    assert answer(capsys, *STANDARD, "--messages-per-second", "10")["notes"] == []


def test_to_carry_just_what_arrives_is_worth_a_note_only_with_a_backlog(capsys):
    assert (
        answer(capsys, "plan", "--function-time", "0.1", "--fifo", "--groups", "1", "--messages-per-second", "10")[
            "notes"
        ]
        == []
    )


@pytest.mark.parametrize("tries", ["200", "1000"])
def test_a_fifo_queue_is_recommended_no_more_receives_than_sqs_takes_and_it_says_so(capsys, tries):
    arguments = [*FIFO, "--backlog", "10", "--failure-rate", "0.5", "--max-receive-count", tries]
    found = answer(capsys, *arguments)
    assert found["parameter_overrides"]["maxReceiveCount of the queue"] == 1000
    assert any(f"2 x {tries} x 10 = {20 * int(tries):,}, and SQS allows 1,000" in note for note in found["notes"])
