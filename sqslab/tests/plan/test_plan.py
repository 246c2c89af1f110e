"""The formulas of `plan`, against numbers worked out by hand; test_plan_simulated.py has them against the poller."""

import dataclasses

import pytest

from sqslab.plan.capacity import capacity, concurrency_for, in_flight
from sqslab.plan.price import Prices, bill, mean_batch
from sqslab.plan.retries import batch_runs, course, poison_seconds
from sqslab.plan.workload import Settings, Workload, batch_duration, full_batch

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
PRICES = Prices(gb_second=0.00002, million_invocations=0.2, million_requests=0.4)


def settings(**changes):
    return dataclasses.replace(TEMPLATE, **changes)


class TestABatch:
    def test_takes_its_own_time_and_that_of_each_message(self):
        # 0.5 s + 10 x 0.2 s
        assert batch_duration(Workload(message_seconds=0.2, batch_seconds=0.5), 10, 1) == pytest.approx(2.5)

    def test_runs_as_many_messages_at_once_as_the_handler_is_told(self):
        # 10 messages, 4 at once: three turns of 0.2 s
        assert batch_duration(Workload(message_seconds=0.2), 10, 4) == pytest.approx(0.6)

    def test_of_one_message_group_runs_one_message_after_the_other(self):
        assert batch_duration(Workload(message_seconds=0.2, fifo=True), 10, 4) == pytest.approx(2.0)

    def test_ends_at_six_megabytes(self):
        # a record of 100,000 bytes has between 1,000 and 1,100 around them: 6,291,456 / 101,000 is 62.3
        assert full_batch(Workload(message_seconds=1, message_bytes=100_000), 1000) == 62
        assert full_batch(Workload(message_seconds=1, message_bytes=100), 1000) == 1000


class TestWhatIsCarried:
    def test_is_one_batch_at_each_place_at_a_time(self):
        # 10 places, each with 10 messages in 2.5 s: 10 x 10 / 2.5
        found = capacity(Workload(message_seconds=0.2, batch_seconds=0.5), TEMPLATE)
        assert found.messages_a_second == pytest.approx(40)
        assert found.limited_by == "MaximumConcurrency"

    def test_is_less_by_the_attempts_that_fail(self):
        # every second attempt fails: 1 + 1/2 + 1/4 + 1/8 + 1/16 = 1.9375 attempts a message, at 100 attempts a second
        workload = Workload(message_seconds=0.1, failure_rate=0.5)
        assert capacity(workload, TEMPLATE).messages_a_second == pytest.approx(100 / 1.9375)

    def test_on_fifo_is_one_batch_a_message_group(self):
        # 4 groups, each with a message every 0.1 s, whatever else is allowed
        found = capacity(Workload(message_seconds=0.1, fifo=True, groups=4), TEMPLATE)
        assert found.messages_a_second == pytest.approx(40)
        assert "groups" in found.limited_by

    def test_on_fifo_is_three_hundred_receives_a_second_at_most(self):
        # 1,000 places with 10 messages in 0.01 s would be 1,000,000
        workload = Workload(message_seconds=0.001, fifo=True, groups=100_000)
        found = capacity(workload, settings(maximum_concurrency=1000))
        assert found.messages_a_second == pytest.approx(3000)
        assert "300" in found.limited_by

    def test_on_fifo_a_group_waits_for_its_retries(self):
        # Batches of one, half of the attempts fail, two tries: 1.5 attempts of 1 s, and for half of the messages a
        # backoff of 1 to 2 s, 1.5 in the mean. 10 groups / (1.5 + 0.5 x 1.5) s
        workload = Workload(message_seconds=1, failure_rate=0.5, fifo=True, groups=10)
        found = capacity(workload, settings(batch_size=1, max_receive_count=2, backoff_base=2))
        assert found.messages_a_second == pytest.approx(10 / 2.25)

    def test_the_recommended_concurrency_is_used_to_seven_tenths(self):
        # 100 messages a second of 0.05 s keep 5 places busy; 5 / 0.7 = 7.1
        assert concurrency_for(Workload(message_seconds=0.05, rate=100), TEMPLATE) == 8
        assert concurrency_for(Workload(message_seconds=0.07, rate=100), TEMPLATE) == 10  # 7 / 0.7, exactly

    def test_the_recommended_concurrency_is_one_that_lambda_takes(self):
        assert concurrency_for(Workload(message_seconds=0.001, rate=1), TEMPLATE) == 2
        assert concurrency_for(Workload(message_seconds=10, rate=1000), TEMPLATE) == 1000


class TestAPoisonMessage:
    def test_on_a_standard_queue_is_moved_after_its_last_backoff(self):
        # hidden for 30 + 60 + 120 + 240 + 480 = 930 s at most, (930 + 5) / 2 in the mean; five windows of 1 s; five
        # runs, of 0.1 s alone and 1 s in a full batch
        mean, most = poison_seconds(Workload(message_seconds=0.1), settings(window=1))
        assert most == pytest.approx(930 + 5 * 2)
        assert mean == pytest.approx(467.5 + 5 * 1.1)

    def test_on_fifo_is_moved_at_its_last_failure(self):
        # hidden for 30 + 60 + 120 + 240 = 450 s at most
        mean, most = poison_seconds(Workload(message_seconds=0.1, fifo=True), TEMPLATE)
        assert most == pytest.approx(450 + 5 * 1.0)
        assert mean == pytest.approx(227 + 5 * 0.1)

    def test_no_backoff_is_longer_than_fifteen_minutes(self):
        # 600 + 900 + 900
        _, most = poison_seconds(
            Workload(message_seconds=1), settings(max_receive_count=3, backoff_base=600, batch_size=1)
        )
        assert most == pytest.approx(2400 + 3)


class TestTheCourseOfAMessage:
    def test_on_a_standard_queue_each_attempt_is_on_its_own(self):
        # 1/2 fail once and are hidden for 15.5 s in the mean, 1/4 twice and for 30.5 s more
        found = course(Workload(message_seconds=1, failure_rate=0.5), settings(max_receive_count=2))
        assert found.attempts == pytest.approx(1.5)
        assert found.hidden == pytest.approx(15.5 / 2 + 30.5 / 4)
        assert found.dead_lettered == pytest.approx(0.25)

    def test_on_fifo_who_stands_behind_a_failure_is_counted_with_it(self):
        # Batches of two, two tries, half of the attempts fail: what counts is whether receive counts are odd or even.
        # A: both odd. The first fails (1/2): both come back even, B. Only the second (1/4): it comes back even, and a
        # new one with it, C. None (1/4): A.
        # B: both even. The first one fails (1/2) and is dead-lettered; if the second does, too, it is held and comes
        # back odd with a new one, A; else A. Only the second fails (1/4): held, since it waited until now, A. None: A.
        # C: even and odd. The first fails (1/2): dead-lettered, and the second succeeds (A) or is held (C). If the
        # first succeeds, likewise. So A is half of the batches, B and C a quarter each.
        # Dead-lettered: 1/2 in B, 1/2 in C. Successful: 3/4 in A, 1 in B, 1 in C. Run: 3/2 in A, 2 in B, 2 in C.
        dead, successful, run = 2 / 16 + 2 / 16, 6 / 16 + 4 / 16 + 4 / 16, 12 / 16 + 8 / 16 + 8 / 16
        workload = Workload(message_seconds=1, failure_rate=0.5, fifo=True)
        found = course(workload, settings(batch_size=2, max_receive_count=2))
        assert found.dead_lettered == pytest.approx(dead / (dead + successful), rel=0.02)
        assert found.attempts == pytest.approx(run / (dead + successful), rel=0.02)
        assert batch_runs(workload, settings(batch_size=2, max_receive_count=2)) == pytest.approx(run, rel=0.02)

    def test_on_fifo_where_all_fail_each_but_the_first_is_tried_once_more_when_the_one_before_is_dead_lettered(self):
        workload = Workload(message_seconds=1, failure_rate=1.0, fifo=True)
        assert course(workload, TEMPLATE).attempts == pytest.approx(6, rel=0.001)
        # of a backlog of ten a group the first is tried five times, the other nine six times
        short = dataclasses.replace(workload, backlog=40, groups=4)
        assert course(short, TEMPLATE).attempts == pytest.approx((5 + 9 * 6) / 10)

    def test_on_fifo_more_is_not_received_than_sqs_allows(self):
        # 200 tries x 10 x 2 would be 4,000 receives. The first of a group is tried 200 times, four more 201 times, the
        # next one once, when they have been received 1,000 times; then SQS moves it and the four behind it
        workload = Workload(message_seconds=1, failure_rate=1.0, fifo=True, backlog=10)
        found = course(workload, settings(max_receive_count=200))
        assert found.dead_lettered == 1
        assert found.attempts == pytest.approx((200 + 4 * 201 + 1) / 10)

    def test_on_fifo_a_batch_of_one_has_nobody_behind(self):
        fifo = course(Workload(message_seconds=1, failure_rate=0.5, fifo=True), settings(batch_size=1))
        standard = course(Workload(message_seconds=1, failure_rate=0.5), TEMPLATE)
        assert fifo.attempts == pytest.approx(standard.attempts)
        assert fifo.dead_lettered == pytest.approx(standard.dead_lettered)

    @pytest.mark.parametrize(
        ("fifo", "share", "attempts", "dead_lettered"), [(False, 0.0, 1, 0), (True, 0.0, 1, 0), (False, 1.0, 5, 1)]
    )
    def test_what_never_fails_and_what_always_does(self, fifo, share, attempts, dead_lettered):
        found = course(Workload(message_seconds=1, failure_rate=share, fifo=fifo), TEMPLATE)
        assert found.attempts == pytest.approx(attempts)
        assert found.dead_lettered == pytest.approx(dead_lettered)


class TestInFlight:
    def test_are_those_with_the_function_and_those_hidden(self):
        # 10 a second: 1.5 attempts x (1 s window + 1 s batch), and 15.375 s hidden (see above)
        workload = Workload(message_seconds=0.1, failure_rate=0.5, rate=10)
        found = in_flight(workload, settings(window=1, max_receive_count=2))
        assert found == pytest.approx(10 * (1.5 * 2 + 15.375))


class TestTheBill:
    def test_of_full_batches(self):
        # 100,000 invocations of 1 s with 1/4 GB; a receive and a deletion each
        found = bill(Workload(message_seconds=0.1, backlog=1), TEMPLATE, PRICES)
        assert found.invocations == pytest.approx(100_000)
        assert found.gb_seconds == pytest.approx(25_000)
        assert found.requests == pytest.approx(200_000)
        # 25,000 x 0.00002 + 0.1 x 0.20 + 0.2 x 0.40
        assert found.dollars == pytest.approx(0.50 + 0.02 + 0.08)

    def test_of_large_messages_counts_a_receive_by_its_64_kilobytes(self):
        # ten messages of 10,000 bytes: two chunks a receive, and the deletion
        found = bill(Workload(message_seconds=0.1, backlog=1, message_bytes=10_000), TEMPLATE, PRICES)
        assert found.requests == pytest.approx(300_000)

    def test_of_failures_counts_the_attempts_and_the_changes_of_visibility(self):
        # Batches of one, half fail, two tries: 1,500,000 attempts, each with a receive; half of them with a deletion,
        # half with a change of visibility
        workload = Workload(message_seconds=0.1, failure_rate=0.5, backlog=1)
        found = bill(workload, settings(batch_size=1, max_receive_count=2), PRICES)
        assert found.invocations == pytest.approx(1_500_000)
        assert found.requests == pytest.approx(3_000_000)

    def test_on_fifo_counts_what_the_layer_dead_letters(self):
        # as above, and a quarter of the million is sent on
        workload = Workload(message_seconds=0.1, failure_rate=0.5, backlog=1, fifo=True)
        found = bill(workload, settings(batch_size=1, max_receive_count=2), PRICES)
        assert found.requests == pytest.approx(3_250_000)

    def test_of_steady_traffic_is_for_what_arrives_within_the_window(self):
        # 20 a second over five pollers: 4 each, 8 in 2 s, after the first; each received on its own
        workload = Workload(message_seconds=0.01, rate=20)
        found = bill(workload, settings(window=2), PRICES)
        assert found.batch == pytest.approx(9)
        assert found.invocations == pytest.approx(1_000_000 / 9)
        assert found.requests == pytest.approx(1_000_000 + 1_000_000 / 9)

    def test_more_traffic_has_more_pollers(self):
        # 100 a second of 0.1 s keep ten busy, each with 10 a second, 20 in 2 s after the first
        workload = Workload(message_seconds=0.1, rate=100)
        assert mean_batch(workload, settings(window=2, batch_size=100)) == pytest.approx(21)

    def test_without_a_window_each_message_is_invoked_for(self):
        assert mean_batch(Workload(message_seconds=0.01, rate=20), TEMPLATE) == 1

    def test_of_a_month_without_messages_is_for_five_pollers(self):
        # 5 pollers x 3 receives a minute x 43,200 minutes = 648,000
        found = bill(Workload(message_seconds=0.1, backlog=1), TEMPLATE, PRICES)
        assert found.idle_dollars == pytest.approx(0.648 * 0.40)
