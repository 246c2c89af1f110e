import pytest

from local.queues import DeadLetter
from local.samples import End, Sample, sample_messages
from local.verdict import judge


def sample(name, end=End.SUCCEEDED, group=None, receives=1):
    return Sample("Fifo" if group else "Standard", name, "", f"body of {name}", end, receives, group)


def problems(verdicts):
    return {verdict.sample.name: verdict.problem for verdict in verdicts if verdict.problem}


SUCCEEDS, GIVEN_UP, REFUSED = sample("ok"), sample("poison", End.GIVEN_UP, receives=3), sample("bad", End.REFUSED)


def test_each_end_that_was_foreseen_is_right():
    sent = {"1": SUCCEEDS, "2": GIVEN_UP, "3": REFUSED}
    letters = [DeadLetter("2", GIVEN_UP.body, None), DeadLetter("3", REFUSED.body, "InvalidOrder: no")]
    verdicts = judge(sent, {"1": 2, "2": 3, "3": 1}, ["3", "1"], letters)
    assert problems(verdicts) == {}
    assert [(verdict.receives, verdict.end) for verdict in verdicts] == [
        (2, "succeeded"),
        (3, "dead-lettered by SQS: failed 3 times"),
        (1, "dead-lettered by the function: InvalidOrder: no"),
    ]


@pytest.mark.parametrize(
    ("message", "successes", "letters", "problem"),
    [
        (SUCCEEDS, [], [], "expected: succeeded"),
        (SUCCEEDS, ["1", "1"], [], "was done 2 times"),
        (SUCCEEDS, [], [DeadLetter("1", SUCCEEDS.body, None)], "expected: succeeded"),
        (SUCCEEDS, ["1"], [DeadLetter("1", SUCCEEDS.body, "why")], "expected: succeeded"),
        (GIVEN_UP, ["1"], [], "expected: dead-lettered by SQS"),
        (GIVEN_UP, [], [], "expected: dead-lettered by SQS"),
        (GIVEN_UP, ["1"], [DeadLetter("1", GIVEN_UP.body, None)], "was done 1 times"),
        (GIVEN_UP, [], [DeadLetter("1", GIVEN_UP.body, None)] * 2, "is in the dead-letter queue 2 times"),
        (GIVEN_UP, [], [DeadLetter("1", "other", None)], "its body was changed"),
        (REFUSED, [], [DeadLetter("1", REFUSED.body, None)], "expected: dead-lettered by the function"),
        (REFUSED, [], [DeadLetter("1", REFUSED.body, "why")], "was done 0 times"),
        (REFUSED, ["1"], [DeadLetter("1", "other", "why")], "its body was changed"),
    ],
)
def test_every_other_end_is_wrong(message, successes, letters, problem):
    (verdict,) = judge({"1": message}, {"1": 3}, successes, letters)
    assert verdict.problem == problem


@pytest.mark.parametrize("receives", [0, 1])
def test_a_failure_that_went_unnoticed_is_wrong(receives):
    retried = sample("fails once", receives=2)
    (verdict,) = judge({"1": retried}, {"1": receives}, ["1"], [])
    assert verdict.problem == "expected: 2 receives"


def test_order_within_a_group_is_checked():
    sent = {name: sample(name, group=name[0]) for name in ("a1", "b1", "a2", "b2", "a3")}
    assert problems(judge(sent, dict.fromkeys(sent, 1), ["b1", "b2", "a1", "a2", "a3"], [])) == {}
    overtaken = judge(sent, dict.fromkeys(sent, 1), ["b1", "a2", "a1", "b2", "a3"], [])
    assert problems(overtaken) == {"a2": "overtook an earlier message of its group"}


def test_order_does_not_matter_without_a_group():
    sent = {"1": sample("first"), "2": sample("second")}
    assert problems(judge(sent, {"1": 1, "2": 1}, ["2", "1"], [])) == {}


def test_messages_of_others_do_not_disturb():
    letters = [DeadLetter("foreign", "body", None)]
    assert problems(judge({"1": SUCCEEDS}, {"1": 1, "foreign": 3}, ["foreign", "1"], letters)) == {}


def test_the_samples_show_every_end():
    samples = sample_messages()
    assert len(samples) == 40
    assert len({entry.name for entry in samples}) == len(samples)
    assert {entry.end for entry in samples if entry.queue == "Standard"} == set(End)
    # the function gives up itself on FIFO, for the sake of those that wait behind
    assert {entry.end for entry in samples if entry.queue == "Fifo"} == {End.SUCCEEDED, End.REFUSED}


def test_a_sample_that_never_succeeds_has_others_waiting_behind_it():
    movements = [entry for entry in sample_messages() if entry.group]
    (place,) = [place for place, entry in enumerate(movements) if entry.about == "always fails"]
    assert movements[place + 1].group == movements[place].group
