"""`sqslab dlq`: dead-letter queues are looked into without being consumed, and emptied without loss."""

import itertools
import json

import pytest
from botocore.exceptions import ClientError

from sqslab.cli import main
from sqslab.dlq import redrive
from sqslab.dlq.dead_letters import HOLD_SECONDS, DeadLetters
from sqslab.errors import SqslabError
from sqslab.simulator import SimulatedSqs
from sqslab.simulator.virtual_clock import VirtualClock

REASONS = {
    "ErrorType": {"DataType": "String", "StringValue": "InvalidOrder"},
    "ErrorMessage": {"DataType": "String", "StringValue": "the quantity\nis 0 \x9b31m"},
    "SourceQueueArn": {"DataType": "String", "StringValue": "arn:aws:sqs:us-east-1:000000000000:orders"},
    "SourceMessageId": {"DataType": "String", "StringValue": "id-in-its-own-queue"},
    "SourceReceiveCount": {"DataType": "Number", "StringValue": "2"},
}


class Queues:
    """A queue, its dead-letter queue, and what is in them."""

    numbers = itertools.count()

    def __init__(self, sqs, fifo=False, own_dead_letters=True):
        name, ending = f"dlq-{next(self.numbers)}", ".fifo" * fifo
        kind = {"FifoQueue": "true"} if fifo else {}
        self.sqs, self.fifo = sqs, fifo
        self.dead_url = sqs.create_queue(QueueName=f"{name}-dead{ending}", Attributes=kind)["QueueUrl"]
        policy = json.dumps({"deadLetterTargetArn": redrive.arn_of(sqs, self.dead_url), "maxReceiveCount": 2})
        attributes = kind | ({"RedrivePolicy": policy} if own_dead_letters else {})
        self.url = sqs.create_queue(QueueName=f"{name}{ending}", Attributes=attributes)["QueueUrl"]

    def send(self, url, *bodies, **more):
        return [self._send(url, body, **more) for body in bodies]

    def _send(self, url, body, **more):
        fifo = {"MessageGroupId": body[0], "MessageDeduplicationId": f"sent {body}"} if self.fifo else {}
        return self.sqs.send_message(QueueUrl=url, MessageBody=body, **fifo | more)["MessageId"]

    def give_up(self, body):
        """Have SQS itself move a message to the dead-letter queue."""
        message_id = self._send(self.url, body)
        for _ in range(3):
            self.sqs.receive_message(QueueUrl=self.url, VisibilityTimeout=0)
        return message_id

    def take(self, url):
        """Receive all there is at this moment, and leave it hidden for long."""
        messages = []
        while taken := self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=3600,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages"):
            messages += taken
            if self.fifo:  # the emulator gives no more of a group, before
                for message in taken:
                    self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def bodies(self, url):
        return [message["Body"] for message in self.take(url)]


@pytest.fixture
def standard(clients):
    return Queues(clients.sqs)


@pytest.fixture
def fifo(clients):
    return Queues(clients.sqs, fifo=True)


@pytest.fixture
def dlq(emulator, capsys):
    """Runs one command as a user does, and gives its exit code and its output."""

    def run(*arguments):
        code = main(["dlq", *arguments, "--endpoint-url", emulator.endpoint_url])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


# ---- show ----


def test_a_look_consumes_nothing_and_hides_nothing(standard, dlq):
    standard.send(standard.dead_url, *"abcdefghijkl")
    code, said = dlq("show", standard.dead_url)
    assert code == 0
    assert "12 shown of about 12" in said
    assert sorted(standard.bodies(standard.dead_url)) == list("abcdefghijkl")


def test_a_look_shows_why_the_consumer_gave_up(standard, dlq):
    (message_id,) = standard.send(standard.dead_url, "secret", MessageAttributes=REASONS)
    _, said = dlq("show", standard.dead_url)
    assert said.splitlines()[:4] == [
        message_id,
        "  reason    InvalidOrder: the quantity\\nis 0 \\x9b31m",
        "  source    orders, there message id-in-its-own-queue",
        "  received  2 times there",
    ]
    assert "second" in said.splitlines()[4]


def test_a_look_shows_what_sqs_moved_and_what_somebody_sent(standard, dlq):
    moved = standard.give_up("moved")
    _, said = dlq("show", standard.dead_url)
    assert said.splitlines()[:2] == [moved, "  reason    received too often: moved here by SQS"]
    (sent,) = standard.send(standard.dead_url, "sent")
    _, said = dlq("show", standard.dead_url)
    assert said.splitlines()[said.splitlines().index(sent) + 1] == "  reason    none: sent here directly"


def test_a_look_shows_bodies_only_when_told_to(standard, dlq):
    standard.send(standard.dead_url, "se\x1bcret".replace("\x1b", "\t"))
    assert "cret" not in dlq("show", standard.dead_url)[1]
    assert "  body      se\\tcret" in dlq("show", standard.dead_url, "--body")[1]


def test_a_look_shows_no_more_than_its_limit(standard, dlq):
    standard.send(standard.dead_url, *"abcde")
    _, said = dlq("show", standard.dead_url, "--limit", "2")
    assert said.count("reason") == 2
    assert "2 shown of about 5" in said


def test_a_look_at_a_fifo_queue_shows_groups_in_order_and_says_what_it_cannot_reach(fifo, dlq):
    bodies = [f"a{number:02}" for number in range(12)]
    fifo.send(fifo.dead_url, *bodies)
    _, said = dlq("show", fifo.dead_url, "--body")
    assert [line.split()[-1] for line in said.splitlines() if "  body" in line] == bodies[:10]
    assert said.count("  group     a") == 10
    assert "10 shown of about 12" in said
    assert "at most ten messages of one group" in said
    assert fifo.bodies(fifo.dead_url) == bodies


def test_a_look_that_is_interrupted_hides_nothing(standard, emulator, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    standard.send(standard.dead_url, "a", "b")
    monkeypatch.setattr("sqslab.commands.dlq.backlog", interrupt)  # when the messages are held
    assert main(["dlq", "show", standard.dead_url, "--endpoint-url", emulator.endpoint_url]) == 130
    assert sorted(standard.bodies(standard.dead_url)) == ["a", "b"]


@pytest.mark.parametrize("action", [["show"], ["redrive"], ["drop", "--message-id", "x"]])
def test_a_queue_in_which_a_look_counts_is_refused(standard, dlq, action):
    standard.send(standard.url, "a")
    code, said = dlq(*action, standard.url)
    assert code == 1
    assert "is no dead-letter queue: it has one itself. Nothing was done." in said
    (message,) = standard.take(standard.url)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


# ---- redrive ----


def test_a_redrive_moves_all_of_a_standard_queue_as_they_were(standard, dlq):
    standard.send(standard.dead_url, *"abcdefghijkl", MessageAttributes=REASONS)
    moved = standard.give_up("m")
    code, said = dlq("redrive", standard.dead_url)
    assert code == 0, said
    assert said.splitlines()[-2:] == ["10 moved so far", "13 messages moved"]
    messages = standard.take(standard.url)
    assert sorted(message["Body"] for message in messages) == list("abcdefghijklm")
    assert sum(message.get("MessageAttributes") == REASONS for message in messages) == 12
    # A new message with a life of its own: the count of its former one would dead-letter it at once.
    assert moved not in [message["MessageId"] for message in messages]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in messages} == {"1"}
    assert standard.bodies(standard.dead_url) == []


def test_how_many_a_redrive_moved_is_said_once(standard, dlq):
    standard.send(standard.dead_url, *"abc")
    _, said = dlq("redrive", standard.dead_url)
    assert [line for line in said.splitlines() if " moved" in line] == ["3 messages moved"]


def test_a_redrive_keeps_the_order_of_each_group(fifo, dlq):
    bodies = [f"{group}{number:02}" for number in range(15) for group in "ab"]
    fifo.send(fifo.dead_url, *bodies)
    code, said = dlq("redrive", fifo.dead_url, "--rate", "500")
    assert code == 0, said
    arrived = fifo.bodies(fifo.url)
    for group in "ab":
        assert [body for body in arrived if body[0] == group] == [body for body in bodies if body[0] == group]
    assert fifo.bodies(fifo.dead_url) == []


def test_a_redrive_moves_only_the_named_messages(standard, dlq):
    a, _, _ = standard.send(standard.dead_url, *"abc")
    standard.send(standard.dead_url, "d", MessageAttributes=REASONS)
    code, said = dlq("redrive", standard.dead_url, "--message-id", a, "--message-id", "id-in-its-own-queue")
    assert code == 0, said
    assert "2 messages moved" in said
    assert sorted(standard.bodies(standard.url)) == ["a", "d"]
    assert sorted(standard.bodies(standard.dead_url)) == ["b", "c"]


def test_nothing_is_moved_if_one_of_the_named_messages_is_not_there(standard, dlq):
    a, b = standard.send(standard.dead_url, *"ab")
    code, said = dlq("redrive", standard.dead_url, "--message-id", a, "--message-id", "nowhere", "--message-id", b)
    assert code == 1
    assert "nowhere. Nothing was done." in said
    assert sorted(standard.bodies(standard.dead_url)) == ["a", "b"]
    assert standard.bodies(standard.url) == []


def test_a_drop_deletes_only_the_named_messages(fifo, dlq):
    _, b, _ = fifo.send(fifo.dead_url, "g1", "g2", "g3")
    code, said = dlq("drop", fifo.dead_url, "--message-id", b)
    assert code == 0, said
    assert said.splitlines()[-1] == "1 message deleted"
    assert fifo.bodies(fifo.dead_url) == ["g1", "g3"]
    assert fifo.bodies(fifo.url) == []


def test_a_redrive_can_go_elsewhere_but_only_to_a_queue_of_its_kind(standard, fifo, clients, dlq):
    standard.send(standard.dead_url, "a")
    elsewhere = Queues(clients.sqs)
    code, said = dlq("redrive", standard.dead_url, "--to", fifo.url)
    assert code == 1
    assert "not of the same kind" in said
    assert dlq("redrive", standard.dead_url, "--to", elsewhere.url)[0] == 0
    assert elsewhere.bodies(elsewhere.url) == ["a"]


def test_without_one_source_a_redrive_asks_where_to(clients, dlq):
    none = Queues(clients.sqs, own_dead_letters=False)
    code, said = dlq("redrive", none.dead_url)
    assert code == 1
    assert "Say where to with --to." in said
    shared = Queues(clients.sqs)
    policy = json.dumps({"deadLetterTargetArn": redrive.arn_of(clients.sqs, shared.dead_url), "maxReceiveCount": 2})
    clients.sqs.create_queue(QueueName="also-shares", Attributes={"RedrivePolicy": policy})
    code, said = dlq("redrive", shared.dead_url)
    assert code == 1
    assert "belongs to several queues: also-shares, " in said


# ---- never lost ----


class Killed(BaseException):
    """The process ends here: nothing after it runs."""


class Breaks:
    """A client of SQS that ends the process at its n-th call, before the call or after it."""

    def __init__(self, sqs, calls, after):
        self._sqs, self._left, self._after = sqs, calls, after

    def __getattr__(self, name):
        method = getattr(self._sqs, name)

        def call(**request):
            if self._left < 0:
                raise Killed  # dead already: also what a `finally` tries
            self._left -= 1
            if self._left < 0 and not self._after:
                raise Killed
            answer = method(**request)
            if self._left < 0:
                raise Killed
            return answer

        return call


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "FIFO"])
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_killed_at_any_call_a_move_loses_nothing_and_a_second_one_finishes_it(fifo, after):
    for calls in itertools.count():
        with VirtualClock() as clock:
            sqs = SimulatedSqs(clock)
            queues = Queues(sqs, fifo=fifo)
            bodies = [f"g{number:02}" for number in range(13)]
            queues.send(queues.dead_url, *bodies)
            clock.wait(None, 1)
            finished = True
            try:
                redrive._move_one_by_one(
                    Breaks(sqs, calls, after), queues.dead_url, queues.url, None, lambda _: None, clock
                )
            except Killed:
                finished = False
                # what was held shows again by itself
                clock.wait(None, HOLD_SECONDS)
                redrive._move_one_by_one(sqs, queues.dead_url, queues.url, None, lambda _: None, clock)
            arrived = queues.bodies(queues.url)
            assert sorted(set(arrived)) == bodies
            assert queues.bodies(queues.dead_url) == []
            if fifo:
                # the deduplication id sees to it that none is there twice
                assert arrived == bodies
            else:
                assert len(arrived) <= len(bodies) + 1
        if finished:
            assert calls > 26  # each was sent and deleted
            return


class FakeTasks:
    """SQS as far as it moves messages itself: the emulator cannot. Answers with the tasks it is given, one a look."""

    def __init__(self, *looks):
        self.looks = list(looks)
        self.started, self.cancelled = [], []

    def get_queue_attributes(self, **request):
        return {"Attributes": {"QueueArn": f"arn of {request['QueueUrl']}"}}

    def start_message_move_task(self, **request):
        self.started.append(request)
        return {"TaskHandle": "handle"}

    def list_message_move_tasks(self, **request):
        look = self.looks.pop(0)
        if isinstance(look, BaseException):
            raise look
        return {"Results": [look]}

    def cancel_message_move_task(self, **request):
        self.cancelled.append(request)


def move_all(sqs, rate=None, told=None):
    with VirtualClock() as clock:
        return redrive.move_all(sqs, "dead", "alive", rate, [].append if told is None else told.append, clock)


def test_sqs_moves_them_itself_where_it_can_and_is_always_told_where_to():
    running = {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 3, "ApproximateNumberOfMessagesToMove": 9}
    done = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 9}
    sqs, told = FakeTasks(running, running, done), []
    assert move_all(sqs, rate=5, told=told) == 9
    # Without a destination SQS fails at what a consumer has sent: it knows the source of what it moved itself only.
    assert sqs.started == [
        {"SourceArn": "arn of dead", "DestinationArn": "arn of alive", "MaxNumberOfMessagesPerSecond": 5}
    ]
    assert told == ["3 of about 9 moved"]


def test_a_task_that_fails_is_told_with_its_reason():
    failed = {"Status": "FAILED", "ApproximateNumberOfMessagesMoved": 2, "FailureReason": "AccessDenied"}
    with pytest.raises(SqslabError, match="FAILED after 2 messages: AccessDenied"):
        move_all(FakeTasks(failed))


def test_ctrl_c_cancels_the_task():
    sqs = FakeTasks({"Status": "RUNNING"}, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        move_all(sqs)
    assert sqs.cancelled == [{"TaskHandle": "handle"}]


def test_a_task_that_runs_already_is_not_taken_for_a_missing_operation():
    sqs = FakeTasks()
    error = {"Error": {"Code": "AWS.SimpleQueueService.UnsupportedOperation", "Message": "There is already a task"}}

    def refuse(**_):
        raise ClientError(error, "StartMessageMoveTask")

    sqs.start_message_move_task = refuse
    with pytest.raises(ClientError):
        move_all(sqs)


def test_one_by_one_a_rate_is_kept():
    with VirtualClock() as clock:
        queues = Queues(SimulatedSqs(clock))
        queues.send(queues.dead_url, *"abcde")
        clock.wait(None, 1)
        start = clock.monotonic()
        redrive._move_one_by_one(queues.sqs, queues.dead_url, queues.url, 2, lambda _: None, clock)
        last = max(int(message["Attributes"]["SentTimestamp"]) for message in queues.take(queues.url))
        assert last / 1000 - clock.time() + clock.monotonic() - start == pytest.approx(2)


def test_what_was_sent_after_a_move_began_is_left_and_said():
    with VirtualClock() as clock:
        queues = Queues(SimulatedSqs(clock))
        queues.send(queues.dead_url, "a")
        clock.wait(None, 1)

        class Behind:
            """A clock behind that of the queue."""

            def time(self):
                return clock.time() - 60

        said = []
        assert redrive._move_one_by_one(queues.sqs, queues.dead_url, queues.url, None, said.append, Behind()) == 0
        assert said[-1].startswith("1 not moved: by the queue's clock sent after this began")


def test_messages_seen_again_do_not_end_the_search():
    # given a queue that gives one message again before it gives the other
    def message(name):
        return {"Messages": [{"MessageId": name, "ReceiptHandle": name, "Body": name}]}

    answers = [message("a"), message("a"), message("a"), message("b"), {}]

    class Gives:
        def receive_message(self, **_):
            return answers.pop(0)

    dead_letters = DeadLetters(Gives(), "queue")
    assert [[dead_letter.id for dead_letter in dead_letters.take(10)] for _ in range(3)] == [["a"], ["b"], []]


def test_a_queue_that_gives_only_messages_seen_before_has_no_more():
    class Gives:
        def receive_message(self, **_):
            return {"Messages": [{"MessageId": "a", "ReceiptHandle": "a", "Body": "a"}]}

    dead_letters = DeadLetters(Gives(), "queue")
    assert [len(dead_letters.take(10)) for _ in range(2)] == [1, 0]


# ---- where ----


def test_nothing_named_and_nothing_running_is_not_aws(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    (tmp_path / "template.yaml").write_text("Resources: {}")
    assert main(["dlq", "show", "any", "--template-file", str(tmp_path)]) == 1
    assert "Name a stack on AWS with --stack-name" in capsys.readouterr().err


def test_a_stack_that_is_not_there_is_told_in_one_message(dlq, emulator):
    code, said = dlq("show", "any", "--stack-name", "no-such-stack")
    assert code == 1
    assert said == f"error: There is no stack no-such-stack at {emulator.endpoint_url}.\n"


def test_a_queue_is_known_by_its_name_in_the_stack_that_the_environment_names(clients, dlq, monkeypatch):
    clients.cloudformation.create_stack(
        StackName="dead-ends", TemplateBody="Resources: {Dead: {Type: 'AWS::SQS::Queue'}}"
    )
    clients.cloudformation.get_waiter("stack_create_complete").wait(StackName="dead-ends")
    monkeypatch.setenv("AWS_SAM_STACK_NAME", "dead-ends")
    code, said = dlq("show", "Dead")
    assert code == 0, said
    assert said.startswith("dead-ends-Dead")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drop", "queue"], "--message-id"),
        (["redrive", "queue", "--rate", "501"], "501 is not in the range 1<=x<=500"),
        (["redrive", "queue", "--rate", "5", "--message-id", "x"], "--rate does not go with --message-id"),
        (["show", "queue", "--limit", "0"], "0 is not in the range x>=1"),
        (["sweep"], "No such command"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(arguments, said, capsys):
    assert main(["dlq", *arguments]) == 2
    assert said in capsys.readouterr().err
