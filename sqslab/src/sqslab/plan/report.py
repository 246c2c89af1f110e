"""Shows an answer: as tables, or as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from sqslab.plan.answer import Answer
    from sqslab.plan.question import Question


def show(answer: Answer, question: Question, console: Console) -> None:
    """Print it for people."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in _rows(answer, question):
        table.add_row(name, text)
    console.print(table)
    for note in answer.notes:
        console.print(f"! {note}", style="yellow", soft_wrap=True)
    console.print()
    beginning = "sam deploy --parameter-overrides" if question.names.of_template else "settings:"
    console.print(f"{beginning} {_overrides(answer, question)}", soft_wrap=True)


def as_json(answer: Answer, question: Question) -> str:
    """Give it to programs. What never ends is null."""
    mean, most = answer.poison_seconds
    content = {
        "workload": dataclasses.asdict(question.workload),
        "settings": dataclasses.asdict(question.settings),
        "prices": dataclasses.asdict(question.prices),
        "parameter_overrides": answer.overrides,
        "batch_seconds": answer.batch_seconds,
        "messages_per_second": answer.capacity.messages_a_second,
        "limited_by": answer.capacity.limited_by,
        "utilization": answer.utilization,
        "backlog_seconds": answer.backlog_seconds if math.isfinite(answer.backlog_seconds) else None,
        "poison_seconds": {"mean": mean, "most": most},
        "per_message": dataclasses.asdict(answer.course),
        "in_flight": answer.in_flight,
        "per_million_messages": dataclasses.asdict(answer.bill),
        "notes": answer.notes,
    }
    return json.dumps(content, indent=2)


def _rows(answer: Answer, question: Question) -> list[tuple[str, str]]:
    workload, settings, bill = question.workload, question.settings, answer.bill
    mean, most = answer.poison_seconds
    rate = answer.capacity.messages_a_second
    carried = f"{rate:{',.1f' if rate >= 1 else '.2g'}} messages a second, limited by {answer.capacity.limited_by}"
    rows = [
        ("a full batch", f"{settings.batch_size:,} messages at most, {answer.batch_seconds:,.2f} s"),
        ("carried", carried),
    ]
    if workload.rate:
        rows.append(("used", f"{answer.utilization:.0%} of that, by {workload.rate:,g} messages a second"))
    if workload.backlog:
        rows.append(("backlog", f"of {workload.backlog:,} worked off {_after(answer.backlog_seconds)}"))
    rows += [
        ("a poison message", f"dead-lettered after {duration(mean)} in the mean, {duration(most)} at most"),
        ("a message", f"{answer.course.attempts:,.3f} attempts, dead-lettered with {answer.course.dead_lettered:.2%}"),
        ("in flight", f"{answer.in_flight:,.0f} messages"),
        ("a million messages", f"{bill.invocations:,.0f} invocations of {bill.batch:,.1f} messages"),
        ("", f"{bill.gb_seconds:,.0f} GB-seconds, {bill.requests:,.0f} requests to SQS"),
        ("", f"${bill.dollars:,.2f}; a month without a message ${bill.idle_dollars:,.2f} for polling"),
    ]
    return rows


def duration(seconds: float) -> str:
    """Write a length of time in the two largest units that it has."""
    if seconds < 60:
        return f"{seconds:,.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days:,} d {hours} h"


def _after(seconds: float) -> str:
    return f"after {duration(seconds)}" if math.isfinite(seconds) else "never"


def _overrides(answer: Answer, question: Question) -> str:
    return (" " if question.names.of_template else ", ").join(
        f"{name}={value}" for name, value in answer.overrides.items()
    )
