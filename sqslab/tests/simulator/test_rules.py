"""Rules 16 to 23 of what SQS does, each with its number in the names of its tests."""

import hashlib

import pytest
from botocore.exceptions import ClientError

LARGEST = 1_048_576

both_kinds = pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])


def drain(backend, url):
    """Take a message as often as it comes, its visibility timeout being 0."""
    counts = []
    while taken := backend.take(url, VisibilityTimeout=0):
        counts += [int(message["Attributes"]["ApproximateReceiveCount"]) for message in taken]
    return counts


def code_of(refused):
    return refused.value.response["Error"]["Code"]


# Rule 16: the dead-letter queue


@both_kinds
def test_rule_16_with_3_a_message_is_delivered_three_times_and_moves_at_the_fourth_receive(backend, fifo):
    dead_letters = backend.queue(fifo=fifo)
    url = backend.queue(fifo=fifo, dead_letters=dead_letters, receives=3)
    backend.send(url, "g-1")
    assert [backend.take(url, VisibilityTimeout=0).bodies for _ in range(3)] == [["g-1"]] * 3
    assert backend.waiting(dead_letters) == 0  # not yet: it takes a receive
    assert backend.take(url).bodies == []
    assert backend.waiting(dead_letters) == 1


@both_kinds
def test_rule_16_a_dead_letter_keeps_its_id_and_its_receive_count(backend, fifo):
    dead_letters = backend.queue(fifo=fifo)
    url = backend.queue(fifo=fifo, dead_letters=dead_letters, receives=2)
    [sent] = backend.send(url, "g-1")
    assert drain(backend, url) == [1, 2]
    [dead_letter] = backend.take(dead_letters)
    assert dead_letter["MessageId"] == sent["MessageId"]
    assert dead_letter["Attributes"]["ApproximateReceiveCount"] == "3"
    assert dead_letter["Attributes"]["DeadLetterQueueSourceArn"] == backend.attribute(url, "QueueArn")
    if fifo:
        assert dead_letter["Attributes"]["MessageGroupId"] == "g"


def test_rule_16_a_fifo_dead_letter_makes_way_for_its_group(backend):
    url = backend.queue(fifo=True, dead_letters=backend.queue(fifo=True), receives=1)
    backend.send(url, "g-1", "g-2")
    assert backend.take(url, 1, VisibilityTimeout=0).bodies == ["g-1"]
    assert backend.take(url).bodies == ["g-2"]


def test_rule_16_a_group_that_a_dead_letter_was_the_last_of_goes_on_with_new_messages(backend):
    # given a message that outlives many behind it
    url = backend.queue(fifo=True, dead_letters=backend.queue(fifo=True), receives=4)
    backend.send(url, *(f"g-{number}" for number in range(37)))
    for _ in range(4):
        first, *others = backend.take(url)
        assert first["Body"] == "g-0"
        assert len(others) == 9
        backend.delete(url, *others)
        backend.hide(url, first, 0)
    # when it is dead-lettered, which leaves none
    assert backend.take(url).bodies == []
    # then
    backend.send(url, "g-37")
    assert backend.take(url).bodies == ["g-37"]


# Rule 17: a receive counts, whether or not its answer arrives


@both_kinds
def test_rule_17_a_receive_counts_even_if_nobody_handles_the_message(backend, fifo):
    url = backend.queue(fifo=fifo)
    backend.send(url, "g-1")
    assert [backend.take(url, VisibilityTimeout=0)[0]["Attributes"]["ApproximateReceiveCount"] for _ in range(2)] == [
        "1",
        "2",
    ]


# Rule 18: kinds, and retention


@pytest.mark.differs("the kinds are not compared")
@pytest.mark.parametrize("fifo", [False, True], ids=["standard with a FIFO one", "FIFO with a standard one"])
def test_rule_18_a_dead_letter_queue_is_of_the_same_kind(backend, fifo):
    with pytest.raises(ClientError) as refused:
        backend.queue(fifo=fifo, dead_letters=backend.queue(fifo=not fifo))
    assert code_of(refused) == "InvalidParameterValue"


def dead_letter_after(simulator, clock, fifo, seconds):
    """Dead-letter a message that was sent so long ago; its dead-letter queue keeps messages for 1,000 s."""
    dead_letters = simulator.queue(fifo=fifo, MessageRetentionPeriod=1000)
    url = simulator.queue(fifo=fifo, dead_letters=dead_letters, receives=1)
    simulator.send(url, "g-1")
    clock.wait(None, seconds)
    assert drain(simulator, url) == [1]
    return dead_letters


def test_rule_18_a_standard_dead_letter_keeps_its_enqueue_time(simulator, clock):
    dead_letters = dead_letter_after(simulator, clock, fifo=False, seconds=700)
    clock.wait(None, 299)
    assert simulator.waiting(dead_letters) == 1
    clock.wait(None, 1)
    assert simulator.waiting(dead_letters) == 0


def test_rule_18_a_fifo_dead_letter_starts_anew(simulator, clock):
    dead_letters = dead_letter_after(simulator, clock, fifo=True, seconds=700)
    clock.wait(None, 999)
    assert simulator.waiting(dead_letters) == 1
    clock.wait(None, 1)
    assert simulator.waiting(dead_letters) == 0


@both_kinds
def test_rule_18_a_message_expires_also_in_flight(simulator, clock, fifo):
    url = simulator.queue(fifo=fifo, MessageRetentionPeriod=60)
    simulator.send(url, "g-1")
    taken = simulator.take(url, VisibilityTimeout=600)
    clock.wait(None, 60)
    assert simulator.in_flight(url) == 0
    simulator.delete(url, *taken)  # nothing to do is a success
    simulator.send(url, "g-2")
    assert simulator.take(url).bodies == ["g-2"]


# Rule 19: the order within a group
@pytest.mark.differs("any message in flight locks its group")
def test_rule_19_a_message_in_flight_holds_back_only_later_ones_of_its_group(backend):
    url = backend.queue(fifo=True, VisibilityTimeout=600)
    backend.send(url, "g-1", "g-2", "g-3")
    taken = backend.take(url, 2)
    backend.hide(url, taken["g-1"], 0)
    assert backend.take(url).bodies == ["g-1"]
    backend.hide(url, taken["g-2"], 0)
    assert backend.take(url).bodies == []


@pytest.mark.differs("one take interleaves the groups")
def test_rule_19_a_take_is_filled_from_one_group_first(backend):
    url = backend.queue(fifo=True)
    backend.send(url, *(f"{group}-{number}" for number in range(4) for group in "ab"))
    assert backend.take(url, 6).bodies == ["a-0", "a-1", "a-2", "a-3", "b-0", "b-1"]


# Rule 20: deduplication


def test_rule_20_the_same_message_sent_twice_is_in_the_queue_once(backend):
    url = backend.queue(fifo=True)
    first, second = backend.send(url, "g-1", "g-1")
    assert second["MessageId"] == first["MessageId"]
    assert second["SequenceNumber"] == first["SequenceNumber"]
    assert backend.take(url).bodies == ["g-1"]


def test_rule_20_also_after_it_was_deleted(backend):
    url = backend.queue(fifo=True)
    backend.send(url, "g-1")
    backend.delete(url, *backend.take(url))
    backend.send(url, "g-1")
    assert backend.take(url).bodies == []


def test_rule_20_deduplication_lasts_five_minutes(simulator, clock):
    url = simulator.queue(fifo=True)
    simulator.send(url, "g-1")
    clock.wait(None, 299)
    simulator.send(url, "g-1")
    assert simulator.waiting(url) == 1
    clock.wait(None, 1)
    simulator.send(url, "g-1")
    assert simulator.waiting(url) == 2


def test_rule_20_the_body_serves_as_id_where_the_queue_says_so(backend):
    url = backend.queue(fifo=True, ContentBasedDeduplication="true")
    for body in ("same", "same", "other"):
        backend.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    taken = backend.take(url)
    assert taken.bodies == ["same", "other"]
    assert taken[0]["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"same").hexdigest()


@pytest.mark.parametrize("more", [{"MessageGroupId": "g"}, {"MessageDeduplicationId": "1"}], ids=["no id", "no group"])
def test_rule_20_a_fifo_queue_wants_a_group_and_an_id(backend, more):
    url = backend.queue(fifo=True)
    with pytest.raises(ClientError) as refused:
        backend.sqs.send_message(QueueUrl=url, MessageBody="x", **more)
    assert code_of(refused) == ("InvalidParameterValue" if "MessageGroupId" in more else "MissingParameter")


def test_rule_20_sequence_numbers_grow(backend):
    url = backend.queue(fifo=True)
    numbers = [int(answer["SequenceNumber"]) for answer in backend.send(url, "a-1", "b-1", "a-2")]
    assert numbers == sorted(set(numbers))


# Rule 21: visibility


@both_kinds
def test_rule_21_a_change_holds_for_that_receive_only(backend, fifo):
    url = backend.queue(fifo=fifo, VisibilityTimeout=600)
    backend.send(url, "g-1")
    backend.hide(url, backend.take(url)[0], 1)
    backend.until_in_flight(url, 0)
    assert backend.take(url).bodies == ["g-1"]
    assert backend.take(url).bodies == []


@pytest.mark.differs("no bounds are checked")
@pytest.mark.parametrize("seconds", [-1, 43_201])
def test_rule_21_a_message_is_hidden_for_0_to_43200_s(backend, seconds):
    url = backend.queue()
    backend.send(url, "g-1")
    [taken] = backend.take(url)
    with pytest.raises(ClientError) as refused:
        backend.hide(url, taken, seconds)
    assert code_of(refused) == "InvalidParameterValue"


@pytest.mark.differs("no limit counted from the receive")
def test_rule_21_at_most_12_hours_since_the_receive(backend):
    url = backend.queue()
    backend.send(url, "clock", "g-1")
    clock, taken = backend.take(url)
    backend.hide(url, clock, 1)
    backend.until_in_flight(url, 1)  # a second has passed
    backend.hide(url, taken, 43_190)
    with pytest.raises(ClientError) as refused:
        backend.hide(url, taken, 43_200)
    assert code_of(refused) == "InvalidParameterValue"


@pytest.mark.differs("a message that is visible can be hidden with its old handle")
def test_rule_21_a_message_not_in_flight_cannot_be_hidden(backend):
    url = backend.queue()
    backend.send(url, "g-1")
    [taken] = backend.take(url, VisibilityTimeout=0)
    with pytest.raises(ClientError) as refused:
        backend.hide(url, taken, 10)
    assert code_of(refused) == "AWS.SimpleQueueService.MessageNotInflight"


@pytest.mark.differs("the error is ReceiptHandleIsInvalid")
def test_rule_21_a_deleted_message_cannot_be_hidden(backend):
    url = backend.queue()
    backend.send(url, "g-1")
    [taken] = backend.take(url)
    backend.delete(url, taken)
    with pytest.raises(ClientError) as refused:
        backend.hide(url, taken, 10)
    assert code_of(refused) == "InvalidParameterValue"


def test_rule_21_ten_entries_a_call_and_each_is_answered(backend):
    url = backend.queue(VisibilityTimeout=600)
    backend.send(url, *(f"g-{number}" for number in range(10)))
    taken = backend.take(url)
    entries = [
        {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        for position, message in enumerate(taken)
    ]
    with pytest.raises(ClientError) as refused:
        backend.sqs.change_message_visibility_batch(QueueUrl=url, Entries=[*entries, {**entries[0], "Id": "10"}])
    assert code_of(refused) == "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
    entries[3]["ReceiptHandle"] = "of no message"
    answer = backend.sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == [str(n) for n in range(10) if n != 3]
    assert [(entry["Id"], entry["Code"]) for entry in answer["Failed"]] == [("3", "ReceiptHandleIsInvalid")]
    assert backend.waiting(url) == 9


# Rule 22: sizes
@pytest.mark.differs("message attributes do not count")
def test_rule_22_a_message_has_at_most_1_mib_attributes_included(backend):
    url = backend.queue()
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}}  # 4 + 6 + 1 bytes
    backend.send(url, "x" * (LARGEST - 11), MessageAttributes=attributes)
    with pytest.raises(ClientError) as refused:
        backend.send(url, "x" * (LARGEST - 10), MessageAttributes=attributes)
    assert code_of(refused) == "InvalidParameterValue"


def test_rule_22_a_batch_has_at_most_1_mib(backend):
    url = backend.queue()
    entries = [{"Id": str(number), "MessageBody": "x" * (LARGEST // 2)} for number in range(2)]
    assert len(backend.sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 2
    entries[0]["MessageBody"] += "x"
    with pytest.raises(ClientError) as refused:
        backend.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert code_of(refused) == "AWS.SimpleQueueService.BatchRequestTooLong"


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([str(number) for number in range(11)], "TooManyEntriesInBatchRequest"),
        (["1", "1"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
    ],
)
def test_rule_22_a_batch_has_one_to_ten_entries_with_ids_of_their_own(backend, ids, code):
    url = backend.queue()
    with pytest.raises(ClientError) as refused:
        backend.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": name, "MessageBody": "x"} for name in ids])
    assert code_of(refused) == f"AWS.SimpleQueueService.{code}"


# Rule 23: deleting
@pytest.mark.differs("it succeeds and deletes the message")
def test_rule_23_deleting_with_an_expired_handle_fails_on_fifo(backend):
    url = backend.queue(fifo=True)
    backend.send(url, "g-1")
    [taken] = backend.take(url, VisibilityTimeout=0)
    with pytest.raises(ClientError) as refused:
        backend.delete(url, taken)
    assert code_of(refused) == "InvalidParameterValue"
    assert backend.take(url).bodies == ["g-1"]


@pytest.mark.differs("it is refused")
def test_rule_23_deleting_with_an_old_handle_succeeds_on_standard_and_deletes_nothing(backend):
    url = backend.queue()
    backend.send(url, "g-1")
    [old] = backend.take(url, VisibilityTimeout=0)
    [new] = backend.take(url)
    backend.delete(url, old)
    assert backend.in_flight(url) == 1
    backend.delete(url, new)
    assert backend.in_flight(url) == 0


@pytest.mark.differs("it is refused")
@both_kinds
def test_rule_23_deleting_again_is_a_success(backend, fifo):
    url = backend.queue(fifo=fifo)
    backend.send(url, "g-1")
    [taken] = backend.take(url)
    backend.delete(url, taken)
    backend.delete(url, taken)


def test_rule_23_what_is_no_handle_of_the_queue_is_refused(backend):
    url, other = backend.queue(), backend.queue()
    backend.send(other, "g-1")
    for handle in ("nonsense", backend.take(other)[0]["ReceiptHandle"]):
        with pytest.raises(ClientError) as refused:
            backend.sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
        assert code_of(refused) == "ReceiptHandleIsInvalid"
