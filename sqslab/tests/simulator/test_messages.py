"""What a received message looks like, and how the client's methods answer."""

import hashlib

import pytest
from botocore.exceptions import ClientError

ATTRIBUTES = {
    "priority": {"DataType": "Number", "StringValue": "3"},
    "trace.id": {"DataType": "String", "StringValue": "über"},
    "trace.raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}


def test_a_standard_message_has_what_lambda_passes_on(backend):
    url = backend.queue()
    [sent] = backend.send(url, "g-1")
    [taken] = backend.take(url)
    assert taken["MessageId"] == sent["MessageId"]
    assert taken["MD5OfBody"] == sent["MD5OfMessageBody"] == hashlib.md5(b"g-1").hexdigest()
    assert {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"} == set(
        taken["Attributes"]
    )
    assert int(taken["Attributes"]["SentTimestamp"]) <= int(taken["Attributes"]["ApproximateFirstReceiveTimestamp"])


def test_a_fifo_message_has_its_place_too(backend):
    url = backend.queue(fifo=True)
    [sent] = backend.send(url, "g-1")
    [taken] = backend.take(url)
    assert taken["Attributes"]["MessageGroupId"] == "g"
    assert taken["Attributes"]["MessageDeduplicationId"] == "g-1"
    assert taken["Attributes"]["SequenceNumber"] == sent["SequenceNumber"]


def test_a_standard_message_has_a_group_where_its_sender_gave_one(backend):
    url = backend.queue()
    backend.send(url, "g-1", MessageGroupId="tenant")
    [taken] = backend.take(url)
    assert taken["Attributes"]["MessageGroupId"] == "tenant"


def test_the_time_of_the_first_receive_stays(backend):
    url = backend.queue(VisibilityTimeout=1)
    backend.send(url, "g-1")
    first = backend.take(url)[0]["Attributes"]
    backend.until_in_flight(url, 0)
    second = backend.take(url)[0]["Attributes"]
    assert second["ApproximateFirstReceiveTimestamp"] == first["ApproximateFirstReceiveTimestamp"]
    assert (first["ApproximateReceiveCount"], second["ApproximateReceiveCount"]) == ("1", "2")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (["All"], {"priority", "trace.id", "trace.raw"}),
        ([".*"], {"priority", "trace.id", "trace.raw"}),
        (["trace.*"], {"trace.id", "trace.raw"}),
        (["priority", "nothing"], {"priority"}),
        ([], set()),
    ],
)
def test_message_attributes_come_if_asked_for(backend, asked, given):
    url = backend.queue()
    backend.send(url, "g-1", MessageAttributes=ATTRIBUTES)
    [taken] = backend.take(url, MessageAttributeNames=asked)
    assert taken.get("MessageAttributes", {}) == {name: ATTRIBUTES[name] for name in given}
    assert ("MD5OfMessageAttributes" in taken) == bool(given)


def test_the_digest_of_message_attributes_is_that_of_aws(simulator):
    """Recorded: three attributes of type String."""
    url = simulator.queue()
    attributes = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in {"Hello": "There", "General": "Kenobi", "Help.Me": "Me"}.items()
    }
    [sent] = simulator.send(url, "msg", MessageAttributes=attributes)
    assert sent["MD5OfMessageAttributes"] == "4c360f3fdafd970e05fae2f149d997f5"
    [taken] = simulator.take(url, MessageAttributeNames=["Hello"])
    assert taken["MD5OfMessageAttributes"] == "a311262e065454b75da111d535b8dacd"


def test_the_digests_of_binary_and_other_attributes_agree(simulator, emulated_sqs):
    url = emulated_sqs.create_queue(QueueName="digests")["QueueUrl"]
    theirs = emulated_sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=ATTRIBUTES)
    [ours] = simulator.send(simulator.queue(), "x", MessageAttributes=ATTRIBUTES)
    assert ours["MD5OfMessageAttributes"] == theirs["MD5OfMessageAttributes"]


def test_an_empty_queue_gives_an_answer_without_messages(backend):
    answer = backend.sqs.receive_message(QueueUrl=backend.queue(), WaitTimeSeconds=0)
    assert "Messages" not in answer


def test_a_queue_that_does_not_exist_is_refused(backend):
    url = backend.queue() + "-gone"
    with pytest.raises(ClientError) as refused:
        backend.take(url)
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(ClientError) as refused:
        backend.sqs.get_queue_url(QueueName="gone")
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_queue_has_a_url_by_its_name(backend):
    url = backend.queue()
    assert backend.sqs.get_queue_url(QueueName=url.rsplit("/", 1)[-1])["QueueUrl"] == url


@pytest.mark.parametrize("most", [0, 11])
def test_a_receive_gives_one_to_ten(backend, most):
    url = backend.queue()
    with pytest.raises(ClientError) as refused:
        backend.take(url, most)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_a_delayed_message_counts_as_such_until_its_time(backend):
    url = backend.queue()
    backend.send(url, "g-1", DelaySeconds=1)
    assert backend.take(url).bodies == []
    assert backend.attribute(url, "ApproximateNumberOfMessagesDelayed") == "1"
    backend.until(lambda: backend.waiting(url) == 1)
    assert backend.take(url).bodies == ["g-1"]


def test_the_counts_of_a_queue(backend):
    url = backend.queue(VisibilityTimeout=600)
    backend.send(url, *(f"g-{number}" for number in range(5)))
    backend.delete(url, *backend.take(url, 2)[:1])
    assert (backend.waiting(url), backend.in_flight(url)) == (3, 1)


def test_a_duplicate_comes_only_when_asked_for_and_never_twice_in_one_receive(clock, make_backend):
    backend = make_backend(clock, duplicates=1.0)
    url = backend.queue(VisibilityTimeout=600)
    backend.send(url, "g-1", "g-2")
    assert backend.take(url).bodies == ["g-1", "g-2"]
    assert backend.take(url).bodies == ["g-1", "g-2"]
    fifo = backend.queue(fifo=True, VisibilityTimeout=600)
    backend.send(fifo, "g-1")
    assert backend.take(fifo).bodies == ["g-1"]
    assert backend.take(fifo).bodies == []
