"""How long a backlog takes, against numbers worked out by hand; test_plan_simulated.py has it against the poller."""

import dataclasses

import pytest

from sqslab.plan.backlog import backlog_seconds
from sqslab.plan.workload import Settings, Workload

TEMPLATE = Settings(
    batch_size=10,
    window=0,
    concurrency=1,
    maximum_concurrency=10,
    function_timeout=30,
    visibility_timeout=190,
    max_receive_count=5,
    backoff_base=30,
    memory=256,
)


def settings(**changes):
    return dataclasses.replace(TEMPLATE, **changes)


class TestABacklog:
    def test_within_the_first_five_batches_is_a_division(self):
        # 5 places x 10 messages a second
        workload = Workload(message_seconds=0.1, backlog=3000)
        assert backlog_seconds(workload, settings(maximum_concurrency=5)) == pytest.approx(60)

    def test_is_worked_off_while_lambda_scales_up(self):
        # Batches of 1 s. By 10 s five places have ended ten each, and of the 50 that came, five a second, five have
        # ended nine, five eight, ...: 50 + 5 x (9 + ... + 1) = 275
        workload = Workload(message_seconds=0.1, backlog=2750)
        assert backlog_seconds(workload, settings(maximum_concurrency=1000)) == pytest.approx(10)

    def test_goes_on_at_full_speed_after_that(self):
        # 275 batches by 10 s, as above, and the 55 places that there are then end 55 more each second
        workload = Workload(message_seconds=0.1, backlog=13_750)
        assert backlog_seconds(workload, settings(maximum_concurrency=55)) == pytest.approx(30)

    def test_takes_longer_while_messages_arrive(self):
        # 5 places x 10 a second, of which 20 are for what arrives
        workload = Workload(message_seconds=0.1, backlog=3000, rate=20)
        assert backlog_seconds(workload, settings(maximum_concurrency=5)) == pytest.approx(100)

    def test_may_grow_before_it_shrinks(self):
        # 100 arrive a second, (5 + 5t) x 10 are carried: 25 t^2 - 50 t = 2,000 at t = 10, when 3,000 were there. 275
        # batches have ended then; ten more end at 10.2 s, at 10.4 s and at 10.6 s
        workload = Workload(message_seconds=0.1, backlog=2000, rate=100)
        assert backlog_seconds(workload, settings(maximum_concurrency=1000)) == pytest.approx(10.6)

    @pytest.mark.parametrize("concurrency", [5, 10])
    def test_never_ends_where_more_arrives_than_is_carried(self, concurrency):
        workload = Workload(message_seconds=0.1, backlog=100_000, rate=200)
        assert backlog_seconds(workload, settings(maximum_concurrency=concurrency)) == float("inf")

    def test_of_fifo_is_spread_over_the_groups_from_the_beginning(self):
        workload = Workload(message_seconds=0.1, backlog=3000, fifo=True, groups=20)
        assert backlog_seconds(workload, settings(maximum_concurrency=50)) == pytest.approx(15)

    def test_of_one_message_takes_as_long_as_the_message(self):
        assert backlog_seconds(Workload(message_seconds=80, backlog=1), TEMPLATE) == pytest.approx(80)
        fifo = Workload(message_seconds=60, backlog=1, fifo=True)
        assert backlog_seconds(fifo, TEMPLATE) == pytest.approx(60)

    def test_of_one_batch_is_not_spread_over_places(self):
        workload = Workload(message_seconds=0.1, backlog=100)
        assert backlog_seconds(workload, settings(batch_size=10_000)) == pytest.approx(10)

    def test_lasts_until_its_last_batch_has_ended(self):
        # 100 batches of 60 s; the hundredth place is there after 19 s
        workload = Workload(message_seconds=6, backlog=1000)
        assert backlog_seconds(workload, settings(maximum_concurrency=1000)) == pytest.approx(19 + 60)

    def test_the_window_is_waited_out_for_a_batch_that_is_not_full(self):
        # a full batch of 1 s, beside 3 s for more than five messages, which take 0.5 s
        workload = Workload(message_seconds=0.1, backlog=15)
        assert backlog_seconds(workload, settings(window=3)) == pytest.approx(3.5)
        full = Workload(message_seconds=0.1, backlog=20)
        assert backlog_seconds(full, settings(window=3)) == pytest.approx(1)

    def test_of_fifo_goes_batch_by_batch_where_there_are_more_groups_than_places(self):
        # 30 batches of 1 s at 20 places
        workload = Workload(message_seconds=0.1, backlog=300, fifo=True, groups=30)
        assert backlog_seconds(workload, settings(maximum_concurrency=20)) == pytest.approx(2)

    def test_of_one_fifo_group_counts_each_batch_s_own_time(self):
        # three batches, 25 messages
        workload = Workload(message_seconds=0.1, batch_seconds=2, backlog=25, fifo=True)
        assert backlog_seconds(workload, TEMPLATE) == pytest.approx(3 * 2 + 2.5)

    def test_of_fifo_is_received_three_hundred_times_a_second(self):
        # the last of 3,000 batches is received after 2,999 / 300 s and takes 0.01 s
        workload = Workload(message_seconds=0.001, backlog=30_000, fifo=True, groups=3000)
        found = backlog_seconds(workload, settings(maximum_concurrency=1000))
        assert found == pytest.approx(2999 / 300 + 0.01)

    def test_of_fifo_where_all_fail_ends_with_the_slowest_group(self):
        # Three messages, batches of one, two tries: each runs twice for 1 s and is hidden for 1 s in between
        workload = Workload(message_seconds=1, backlog=12, failure_rate=1.0, fifo=True, groups=4)
        found = backlog_seconds(workload, settings(batch_size=1, max_receive_count=2, backoff_base=1))
        assert found == pytest.approx(3 * (1 + 1 + 1))
