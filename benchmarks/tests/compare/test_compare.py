"""What each way of handling a batch does to the messages, and that this layer does no harm."""

import functools
import itertools
import logging
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from partial_batch._sqs import client as _sqs

from benchmarks.compare import run, shop
from benchmarks.compare.history import Attempt, History
from benchmarks.compare.outcome import Outcome
from benchmarks.compare.run import Messages, Played, play
from benchmarks.compare.strategies import STRATEGIES, Strategy

BY_NAME = {strategy.name: strategy for strategy in STRATEGIES}
LAYER = ["partial", "layer stop_batch", "layer skip_group", "layer with bystander protection"]
LOSE = {"not-switched-on", "unawaited", "stop-silently"}
REPEAT = {"raise", "bare-ids", "null-on-success"}
REORDER = {"continue"}
DEAD_LETTER_INNOCENTS = {
    *("raise", "delete-as-you-go", "bare-ids", "null-on-success"),
    *("stop", "layer stop_batch", "layer skip_group"),
}
DEAD_LETTER_EARLY = {
    *("raise", "delete-as-you-go"),
    *("stop", "layer stop_batch", "layer skip_group", "layer with bystander protection"),
}
CAREFUL = [
    "batch-size-1",
    "delete-and-raise",
    "partial",
    "continue",
]  # dead-letter what failed five times, nothing else
SEEDS = range(1, 6)

over_seeds = pytest.mark.parametrize(("seed", "poison"), list(itertools.product(SEEDS, (False, True))))
over_strategies = pytest.mark.parametrize("name", BY_NAME)


@functools.cache
def played(name, seed, poison):
    return play(BY_NAME[name], Messages(seed=seed, poison=poison))


@over_seeds
@over_strategies
def test_which_strategies_lose_repeat_and_reorder(name, seed, poison):
    outcome = Outcome.of(played(name, seed, poison))
    assert (outcome.lost > 0) == (name in LOSE)
    assert (outcome.repeated_runs > 0) == (name in REPEAT)
    assert bool(outcome.out_of_order) == (name in REORDER)
    assert (outcome.innocents_dead_lettered > 0) == (name in DEAD_LETTER_INNOCENTS)
    assert (outcome.early_dead_lettered > 0) == (name in DEAD_LETTER_EARLY)
    assert (outcome.faults == []) == (name in {"batch-size-1", "delete-and-raise", "partial"})


@over_seeds
@over_strategies
def test_every_message_is_accounted_for(name, seed, poison):
    outcome = Outcome.of(played(name, seed, poison))
    assert outcome.done + outcome.lost + outcome.dead_lettered + outcome.remaining == 100
    assert outcome.remaining == 0
    assert outcome.drained_after is not None


@over_seeds
@over_strategies
def test_every_strategy_gets_the_same_draws(name, seed, poison):
    messages = Messages(seed=seed, poison=poison)
    for history in played(name, seed, poison).histories:
        drawn = [history.poison or messages.fails(history.number, attempt + 1) for attempt in range(history.begun)]
        assert [attempt.failed for attempt in history.attempts] == drawn


@over_seeds
@pytest.mark.parametrize("name", CAREFUL)
def test_where_no_message_suffers_for_another_the_draws_say_which_is_dead_lettered(name, seed, poison):
    messages = Messages(seed=seed, poison=poison)
    unlucky = {number for number in range(100) if all(messages.fails(number, attempt) for attempt in range(1, 6))}
    histories = played(name, seed, poison).histories
    poisonous = {history.number for history in histories if history.poison}
    assert {history.number for history in histories if history.dead_lettered is not None} == unlucky | poisonous


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - {"stop-silently"}))
def test_a_poison_message_is_dead_lettered_unless_its_failures_go_unheard(name, seed):
    outcome = Outcome.of(played(name, seed, True))
    assert outcome.poison_dead_lettered == (name not in LOSE)


@pytest.mark.parametrize("poison", [False, True])
def test_one_message_is_one_invocation_with_batches_of_one(poison):
    outcome = Outcome.of(played("batch-size-1", 1, poison))
    assert outcome.invocations == outcome.runs > 5 * Outcome.of(played("partial", 1, poison)).invocations


@over_seeds
def test_stop_batch_is_what_aws_advises(seed, poison):
    layer, advised = (played(name, seed, poison) for name in ("layer stop_batch", "stop"))
    assert layer.histories == advised.histories


@over_seeds
def test_fewer_are_wronged_the_more_of_the_layer_is_used(seed, poison):
    stop_batch, skip_group, protected = (
        outcome.innocents_dead_lettered + outcome.early_dead_lettered
        for outcome in (Outcome.of(played(name, seed, poison)) for name in LAYER[1:])
    )
    assert stop_batch > skip_group > protected


@settings(max_examples=60)
@given(
    name=st.sampled_from(LAYER),
    count=st.integers(1, 60),
    seed=st.integers(),
    failure_rate=st.floats(0, 1),
    poison=st.booleans(),
)
def test_the_layer_neither_loses_nor_repeats_nor_reorders(name, count, seed, failure_rate, poison):
    outcome = Outcome.of(play(BY_NAME[name], Messages(count, seed, failure_rate, poison)))
    assert outcome.lost == 0
    assert outcome.repeated_runs == 0
    assert not outcome.out_of_order
    assert outcome.done + outcome.dead_lettered == count


@over_strategies
def test_one_seed_gives_one_outcome(name):
    again = play(BY_NAME[name], Messages(seed=1, poison=True))
    assert again.histories == played(name, 1, True).histories
    assert again.invocations == played(name, 1, True).invocations


def test_another_seed_gives_another_outcome():
    assert played("partial", 1, False).histories != played("partial", 2, False).histories


@pytest.mark.parametrize(("failure_rate", "failures"), [(0, 0), (1, 500)])
def test_the_failure_rate_is_heeded(failure_rate, failures):
    outcome = play(BY_NAME["partial"], Messages(failure_rate=failure_rate))
    assert sum(history.failures for history in outcome.histories) == failures


@pytest.mark.parametrize("seed", SEEDS)
def test_about_a_third_of_the_attempts_fail_unless_told_otherwise(seed):
    drawn = Counter(Messages(seed=seed).fails(number, 1) for number in range(3000))
    assert 900 < drawn[True] < 1100


def test_a_queue_that_never_drains_is_left_at_the_horizon():
    def hide(event, context):
        for record in event["Records"]:
            handle = record["receiptHandle"]
            shop.sqs.change_message_visibility(QueueUrl=shop.QUEUE_URL, ReceiptHandle=handle, VisibilityTimeout=43_200)
        raise shop.ShippingFailed

    outcome = Outcome.of(play(Strategy("hide", hide), Messages(20), horizon=600))
    assert outcome.drained_after is None
    assert outcome.remaining == 20
    assert outcome.faults == ["never done with 20 messages"]


def test_a_visibility_timeout_no_longer_than_the_window_repeats_runs_whatever_the_handler(monkeypatch):
    monkeypatch.setattr(run, "VISIBILITY_TIMEOUT", 0)
    assert Outcome.of(play(BY_NAME["partial"], Messages(poison=True))).repeated_runs > 0


@pytest.mark.parametrize("name", ["unawaited", "partial", "layer with bystander protection"])
def test_a_run_leaves_no_trace(name, caplog, capfd, recwarn):
    clients = dict(_sqs._clients)
    play(BY_NAME[name], Messages(20))
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    assert list(recwarn) == []
    assert _sqs._clients == clients
    assert not logging.getLogger("partial_batch").disabled


def attempt(*, failed=False, repeated=False, overtook=False):
    return Attempt(1.0, failed=failed, repeated=repeated, overtook=overtook)


FAILURE = attempt(failed=True)


def test_the_figures_say_what_happened():
    histories = [
        History(0, 0, False, attempts=[attempt()], deleted=3.0),
        History(1, 0, False, attempts=[attempt(), attempt(repeated=True)], dead_lettered=4.0),
        History(2, 0, False, dead_lettered=4.0),
        History(3, 0, False, attempts=[FAILURE] * 5, dead_lettered=4.0),
        History(4, 0, False, attempts=[FAILURE] * 4, dead_lettered=4.0),
        History(5, 0, True, attempts=[FAILURE], dead_lettered=4.0, deleted=9.0),
        History(6, 0, False, attempts=[attempt(failed=True, overtook=True)], deleted=5.0004),
    ]
    messages = Messages(len(histories), poison=True)
    outcome = Outcome.of(Played(BY_NAME["stop"], messages, histories, invocations=8))
    assert outcome == Outcome(
        strategy="stop",
        queue="fifo",
        poison=True,
        invocations=8,
        runs=14,
        repeated_runs=1,
        done=1,
        lost=1,
        out_of_order=1,
        dead_lettered=5,
        poison_dead_lettered=True,
        innocents_dead_lettered=2,
        early_dead_lettered=1,
        drained_after=5.0,
        remaining=0,
    )
    assert outcome.faults == [
        "loses 1 message",
        "breaks the order 1 time",
        "repeats 1 run",
        "dead-letters 2 innocents and 1 too early",
    ]


@pytest.mark.parametrize(
    ("history", "does_harm"),
    [
        (History(0, 0, False, attempts=[attempt()], deleted=1.0), False),
        (History(0, 0, False, attempts=[attempt(failed=True)], dead_lettered=1.0), False),  # too early
        (History(0, 0, False, dead_lettered=1.0), True),
        (History(0, 0, False, deleted=1.0), True),
        (History(0, 0, False, attempts=[attempt(overtook=True)], deleted=1.0), True),
        (History(0, 0, False, attempts=[attempt(), attempt(repeated=True)], deleted=1.0), True),
        (History(0, 0, False, attempts=[attempt(failed=True)]), True),
    ],
)
def test_too_few_tries_are_a_fault_but_no_harm(history, does_harm):
    outcome = Outcome.of(Played(BY_NAME["stop"], Messages(1), [history], invocations=1))
    assert outcome.does_harm == does_harm


def test_a_queue_is_not_drained_while_a_message_is_left():
    histories = [History(0, None, poison=False, attempts=[attempt()], deleted=3.0), History(1, None, poison=False)]
    outcome = Outcome.of(Played(BY_NAME["partial"], Messages(2), histories, invocations=1))
    assert (outcome.drained_after, outcome.remaining) == (None, 1)


def test_the_strategies_are_those_of_the_two_kinds_of_queue():
    assert [strategy.name for strategy in STRATEGIES if not strategy.fifo] == [
        "raise",
        "batch-size-1",
        "delete-as-you-go",
        "delete-and-raise",
        "not-switched-on",
        "bare-ids",
        "null-on-success",
        "unawaited",
        "partial",
    ]
    assert [strategy.name for strategy in STRATEGIES if strategy.fifo] == [
        "continue",
        "stop-silently",
        "stop",
        "layer stop_batch",
        "layer skip_group",
        "layer with bystander protection",
    ]
