"""The demo: sample messages through the whole stack, shown live, then checked one by one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text

from local import stack
from local.clients import make_clients
from local.emulator import Emulator
from local.environment import local_environment, replace_environment
from local.errors import LocalError
from local.happenings import BatchKept, Happening, TroubleBegan, TroubleEnded, in_words
from local.ledger import Ledger
from local.pollers import Pollers
from local.queues import Queue, backlog, drain_dead_letters, queues_of, send
from local.samples import sample_messages
from local.verdict import judge
from local.view import QueueRow, View, make_console, open_view, print_summary, step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

    from local.samples import Sample

# A message that is never done takes MaxReceiveCount x VisibilityTimeout, 18 s with the parameters in samconfig.toml.
_DEADLINE_SECONDS = 75.0
_SECONDS_BETWEEN_LOOKS = 0.25


def run_demo(port: int | None) -> int:
    """Run the demo and clean up after it.

    Args:
        port: where the emulator listens; None for a free port.

    Returns:
        The exit code: 0 if every message ended where it should, else 1.

    Raises:
        LocalError: it could not be run.
    """
    console = make_console()
    emulator = Emulator(port)
    replace_environment(local_environment(emulator.endpoint_url))
    with emulator:
        console.print(f"The emulator runs on {emulator.endpoint_url}")
        with step(console, "sam build"):
            stack.build(emulator.endpoint_url, emulator.directory)
        with step(console, "sam deploy"):
            outputs = stack.deploy(emulator.endpoint_url, emulator.directory)
        queues = queues_of(outputs)
        if len(queues) < len({sample.queue for sample in sample_messages()}):
            raise LocalError(
                "The demo needs the sample stack: outputs StandardQueueUrl, StandardDeadLetterQueueUrl and the same "
                "with Fifo. `make up` runs any stack."
            )
        clients = make_clients(emulator.endpoint_url)
        ledger = Ledger()
        samples = sample_messages()

        def tell(happening: Happening) -> None:
            ledger(happening)
            # A batch that failed as a whole, or an endpoint that does not answer: not what the demo is to show.
            if isinstance(happening, BatchKept | TroubleBegan | TroubleEnded):
                console.print(Text(in_words(happening)))

        with Pollers(emulator.endpoint_url, clients, tell) as pollers:
            sent: dict[str, Sample] = {}
            for queue in queues:
                sent |= send(clients.sqs, queue, [sample for sample in samples if sample.queue == queue.label])
            with open_view(console, len(samples)) as view:
                _watch(emulator, pollers, clients.sqs, queues, sent, ledger, view)
        dead_letters = [letter for queue in queues for letter in drain_dead_letters(clients.sqs, queue)]
        left = {queue.label: backlog(clients.sqs, queue.url) for queue in queues}
    verdicts = judge(sent, ledger.receive_counts, ledger.successes, dead_letters)
    print_summary(console, queues, verdicts)
    wrong = sum(verdict.problem is not None for verdict in verdicts)
    not_empty = [label for label, rest in left.items() if not rest.empty]
    for label in not_empty:
        console.print(f"WRONG: {label}Queue is not empty at the end", style="bold red")
    if wrong or not_empty:
        console.print(f"{wrong} of {len(verdicts)} messages did not end where they should.", style="bold red")
        return 1
    console.print(f"All {len(verdicts)} messages ended where they should.", style="bold green")
    console.print("Next: `make up` keeps the stack running for messages of your own; your code goes into functions/.")
    return 0


def _watch(
    emulator: Emulator,
    pollers: Pollers,
    sqs: SQSClient,
    queues: Sequence[Queue],
    sent: Mapping[str, Sample],
    ledger: Ledger,
    view: View,
) -> None:
    """Show what happens until both queues are empty, or the deadline has come."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        emulator.check()
        pollers.check()
        rows = [_row(sqs, queue, sent, ledger) for queue in queues]
        view.show(rows)
        if all(row.waiting == row.in_flight == 0 for row in rows) or time.monotonic() > deadline:
            return
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _row(sqs: SQSClient, queue: Queue, sent: Mapping[str, Sample], ledger: Ledger) -> QueueRow:
    left = backlog(sqs, queue.url)
    dead = backlog(sqs, queue.dead_letter_url).waiting
    total = sum(sample.queue == queue.label for sample in sent.values())
    return QueueRow(
        queue.label,
        left.waiting,
        left.in_flight,
        # A message the function is dead-lettering is for a moment in both queues.
        max(0, total - left.waiting - left.in_flight - dead),
        ledger.retried(queue.name),
        dead,
    )
