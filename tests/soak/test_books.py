"""What counts as lost, out of order and innocent."""

import pytest

from benchmarks.books import Balance, Books


@pytest.fixture
def books():
    books = Books()
    for number in range(3):
        books.sent(number, "g")
    return books


def run(books, number, *, succeeds=True):
    books.began(number)
    (books.succeeded if succeeds else books.failed)(number)


def test_done_are_those_that_succeeded_and_repetitions_are_counted(books):
    for number in (0, 1, 2, 2):
        run(books, number)
    balance = books.close((), ())
    assert balance == Balance(messages=3, done=3, runs=4, repetitions=1)
    assert balance.problems() == []


def test_lost_is_what_is_nowhere(books):
    run(books, 0)
    run(books, 1, succeeds=False)
    balance = books.close(queued={2}, dead_letters=())
    assert (balance.done, balance.lost, balance.still_queued) == (1, 1, 1)
    assert balance.problems() == ["1 lost", "1 still in the queue", "2 neither done nor dead-lettered with a reason"]


def test_dead_lettered_with_a_reason_is_what_code_had_failed_on(books):
    for number in range(3):
        run(books, number, succeeds=number == 2)
        books.dead_lettered(number)
    balance = books.close((), [(0, "RuntimeError"), (1, None)])
    assert (balance.dead_lettered_by_layer, balance.dead_lettered_by_sqs, balance.done) == (1, 1, 1)
    assert balance.problems() == []


@pytest.mark.parametrize("error_type", ["RuntimeError", None], ids=["by the layer", "by SQS"])
def test_an_innocent_message_has_no_business_in_the_dead_letter_queue(books, error_type):
    for number in range(3):
        run(books, number)
    books.sent(3, "g")
    books.began(3)  # its process was killed; it did not fail
    balance = books.close((), [(3, error_type)])
    assert balance.innocents_dead_lettered == 1
    assert balance.problems() == [
        "1 innocent and dead-lettered",
        "1 neither done nor dead-lettered with a reason",
    ]
    assert balance.problems(innocents_are_safe=False) == []


@pytest.mark.parametrize(
    ("failures", "error_type", "early"),
    [(4, "RuntimeError", 1), (4, None, 1), (5, "RuntimeError", 0), (1, "PermanentFailure", 0), (0, None, 0)],
    ids=["by the layer", "by SQS", "after its tries", "for good", "innocent"],
)
def test_too_early_is_what_failed_less_often_than_it_was_to_be_tried(books, failures, error_type, early):
    for _ in range(failures):
        run(books, 0, succeeds=False)
    for _ in range(failures):
        run(books, 1, succeeds=False)
    run(books, 1)
    balance = books.close({2}, [(0, error_type), (1, error_type)], tries=5)
    assert balance.dead_lettered_too_early == early


def test_a_copy_in_the_dead_letter_queue_of_what_was_done_is_no_loss(books):
    for number in range(3):
        run(books, number, succeeds=False)
        books.dead_lettered(number)
        run(books, number)
    balance = books.close((), [(number, "RuntimeError") for number in range(3)])
    assert (balance.done, balance.done_and_dead_lettered) == (3, 3)
    assert balance.problems() == []


def test_out_of_order_is_what_is_started_before_an_earlier_one_of_its_group_is_settled(books):
    run(books, 0)
    run(books, 1, succeeds=False)
    run(books, 2)
    assert books.out_of_order == [(2, 1)]


def test_a_group_does_not_wait_for_another_and_a_standard_queue_for_none():
    books = Books()
    for number, group in enumerate(["a", "b", None, None]):
        books.sent(number, group)
    for number in (3, 2, 1):
        run(books, number)
    assert books.out_of_order == []


def test_to_repeat_what_succeeded_is_not_out_of_order(books):
    for number in (0, 1, 0, 2, 1):
        run(books, number)
    assert books.out_of_order == []


def test_what_is_dead_lettered_holds_nobody_up(books):
    run(books, 0, succeeds=False)
    books.dead_lettered(0)
    run(books, 1)
    run(books, 2)
    assert books.out_of_order == []


def test_balances_can_be_added(books):
    assert Balance(messages=1, lost=1) + Balance(messages=2, done=2) == Balance(messages=3, lost=1, done=2)
