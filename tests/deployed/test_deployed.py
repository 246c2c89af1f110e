"""The deployed stack, from outside: what is sent is done, in order, retried, dead-lettered with its reason, redriven.

That a message is done is read from the consumer's log, which has a line for each: SQS tells of no single message.
"""

import json
import uuid

import boto3
import pytest

from tests.support import AWS_SETTINGS, HALVES

# On the emulator the tests in tests/emulator find most of what these do.
pytestmark = [] if "AWS_SAM_STACK_NAME" in AWS_SETTINGS else [pytest.mark.slow]


@pytest.fixture(scope="module")
def standard(make_half, wait_for):
    """Orders of every kind, each at its end."""
    half = make_half("standard")
    half.send("order", half.body("order"))
    half.send("retry", half.body("retry", fail_attempts=1))
    half.send("poison", half.body("poison", fail_attempts=99))
    half.send("quantity", half.body("quantity", quantity=0))
    half.send("malformed", f"<order>{half.run}</order>")
    wait_for_ends(half, wait_for, done=["order", "retry"], dead=["poison", "quantity", "malformed"])
    return half


@pytest.fixture(scope="module")
def fifo(make_half, wait_for):
    """Movements of three groups, each at its end."""
    half = make_half("fifo")
    for name, more in {"a1": {}, "a2": {"fail_attempts": 1}, "a3": {}, "b1": {}}.items():
        half.send(name, half.body(name, **more), group=name[0])
    half.send("b2", f"<movement>{half.run}</movement>", group="b")
    for name, more in {"b3": {}, "c1": {"fail_attempts": 99}, "c2": {}}.items():
        half.send(name, half.body(name, **more), group=name[0])
    wait_for_ends(half, wait_for, done=["a1", "a2", "a3", "b1", "b3", "c2"], dead=["b2", "c1"])
    return half


def wait_for_ends(half, wait_for, done, dead):
    for name in done:
        wait_for(lambda name=name: half.done(half.ids[name]))
    wait_for(lambda: {half.ids[name] for name in dead} <= half.dead_letters().keys())


@pytest.fixture
def standard_letters(standard):
    return standard.dead_letters()


@pytest.fixture
def fifo_letters(fifo):
    return fifo.dead_letters()


def test_what_succeeds_is_done_and_nothing_is_said_against_it(standard):
    lines = standard.lines(standard.ids["order"])
    assert lines
    assert not [line for _, line in lines if "failed" in line]


def test_what_fails_once_is_tried_again_and_done(standard, wait_for):
    message_id = standard.ids["retry"]
    ((failed, _),) = wait_for(lambda: standard.lines(f"message {message_id} failed with ConnectionError at receive 1"))
    assert failed <= min(standard.done(message_id))


def test_what_always_fails_is_moved_by_sqs_after_max_receive_count_tries(standard, standard_letters, wait_for):
    dead_letter = standard_letters[standard.ids["poison"]]
    assert dead_letter.id == standard.ids["poison"]
    assert dead_letter.source_arn == standard.queue_arn
    assert dead_letter.attribute("ErrorType") is None
    policy = boto3.client("sqs").get_queue_attributes(QueueUrl=standard.queue_url, AttributeNames=["RedrivePolicy"])
    most = int(json.loads(policy["Attributes"]["RedrivePolicy"])["maxReceiveCount"])
    tries = f"message {dead_letter.id} failed with ConnectionError at receive"
    assert wait_for(lambda: standard.lines(f"{tries} {most}"))
    assert not standard.lines(f"{tries} {most + 1}")


@pytest.mark.parametrize("name", ["quantity", "malformed"])
def test_what_makes_no_sense_is_dead_lettered_at_once_with_its_reason(standard, standard_letters, name):
    dead_letter = standard_letters[standard.ids[name]]
    assert dead_letter.attribute("ErrorType") == "InvalidOrder"
    assert dead_letter.attribute("ErrorMessage")
    assert dead_letter.attribute("SourceQueueArn") == standard.queue_arn
    assert dead_letter.attribute("SourceReceiveCount") == "1"


def test_a_group_of_the_fifo_queue_keeps_its_order_when_one_is_retried(fifo, wait_for):
    assert wait_for(lambda: fifo.lines(f"message {fifo.ids['a2']} failed with ConnectionError at receive 1"))
    moments = [fifo.done(fifo.ids[name]) for name in ("a1", "a2", "a3")]
    assert [len(times) for times in moments] == [1, 1, 1]
    assert moments == sorted(moments)


def test_a_dead_letter_of_the_fifo_queue_keeps_its_group_and_lets_the_others_pass(fifo, fifo_letters):
    dead_letter = fifo_letters[fifo.ids["b2"]]
    assert dead_letter.attribute("ErrorType") == "InvalidMovement"
    assert dead_letter.group == fifo.group("b")
    assert fifo.done(fifo.ids["b1"]) <= fifo.done(fifo.ids["b3"])


def test_what_always_fails_on_fifo_is_dead_lettered_alone(fifo, fifo_letters):
    dead_letter = fifo_letters[fifo.ids["c1"]]
    assert dead_letter.attribute("ErrorType") == "ConnectionError"
    assert dead_letter.attribute("SourceQueueArn") == fifo.queue_arn
    assert fifo.ids["c2"] not in fifo_letters
    assert not [line for _, line in fifo.lines(fifo.ids["c2"]) if "failed" in line]


def test_a_dead_letter_is_shown_with_its_reason_and_stays(standard, dlq):
    assert standard.ids["quantity"] in dlq("show", standard.dead_letter_url, "--limit", "1000")
    assert standard.ids["quantity"] in standard.dead_letters()


@pytest.mark.parametrize("kind", HALVES)
def test_what_is_redriven_is_done(make_half, wait_for, dlq, kind):
    half = make_half(kind)
    dead = half.send("mended", half.body("mended"), group="mended", url=half.dead_letter_url)
    assert "1 message moved" in dlq("redrive", half.dead_letter_url, "--to", half.queue_url, "--message-id", dead)
    # it has a new message id now, but it is the same order
    assert wait_for(lambda: half.lines(f"test-{half.run}-mended"))
    assert half.dead_letters() == {}


def test_what_is_redriven_and_fails_again_comes_back_with_todays_reason(standard, wait_for, dlq):
    before = standard.ids["malformed"]
    dlq("redrive", standard.dead_letter_url, "--to", standard.queue_url, "--message-id", before)

    def back():
        return [
            dead_letter
            for dead_letter in standard.dead_letters().values()
            if dead_letter.message["Body"].startswith("<order>") and dead_letter.source_id != before
        ]

    dead_letter, *_ = wait_for(back)  # several if there were several copies
    assert dead_letter.attribute("SourceMessageId") == dead_letter.source_id
    assert wait_for(lambda: standard.lines(f"message {dead_letter.source_id} failed with InvalidOrder"))


def test_a_whole_dead_letter_queue_is_moved_back(outputs, dlq, wait_for):
    # given queues of its own: a redrive of the stack's would move what is not ours
    sqs, name = boto3.client("sqs"), f"partial-batch-test-{uuid.uuid4().hex}"
    urls = []
    try:
        urls.append(sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"])
        arn = sqs.get_queue_attributes(QueueUrl=urls[0], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
        urls.append(sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"])
        for number in range(3):
            sqs.send_message(QueueUrl=urls[0], MessageBody=str(number))
        # when
        dlq("redrive", urls[0], "--to", urls[1])
        # then
        bodies = set()

        def arrived():
            messages = sqs.receive_message(QueueUrl=urls[1], MaxNumberOfMessages=10, WaitTimeSeconds=1)
            bodies.update(message["Body"] for message in messages.get("Messages", []))
            return bodies == {"0", "1", "2"}

        wait_for(arrived)
    finally:
        for url in urls:
            sqs.delete_queue(QueueUrl=url)
