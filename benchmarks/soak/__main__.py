"""`python -m benchmarks.soak`: many messages, with faults, in virtual time; exit code 1 if anything is lost.

The messages go in shards, each with a queue of its own and a seed that settles everything in it. A shard in which
something was wrong is named with the command that runs it again, and made smaller as long as it stays wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from benchmarks.books import Balance
from benchmarks.report import machine, markdown, paragraph, today, write_part
from benchmarks.settings import MAX_RECEIVE_COUNT, QUEUE_MAX_RECEIVE_COUNT
from benchmarks.soak.consumer import FAILURES, IS_SLOW, MODES, OUTAGE
from benchmarks.soak.faults import RATES
from benchmarks.soak.shard import FOR_EVER, ROW, Outcome, run_shard

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

POLLER_KILLED = "poller killed"
KINDS = (IS_SLOW, *FAILURES, *FOR_EVER, OUTAGE, ROW, *RATES, POLLER_KILLED)
_HEADINGS = (
    *("", "messages", "done", "dead-lettered", "lost", "out of order"),
    *("innocent and dead-lettered", "dead-lettered too early", "run again"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the ledger, and say by the exit code whether it is clean.

    Args:
        arguments: the command line without the program's name; that of this process if None.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.write and options.without:
        parser.error("--write: not with --without; the ledger is that of a run with all faults")
    sizes = [options.shard] * (options.messages // options.shard)
    if options.messages % options.shard:
        sizes.append(options.messages % options.shard)
    seeds = range(options.seed, options.seed + len(sizes))
    run = partial(try_shard, without=options.without)
    with ExitStack() as stack:
        run_all = map if options.jobs == 1 else stack.enter_context(ProcessPoolExecutor(options.jobs)).map
        runs = run_all(run, seeds, sizes)
        outcomes = list(track(runs, "soaking", len(sizes), console=Console(stderr=True), transient=True))
    text = _ledger(outcomes, options)
    print(text)
    wrong = [(outcome, size) for outcome, size in zip(outcomes, sizes, strict=True) if outcome.problems]
    for outcome, size in wrong:
        print(f"{'; '.join(outcome.problems)}: {command(outcome.seed, size, options.without)}")
    if wrong:
        outcome, size = wrong[0]
        print("smaller:", command(outcome.seed, *shrunk(outcome.seed, size, options.without)))
        return 1
    if options.write:
        write_part(text)
    return 0


def try_shard(seed: int, messages: int, without: Collection[str] = ()) -> Outcome:
    """Run a shard; if it breaks off, that is a problem of it."""
    try:
        return run_shard(seed, messages, without)
    except Exception as error:
        problem = f"broke off with {type(error).__name__}: {error}"
        mode = list(MODES)[seed % len(MODES)]
        return Outcome(seed, mode, Balance(messages=messages), Counter(), 0.0, 0, Counter(), [problem])


def shrunk(seed: int, messages: int, without: Collection[str]) -> tuple[int, list[str]]:
    """Find fewer messages and fewer kinds of faults with which a shard is still wrong.

    Args:
        seed: of the shard.
        messages: with which it is wrong.
        without: kinds that are left out already.

    Returns:
        The number of messages, and the kinds to leave out.
    """
    left_out = list(without)
    for kind in KINDS:
        if kind not in left_out and try_shard(seed, messages, [*left_out, kind]).problems:
            left_out.append(kind)
    step = messages // 2
    while step:
        while messages > step and try_shard(seed, messages - step, left_out).problems:
            messages -= step
        step //= 2
    return messages, left_out


def command(seed: int, messages: int, without: Collection[str]) -> str:
    """Write the command line that runs one shard."""
    text = f"python -m benchmarks.soak --seed {seed} --messages {messages} --shard {messages} --jobs 1"
    return f'{text} --without "{",".join(without)}"' if without else text


def _ledger(outcomes: list[Outcome], options: argparse.Namespace) -> str:
    """Write the part of the results."""
    lines = []
    for mode in MODES:
        balance = sum((outcome.balance for outcome in outcomes if outcome.mode == mode), Balance())
        if balance.messages:
            lines.append(_line(mode, balance))
    total = sum((outcome.balance for outcome in outcomes), Balance())
    lines.append(_line("**all**", total))
    counts = sum((outcome.counts for outcome in outcomes), Counter[str]())
    causes = sum((outcome.repetitions for outcome in outcomes), Counter[str]())
    protected = [outcome for outcome in outcomes if MODES[outcome.mode].innocents_are_safe]
    safe = sum((outcome.balance for outcome in protected), Balance())
    settled = safe.done + safe.dead_lettered_by_layer + safe.dead_lettered_by_sqs
    most = max((outcome.most_receives for outcome in protected), default=1)
    hours = sum(outcome.virtual_seconds for outcome in outcomes) / 3_600
    again = f"--messages {options.messages} --shard {options.shard} --seed {options.seed}"
    if options.without:
        again += f' --without "{",".join(options.without)}"'
    intro = paragraph(
        f"""Written by `make soak` on {today()}, {machine()}. {total.messages:,} messages in {len(outcomes):,} shards,
        {hours:,.0f} hours of virtual time. What each word counts is defined in `benchmarks/books.py`. To repeat it:"""
    )
    sums = paragraph(
        f"""Messages are done, dead-lettered, lost, or innocent and dead-lettered: these add up. With bystander
        protection and on standard queues: {safe.done:,} done + {safe.dead_lettered_by_layer:,}
        dead-lettered by the layer + {safe.dead_lettered_by_sqs:,} by SQS, each after code had failed on it, =
        {settled:,} of {safe.messages:,}. Others held up a message that no code had failed on for {most - 1:,}
        receives at most, of the 40 that a standard queue gives it here and the {QUEUE_MAX_RECEIVE_COUNT} that a FIFO
        queue does, here as in template.yaml; with the protection a message has {MAX_RECEIVE_COUNT} tries. Without the
        protection a FIFO queue's own maxReceiveCount takes the messages behind a poison one along, and no promise is
        made. Each dead letter has its reason. Those dead-lettered too early were counted while they waited, or in a
        receive that did not reach the function (docs/layer.md, "Bystanders"). {total.done_and_dead_lettered:,} messages
        were done and have a copy in the dead-letter queue too: the call that sent it was not answered, the process was
        killed after it, or they could not be deleted until SQS moved them."""
    )
    return f"""# Nothing lost in virtual time

{intro}

    make soak ARGS='{again}'

{markdown(_HEADINGS, lines)}

{sums}

{total.runs:,} runs of the function. What went wrong:

{markdown(("", "times"), [(kind, f"{counts[kind]:,}") for kind in KINDS if counts[kind]])}

Why messages were run again that had succeeded:

{markdown(("", "times"), [(cause or "**without a cause**", f"{count:,}") for cause, count in causes.most_common()])}
"""


def _line(name: str, balance: Balance) -> tuple[str, ...]:
    dead = balance.dead_lettered_by_layer + balance.dead_lettered_by_sqs
    numbers = (
        balance.messages,
        balance.done,
        dead,
        balance.lost + balance.still_queued,
        balance.out_of_order,
        balance.innocents_dead_lettered,
        balance.dead_lettered_too_early,
        balance.repetitions,
    )
    return name, *(f"{number:,}" for number in numbers)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=_count, default=1_000_000, help="how many (default: a million)")
    parser.add_argument("--shard", type=_count, default=1_000, help="how many share a queue (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first shard; the next ones count up from there")
    parser.add_argument("--jobs", type=_count, default=os.cpu_count(), help="processes (default: one a core)")
    parser.add_argument(
        "--without",
        type=_kinds,
        default=[],
        metavar="KIND,...",
        help=f"faults to leave out: {', '.join(KINDS)}",
    )
    parser.add_argument("--write", action="store_true", help="write the ledger to benchmarks/results.md if it is clean")
    return parser


def _count(text: str) -> int:
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _kinds(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    for kind in kinds:
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"there is no fault {kind!r}")
    return kinds


if __name__ == "__main__":
    sys.exit(main())
