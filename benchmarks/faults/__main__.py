"""`python -m benchmarks.faults`: real processes, really killed; exit code 1 if a message is lost.

A standard and a FIFO queue on the emulator, each with a function that uses the layer, and `sqslab poll`. While
the messages go through, function processes and the poller are killed with SIGKILL again and again, and the emulator is
stopped for a while (SIGSTOP, SIGCONT: what is in its queues is in its memory, so ending it would lose everything).
Some stops last longer than the functions' timeout and the queues' visibility timeout: their messages are delivered
again, maybe while the delivery before is still worked on. That repeats messages, also on FIFO; it starts none before
the earlier ones of its group are settled, since each delivery has them in front. Then the books are closed
(benchmarks/books.py).
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.books import Balance, Promise
from benchmarks.faults.queue import ObservedQueue
from benchmarks.faults.trouble import Troublemaker
from benchmarks.report import machine, markdown, paragraph, today, write_part
from sqslab.clients import make_clients
from sqslab.signals import interrupt_on_signals
from sqslab.stack.emulator import Emulator
from sqslab.stack.environment import local_environment, replace_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 3_600.0  # seconds; not meant to be reached
_QUEUES = ("standard", "fifo")
_IN_THE_MIDDLE = "run ended in the middle of a message"


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        balances: by queue.
        promises: by queue, what its layer and the queue were to do.
        counts: of what was done to the processes, and of how many runs that ended in the middle.
        seconds: how long it took.
    """

    balances: dict[str, Balance] = field(default_factory=dict)
    promises: dict[str, Promise] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def problems(self) -> list[str]:
        """What must not be; empty if all is well."""
        return [
            f"{queue}: {problem}"
            for queue, balance in self.balances.items()
            for problem in balance.problems(self.promises[queue])
        ]


def run(messages: int, seed: int) -> Outcome:
    """Send messages to both queues, let things go wrong until all are done, and close the books.

    Args:
        messages: how many to each queue.
        seed: of what the messages do and of what goes wrong; when it does, is up to the machine.
    """
    chance = random.Random(seed)  # noqa: S311 (not for secrets)
    outcome = Outcome()
    before = dict(os.environ)
    begin = time.monotonic()
    with Emulator() as emulator:
        replace_environment(local_environment(emulator.endpoint_url, before) | {"TMPDIR": str(emulator.directory)})
        try:
            clients = make_clients(emulator.endpoint_url)
            queues = [ObservedQueue(name, clients, emulator.directory) for name in _QUEUES]
            for queue in queues:
                queue.send(messages, chance)
            logs = [queue.log for queue in queues]
            with Troublemaker(emulator, logs, chance, outcome.counts, messages * len(queues)) as troublemaker:
                while any(not queue.is_empty for queue in queues) and time.monotonic() < begin + _LONGEST:
                    troublemaker.make_trouble()
                    emulator.check()
            for queue in queues:
                outcome.balances[queue.name] = queue.close()
                outcome.promises[queue.name] = queue.promise
                outcome.counts[_IN_THE_MIDDLE] += queue.ended_in_the_middle
        finally:
            replace_environment(before)
    outcome.seconds = time.monotonic() - begin
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the ledger, and say by the exit code whether it is clean.

    Args:
        arguments: the command line without the program's name; that of this process if None.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000, help="how many to each queue (default: 10,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the ledger to benchmarks/results.md if it is clean")
    options = parser.parse_args(arguments)
    if options.messages < 1:
        parser.error("--messages: at least 1")
    interrupt_on_signals()
    outcome = run(options.messages, options.seed)
    text = _ledger(outcome, options)
    print(text)
    if outcome.problems:
        print("\n".join(outcome.problems))
        return 1
    if options.write:
        write_part(text)
    return 0


def _ledger(outcome: Outcome, options: argparse.Namespace) -> str:
    headings = ("", *outcome.balances)
    rows = {
        "messages": "messages",
        "done": "done",
        "dead-lettered by the layer, after code had failed on them": "dead_lettered_by_layer",
        "dead-lettered by SQS, after code had failed on them": "dead_lettered_by_sqs",
        "lost": "lost",
        "still in the queue": "still_queued",
        "out of order": "out_of_order",
        "innocent and dead-lettered": "innocents_dead_lettered",
        "dead-lettered too early": "dead_lettered_too_early",
        "dead-lettered without a reason": "letters_without_reason",
        "done, and a copy dead-lettered": "done_and_dead_lettered",
        "run again after success": "repetitions",
    }
    lines = [
        (name, *(f"{getattr(balance, attribute):,}" for balance in outcome.balances.values()))
        for name, attribute in rows.items()
    ]
    again = f"make faults ARGS='--messages {options.messages} --seed {options.seed}'"
    intro = paragraph(
        f"""Written by `make faults` on {today()}, {machine()}. It took {outcome.seconds:,.0f} s. What each word counts
        is defined in `benchmarks/books.py`. To repeat it:"""
    )
    return f"""# Nothing lost on the emulator

{intro}

    {again}

{markdown(headings, lines)}

What was done meanwhile, beside the messages that raise, hang or kill their process by themselves:

{markdown(("", "times"), [(what, f"{count:,}") for what, count in outcome.counts.items()])}
"""


if __name__ == "__main__":
    sys.exit(main())
