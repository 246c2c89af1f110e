"""What holds for every plan, whatever the numbers."""

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sqslab.plan.backlog import backlog_seconds
from sqslab.plan.capacity import capacity
from sqslab.plan.retries import batch_runs, course
from sqslab.plan.workload import Settings, Workload, batch_duration

CHANCE = 0.05  # of what is drawn and not computed
few = hypothesis_settings(max_examples=25, deadline=None)  # each follows thousands of failures


def settings(batch_size, tries, concurrency):
    return Settings(
        batch_size=batch_size,
        window=0,
        concurrency=1,
        maximum_concurrency=concurrency,
        function_timeout=900,
        visibility_timeout=3600,
        max_receive_count=tries,
        backoff_base=30,
    )


rates = st.floats(0, 1)
carried_by = st.builds(settings, st.integers(1, 10), st.integers(2, 8), st.integers(2, 1000))
workloads = st.builds(
    Workload,
    message_seconds=st.floats(0.001, 10),
    batch_seconds=st.floats(0, 2),
    backlog=st.integers(1, 20_000),
    failure_rate=rates,
    fifo=st.booleans(),
    groups=st.integers(1, 1000),
)


@few
@given(workloads, carried_by)
def test_a_message_is_tried_once_at_least_and_at_most_as_often_as_allowed(workload, carried_by):
    found = course(workload, carried_by)
    # on FIFO one that comes first when the one before it is dead-lettered is tried once more
    once_more = workload.fifo and carried_by.batch_size > 1
    assert 1 <= found.attempts <= carried_by.max_receive_count + once_more + 1e-9
    assert 0 <= found.dead_lettered <= 1
    assert 1 <= batch_runs(workload, carried_by) <= carried_by.batch_size


@few
@given(workloads, carried_by, rates, rates)
def test_a_message_is_not_tried_less_where_more_attempts_fail(workload, carried_by, one_rate, another):
    less, more = sorted((one_rate, another))
    before = course(Workload(**vars(workload) | {"failure_rate": less}), carried_by).attempts
    assert course(Workload(**vars(workload) | {"failure_rate": more}), carried_by).attempts >= before * (1 - CHANCE)


@few
@given(workloads, carried_by)
def test_no_more_is_carried_than_any_limit_allows(workload, carried_by):
    carried = capacity(workload, carried_by).messages_a_second
    attempts, runs = course(workload, carried_by).attempts, batch_runs(workload, carried_by)
    batches = carried * attempts / runs
    at_once = batches * batch_duration(workload, runs, 1)
    assert at_once <= carried_by.maximum_concurrency * (1 + 1e-9)
    if workload.fifo:
        assert at_once <= workload.groups * (1 + 1e-9)
        assert batches <= 300 * (1 + 1e-9)
        assert carried <= 3000 * (1 + 1e-9)


@few
@given(workloads, carried_by)
def test_a_backlog_takes_a_batch_at_least_and_more_of_it_no_less(workload, carried_by):
    if workload.fifo:  # what is drawn differs by more
        workload = Workload(**vars(workload) | {"failure_rate": 0.0})
    seconds = backlog_seconds(workload, carried_by)
    runs = min(carried_by.batch_size, workload.backlog)
    assert seconds >= batch_duration(workload, runs, 1) - 1e-6
    longer = Workload(**vars(workload) | {"backlog": workload.backlog + 1})
    assert backlog_seconds(longer, carried_by) >= seconds - 1e-6
