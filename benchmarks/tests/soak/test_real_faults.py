"""A small run of benchmarks/faults: processes killed, the emulator stopped, and nothing lost."""

import os

import pytest

from benchmarks.books import Balance, Books, Letter, Promise
from benchmarks.faults import __main__ as faults
from benchmarks.faults.queue import Step, replay


def test_nothing_is_lost_while_processes_are_killed_and_the_emulator_is_stopped():
    before = dict(os.environ)
    outcome = faults.run(messages=100, seed=1)
    assert outcome.problems == []
    assert {name: balance.messages for name, balance in outcome.balances.items()} == {"standard": 100, "fifo": 100}
    for what in ("function process killed", "poller killed", "emulator stopped for up to two seconds"):
        assert outcome.counts[what], what
    assert dict(os.environ) == before


@pytest.fixture
def replayed():
    """Replays lines such as `began 0` of a group of two, one a second from 1 on, and gives the books."""

    def make(*lines, letters=()):
        books = Books()
        for number in range(2):
            books.sent(number, "g")
        steps = [Step.from_line(f"{line} 4711 {at}.5 1 invocation") for at, line in enumerate(lines, start=1)]
        return books, replay(books, steps, letters)

    return make


def test_a_later_message_may_run_as_soon_as_the_earlier_one_is_sent_to_the_dead_letter_queue(replayed):
    # given the process was killed before anybody got to know of the sending, so that it came back
    lines = ["began 0", "failed 0", "began 1", "began 0", "succeeded 0", "began 1", "succeeded 1"]
    books, in_the_middle = replayed(*lines, letters=[Letter(0, "RuntimeError", 1, 3.0)])
    assert books.out_of_order == []
    assert in_the_middle == 1
    books, _ = replayed(*lines, letters=[Letter(0, "RuntimeError", 1, 4.0)])
    assert books.out_of_order == [(1, 0)]


def test_what_sqs_moved_was_in_its_place_until_its_last_run(replayed):
    books, _ = replayed("began 0", "failed 0", "began 1", "succeeded 1", letters=[Letter(0, None, 100)])
    assert books.out_of_order == []
    books, _ = replayed("began 1", "began 0", "failed 0", letters=[Letter(0, None, 100)])
    assert books.out_of_order == [(1, 0)]
    books, _ = replayed("began 1", "succeeded 1", letters=[Letter(0, None, 100)])  # it never ran
    assert books.out_of_order == []


def test_how_often_code_failed_and_whether_for_good_is_read_from_the_log(replayed):
    books, _ = replayed("began 0", "failed 0", "began 1", "rejected 1")
    assert not books.accounts[0].failed_at[1].for_good
    assert books.accounts[1].failed_at[1].for_good
    assert books.accounts[1].failed_at[1].invocation == "invocation"


def test_too_few_messages_are_a_usage_error(capsys):
    with pytest.raises(SystemExit) as error:
        faults.main(["--messages", "0"])
    assert error.value.code == 2
    assert "--messages" in capsys.readouterr().err


def test_what_is_wrong_is_said_and_nothing_written(monkeypatch, capsys):
    promise = Promise(tries=5, most_receives=100)
    outcome = faults.Outcome({"fifo": Balance(messages=2, done=1, lost=1)}, {"fifo": promise})
    monkeypatch.setattr(faults, "run", lambda messages, seed: outcome)
    monkeypatch.setattr(faults, "interrupt_on_signals", lambda: None)
    monkeypatch.setattr(faults, "write_part", lambda text: pytest.fail("written"))
    assert faults.main(["--messages", "2", "--write"]) == 1
    assert "fifo: 1 lost" in capsys.readouterr().out
