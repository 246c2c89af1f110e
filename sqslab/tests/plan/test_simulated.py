"""The formulas of `plan`, against this project's poller on the simulator."""

import dataclasses
import itertools

import pytest

from sqslab.plan.backlog import backlog_seconds
from sqslab.plan.capacity import capacity
from sqslab.plan.price import Prices, bill, mean_batch
from sqslab.plan.retries import batch_runs, course, poison_seconds
from sqslab.plan.simulation import simulate
from sqslab.plan.workload import Settings, Workload

TEMPLATE = Settings(
    batch_size=10,
    window=0,
    concurrency=1,
    maximum_concurrency=10,
    function_timeout=60,
    visibility_timeout=3600,
    max_receive_count=5,
    backoff_base=30,
)


def settings(**changes):
    return dataclasses.replace(TEMPLATE, **changes)


@pytest.mark.parametrize(
    ("workload", "carried_by"),
    [
        (Workload(message_seconds=0.1, backlog=5000), settings()),
        (Workload(message_seconds=0.1, backlog=5000), settings(maximum_concurrency=1000)),
        (Workload(message_seconds=0.1, batch_seconds=0.5, backlog=5000), settings(maximum_concurrency=40)),
        (Workload(message_seconds=0.5, backlog=5000), settings(concurrency=5, maximum_concurrency=20)),
        (Workload(message_seconds=0.02, backlog=20_000), settings(batch_size=100, window=1)),
        (Workload(message_seconds=0.1, backlog=5000, fifo=True, groups=20), settings(maximum_concurrency=50)),
        (Workload(message_seconds=0.1, backlog=5000, fifo=True, groups=50), settings(maximum_concurrency=20)),
        (Workload(message_seconds=6, backlog=1000), settings(maximum_concurrency=1000)),
        (Workload(message_seconds=100, backlog=1), settings(function_timeout=900)),
        (Workload(message_seconds=60, backlog=1, fifo=True), settings(function_timeout=900)),
        (Workload(message_seconds=0.1, backlog=100), settings(batch_size=10_000, window=3)),
        (Workload(message_seconds=0.1, backlog=95, fifo=True, groups=3), settings()),
    ],
    ids=[
        "short ramp",
        "ramp",
        "time for a batch",
        "concurrency",
        "large batches",
        "fifo by groups",
        "fifo by limit",
        "long batches",
        "one message",
        "one fifo message",
        "one large batch",
        "fifo, some not full",
    ],
)
def test_a_backlog_takes_as_long_as_planned(workload, carried_by):
    run = simulate(workload, carried_by, messages=workload.backlog)
    last = max(moment for moment, _ in run.done)
    # while it scales up, the poller looks once a second whether there is another place
    assert last == pytest.approx(backlog_seconds(workload, carried_by), abs=1)


def test_a_backlog_takes_as_long_as_planned_while_messages_arrive():
    # given: 30 arrive a second, as long as there is a backlog and longer
    workload = Workload(message_seconds=0.1, backlog=2000, rate=30)
    carried_by = settings(maximum_concurrency=5)
    planned = backlog_seconds(workload, carried_by)  # 2,000 / (50 - 30)
    # when
    run = simulate(workload, carried_by, messages=2000 + 30 * 110)
    # then: from then on only what arrives is carried
    totals = list(itertools.accumulate((count for _, count in run.done)))
    drained = next(
        moment
        for (moment, _), total in zip(run.done, totals, strict=True)
        if total >= 2000 + 30 * (moment - 1)  # what is with the function is not done
    )
    assert drained == pytest.approx(planned, rel=0.1)


@pytest.mark.parametrize(("share", "batch_size"), [(0.02, 10), (0.05, 1), (0.05, 10)], ids=str)
def test_failures_slow_fifo_down_as_planned(share, batch_size):
    messages, groups = 8000, 8
    workload = Workload(message_seconds=0.1, backlog=messages, failure_rate=share, fifo=True, groups=groups)
    carried_by = settings(batch_size=batch_size, maximum_concurrency=1000)
    run = simulate(workload, carried_by, messages=messages)
    # in the middle: no group was waiting for a retry in the beginning, and they end one by one
    reached = [moment for moment, count in run.done for _ in range(count)]
    begin, end = reached[messages // 5], reached[messages * 3 // 5]
    carried = messages * 2 / 5 / (end - begin)
    assert carried == pytest.approx(capacity(workload, carried_by).messages_a_second, rel=0.2)


@pytest.mark.parametrize("fifo", [False, True])
def test_messages_are_tried_and_dead_lettered_as_often_as_planned(fifo):
    messages = 5000
    workload = Workload(message_seconds=0.01, backlog=messages, failure_rate=0.3, fifo=fifo, groups=50)
    carried_by = settings(maximum_concurrency=100, max_receive_count=3, backoff_base=1)
    run = simulate(workload, carried_by, messages=messages)
    planned = course(workload, carried_by)
    assert run.attempts / messages == pytest.approx(planned.attempts, rel=0.02)
    assert run.dead_lettered / messages == pytest.approx(planned.dead_lettered, rel=0.1)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.99, 1.0])
def test_messages_of_which_many_fail_on_fifo_are_tried_as_often_as_planned(share):
    messages = 600
    workload = Workload(message_seconds=0.1, backlog=messages, failure_rate=share, fifo=True, groups=20)
    carried_by = settings(maximum_concurrency=1000)
    run = simulate(workload, carried_by, messages=messages)
    planned = course(workload, carried_by)
    assert run.attempts / messages == pytest.approx(planned.attempts, rel=0.05)
    assert run.attempts / run.invocations == pytest.approx(batch_runs(workload, carried_by), rel=0.05)
    assert run.dead_lettered / messages == pytest.approx(planned.dead_lettered, abs=0.02)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_a_backlog_of_which_many_fail_on_fifo_takes_as_long_as_planned(share):
    workload = Workload(message_seconds=0.1, backlog=150, failure_rate=share, fifo=True, groups=10)
    carried_by = settings(maximum_concurrency=1000)
    # the time of the slowest group is chance, so it takes several runs
    times = [simulate(workload, carried_by, messages=150, seed=seed).seconds for seed in range(10)]
    assert sum(times) / len(times) == pytest.approx(backlog_seconds(workload, carried_by), rel=0.15)


@pytest.mark.parametrize("fifo", [False, True])
def test_a_poison_message_is_dead_lettered_as_soon_as_planned(fifo):
    workload = Workload(message_seconds=0.1, backlog=1, failure_rate=1.0, fifo=fifo)
    carried_by = settings(window=0 if fifo else 1)
    mean, most = poison_seconds(workload, carried_by)
    times = [simulate(workload, carried_by, messages=1, seed=seed).seconds for seed in range(150)]
    assert sum(times) / len(times) == pytest.approx(mean, rel=0.08)
    assert max(times) <= most + 1  # the simulation is looked at once a second


def test_a_backlog_is_invoked_for_and_billed_as_planned():
    workload = Workload(message_seconds=0.1, backlog=5000, failure_rate=0.1)
    run = simulate(workload, settings(), messages=5000)
    found = bill(workload, settings(), Prices(gb_second=0, million_invocations=0, million_requests=1))
    planned_invocations = 5000 * found.invocations / 1_000_000
    # retries come one by one in the end, which the plan does not know
    assert planned_invocations <= run.invocations <= 1.5 * planned_invocations
    billed = sum(run.requests[name] for name in ("delete_message_batch", "change_message_visibility_batch"))
    assert billed / run.invocations <= 2


def test_steady_traffic_fills_the_window_as_planned():
    # one poller here, where Lambda has five
    workload = Workload(message_seconds=0.1, rate=3)
    carried_by = settings(window=2)
    run = simulate(workload, carried_by, messages=3000)
    assert run.attempts / run.invocations == pytest.approx(mean_batch(workload, carried_by, pollers=1), rel=0.1)


def test_one_seed_has_one_outcome():
    workload = Workload(message_seconds=0.1, backlog=200, failure_rate=0.2)
    assert simulate(workload, TEMPLATE, messages=200, seed=7) == simulate(workload, TEMPLATE, messages=200, seed=7)
