"""What goes wrong outside of the function, and clients of SQS and Lambda with which it does."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody

from benchmarks.soak.virtual_layer import this_process
from sqslab.simulator import Crash

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Mapping

    from benchmarks.books import Books
    from benchmarks.soak.deliveries import Deliveries
    from sqslab.simulator import SimulatedFunctions, SimulatedSqs
    from sqslab.simulator.queues.queue import Queue
    from sqslab.simulator.virtual_clock import VirtualClock

# How often each of them strikes, where a soak lets it: per call, or for `delivered twice` per message received.
RATES = {
    "receive refused": 0.01,
    "receive not answered": 0.004,  # the messages are hidden and counted, and nobody has them
    "delivered twice": 0.01,
    "invocation refused": 0.004,
    "invocation throttled": 0.02,
    "invocation not answered": 0.01,  # the function ran
    "response late": 0.02,  # and some of the messages are visible again when it comes
    "response invalid": 0.02,
    "delete refused": 0.02,
    "delete not answered": 0.02,  # the messages are deleted
    "delete done in part": 0.02,
    "change of visibility refused": 0.02,
    "change of visibility not answered": 0.02,
    "change of visibility done in part": 0.02,
    "send to the dead-letter queue refused": 0.05,
    "send to the dead-letter queue not answered": 0.05,
    "process killed after sending to the dead-letter queue": 0.02,
}

# The ways in which a response breaks the contract: each fails the whole batch.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
_INVALID = (
    b'{"batchItemFailures": [{"itemIdentifier": ',
    b'{"batchItemFailures": [{"itemIdentifier": null}]}',
    b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
    b'{"batchItemFailures": [{"id": "a"}]}',
    b'{"batchItemFailures": [{"itemIdentifier": "of no message"}]}',
    b'{"batchItemFailures": ["a"]}',
    b'["a"]',
    b"true",
)
_LATE_SECONDS = (1, 10, 100)
_URL = "https://sqs.us-east-1.amazonaws.com"


class Faults(Protocol):
    """Decides what goes wrong when."""

    def strikes(self, kind: str) -> bool:
        """Say whether this goes wrong now; who asks lets it go wrong then."""
        ...

    def choose[T](self, choices: Collection[T]) -> T:
        """Pick one of several ways in which something goes wrong."""
        ...


class DrawnFaults:
    """Faults at random, the same ones for the same seed.

    Args:
        chance: where they are drawn from.
        without: kinds that are left out.

    Attributes:
        counts: how many there were, by kind.
    """

    def __init__(self, chance: random.Random, without: Collection[str] = ()) -> None:
        self._chance = chance
        self._without = without
        self.counts: Counter[str] = Counter()

    def strikes(self, kind: str) -> bool:
        """Draw whether it does."""
        if self._chance.random() >= RATES[kind] or kind in self._without:
            return False
        self.counts[kind] += 1
        return True

    def choose[T](self, choices: Collection[T]) -> T:
        """Draw one."""
        return self._chance.choice(list(choices))


class FaultySqs:
    """The simulator's SQS with faults, for the poller and for the layer; it tells what is dead-lettered and deleted.

    Args:
        sqs: the simulator.
        faults: what goes wrong.
        books: of the messages, whose bodies are their numbers.
        deliveries: of these.
        source: the queue they are sent to.
        clock: the simulator's.
    """

    class meta:  # noqa: N801 (of a boto3 client; the layer makes the queue's URL with it)
        """What a client says about itself."""

        endpoint_url = _URL

    def __init__(
        self,
        sqs: SimulatedSqs,
        faults: Faults,
        books: Books,
        deliveries: Deliveries,
        source: Queue,
        clock: VirtualClock,
    ) -> None:
        self._sqs = sqs
        self._faults = faults
        self._books = books
        self._deliveries = deliveries
        self._source = source
        self._clock = clock
        self._dead_letters = source.dead_letters
        self._known_letters = 0
        self.get_queue_url = sqs.get_queue_url
        self.get_queue_attributes = sqs.get_queue_attributes

    def receive_message(self, **request: Any) -> Any:
        """Receive, unless that goes wrong; some messages of a standard queue stay visible."""
        self._may_refuse("receive")
        answer = self._sqs.receive_message(**request)
        self._look_at_dead_letters()
        for message in answer.get("Messages", []):
            self._deliveries.received(int(message["Body"]), message["ReceiptHandle"], self._clock.monotonic())
        if self._faults.strikes("receive not answered"):
            raise _not_answered()
        if not self._source.fifo:
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
            for message in answer.get("Messages", []):
                if self._faults.strikes("delivered twice"):
                    self._source.hide(message["ReceiptHandle"], 0)
                    self._deliveries.went_wrong([message["ReceiptHandle"]], "it was delivered twice")
        return answer

    def delete_message_batch(self, **request: Any) -> Any:
        """Delete, unless that goes wrong."""
        handles = {entry["Id"]: entry["ReceiptHandle"] for entry in request["Entries"]}
        untried = set(handles.values())

        def delete(**part: Any) -> Any:
            answer = self._sqs.delete_message_batch(**part)
            untried.difference_update(entry["ReceiptHandle"] for entry in part["Entries"])
            now = self._clock.monotonic()
            for entry in answer.get("Successful", []):
                self._deliveries.deleted(handles[entry["Id"]])
            for entry in answer.get("Failed", []):
                self._deliveries.refused(handles[entry["Id"]], now)
            return answer

        try:
            return self._batch("delete", delete, request)
        finally:
            self._deliveries.went_wrong(untried, "its deletion was refused")

    def change_message_visibility_batch(self, **request: Any) -> Any:
        """Hide for longer or shorter, unless that goes wrong."""
        return self._batch("change of visibility", self._sqs.change_message_visibility_batch, request)

    def send_message(self, **request: Any) -> Any:
        """Send to the dead-letter queue, unless that goes wrong."""
        invocation = this_process().invocation
        number = int(request["MessageBody"])
        invocation.unanswered.add(number)  # several may be on their way at once
        self._may_refuse("send to the dead-letter queue")
        answer = self._sqs.send_message(**request)
        self._look_at_dead_letters()
        if self._faults.strikes("process killed after sending to the dead-letter queue"):
            raise Crash
        if self._faults.strikes("send to the dead-letter queue not answered"):
            raise _not_answered()
        invocation.unanswered.discard(number)
        invocation.dead.add(number)
        return answer

    def _may_refuse(self, what: str) -> None:
        if self._faults.strikes(f"{what} refused"):
            raise self._faults.choose(_refusals())

    def _batch(self, what: str, call: Callable[..., Any], request: Mapping[str, Any]) -> Any:
        self._may_refuse(what)
        if self._faults.strikes(f"{what} done in part"):
            entries = request["Entries"]
            failed = [entry for position, entry in enumerate(entries) if position % 2 == 0]
            rest = [entry for entry in entries if entry not in failed]
            answer = call(**{**request, "Entries": rest}) if rest else {}
            errors = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in failed]
            return {**answer, "Failed": [*answer.get("Failed", []), *errors]}
        answer = call(**request)
        if self._faults.strikes(f"{what} not answered"):
            raise _not_answered()
        return answer

    def _look_at_dead_letters(self) -> None:
        """Tell the books what is new in the dead-letter queue: the last ones, as nothing is ever taken from it."""
        if self._dead_letters is None:
            return
        letters = self._dead_letters.live
        for _, letter in zip(range(len(letters) - self._known_letters), reversed(letters.values()), strict=False):
            self._books.dead_lettered(int(letter.body))
        self._known_letters = len(letters)


class FaultyFunctions:
    """The simulator's Lambda with faults, for the poller."""

    def __init__(
        self, functions: SimulatedFunctions, faults: Faults, deliveries: Deliveries, clock: VirtualClock
    ) -> None:
        self._functions = functions
        self._faults = faults
        self._deliveries = deliveries
        self._clock = clock

    def invoke(self, **request: Any) -> Any:
        """Run a function, unless that goes wrong; its answer may be lost or broken."""
        if self._faults.strikes("invocation throttled"):
            raise _error("TooManyRequestsException", 429, "Invoke")
        if self._faults.strikes("invocation refused"):
            raise self._faults.choose(_refusals())
        try:
            answer = self._invoke(request)
        except BaseException:  # the poller was killed, or gets no answer
            self._went_wrong(request, "its response was lost")
            raise
        if "FunctionError" in answer:
            self._went_wrong(request, "its invocation failed")
        elif self._faults.strikes("response invalid"):
            self._went_wrong(request, "its response was invalid")
            payload = self._faults.choose(_INVALID)
            return {**answer, "Payload": StreamingBody(io.BytesIO(payload), len(payload))}
        return answer

    def _invoke(self, request: Mapping[str, Any]) -> Any:
        answer = self._functions.invoke(**request)
        if self._faults.strikes("response late"):
            seconds = self._faults.choose(_LATE_SECONDS)
            for handle in _handles(request):
                self._deliveries.refused(handle, self._clock.monotonic() + seconds)
            self._clock.wait(None, seconds)
        if self._faults.strikes("invocation not answered"):
            raise _not_answered()
        return answer

    def _went_wrong(self, request: Mapping[str, Any], cause: str) -> None:
        self._deliveries.went_wrong(_handles(request), cause)


def _handles(request: Mapping[str, Any]) -> list[str]:
    return [record["receiptHandle"] for record in json.loads(request["Payload"])["Records"]]


def _refusals() -> list[Exception]:
    return [_error("InternalError", 500, "Any"), EndpointConnectionError(endpoint_url=_URL)]


def _error(code: str, status: int, operation: str) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "injected"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)


def _not_answered() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url=_URL)
