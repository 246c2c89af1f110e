"""docs/why.md and its pictures are what `make compare ARGS="--docs docs"` makes of them."""

import math
import re
import shutil
from pathlib import Path

import pytest

from benchmarks.compare.command import Comparison, play_all
from benchmarks.compare.docs import renew
from benchmarks.compare.outcome import Outcome
from benchmarks.compare.picture import draw
from benchmarks.compare.run import Messages, play
from benchmarks.compare.strategies import STRATEGIES
from sqslab.errors import SqslabError

DOCS = Path(__file__).parents[3] / "docs"
PICTURES = ["compare-standard.svg", "compare-fifo.svg"]

pytestmark = pytest.mark.skipif(not (DOCS / "why.md").exists(), reason="docs/ was deleted")


@pytest.fixture(scope="module")
def played():
    return play_all(Comparison(messages=100, seed=1, failure_rate=1 / 3))


@pytest.fixture(scope="module")
def renewed(played, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    shutil.copy(DOCS / "why.md", folder)
    renew(folder, played)
    return folder


def test_the_page_has_the_code_and_the_figures_as_they_are(renewed):
    assert (renewed / "why.md").read_text(encoding="utf-8") == (DOCS / "why.md").read_text(encoding="utf-8")


def test_a_changed_page_is_brought_up_to_date_and_the_pictures_are_the_same(renewed, played, tmp_path):
    text = (DOCS / "why.md").read_text(encoding="utf-8")
    assert "def raise_(" in text
    (tmp_path / "why.md").write_text(text.replace("def raise_(", "def lower(").replace("| 100 messages | ", "| "))
    renew(tmp_path, played)
    assert (tmp_path / "why.md").read_text(encoding="utf-8") == text
    for name in PICTURES:
        assert (tmp_path / name).read_bytes() == (renewed / name).read_bytes()


@pytest.mark.parametrize("broken", ["", "<!-- raise -->\n<!-- end -->\n" * 2])
def test_a_page_without_one_place_for_a_strategy_is_left_alone(played, tmp_path, broken):
    (tmp_path / "why.md").write_text(broken)
    with pytest.raises(SqslabError, match="needs <!-- raise -->"):
        renew(tmp_path, played)
    assert [file.name for file in tmp_path.iterdir()] == ["why.md"]
    assert (tmp_path / "why.md").read_text() == broken


def test_the_page_has_a_section_for_each_strategy_in_their_order():
    text = (DOCS / "why.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert headings == [f"{number}. {strategy.name}" for number, strategy in enumerate(STRATEGIES, 1)]


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_show_what_happens(name, renewed):
    """What matplotlib computes may differ in the last digit between machines, and the names it makes from that."""
    drawn, kept = (_words_and_numbers((folder / name).read_text(encoding="utf-8")) for folder in (renewed, DOCS))
    assert drawn[0] == kept[0]
    assert all(math.isclose(ours, theirs, abs_tol=0.01) for ours, theirs in zip(drawn[1], kept[1], strict=True))


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_are_small_and_readable_on_any_background(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    assert len(text) < 500_000
    assert "dc:date" not in text
    background = re.search(r'<g id="patch_1">\s*<path d="([^"]*)"\s*style="fill: #ffffff', text)
    assert background is not None
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text).groups()
    assert f"L {width} {height}" in " ".join(background[1].split())


def test_the_pictures_say_the_outcomes_in_words(played):
    # matplotlib notes the text that it draws as shapes
    said = {name: re.findall(r"<!-- (.*?) -->", (DOCS / name).read_text(encoding="utf-8")) for name in PICTURES}
    outcomes = {one.strategy.name: Outcome.of(one) for one in played if one.messages.poison}
    for number, (name, outcome) in enumerate(outcomes.items(), 1):
        assert f"{number}  {name}" in said[f"compare-{outcome.queue}.svg"]
    assert f"loses {outcomes['not-switched-on'].lost} messages" in said["compare-standard.svg"]
    assert f"no harm, {outcomes['partial'].invocations} invocations" in said["compare-standard.svg"]
    assert f"breaks the order {outcomes['continue'].out_of_order} times" in said["compare-fifo.svg"]


def test_a_run_that_breaks_the_order_keeps_the_mark_of_its_end(tmp_path):
    (strategy,) = (strategy for strategy in STRATEGIES if strategy.name == "continue")
    draw([play(strategy, Messages(20, failure_rate=0.5))], tmp_path / "order.svg")
    said = re.findall(r"<!-- (.*?) -->", (tmp_path / "order.svg").read_text())
    assert {"runs before an earlier one is done", "run succeeds", "run fails"} <= set(said)


def test_strategies_are_told_apart_by_color_as_harmful_imperfect_and_good(played, tmp_path):
    last = [one for one in played if one.messages.poison and one.strategy.name in ("partial", "raise")]
    last.append(next(one for one in reversed(played) if one.strategy.fifo))
    for one, color in zip(last, ("#b42318", "#11734b", "#8a5a00"), strict=True):
        draw([one], tmp_path / "one.svg")
        assert f"fill: {color}" in (tmp_path / "one.svg").read_text()


@pytest.mark.parametrize("count", [1, 3, 12])
@pytest.mark.parametrize("fifo", [False, True])
def test_few_messages_can_be_drawn_as_well(count, fifo, tmp_path):
    strategies = [strategy for strategy in STRATEGIES if strategy.fifo == fifo][-2:]
    draw([play(strategy, Messages(count, poison=True)) for strategy in strategies], tmp_path / "few.svg")
    assert "poison" in re.findall(r"<!-- (.*?) -->", (tmp_path / "few.svg").read_text())


def _words_and_numbers(text):
    names = re.findall(r'id="([a-z]+[0-9a-f]{10})"', text)
    for position, name in enumerate(dict.fromkeys(names)):
        text = text.replace(name, f"name-{position}-")
    number = r"-?\d+\.?\d*(?:e-?\d+)?"
    return re.sub(number, "#", text), [float(found) for found in re.findall(number, text)]
