"""Draws the dashboard of the template, as it is defined there, with sample data."""

from __future__ import annotations

import ast
import json
import logging
import operator
import os
import re
from typing import TYPE_CHECKING, Any

from benchmarks.pictures.sample_run import MINUTES, SampleMetrics
from benchmarks.settings import ROOT
from sqslab.errors import SqslabError
from sqslab.stack.environment import REGION

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

Series = list[float]
Room = tuple[float, float, float, float]  # left, above, right and below a graph, in columns and rows

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
_COLUMNS = 24
_INCHES = 14 / _COLUMNS, 0.44  # of a column, of a row
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9:]+)(?:\.[A-Za-z]+)?\}")
_OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right if right else 0.0,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
}


def run_dashboard(file: Path) -> int:
    """Draw the dashboard of this repository's template.

    Args:
        file: where to write the picture, as SVG.

    Returns:
        The exit code, 0.

    Raises:
        SqslabError: the template has no dashboard, or the file cannot be written.
    """
    template = translated(ROOT / "template.yaml")
    try:
        draw(template, file)
    except OSError as error:
        raise SqslabError(f"Cannot write {file}: {error.strerror}.") from error
    print(f"drew {file}")
    return 0


def translated(path: Path) -> dict[str, Any]:
    """Give the template as CloudFormation gets it, with the parameters' defaults.

    Args:
        path: the SAM template.
    """
    from samtranslator.translator.transform import transform  # type: ignore[import-untyped]
    from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    template = yaml_parse(path.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        for place in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][place] = "s3://bucket/key"  # as `sam deploy` does
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of switches of its own service
    values = {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}
    result: dict[str, Any] = transform(template, values, NoManagedPolicies())
    return result


def widgets_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the dashboard's widgets. Resources are in them by their names in the template, parameters by their defaults.

    Args:
        template: the translated template.

    Raises:
        SqslabError: it has no dashboard.
    """
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            defaults = {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}
            text = resource["Properties"]["DashboardBody"]["Fn::Sub"]
            pieces = _REFERENCE.split(text)  # text and name in turn
            pieces[1::2] = [defaults.get(name, name) for name in pieces[1::2]]
            widgets: list[dict[str, Any]] = json.loads("".join(pieces))["widgets"]
            return widgets
    raise SqslabError("The template has no AWS::CloudWatch::Dashboard to draw.")


def evaluate(expression: str, series: dict[str, Series]) -> Series:
    """Do metric math, as far as this template needs it: arithmetic, comparison, IF.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

    Args:
        expression: such as `100 * failed / received`.
        series: the metrics by their ids, all of one length.

    Raises:
        SqslabError: something else is in it.
    """
    tree = ast.parse(expression, mode="eval").body

    def at(node: ast.expr, index: int) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name) if name in series:
                return series[name][index]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                return _OPERATIONS[type(op)](at(left, index), at(right, index))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATIONS:
                return _OPERATIONS[type(op)](at(left, index), at(right, index))
            case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
                return at(yes if at(condition, index) else no, index)
            case _:
                raise SqslabError(f"Cannot draw the metric math {expression}.")

    return [float(at(tree, index)) for index in range(min(map(len, series.values()), default=0))]


def rings(alarm: dict[str, Any], parameters: dict[str, Any], data: SampleMetrics) -> bool:
    """Say whether an alarm is on at the end of the sample data.

    Args:
        alarm: its properties in the translated template.
        parameters: those of the template, to whose defaults its threshold may refer.
        data: the metrics.
    """
    threshold = alarm["Threshold"]
    limit = parameters[threshold["Ref"]]["Default"] if isinstance(threshold, dict) else threshold
    if "Metrics" not in alarm:
        values = _in_periods(
            data.series(alarm["Namespace"], alarm["MetricName"], _by_name(alarm["Dimensions"])),
            alarm["Period"],
            alarm["Statistic"],
        )
    else:
        series = {}
        for metric in alarm["Metrics"]:
            if "MetricStat" in metric:
                stat, of = metric["MetricStat"], metric["MetricStat"]["Metric"]
                raw = data.series(of["Namespace"], of["MetricName"], _by_name(of["Dimensions"]))
                series[metric["Id"]] = _in_periods(raw, stat["Period"], stat["Stat"])
        (expression,) = (metric["Expression"] for metric in alarm["Metrics"] if metric.get("ReturnData"))
        values = evaluate(expression, series)
    looked_at = values[-alarm["EvaluationPeriods"] :]
    needed = alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
    return bool(sum(value > limit for value in looked_at) >= needed)  # all compare with GreaterThanThreshold


def draw(template: dict[str, Any], file: Path) -> None:
    """Draw the dashboard's widgets, of kind `alarm`, `text` and `metric`, at their places in the grid.

    Args:
        template: the translated template.
        file: where to write the SVG. The same definition gives the same file.

    Raises:
        SqslabError: there is no dashboard, or metric math in it that is not known here.
        OSError: it cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    widgets, data = widgets_of(template), SampleMetrics()
    rows = max(widget["y"] + widget["height"] for widget in widgets)
    # No id of the day in it, and text as text, in a font of the reader's.
    settings: Any = {"svg.hashsalt": "dashboard", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 8}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(_COLUMNS * _INCHES[0], rows * _INCHES[1]), facecolor="white")
        for widget in widgets:
            left, top, width, height = (widget[name] for name in ("x", "y", "width", "height"))

            def axes(room: Room, left: int = left, top: int = top, width: int = width, height: int = height) -> Axes:
                before, above, after, below = room
                return figure.add_axes(
                    (
                        (left + before) / _COLUMNS,
                        1 - (top + height - below) / rows,
                        (width - before - after) / _COLUMNS,
                        (height - above - below) / rows,
                    )
                )

            match widget["type"]:
                case "text":
                    middle = 1 - (top + height / 2) / rows
                    title = widget["properties"]["markdown"].lstrip("# ")
                    figure.text(0.3 / _COLUMNS, middle, title, fontsize=13, fontweight="bold", va="center")
                case "alarm":
                    _draw_alarms(axes((0.3, 0.9, 0.3, 0.2)), widget["properties"], template, data)
                case _:
                    _draw_graph(axes((1.1, 0.9, 0.3, 0.8)), widget["properties"], data)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def _draw_graph(axes: Axes, properties: dict[str, Any], data: SampleMetrics) -> None:
    named: dict[str, Series] = {}
    highest = 0.0
    for metric in properties["metrics"]:
        options = metric[-1]
        if "expression" in options:
            values = evaluate(options["expression"], named)
        else:
            namespace, name, *rest = metric[:-1]
            raw = data.series(namespace, name, dict(zip(rest[::2], rest[1::2], strict=True)))
            values = _in_periods(raw, properties["period"], properties["stat"])
        if "id" in options:
            named[options["id"]] = values
        if options.get("visible", True):
            step = MINUTES / len(values)
            hours = [(index * step - MINUTES) / 60 for index in range(len(values))]
            axes.plot(hours, values, color=options["color"], label=options["label"], linewidth=1.2)
            highest = max(highest, *values)
    for line in properties.get("annotations", {}).get("horizontal", []):
        axes.axhline(line["value"], color=line["color"], linewidth=0.8, linestyle="--", label=line["label"])
        highest = max(highest, line["value"])
    vertical = properties["yAxis"]["left"]
    axes.set_ylim(vertical["min"], 1.3 * (highest or 1))  # with room for the legend
    axes.set_ylabel(vertical["label"], fontsize=7)
    axes.set_xlim(-MINUTES / 60, 0)
    axes.set_xticks([-3, -2, -1, 0], ["-3 h", "-2 h", "-1 h", "now"])
    axes.tick_params(labelsize=7, length=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.3)
    axes.set_title(properties["title"], loc="left", fontsize=9, fontweight="bold")
    axes.legend(fontsize=6.5, frameon=False, loc="upper left", ncols=3)


def _draw_alarms(axes: Axes, properties: dict[str, Any], template: dict[str, Any], data: SampleMetrics) -> None:
    from matplotlib.patches import Rectangle

    axes.set_axis_off()
    axes.set_title(properties["title"], loc="left", fontsize=9, fontweight="bold")
    names = properties["alarms"]
    columns = (len(names) + 1) // 2  # in two rows
    for index, name in enumerate(names):
        on = rings(template["Resources"][name]["Properties"], template["Parameters"], data)
        left, bottom = (index % columns) / columns, 0.5 - index // columns / 2
        width, height = 0.98 / columns, 0.43
        color, strength = ("#d62728", 0.6) if on else ("#2ca02c", 0.25)
        axes.add_patch(Rectangle((left, bottom), width, height, facecolor=color, edgecolor=color, alpha=strength))
        state = f"{'In alarm' if on else 'OK'}: {name}"
        axes.text(left + width / 2, bottom + height / 2, state, ha="center", va="center", fontsize=7.5)


def _in_periods(values: Series, seconds: int, statistic: str) -> Series:
    """Put values of a minute each together."""
    minutes = seconds // 60
    put = sum if statistic == "Sum" else max
    return [float(put(values[start : start + minutes])) for start in range(0, len(values), minutes)]


def _by_name(dimensions: list[dict[str, Any]]) -> dict[str, str]:
    """Give dimensions with the resource's name in the template, for a reference to it."""
    found = {}
    for dimension in dimensions:
        value = dimension["Value"]
        found[dimension["Name"]] = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
    return found
