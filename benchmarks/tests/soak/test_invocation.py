"""What the layer has to do in one invocation, and what is noticed if it does not."""

import pytest

from benchmarks.soak.invocation import JUDGED, KEPT, NOT_STARTED, NOT_TOLD, Invocation, Rules

BY_GROUP = Rules(tries=5, lanes="group", whole=False)
BY_BATCH = Rules(tries=5, lanes="batch", whole=False)
STANDARD = Rules(tries=None, lanes="none", whole=False)
BULK = Rules(tries=5, lanes="group", whole=True)


def invocation(*messages, receives=1, time_left=5.0, **happened):
    """An invocation with messages such as `a1`, of group a; their numbers count from 0."""
    records = [
        {
            "body": str(number),
            "receiptHandle": name,
            "attributes": {"MessageGroupId": name[0], "ApproximateReceiveCount": str(receives)},
        }
        for number, name in enumerate(messages)
    ]
    return Invocation("one", records, time_left=time_left, **happened)


def test_all_done_is_all_well():
    assert list(invocation("a1", "b1", begun={"a1", "b1"}).breaches(BY_BATCH)) == []


@pytest.mark.parametrize(
    ("rules", "breaches"),
    [(BY_BATCH, []), (BY_GROUP, [NOT_STARTED]), (STANDARD, [NOT_STARTED, NOT_STARTED])],
    ids=["batch", "group", "none"],
)
def test_what_is_behind_a_failure_is_not_started_and_nothing_else(rules, breaches):
    after_failure = invocation("a1", "a2", "b1", begun={"a1"}, failed={"a1": False}, told={"a1"})
    assert list(after_failure.breaches(rules)) == breaches


def test_what_there_is_no_time_for_is_not_started():
    assert list(invocation("a1", "b1", begun={"a1"}, longest=5.0).breaches(BY_GROUP)) == []
    assert list(invocation("a1", "b1", begun={"a1"}, longest=4.9).breaches(BY_GROUP)) == [NOT_STARTED]


def test_a_failure_is_told():
    assert list(invocation("a1", begun={"a1"}, failed={"a1": False}).breaches(STANDARD)) == [NOT_TOLD]


@pytest.mark.parametrize(
    ("rules", "receives", "for_good", "breaches"),
    [
        (BY_GROUP, 4, False, []),
        (BY_GROUP, 5, False, [KEPT]),
        (BY_GROUP, 6, False, []),
        (BY_GROUP, 10, False, [KEPT]),
        (STANDARD, 5, False, []),
        (STANDARD, 1, True, [KEPT]),
        (BULK, 1, True, []),
    ],
)
def test_what_failed_at_its_last_try_or_for_good_is_dead_lettered(rules, receives, for_good, breaches):
    kept = invocation("a1", receives=receives, begun={"a1"}, failed={"a1": for_good}, told={"a1"})
    assert list(kept.breaches(rules)) == breaches
    kept.unanswered.add(1)
    assert list(kept.breaches(rules)) == []


@pytest.mark.parametrize("rules", [BY_GROUP, BY_BATCH])
def test_behind_one_of_its_group_that_succeeded_a_failing_message_is_not_judged(rules):
    happened = {"begun": {"a1", "a2"}, "failed": {"a2": False}, "told": {"a2"}}
    assert list(invocation("a1", "a2", receives=5, **happened).breaches(rules)) == []
    assert list(invocation("a1", "a2", receives=5, **happened, dead={1}).breaches(rules)) == [JUDGED]
    # the head of another group is
    happened = {"begun": {"b1", "a2"}, "failed": {"a2": False}, "told": {"a2"}}
    assert list(invocation("b1", "a2", receives=5, **happened).breaches(rules)) == [KEPT]
    assert list(invocation("b1", "a2", receives=5, **happened, dead={1}).breaches(rules)) == []


@pytest.mark.parametrize("rules", [BY_GROUP, BULK], ids=["one by one", "bulk"])
def test_behind_one_that_was_dead_lettered_a_failing_message_is_not_judged(rules):
    failed = {"a1": False, "a2": False}
    after = invocation("a1", "a2", receives=5, begun={"a1", "a2"}, failed=failed, told={"a2"}, dead={0})
    assert list(after.breaches(rules)) == []


def test_behind_one_that_was_dead_lettered_the_group_goes_on_but_in_a_bulk_function():
    after = invocation("a1", "a2", begun={"a1"}, failed={"a1": True}, dead={0})
    assert list(after.breaches(BY_GROUP)) == [NOT_STARTED]
    assert list(after.breaches(BULK)) == []
