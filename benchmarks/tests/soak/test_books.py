"""What counts as lost, out of order, innocent, too early, and dead-lettered without a reason."""

import pytest

from benchmarks.books import FOR_GOOD, Balance, Books, Letter, Promise

FIFO = Promise(tries=5, most_receives=100, layer_counts=True)
STANDARD = Promise(tries=5, most_receives=40, tries_are_kept=True)
UNPROTECTED = Promise(tries=5, most_receives=10, innocents_are_safe=False)


@pytest.fixture
def books():
    books = Books()
    for number in range(3):
        books.sent(number, "g")
    return books


def succeed(books, number):
    books.began(number)
    books.succeeded(number)


def fail(books, number, *receives, invocation=None, for_good=False):
    for receive in receives or [1]:
        books.began(number)
        books.failed(number, receive, invocation or f"{number}, {receive}", for_good=for_good)


def test_done_are_those_that_succeeded_and_repetitions_are_counted(books):
    for number in (0, 1, 2, 2):
        succeed(books, number)
    balance = books.close((), (), FIFO)
    assert balance == Balance(messages=3, done=3, runs=4, repetitions=1)
    assert balance.problems(FIFO) == []


def test_lost_is_what_is_nowhere(books):
    succeed(books, 0)
    fail(books, 1)
    balance = books.close({2}, (), FIFO)
    assert (balance.done, balance.lost, balance.still_queued) == (1, 1, 1)
    assert balance.problems(FIFO) == ["1 lost", "1 still in the queue"]


def test_dead_lettered_with_a_reason_is_what_had_its_tries_or_failed_for_good_or_reached_the_queues_count():
    books = Books()
    for number in range(4):
        books.sent(number, f"group {number}")
    fail(books, 0, *range(1, 6))
    fail(books, 1, *range(1, 6))
    fail(books, 2, for_good=True)
    succeed(books, 3)
    letters = [Letter(0, "RuntimeError", 5), Letter(1, None, 100), Letter(2, FOR_GOOD, 1)]
    balance = books.close((), letters, FIFO)
    assert (balance.dead_lettered_by_layer, balance.dead_lettered_by_sqs, balance.done) == (2, 1, 1)
    assert balance.problems(FIFO) == []


@pytest.mark.parametrize(
    ("promise", "letter"),
    [
        (FIFO, Letter(0, None, 0)),
        (FIFO, Letter(0, None, 99)),
        (FIFO, Letter(0, "RuntimeError", 4)),
        (FIFO, Letter(0, "RuntimeError", 6)),
        (FIFO, Letter(0, "RuntimeError", 10)),
        (FIFO, Letter(0, FOR_GOOD, 5)),
        (STANDARD, Letter(0, "RuntimeError", 5)),
        (UNPROTECTED, Letter(0, "RuntimeError", 5)),
    ],
    ids=[
        "by the layer, no error type",
        "by SQS, not received often enough",
        "before its last try",
        "after it",
        "at a receive at which no code failed",
        "not for good",
        "tried often, but on a standard queue",
        "tried often, but the layer does not count",
    ],
)
def test_any_other_dead_letter_is_a_problem(books, promise, letter):
    fail(books, 0, *range(1, 8))
    assert books.without_reason([letter], promise) == [letter]
    balance = books.close({1, 2}, [letter], promise)
    assert "1 dead-lettered without a reason" in balance.problems(promise)


def test_behind_one_that_was_dead_lettered_in_its_invocation_a_message_is_not_judged(books):
    for number in (0, 1):
        fail(books, number, 5, invocation="one")
    fail(books, 2, 5, invocation="another")
    letters = [Letter(number, "RuntimeError", 5) for number in (2, 1, 0)]
    assert books.without_reason(letters, FIFO) == [letters[1]]


@pytest.mark.parametrize(("by_group", "count"), [(True, 0), (False, 1)], ids=["of its group", "of the batch"])
def test_what_it_was_behind_is_its_group_or_the_batch(by_group, count):
    books = Books()
    for number, group in enumerate("ab"):
        books.sent(number, group)
        fail(books, number, 5, invocation="one")
    letters = [Letter(number, "RuntimeError", 5) for number in (0, 1)]
    promise = Promise(tries=5, most_receives=100, layer_counts=True, by_group=by_group)
    assert len(books.without_reason(letters, promise)) == count


def test_one_that_failed_for_good_is_dead_lettered_behind_another_too(books):
    fail(books, 0, 5, invocation="one")
    fail(books, 1, 5, invocation="one", for_good=True)
    assert books.without_reason([Letter(0, "RuntimeError", 5), Letter(1, FOR_GOOD, 5)], FIFO) == []


@pytest.mark.parametrize("letter", [Letter(3, "RuntimeError", 5), Letter(3, None, 100)], ids=["by the layer", "by SQS"])
def test_an_innocent_message_has_no_business_in_the_dead_letter_queue(books, letter):
    for number in range(3):
        succeed(books, number)
    books.sent(3, "g")
    books.began(3)  # its process was killed; it did not fail
    balance = books.close((), [letter], FIFO)
    assert balance.innocents_dead_lettered == 1
    assert balance.problems(FIFO) == ["1 innocent and dead-lettered"]
    assert balance.problems(UNPROTECTED) == []


@pytest.mark.parametrize(
    ("failures", "letter", "early"),
    [
        (4, Letter(0, "RuntimeError", 5), 1),
        (4, Letter(0, None, 40), 1),
        (5, Letter(0, "RuntimeError", 5), 0),
        (1, Letter(0, FOR_GOOD, 1), 0),
        (0, Letter(0, None, 40), 0),
    ],
    ids=["by the layer", "by SQS", "after its tries", "for good", "innocent"],
)
def test_too_early_is_what_failed_less_often_than_it_was_to_be_tried(books, failures, letter, early):
    fail_at = range(6 - failures, 6)
    if failures:
        fail(books, 0, *fail_at)
    balance = books.close({1, 2}, [letter], FIFO)
    assert balance.dead_lettered_too_early == early


def test_code_that_fails_twice_at_one_receive_has_failed_once(books):
    fail(books, 0, 1, 1, 2)
    assert books.accounts[0].failures == 2


def test_too_early_is_a_problem_where_nothing_waits(books):
    balance = Balance(messages=1, dead_lettered_by_sqs=1, dead_lettered_too_early=1)
    assert balance.problems(STANDARD) == ["1 dead-lettered too early"]
    assert balance.problems(FIFO) == []


def test_a_copy_in_the_dead_letter_queue_of_what_was_done_is_no_loss(books):
    for number in range(3):
        fail(books, number, 5)
        books.dead_lettered(number)
        succeed(books, number)
    balance = books.close((), [Letter(number, "RuntimeError", 5) for number in range(3)], FIFO)
    assert (balance.done, balance.done_and_dead_lettered) == (3, 3)
    assert balance.problems(FIFO) == []


def test_a_copy_of_an_innocent_counts_it_once_and_is_a_problem(books):
    for number in range(3):
        succeed(books, number)
    balance = books.close((), [Letter(0, None, 100)], FIFO)
    assert (balance.done, balance.innocents_dead_lettered, balance.innocents_copied) == (3, 0, 1)
    assert balance.problems(FIFO) == ["1 done, innocent, and a copy dead-lettered"]
    assert balance.problems(UNPROTECTED) == []


def test_the_states_of_messages_add_up_to_all_that_were_sent():
    books = Books()
    for number in range(7):
        books.sent(number, None)
    for number in (0, 1):
        succeed(books, number)
    for number in (2, 3, 4):
        fail(books, number, 5)
    letters = [Letter(1, None, 100), Letter(2, "RuntimeError", 5), Letter(3, None, 100), Letter(5, None, 100)]
    balance = books.close({6}, letters, FIFO)
    assert (balance.done, balance.dead_lettered_by_layer, balance.dead_lettered_by_sqs) == (2, 1, 1)
    assert (balance.lost, balance.innocents_dead_lettered, balance.still_queued) == (1, 1, 1)
    assert balance.accounted_for == balance.messages


def test_out_of_order_is_what_is_started_before_an_earlier_one_of_its_group_is_settled(books):
    succeed(books, 0)
    fail(books, 1)
    succeed(books, 2)
    assert books.out_of_order == [(2, 1)]


def test_a_group_does_not_wait_for_another_and_a_standard_queue_for_none():
    books = Books()
    for number, group in enumerate(["a", "b", None, None]):
        books.sent(number, group)
    for number in (3, 2, 1):
        succeed(books, number)
    assert books.out_of_order == []


def test_to_repeat_what_succeeded_is_not_out_of_order(books):
    for number in (0, 1, 0, 2, 1):
        succeed(books, number)
    assert books.out_of_order == []


def test_what_is_dead_lettered_holds_nobody_up(books):
    fail(books, 0)
    books.dead_lettered(0)
    succeed(books, 1)
    succeed(books, 2)
    assert books.out_of_order == []


def test_balances_can_be_added():
    assert Balance(messages=1, lost=1) + Balance(messages=2, done=2) == Balance(messages=3, lost=1, done=2)


def test_what_the_layer_sent_says_itself_how_often_it_was_received():
    attributes = {"ErrorType": {"StringValue": "ValueError"}, "SourceReceiveCount": {"StringValue": "5"}}
    assert Letter.read(1, attributes, 0) == Letter(1, "ValueError", 5)
    assert Letter.read(1, {}, 40) == Letter(1, None, 40)
