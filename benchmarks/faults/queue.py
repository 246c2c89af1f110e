"""A queue of the emulator with a function, and the books of it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchmarks.books import Books, Letter, Promise
from benchmarks.settings import BATCH_SIZE, MAX_RECEIVE_COUNT, QUEUE_MAX_RECEIVE_COUNT, ROOT
from sqslab.queues import backlog

if TYPE_CHECKING:
    import random

    from benchmarks.books import Balance
    from sqslab.clients import Clients

_LAYER = ROOT / "layers" / "partial_batch" / "partial_batch"
_SOURCE = Path(__file__).with_name("function.py")
_TIMEOUT = 3
_VISIBILITY_TIMEOUT = 6  # so short that the longer stops of the emulator outlast it
_GROUPS = 40
_ROW = (
    BATCH_SIZE  # at most, messages of one more group, which fail for ever all of them, as when what they need is down
)
_ROW_SHARE = 30  # of the messages at most one in so many, as their tries come one after the other
_MOST_RECEIVES = {"standard": 30, "fifo": QUEUE_MAX_RECEIVE_COUNT}


@dataclass(frozen=True)
class Step:
    """A line of the function's log."""

    event: str
    number: int
    at: float
    receive: int
    invocation: str

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line."""
        event, number, _, at, receive, invocation = line.split()
        return cls(event, int(number), float(at), int(receive), invocation)


def replay(books: Books, steps: list[Step], letters: list[Letter]) -> int:
    """Enter into the books what happened, in its order.

    What the layer dead-lettered was so from when it was sent on, though it may have run again: if nobody got to know of
    the sending, it came back. When SQS moved a message only SQS knows; nothing ran it after that.

    Returns:
        How many runs began and ended in no way.
    """
    last = {step.number: position for position, step in enumerate(steps)}
    moved = {letter.number for letter in letters if letter.error_type is None}
    for number in moved - last.keys():
        books.dead_lettered(number)
    sent = sorted((letter.sent_at, letter.number) for letter in letters if letter.error_type is not None)
    sent.reverse()
    running: set[int] = set()
    ended_in_the_middle = 0
    for position, step in enumerate(steps):
        while sent and sent[-1][0] <= step.at:
            books.dead_lettered(sent.pop()[1])
        match step.event:
            case "began":
                books.began(step.number)
                ended_in_the_middle += step.number in running
                running.add(step.number)
            case "succeeded":
                books.succeeded(step.number)
                running.discard(step.number)
            case "failed" | "rejected":
                books.failed(step.number, step.receive, step.invocation, for_good=step.event == "rejected")
                running.discard(step.number)
        if step.number in moved and position == last[step.number]:
            books.dead_lettered(step.number)
    return ended_in_the_middle + len(running)


class ObservedQueue:
    """A queue with its dead-letter queue, function and mapping.

    Args:
        name: `standard` or `fifo`.
        clients: of the emulator.
        directory: for the log of its function.
    """

    def __init__(self, name: str, clients: Clients, directory: Path) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self.ended_in_the_middle = 0
        self.promise = Promise(
            tries=MAX_RECEIVE_COUNT,
            most_receives=_MOST_RECEIVES[name],
            layer_counts=name == "fifo",
            tries_are_kept=name == "standard",
        )
        self._books = Books()
        self._sqs = clients.sqs
        end = ".fifo" if name == "fifo" else ""
        attributes: Any = {"FifoQueue": "true"} if end else {}
        self._letters = self._sqs.create_queue(QueueName=f"letters{end}", Attributes=attributes)["QueueUrl"]
        policy = {"deadLetterTargetArn": self._arn(self._letters), "maxReceiveCount": _MOST_RECEIVES[name]}
        attributes |= {"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": str(_VISIBILITY_TIMEOUT)}
        self._url = self._sqs.create_queue(QueueName=f"source{end}", Attributes=attributes)["QueueUrl"]
        clients.functions.create_function(
            FunctionName=f"consume-{name}",
            Runtime="python3.13",
            Handler="function.lambda_handler",
            Role="arn:aws:iam::000000000000:role/any",
            Timeout=_TIMEOUT,
            Environment={
                "Variables": {
                    "RUNS_LOG": str(self.log),
                    "DEAD_LETTER_QUEUE_URL": self._letters,
                    "MAX_RECEIVE_COUNT": str(MAX_RECEIVE_COUNT),
                }
            },
            Code={"ZipFile": _code()},
        )
        clients.functions.create_event_source_mapping(
            EventSourceArn=self._arn(self._url),
            FunctionName=f"consume-{name}",
            BatchSize=BATCH_SIZE,
            Enabled=False,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )

    def send(self, count: int, chance: random.Random) -> None:
        """Send messages, each with what is to be done with it."""
        for first in range(0, count, 10):
            entries = []
            for number in range(first, min(first + 10, count)):
                group = f"group-{chance.randrange(_GROUPS)}" if self.name == "fifo" else None
                behaviour = _behaviour(chance)
                if group is not None and number < min(_ROW, count // _ROW_SHARE):
                    group, behaviour = "row", {"first": [], "then": "retries at once"}
                self._books.sent(number, group)
                body = json.dumps({"number": number} | behaviour)
                more = {} if group is None else {"MessageGroupId": group, "MessageDeduplicationId": str(number)}
                entries.append({"Id": str(number), "MessageBody": body, **more})
            response = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
            if response.get("Failed"):
                raise RuntimeError(f"the emulator did not take a message: {response['Failed'][0]['Code']}")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left in it."""
        left = backlog(self._sqs, self._url)
        return left.waiting + left.in_flight == 0

    def close(self) -> Balance:
        """Enter into the books what the function has logged and what lies in the queues, and close them."""
        letters = self._read_letters()
        steps = [Step.from_line(line) for line in self.log.read_text().splitlines()]
        self.ended_in_the_middle = replay(self._books, steps, letters)
        queued = set(self._books.accounts) if not self.is_empty else set()
        return self._books.close(queued, letters, self.promise)

    def _read_letters(self) -> list[Letter]:
        letters: list[Letter] = []
        while messages := self._sqs.receive_message(
            QueueUrl=self._letters,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        ).get("Messages"):
            for message in messages:
                number = json.loads(message["Body"])["number"]
                before_this = int(message["Attributes"]["ApproximateReceiveCount"]) - 1
                sent_at = int(message["Attributes"]["SentTimestamp"]) / 1000
                letters.append(Letter.read(number, message.get("MessageAttributes", {}), before_this, sent_at))
                self._sqs.delete_message(QueueUrl=self._letters, ReceiptHandle=message["ReceiptHandle"])
        return letters

    def _arn(self, url: str) -> str:
        return self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


# What messages do at their first receives that do not work from the start.
_FIRST = (["raises"], ["raises", "raises"], ["fails for good"], ["hangs"], ["kills its process"])


def _behaviour(chance: random.Random) -> dict[str, object]:
    draw = chance.random()
    if draw < 0.005:
        return {"first": [], "then": chance.choice(["raises", "fails for good"])}
    if draw < 0.05:
        return {"first": chance.choice(_FIRST), "then": "works"}
    return {"first": [], "then": "works"}


def _code() -> bytes:
    """The function with the layer beside it, as a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(_SOURCE, _SOURCE.name)
        for path in sorted(_LAYER.rglob("*.py")):
            archive.write(path, path.relative_to(_LAYER.parent))
    return file.getvalue()
