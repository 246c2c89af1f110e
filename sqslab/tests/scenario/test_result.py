import pytest

from sqslab.dlq.dead_letters import DeadLetter
from sqslab.scenario.file import End, ScenarioMessage
from sqslab.scenario.result import check_messages


def message(name, end=End.SUCCEEDED, group=None, receives=1, queue="Movements"):
    return ScenarioMessage(queue if group else "Orders", name, f"body of {name}", end, receives, group)


def dead_letter(message_id, body, reason):
    """As it lies in the queue: SQS moves the message itself, a function sends a copy that says where it is from."""
    if reason is None:
        return DeadLetter({"MessageId": message_id, "Body": body})
    kind, _, text = reason.partition(": ")
    names = {"SourceMessageId": message_id, "ErrorType": kind, "ErrorMessage": text}
    attributes = {name: {"StringValue": value} for name, value in names.items() if value}
    return DeadLetter({"MessageId": f"copy of {message_id}", "Body": body, "MessageAttributes": attributes})


def check(sent, receive_counts, successes, dead_letters):
    return check_messages(sent, receive_counts, successes, dead_letters, {"Movements", "Others"})


def problems(results):
    return {result.message.name: result.problem for result in results if result.problem}


SUCCEEDS, BY_SQS = message("ok"), message("poison", End.BY_SQS, receives=3)
BY_FUNCTION = message("bad", End.BY_FUNCTION)


def test_each_end_that_was_foreseen_is_right():
    sent = {"1": SUCCEEDS, "2": BY_SQS, "3": BY_FUNCTION}
    dead_letters = [dead_letter("2", BY_SQS.body, None), dead_letter("3", BY_FUNCTION.body, "InvalidOrder: no")]
    results = check(sent, {"1": 2, "2": 3, "3": 1}, ["3", "1"], dead_letters)
    assert problems(results) == {}
    assert [(result.receives, result.end) for result in results] == [
        (2, "succeeded"),
        (3, "dead-lettered by SQS: failed 3 times"),
        (1, "dead-lettered by the function: InvalidOrder: no"),
    ]


@pytest.mark.parametrize(
    ("subject", "successes", "dead_letters", "problem"),
    [
        (SUCCEEDS, [], [], "expected: succeeded"),
        (SUCCEEDS, ["1", "1"], [], "was done 2 times"),
        (SUCCEEDS, [], [dead_letter("1", SUCCEEDS.body, None)], "expected: succeeded"),
        (SUCCEEDS, ["1"], [dead_letter("1", SUCCEEDS.body, "why")], "expected: succeeded"),
        (BY_SQS, ["1"], [], "expected: dead-lettered by SQS"),
        (BY_SQS, [], [], "expected: dead-lettered by SQS"),
        (BY_SQS, ["1"], [dead_letter("1", BY_SQS.body, None)], "was done 1 times"),
        (BY_SQS, [], [dead_letter("1", BY_SQS.body, None)] * 2, "was moved to the dead-letter queue 2 times"),
        (BY_SQS, [], [dead_letter("1", "other", None)], "its body was changed"),
        (BY_FUNCTION, [], [dead_letter("1", BY_FUNCTION.body, None)], "expected: dead-lettered by the function"),
        (BY_FUNCTION, [], [dead_letter("1", BY_FUNCTION.body, "why")], "was done 0 times"),
        (BY_FUNCTION, ["1"], [dead_letter("1", "other", "why")], "its body was changed"),
        (
            BY_FUNCTION,
            ["1"],
            [dead_letter("1", body, "why") for body in (BY_FUNCTION.body, "other")],
            "its body was changed",
        ),
        (BY_FUNCTION, ["1"], [dead_letter("1", BY_FUNCTION.body, why) for why in ("why", None)], "was done 1 times"),
        (BY_SQS, [], [dead_letter("1", BY_SQS.body, why) for why in ("why", None)], "expected: dead-lettered by SQS"),
    ],
)
def test_every_other_end_is_wrong(subject, successes, dead_letters, problem):
    (result,) = check({"1": subject}, {"1": 3}, successes, dead_letters)
    assert result.problem == problem


@pytest.mark.parametrize(("successes", "second"), [(["1"], "why"), ([], None)], ids=["sent again", "then moved by SQS"])
def test_a_second_copy_after_a_late_answer_is_named_and_right(successes, second):
    copies = [dead_letter("1", BY_FUNCTION.body, "why"), dead_letter("1", BY_FUNCTION.body, second)]
    for found in (copies, copies[::-1]):
        (result,) = check({"1": BY_FUNCTION}, {"1": 2}, successes, found)
        assert (result.end, result.problem) == ("dead-lettered by the function: why (2 copies)", None)


@pytest.mark.parametrize("receives", [0, 1])
def test_a_failure_that_went_unnoticed_is_wrong(receives):
    retried = message("fails once", receives=2)
    (result,) = check({"1": retried}, {"1": receives}, ["1"], [])
    assert result.problem == "expected: 2 receives"


def test_order_within_a_group_is_checked():
    sent = {name: message(name, group=name[0]) for name in ("a1", "b1", "a2", "b2", "a3")}
    assert problems(check(sent, dict.fromkeys(sent, 1), ["b1", "b2", "a1", "a2", "a3"], [])) == {}
    overtaken = check(sent, dict.fromkeys(sent, 1), ["b1", "a2", "a1", "b2", "a3"], [])
    assert problems(overtaken) == {"a2": "overtook an earlier message of its group"}


def test_order_does_not_matter_without_a_group():
    sent = {"1": message("first"), "2": message("second")}
    assert problems(check(sent, {"1": 1, "2": 1}, ["2", "1"], [])) == {}


def test_messages_of_others_do_not_disturb():
    dead_letters = [dead_letter("foreign", "body", None)]
    assert problems(check({"1": SUCCEEDS}, {"1": 1, "foreign": 3}, ["foreign", "1"], dead_letters)) == {}


def test_a_group_of_a_standard_queue_has_no_order():
    sent = {name: message(name, group="tenant", queue="Orders") for name in ("1", "2")}
    assert problems(check(sent, dict.fromkeys(sent, 1), ["2", "1"], [])) == {}


def test_groups_of_two_queues_are_not_one():
    sent = {"1": message("1", group="a"), "2": message("2", group="a", queue="Others")}
    assert problems(check(sent, dict.fromkeys(sent, 1), ["2", "1"], [])) == {}
