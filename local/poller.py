"""What Lambda does for one event source mapping: receive a batch, invoke the function, delete what succeeded.

One batch at a time. Rules as in https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html. Not done: several batches at once, event
filtering, and the 6 MB limit of an invocation.
"""

from __future__ import annotations

import functools
import itertools
import json
import threading
import time
from typing import TYPE_CHECKING

from local.happenings import BatchDone, BatchKept, BatchReceived, Delivery, Listener
from local.record import make_record
from local.response import InvalidResponse, failed_message_ids
from local.trouble import AWS_ERRORS, Pauses, Troubles, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef

    from local.clients import Clients
    from local.mappings import EventSourceMapping

_MOST_PER_CALL = 10  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
_LONG_POLL_SECONDS = 1  # longer would save requests and make stopping slower
_REASON_LENGTH = 200


class FunctionFailed(Exception):
    """The function raised, timed out or crashed."""


class Poller:
    """Polls the queue of one mapping in a thread of its own.

    Args:
        mapping: what to poll for.
        clients: of the endpoint that has both queue and function.
        tell: who hears what happens; called from this poller's thread.
        troubles: what does not work, shared with the other pollers.
    """

    def __init__(self, mapping: EventSourceMapping, clients: Clients, tell: Listener, troubles: Troubles) -> None:
        self.mapping = mapping
        self._sqs = clients.sqs
        self._functions = clients.functions
        self._tell = tell
        self._troubles = troubles
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"poll {mapping.queue_name}", daemon=True)
        self._bug: Exception | None = None

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Receive nothing more. A batch in flight is finished; `join` waits for that."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until the batch in flight is finished, for as long as the function may run."""
        self._thread.join()

    def check(self) -> None:
        """Raise what made the thread end, if it is not one of the failures it knows."""
        if self._bug is not None:
            raise self._bug

    def poll_once(self) -> None:
        """Wait a moment for a batch and, if there is one, see it through.

        Raises:
            botocore.exceptions.ClientError: the endpoint refused to receive or to invoke.
            botocore.exceptions.BotoCoreError: it did not answer.
        """
        batch = self._receive_batch()
        self._troubles.ended(self.mapping.queue_name)
        if batch:
            self._process(batch)

    @functools.cached_property
    def _queue_url(self) -> str:
        return self._sqs.get_queue_url(QueueName=self.mapping.queue_name, QueueOwnerAWSAccountId=self.mapping.account)[
            "QueueUrl"
        ]

    def _run(self) -> None:
        pauses = Pauses()
        try:
            while not self._stopping.is_set():
                try:
                    self.poll_once()
                    pauses.after_success()
                except AWS_ERRORS as error:
                    self._troubles.began(self.mapping.queue_name, error)
                    self._stopping.wait(pauses.after_failure())
        except Exception as error:  # `check` raises it where somebody sees it
            self._bug = error

    def _receive_batch(self) -> list[MessageTypeDef]:
        """Receive until the batch is full or the window has passed since its first message."""
        batch = self._receive(self.mapping.batch_size, _LONG_POLL_SECONDS)
        end = time.monotonic() + self.mapping.window
        while batch and len(batch) < self.mapping.batch_size and not self._stopping.is_set():
            remaining = end - time.monotonic()
            if remaining <= 0:
                break
            if remaining < 1:  # a long poll counts in whole seconds
                self._stopping.wait(remaining)
            try:
                batch += self._receive(self.mapping.batch_size - len(batch), min(int(remaining), _LONG_POLL_SECONDS))
            except AWS_ERRORS:
                break  # what was received need not wait for its visibility timeout; the next receive tells
        return batch

    def _receive(self, most: int, wait_seconds: int) -> list[MessageTypeDef]:
        response = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(most, _MOST_PER_CALL),
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return response.get("Messages", [])

    def _process(self, batch: Sequence[MessageTypeDef]) -> None:
        deliveries = tuple(
            Delivery(message["MessageId"], int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)))
            for message in batch
        )
        ids = tuple(delivery.message_id for delivery in deliveries)
        self._tell(BatchReceived(self.mapping, deliveries))
        try:
            failed = self._invoke(batch)
        except FunctionFailed as error:
            self._tell(BatchKept(self.mapping, ids, f"the function failed: {error}"))
        except InvalidResponse as error:
            self._tell(BatchKept(self.mapping, ids, f"the function's response is invalid: {error}"))
        except AWS_ERRORS as error:
            # Throttled, no such function, no answer. Nothing is known of what ran, so nothing is deleted.
            self._tell(BatchKept(self.mapping, ids, f"the function could not be invoked: {describe(error)}"))
            raise
        else:
            undeleted = self._delete([message for message in batch if message["MessageId"] not in failed])
            self._tell(
                BatchDone(
                    self.mapping,
                    deleted=tuple(name for name in ids if name not in failed and name not in undeleted),
                    failed=tuple(name for name in ids if name in failed),
                    undeleted=undeleted,
                )
            )

    def _invoke(self, batch: Sequence[MessageTypeDef]) -> frozenset[str]:
        """Run the function on a batch and return the ids of the messages it reports as failed."""
        event = {"Records": [make_record(message, self.mapping.queue_arn) for message in batch]}
        response = self._functions.invoke(
            FunctionName=self.mapping.function_arn,
            Payload=json.dumps(event).encode(),
        )
        payload = response["Payload"].read()
        if "FunctionError" in response:
            raise FunctionFailed(_error_of(payload))
        if not self.mapping.reports_item_failures:
            return frozenset()  # the response is ignored: any return is a success
        return failed_message_ids(payload, {message["MessageId"] for message in batch})

    def _delete(self, messages: Sequence[MessageTypeDef]) -> dict[str, str]:
        """Delete messages; give the ids of those that could not be deleted, each with the reason."""
        undeleted: dict[str, str] = {}
        for chunk in itertools.batched(messages, _MOST_PER_CALL, strict=False):
            # The position as id: a standard queue may deliver a message twice, and ids must differ.
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(position), "ReceiptHandle": message["ReceiptHandle"]}
                for position, message in enumerate(chunk)
            ]
            try:
                response = self._sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
            except AWS_ERRORS as error:
                undeleted |= {message["MessageId"]: describe(error) for message in chunk}
            else:
                for entry in response.get("Failed", []):
                    undeleted[chunk[int(entry["Id"])]["MessageId"]] = entry["Code"]
        return undeleted


def _error_of(payload: bytes) -> str:
    """Say in one line what a failed invocation returned, as far as it can be read."""
    try:
        details = json.loads(payload)
        text = ": ".join(str(details[key]) for key in ("errorType", "errorMessage") if details.get(key))
    except (ValueError, AttributeError, RecursionError):
        text = ""
    return " ".join(text.split())[:_REASON_LENGTH] or "no reason given"
