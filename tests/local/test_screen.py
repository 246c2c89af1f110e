"""What `up` shows, on a terminal and elsewhere."""

import io

import pytest
from rich.console import Console

from local.logs import LogLine
from local.rows import MappingRow
from local.screen import LiveScreen, open_screen

ROW = MappingRow("Jobs", "Worker", "shop-Worker-1", 11, 12, 13, 14, 15, 16, 61.0)
HELP = ["send: python -m local send Jobs hello"]


@pytest.fixture
def terminal():
    return Console(
        file=io.StringIO(), force_terminal=True, width=120, height=24, color_system=None, legacy_windows=False
    )


@pytest.fixture
def pipe():
    return Console(file=io.StringIO(), width=120)


def last_frame(console):
    return console.file.getvalue().rsplit("Queue -> function", 1)[-1]


def test_on_a_terminal_there_is_a_row_a_mapping_with_its_numbers(terminal):
    with open_screen(terminal, HELP) as screen:
        screen.rows([ROW])
    (line,) = [line for line in last_frame(terminal).splitlines() if "Jobs -> Worker" in line]
    assert [cell.strip() for cell in line.split("│")[2:-1]] == ["11", "12", "13", "14", "15", "16", "1 min"]


def test_a_queue_without_a_dead_letter_queue_shows_none(terminal):
    with open_screen(terminal, HELP) as screen:
        screen.rows([MappingRow("Jobs", "Worker", "shop-Worker-1", 0, 0, 0, 0, 0, None, None)])
    (line,) = [line for line in last_frame(terminal).splitlines() if "Jobs -> Worker" in line]
    assert [cell.strip() for cell in line.split("│")[-3:-1]] == ["-", "-"]


def test_log_lines_notices_help_and_status_are_below_the_table(terminal):
    with open_screen(terminal, HELP) as screen:
        screen.rows([ROW])
        screen.log(LogLine("shop-Worker-1", 0.0, "shipped [bold]order[/bold]"), "Worker")
        screen.notice("Jobs: 1 message kept")
        screen.status("ready")
    frame = last_frame(terminal)
    words = ["Jobs -> Worker", "Worker shipped [bold]order[/bold]", "Jobs: 1 message kept", HELP[0], "ready"]
    places = [frame.index(word) for word in words]
    assert places == sorted(places)


def test_what_goes_as_it_should_is_in_the_numbers_only(terminal):
    with open_screen(terminal, HELP) as screen:
        screen.event("Jobs: 1 message done")
    assert "done" not in terminal.file.getvalue()


def test_it_fits_the_terminal_and_shows_the_newest_lines(terminal):
    with open_screen(terminal, HELP) as screen:
        screen.rows([ROW])
        for number in range(100):
            screen.log(LogLine("shop-Worker-1", 0.0, f"line {number} " + "x" * 200), "Worker")
        screen.status("ready")
    frame = last_frame(terminal)
    assert "line 99 " in frame
    assert "line 50 " not in frame
    assert HELP[0] in frame
    assert "ready" in frame
    assert len(frame.splitlines()) <= terminal.height


def test_a_narrow_terminal_shows_whole_titles_numbers_and_names():
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24, color_system=None)
    row = MappingRow("StandardQueue", "StandardConsumerFunction", "f", 11, 12, 13, 14, 15, 16, 61.0)
    screen = LiveScreen(HELP)
    screen.rows([row])
    for number in range(100):
        screen.log(LogLine("shop-Worker-1", 0.0, f"line {number}"), "Worker")
    console.print(screen)
    frame = console.file.getvalue()
    titles = ("Waiting", "In ", "flight", "Invo-", "cations", "Suc-", "ceeded", "Failed", "Dead-", "lettered", "Oldest")
    for words in (*titles, "-> StandardConsumerFunction", "1 min", "line 99", HELP[0]):
        assert words in frame
    assert len(frame.splitlines()) <= console.height


def test_what_a_function_logs_cannot_steer_the_terminal(terminal):
    with open_screen(terminal, HELP) as screen:
        screen.log(LogLine("shop-Worker-1", 0.0, "\x1b]0;title\x07\x1b[2Jgone\r\x9bover"), "Worker")
    assert "\x1b]0;" not in terminal.file.getvalue()
    assert "\x1b[2J" not in terminal.file.getvalue()
    assert "\x9b" not in terminal.file.getvalue()


def test_nothing_is_drawn_while_nothing_changes(terminal):
    with open_screen(terminal, HELP) as screen:
        screen.rows([ROW])
        drawn = len(terminal.file.getvalue())
        screen.rows([ROW])
        assert len(terminal.file.getvalue()) == drawn


def test_elsewhere_there_is_a_line_for_whatever_happens(pipe):
    with open_screen(pipe, HELP) as screen:
        screen.rows([ROW])
        screen.log(LogLine("shop-Worker-1", 0.0, "shipped"), "Worker")
        screen.event("Jobs: 1 message done")
        screen.notice("Jobs: 1 message kept")
        screen.status("ready")
    assert pipe.file.getvalue().splitlines() == [
        "Worker | shipped",
        "Jobs: 1 message done",
        "Jobs: 1 message kept",
        "ready",
    ]
