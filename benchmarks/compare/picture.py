"""One small timeline a strategy: time to the right, a row a message, a mark for whatever happened to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.compare.outcome import Outcome
from benchmarks.compare.run import GROUPS
from benchmarks.compare.shop import MAX_RECEIVE_COUNT
from benchmarks.compare.strategies import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from benchmarks.compare.history import History
    from benchmarks.compare.run import Played

_COLUMNS = 3
_WIDTH = 11.0  # inches, as all that follows
_ROW = 0.085
_BETWEEN_PANELS = 0.62
_HEAD = 1.2  # for the title and the legend
_FOOT = 0.45
_MOST_ROWS = 25
_MOST_OF_A_GROUP = 10
_INK, _FAINT, _BAD, _AMBER, _GOOD = "#1f2328", "#d0d7de", "#b42318", "#8a5a00", "#11734b"


def _mark(marker: str, color: str, size: float, *, hollow: bool = False) -> dict[str, Any]:
    edge = 1.1 if hollow or marker in "x|" else 0
    return {
        "marker": marker,
        "color": color,
        "markersize": size,
        "markeredgewidth": edge,
        "markerfacecolor": "#ffffff" if hollow else color,
    }


# What is drawn, in the order of the legend; the later ones lie on top. Shapes differ, not only colors.
_NOT_RUN, _SUCCEEDS, _FAILS, _AGAIN = "received, not run", "run succeeds", "run fails", "runs again after success"
_OVERTAKES, _LOST = "runs before an earlier one is done", "lost"
_DEAD, _EARLY, _INNOCENT = (
    f"dead-lettered: poison, or failed {MAX_RECEIVE_COUNT} times",
    "dead-lettered too early: failed less often",
    "dead-lettered innocent: never failed, or succeeded",
)
_MARKS = {
    _NOT_RUN: _mark("|", "#6e7781", 3.6),
    _OVERTAKES: _mark("<", "#6a3d9a", 6.5, hollow=True),
    _SUCCEEDS: _mark("o", "#1a9850", 3.6),
    _FAILS: _mark("x", "#d7301f", 3.4),
    _AGAIN: _mark("o", "#e08214", 3.4, hollow=True),
    _LOST: _mark("X", "#000000", 5),
    _DEAD: _mark("s", "#000000", 4),
    _EARLY: _mark("s", "#0b62c4", 3.6, hollow=True),
    _INNOCENT: _mark("s", "#0b62c4", 4),
}


def draw(played: Sequence[Played], file: Path) -> None:
    """Draw the timelines of one kind of queue.

    Args:
        played: what each strategy did, in the order of the panels, all on the same messages.
        file: where to; its suffix says in which format. The same runs give the same file.

    Raises:
        OSError: the file cannot be written.
    """
    # The defaults, whatever the user has set up, and nothing random or dated in the file.
    with mpl.style.context("default"), mpl.rc_context({"svg.hashsalt": "compare", "font.size": 8}):
        across = math.ceil(len(played) / _COLUMNS)
        panel = _ROW * len(_rows(played[0]))
        height = _HEAD + across * (panel + _BETWEEN_PANELS) + _FOOT - _BETWEEN_PANELS
        figure = Figure(figsize=(_WIDTH, height), facecolor="white")
        panels = figure.subplots(across, _COLUMNS, sharex=True, squeeze=False)
        figure.subplots_adjust(
            left=0.055,
            right=0.99,
            top=1 - _HEAD / height,
            bottom=_FOOT / height,
            wspace=0.16,
            hspace=_BETWEEN_PANELS / panel,
        )
        for axes, one in zip(panels.flat, played, strict=False):
            _draw_panel(axes, one)
        for axes in panels.flat[len(played) :]:
            axes.set_visible(False)
        for axes in panels[-1]:
            axes.set_xlabel("seconds", color=_INK)
        _draw_head(figure, played, height)
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _draw_head(figure: Figure, played: Sequence[Played], height: float) -> None:
    messages, fifo = played[0].messages, played[0].strategy.fifo
    groups = f" in {GROUPS} message groups" if fifo else ""
    title = f"{'FIFO' if fifo else 'Standard'} queue: {messages.count:,} messages{groups}"
    shown = "three of the groups are" if fifo else f"{len(_rows(played[0]))} of the messages are"
    about = (
        f"An attempt fails with a probability of {messages.failure_rate * 100:.3g}%, that of the poison message "
        f"always. A row is a message, time goes to the right; {shown} shown, and all are counted."
    )
    figure.text(0.01, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", color=_INK, va="top")
    figure.text(0.01, 1 - 0.28 / height, about, color=_INK, va="top")
    used = {mark for one in played for history in _rows(one) for mark, _ in _marks(history)}
    handles = [Line2D([], [], linestyle="none", label=name, **style) for name, style in _MARKS.items() if name in used]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 1 - 0.4 / height),
        ncols=math.ceil(len(handles) / 2),
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.5,
        labelcolor=_INK,
    )


def _draw_panel(axes: Axes, played: Played) -> None:
    rows = _rows(played)
    outcome = Outcome.of(played)
    title = f"{STRATEGIES.index(played.strategy) + 1}  {played.strategy.name}"  # the number is that of docs/why.md
    axes.set_title(title, loc="left", fontsize=9, fontweight="bold", pad=14, color=_INK)
    verdict = ", ".join(outcome.faults) or f"no harm, {outcome.invocations:,} invocations"
    color = _GOOD if not outcome.faults else _BAD if outcome.does_harm else _AMBER
    axes.text(0, 1.02, verdict, transform=axes.transAxes, fontsize=8, color=color, va="bottom")
    axes.set_ylim(len(rows) - 0.2, -0.8)
    axes.tick_params(length=2, color=_FAINT, labelcolor=_INK, labelsize=7)
    for side in axes.spines.values():
        side.set_visible(False)
    ends = [(row, history.ended) for row, history in enumerate(rows) if history.ended is not None]
    axes.hlines([row for row, _ in ends], 0, [end for _, end in ends], colors=_FAINT, linewidth=0.6, zorder=1)
    places: dict[str, list[tuple[float, int]]] = {name: [] for name in _MARKS}
    for row, history in enumerate(rows):
        for mark, at in _marks(history):
            places[mark].append((at, row))
    for layer, (name, style) in enumerate(_MARKS.items(), 2):
        if places[name]:
            axes.plot(*zip(*places[name], strict=True), linestyle="none", zorder=layer, clip_on=False, **style)
    _label_rows(axes, rows)


def _label_rows(axes: Axes, rows: Sequence[History]) -> None:
    labels = {row: "poison" for row, history in enumerate(rows) if history.poison}
    groups = [history.group for history in rows]
    for group in dict.fromkeys(groups):
        if group is None:
            break
        first, count = groups.index(group), groups.count(group)
        labels.setdefault(first + count // 2, f"group {group}")
        if first:
            axes.axhline(first - 0.5, color=_FAINT, linewidth=0.8, linestyle=":")
    axes.set_yticks(list(labels), list(labels.values()))


def _rows(played: Played) -> list[History]:
    """Choose the messages to draw: some from everywhere or, on FIFO, the groups around the poison message."""
    histories = played.histories
    poison = next((history.number for history in histories if history.poison), 0)
    if not played.strategy.fifo:
        step = math.ceil(len(histories) / _MOST_ROWS)
        return [history for history in histories if history.number % step == poison % step]
    return [
        history
        for group in (poison - 1, poison, poison + 1)
        for history in [history for history in histories if history.group == group][:_MOST_OF_A_GROUP]
    ]


def _marks(history: History) -> Iterator[tuple[str, float]]:
    """Give what happened to a message, each with its time."""
    for attempt in history.attempts:
        if attempt.overtook:
            yield _OVERTAKES, attempt.at  # and what came of it, on top
        if attempt.repeated:
            yield _AGAIN, attempt.at
        else:
            yield _FAILS if attempt.failed else _SUCCEEDS, attempt.at
    for position, begin in enumerate(history.received):
        end = history.received[position + 1] if position + 1 < len(history.received) else math.inf
        if not any(begin <= attempt.at < end for attempt in history.attempts):
            yield _NOT_RUN, begin
    if history.lost and history.deleted is not None:
        yield _LOST, history.deleted
    if history.dead_lettered is not None:
        yield _INNOCENT if history.innocent else _EARLY if history.early else _DEAD, history.dead_lettered
