"""Whatever is done to a queue, no message is lost, and none comes when it must not."""

import hypothesis.strategies as st
import pytest
from botocore.exceptions import ClientError
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sqslab.simulator import SimulatedSqs
from sqslab.simulator.queues.message import State
from sqslab.simulator.virtual_clock import VirtualClock

RECEIVES = 3
RETENTION = 3600
positions = st.integers(min_value=0, max_value=1000)


class Known:
    """What an onlooker knows of a message."""

    def __init__(self, number, group, sent_at):
        self.number = number
        self.group = group
        self.sent_at = sent_at
        self.count = 0
        self.received_at = self.hidden_until = 0.0
        self.deleted = False
        self.dead = False
        self.handles = []


class Operations(RuleBasedStateMachine):
    """Sends, receives, deletes, hides and lets time pass, and keeps books of its own."""

    fifo = False
    duplicates = 0.0

    def __init__(self):
        super().__init__()
        self.clock = VirtualClock()
        self.sqs = SimulatedSqs(self.clock, duplicates=self.duplicates)
        end, attributes = (".fifo", {"FifoQueue": "true"}) if self.fifo else ("", {})
        attributes["MessageRetentionPeriod"] = str(RETENTION)
        dead_letters = self.sqs.create_queue(QueueName="dead_letters" + end, Attributes=attributes)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        attributes["RedrivePolicy"] = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {RECEIVES}}}'
        self.url = self.sqs.create_queue(QueueName="source" + end, Attributes=attributes)["QueueUrl"]
        self.source, self.dead_letters = self.sqs.queues["source" + end], self.sqs.queues["dead_letters" + end]
        self.known = {}

    @rule(group=st.sampled_from("abc"), count=st.integers(min_value=1, max_value=4))
    def send(self, group, count):
        for _ in range(count):
            number = len(self.known)
            more = {"MessageGroupId": group, "MessageDeduplicationId": str(number)} if self.fifo else {}
            answer = self.sqs.send_message(QueueUrl=self.url, MessageBody=str(number), **more)
            self.known[answer["MessageId"]] = Known(number, group, self.clock.monotonic())

    @rule(most=st.integers(min_value=1, max_value=10), timeout=st.sampled_from([0, 1, 30, 5000]))
    def receive(self, most, timeout):
        now = self.clock.monotonic()
        could_come = any(self.can_come(known) for known in self.known.values())
        answer = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=timeout,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        assert len(messages) <= most
        assert len({message["MessageId"] for message in messages}) == len(messages)
        assert messages or self.duplicates or not could_come  # of a duplicate it is not known whether it is hidden
        for message in messages:
            known = self.known[message["MessageId"]]
            assert not known.deleted
            assert known.hidden_until <= now
            assert now < known.sent_at + RETENTION
            assert int(message["Attributes"]["ApproximateReceiveCount"]) == known.count + 1 <= RECEIVES
            if self.fifo:
                # in this answer, all before it may be such that came with it, and in their order
                assert not [other for other in self.earlier(known) if other.hidden_until > now]
            known.count += 1
            known.received_at = now
            known.handles.append(message["ReceiptHandle"])
        for message in messages:
            self.known[message["MessageId"]].hidden_until = 0 if self.duplicates else now + timeout
        for group in "abc" if self.fifo else "":
            came = [self.known[message["MessageId"]] for message in messages]
            numbers = [known.number for known in came if known.group == group]
            assert numbers == sorted(numbers)
        for message in self.dead_letters.live.values():
            self.known[message.message_id].dead = True

    def earlier(self, known):
        """Give what came before in its group and is still in the queue."""
        return [
            other
            for other in self.known.values()
            if other.group == known.group
            and other.number < known.number
            and not (other.deleted or other.dead or self.is_expired(other))
        ]

    def is_expired(self, known):
        return self.clock.monotonic() >= known.sent_at + RETENTION

    def can_come(self, known):
        """Say whether a receive must give this message, if it gives only one."""
        now = self.clock.monotonic()
        here = not (known.deleted or known.dead or self.is_expired(known))
        free = here and known.hidden_until <= now and known.count < RECEIVES
        return free and (not self.fifo or not self.earlier(known))

    def received(self, position):
        with_handles = [known for known in self.known.values() if known.handles]
        return with_handles[position % len(with_handles)]

    @precondition(lambda self: any(known.handles for known in self.known.values()))
    @rule(position=positions, old=st.booleans())
    def delete(self, position, old):
        known = self.received(position)
        handle = known.handles[0 if old else -1]
        in_queue = not (known.deleted or known.dead or self.is_expired(known))
        latest = handle == known.handles[-1]
        hidden = known.hidden_until > self.clock.monotonic()
        if self.fifo and in_queue and not (latest and hidden):
            with pytest.raises(ClientError):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
            return
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
        known.deleted |= latest and in_queue

    @precondition(lambda self: not self.duplicates and any(known.handles for known in self.known.values()))
    @rule(position=positions, seconds=st.sampled_from([0, 1, 60, 43_200]))
    def hide(self, position, seconds):
        known = self.received(position)
        now = self.clock.monotonic()
        in_queue = not (known.deleted or known.dead or self.is_expired(known))
        allowed = in_queue and known.hidden_until > now and now + seconds <= known.received_at + 43_200
        request = {"QueueUrl": self.url, "ReceiptHandle": known.handles[-1], "VisibilityTimeout": seconds}
        if allowed:
            self.sqs.change_message_visibility(**request)
            known.hidden_until = now + seconds
        else:
            with pytest.raises(ClientError):
                self.sqs.change_message_visibility(**request)

    @rule(seconds=st.sampled_from([0.5, 1, 29, 30, 61, 1800]))
    def let_time_pass(self, seconds):
        self.clock.wait(None, seconds)

    @invariant()
    def every_message_is_in_exactly_one_place(self):
        here, there = self.source.counts(), self.dead_letters.counts()
        assert min([*here.values(), *there.values()]) >= 0
        left = self.source.ended
        assert sum(here.values()) + sum(left.values()) == len(self.known)
        assert sum(there.values()) + sum(self.dead_letters.ended.values()) == left[State.DEAD_LETTERED]
        live = [message.message_id for queue in (self.source, self.dead_letters) for message in queue.live.values()]
        assert len(live) == len(set(live))
        assert set(live) <= set(self.known)
        assert not any(self.known[message_id].deleted for message_id in live)
        assert left[State.DELETED] == sum(known.deleted for known in self.known.values())
        in_flight = [message for message in self.source.live.values() if message.state is State.IN_FLIGHT]
        assert len(in_flight) == here[State.IN_FLIGHT]


@pytest.mark.parametrize(
    ("is_fifo", "probability"), [(False, 0.0), (False, 0.3), (True, 0.0)], ids=["standard", "with duplicates", "fifo"]
)
def test_no_message_is_lost_and_none_comes_when_it_must_not(is_fifo, probability):
    class OfThisKind(Operations):
        fifo = is_fifo
        duplicates = probability

    run_state_machine_as_test(OfThisKind)
