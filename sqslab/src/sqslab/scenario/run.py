"""Runs a scenario: its messages go through the whole stack, shown live, then each is checked."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from sqslab.clients import make_clients
from sqslab.dlq.dead_letters import held_dead_letters
from sqslab.errors import SqslabError
from sqslab.mapping.events import BatchKept, MappingEvent, OutageBegan, OutageEnded, in_words
from sqslab.queue_lookup import find_queue
from sqslab.queues import MOST_PER_CALL, backlog, name_of
from sqslab.scenario.delivery_log import DeliveryLog
from sqslab.scenario.result import check_messages
from sqslab.scenario.view import QueueRow, View, open_view, print_summary
from sqslab.stack import sam
from sqslab.stack.emulator import Emulator
from sqslab.stack.environment import local_environment, replace_environment
from sqslab.view.console import make_console, step
from sqslab.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef
    from rich.console import Console

    from sqslab.clients import Clients
    from sqslab.dlq.dead_letters import DeadLetter
    from sqslab.scenario.file import Scenario, ScenarioMessage
    from sqslab.scenario.result import MessageResult
    from sqslab.stack.project import Project

_SECONDS_BETWEEN_LOOKS = 0.25


@dataclass(frozen=True)
class ScenarioQueue:
    """A queue of the scenario.

    Attributes:
        name: its logical name in the template.
        url: its URL.
        dead_letter_url: the URL of its dead-letter queue, None if it has none.
    """

    name: str
    url: str
    dead_letter_url: str | None


def run_scenario(scenario: Scenario, project: Project, port: int | None) -> int:
    """Run the stack on the emulator, send the messages, and clean up.

    Args:
        scenario: the messages.
        project: whose queues they go to.
        port: where the emulator listens; None for a free port.

    Returns:
        The exit code: 0 if every message ended as it should, else 1.

    Raises:
        SqslabError: it could not be run.
    """
    console = make_console()
    emulator = Emulator(port)
    replace_environment(local_environment(emulator.endpoint_url))
    with emulator:
        console.print(f"The emulator runs on {emulator.endpoint_url}")
        with step(console, "sam build"):
            sam.build(emulator.endpoint_url, emulator.directory, project)
        with step(console, "sam deploy"):
            sam.deploy(emulator.endpoint_url, emulator.directory, project)
        clients = make_clients(emulator.endpoint_url)
        queues = [find_queue_of(clients, project, name) for name in scenario.queues]
        log = DeliveryLog()

        def tell(event: MappingEvent) -> None:
            log(event)
            # A batch that failed as a whole, or an endpoint that does not answer: not what a scenario is to show.
            if isinstance(event, BatchKept | OutageBegan | OutageEnded):
                console.print(Text(in_words(event)))

        with Workers(emulator.endpoint_url, clients, tell) as workers:
            sent: dict[str, ScenarioMessage] = {}
            for queue in queues:
                sent |= send_messages(
                    clients.sqs, queue, [each for each in scenario.messages if each.queue == queue.name]
                )
            with open_view(console, len(scenario.messages)) as view:
                _watch(emulator, workers, clients.sqs, queues, sent, log, view, scenario.deadline_seconds)
        dead_letters = [found for queue in queues for found in _dead_letters(clients.sqs, queue)]
        left = [queue.name for queue in queues if not backlog(clients.sqs, queue.url).empty]
    fifo_queues = {queue.name for queue in queues if queue.url.endswith(".fifo")}
    results = check_messages(sent, log.receive_counts, log.successes, dead_letters, fifo_queues)
    return _conclude(console, scenario.queues, results, left)


def _conclude(console: Console, queues: Sequence[str], results: Sequence[MessageResult], left: Sequence[str]) -> int:
    print_summary(console, queues, results)
    wrong = sum(result.problem is not None for result in results)
    for name in left:
        console.print(f"WRONG: {name} is not empty at the end", style="bold red")
    if wrong or left:
        console.print(f"{wrong} of {len(results)} messages did not end where they should.", style="bold red")
        return 1
    console.print(f"All {len(results)} messages ended where they should.", style="bold green")
    return 0


def find_queue_of(clients: Clients, project: Project, name: str) -> ScenarioQueue:
    """Find a queue of a scenario, and its dead-letter queue."""
    url = find_queue(clients.sqs, clients.cloudformation, project.stack_name, name)
    attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    if "deadLetterTargetArn" not in policy:
        return ScenarioQueue(name, url, None)
    return ScenarioQueue(
        name, url, clients.sqs.get_queue_url(QueueName=policy["deadLetterTargetArn"].split(":")[-1])["QueueUrl"]
    )


def send_messages(
    sqs: SQSClient, queue: ScenarioQueue, messages: Iterable[ScenarioMessage]
) -> dict[str, ScenarioMessage]:
    """Send messages in their order, ten a call; give the ids that SQS gave, each with its message."""
    sent: dict[str, ScenarioMessage] = {}
    for chunk in itertools.batched(messages, MOST_PER_CALL, strict=False):
        entries = [_entry(position, queue, message) for position, message in enumerate(chunk)]
        response = sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
        for failure in response.get("Failed", []):
            raise SqslabError(f"{queue.name} did not take {chunk[int(failure['Id'])].name}: {failure['Code']}.")
        sent |= {entry["MessageId"]: chunk[int(entry["Id"])] for entry in response["Successful"]}
    return sent


def _entry(position: int, queue: ScenarioQueue, message: ScenarioMessage) -> SendMessageBatchRequestEntryTypeDef:
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(position), "MessageBody": message.body}
    if message.group is not None:
        entry["MessageGroupId"] = message.group
    if queue.url.endswith(".fifo"):
        entry["MessageDeduplicationId"] = message.deduplication_id or message.name
    if message.attributes:
        entry["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()
        }
    return entry


def _dead_letters(sqs: SQSClient, queue: ScenarioQueue) -> list[DeadLetter]:
    """Look at all messages of a dead-letter queue."""
    if queue.dead_letter_url is None:
        return []
    found: list[DeadLetter] = []
    with held_dead_letters(sqs, queue.dead_letter_url) as held:
        while taken := held.take(MOST_PER_CALL):
            found += taken
    return found


def _watch(
    emulator: Emulator,
    workers: Workers,
    sqs: SQSClient,
    queues: Sequence[ScenarioQueue],
    sent: Mapping[str, ScenarioMessage],
    log: DeliveryLog,
    view: View,
    seconds: float,
) -> None:
    """Show what happens until all queues are empty, or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        emulator.check()
        workers.check()
        rows = [_row(sqs, queue, sent, log) for queue in queues]
        view.show(rows)
        if all(row.waiting == row.in_flight == 0 for row in rows) or time.monotonic() > deadline:
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _row(sqs: SQSClient, queue: ScenarioQueue, sent: Mapping[str, ScenarioMessage], log: DeliveryLog) -> QueueRow:
    left = backlog(sqs, queue.url)
    dead = 0 if queue.dead_letter_url is None else backlog(sqs, queue.dead_letter_url).waiting
    total = sum(message.queue == queue.name for message in sent.values())
    return QueueRow(
        queue.name,
        left.waiting,
        left.in_flight,
        # A message the function is dead-lettering is for a moment in both queues.
        max(0, total - left.waiting - left.in_flight - dead),
        log.retried(name_of(queue.url)),
        dead,
    )
