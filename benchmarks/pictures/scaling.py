"""Draws the plots of sqslab/docs/scaling.md.

Lines are the plan's formulas, points are runs of the poller on the simulator.

From the repository's root:

    python -m benchmarks.pictures scaling sqslab/docs/scaling.svg
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from sqslab.plan.backlog import backlog_seconds
from sqslab.plan.capacity import capacity
from sqslab.plan.price import GB_SECOND, MILLION_INVOCATIONS, MILLION_REQUESTS, Prices, bill
from sqslab.plan.retries import course
from sqslab.plan.simulation import simulate
from sqslab.plan.workload import Settings, Workload

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

_PRICES = Prices(
    gb_second=GB_SECOND["x86_64"], million_invocations=MILLION_INVOCATIONS, million_requests=MILLION_REQUESTS[False]
)
# No date, and the same names in every run, so that the file changes only if the picture does.
_STYLE: Any = {
    "svg.hashsalt": "scaling",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "axes.titlesize": 10,
}
_BACKLOG = 60_000
_GROUPS = 20


def draw(file: Path) -> None:
    """Run the simulations and write the picture, as SVG."""
    mpl.use("svg")
    from matplotlib import pyplot

    with mpl.rc_context(_STYLE):
        figure, axes = pyplot.subplots(2, 2, figsize=(10, 7.4), layout="constrained")
        figure.patch.set_facecolor("white")  # also where the page is dark
        _backlog(axes[0][0])
        _fifo_failures(axes[0][1])
        _dead_letters(axes[1][0])
        _price(axes[1][1])
        figure.savefig(file, metadata={"Date": None})
        pyplot.close(figure)


def _settings(**changes: Any) -> Settings:
    template: dict[str, Any] = {
        "batch_size": 10,
        "window": 0,
        "concurrency": 1,
        "maximum_concurrency": 10,
        "function_timeout": 60,
        "visibility_timeout": 3600,
        "max_receive_count": 5,
        "backoff_base": 30,
    }
    return Settings(**template | changes)


def _backlog(axes: Axes) -> None:
    """How a backlog shrinks while Lambda scales up."""
    workload = Workload(message_seconds=0.1, backlog=_BACKLOG)
    for color, concurrency in enumerate((10, 50, 1000)):
        settings = _settings(maximum_concurrency=concurrency)
        last = backlog_seconds(workload, settings)
        shares = [step / 500 for step in range(501)]
        parts = [Workload(message_seconds=0.1, backlog=round(_BACKLOG * share)) for share in shares]
        times = [backlog_seconds(part, settings) for part in parts]
        axes.plot(times, [_BACKLOG * (1 - share) for share in shares], color=f"C{color}")
        run = simulate(workload, settings, messages=_BACKLOG)
        label = f"MaximumConcurrency {concurrency:,}: {last:,.0f} s"
        axes.plot(*_every(run.done, last / 12), "o", color=f"C{color}", markersize=4, label=label)
    axes.set(
        title=f"A backlog of {_BACKLOG:,}, 0.1 s a message, batches of 10", xlabel="seconds", ylabel="messages left"
    )
    axes.set_xscale("log")
    axes.set_xlim(3, 1000)
    axes.set_xticks([5, 10, 20, 50, 100, 200, 500, 1000], ["5", "10", "20", "50", "100", "200", "500", "1,000"])
    axes.minorticks_off()
    axes.set_ylim(0, 1.5 * _BACKLOG)
    axes.legend(loc="upper right")


def _every(done: Sequence[tuple[float, int]], seconds: float) -> tuple[list[float], list[int]]:
    """Give the messages left, so often."""
    times, left = [], []
    total = itertools.accumulate((count for _, count in done), initial=0)
    after = seconds
    for (moment, _), so_far in zip(done, itertools.islice(total, 1, None), strict=True):
        if moment >= after:
            times.append(moment)
            left.append(_BACKLOG - so_far)
            after += seconds
    return times, left


def _fifo(share: float, batch_size: int, messages: int) -> tuple[Workload, Settings]:
    workload = Workload(message_seconds=0.1, backlog=messages, failure_rate=share, fifo=True, groups=_GROUPS)
    return workload, _settings(maximum_concurrency=1000, batch_size=batch_size)


def _fifo_failures(axes: Axes) -> None:
    """How failures slow a FIFO queue down."""
    shares = [step / 1000 for step in range(0, 201, 5)]
    for color, batch_size in enumerate((1, 10)):
        line = [capacity(*_fifo(share, batch_size, 0)).messages_a_second for share in shares]
        axes.plot(shares, line, color=f"C{color}", label=f"FifoBatchSize {batch_size}")
        for share in (0.0, 0.02, 0.05, 0.1, 0.2):
            messages = 400 * _GROUPS
            run = simulate(*_fifo(share, batch_size, messages), messages=messages)
            # In the middle: no group waited for a retry in the beginning, and they end one by one.
            reached = [moment for moment, count in run.done for _ in range(count)]
            seconds = reached[messages * 3 // 5] - reached[messages // 5]
            axes.plot([share], [messages * 2 / 5 / seconds], "o", color=f"C{color}", markersize=4)
    axes.set(
        title=f"FIFO, {_GROUPS} message groups, 0.1 s a message",
        xlabel="share of attempts that fail",
        ylabel="messages a second",
        yscale="log",
    )
    axes.legend()


def _dead_letters(axes: Axes) -> None:
    """How many messages are dead-lettered."""
    shares = [step / 100 for step in range(2, 41)]
    labels = ["standard, or FifoBatchSize 1", "FifoBatchSize 10"]
    for color, batch_size in enumerate((1, 10)):
        line = [course(*_fifo(share, batch_size, 0)).dead_lettered for share in shares]
        axes.plot(shares, line, color=f"C{color}", label=labels[color])
        for share in (0.1, 0.2, 0.3, 0.4):
            messages = 500 * _GROUPS
            run = simulate(*_fifo(share, batch_size, messages), messages=messages)
            if run.dead_lettered:
                axes.plot([share], [run.dead_lettered / messages], "o", color=f"C{color}", markersize=4)
    axes.set(
        title="Dead-lettered with MaxReceiveCount 5",
        xlabel="share of attempts that fail",
        ylabel="share of messages",
        yscale="log",
        ylim=(1e-5, 0.3),
    )
    axes.legend()


def _price(axes: Axes) -> None:
    """What a million messages cost."""
    sizes = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000]
    for color, (message, batch) in enumerate([(0.005, 0.0), (0.005, 0.05), (0.1, 0.0), (0.1, 0.05)]):
        dollars = []
        for size in sizes:
            workload = Workload(message_seconds=message, batch_seconds=batch, backlog=1)
            settings = _settings(batch_size=size, window=int(size > 10))
            dollars.append(bill(workload, settings, _PRICES).dollars)
        label = f"{message * 1000:.0f} ms a message + {batch * 1000:.0f} ms a batch"
        axes.plot(sizes, dollars, color=f"C{color}", marker=".", label=label)
    axes.set(
        title="A million messages of 1 KB, full batches, 256 MB, standard",
        xlabel="batch size",
        ylabel="US dollars",
        xscale="log",
        yscale="log",
    )
    axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    axes.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.10", "0.20", "0.50", "1.00", "2.00"])
    axes.minorticks_off()
    axes.legend()
