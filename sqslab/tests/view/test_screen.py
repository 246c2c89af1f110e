"""What `up` shows, on a terminal and elsewhere."""

import io

import pytest
from rich.console import Console

from sqslab.stack.function_logs import LogLine
from sqslab.view.rows import MappingRow
from sqslab.view.screen import LiveScreen, open_screen

ROW = MappingRow("Jobs", "Worker", "shop-Worker-1", 11, 12, 13, 14, 15, 16, 61.0)
HELP = ["send: sqslab send Jobs hello"]


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


TRACEBACK = [
    "ERROR:partial_batch:message 9aa3882a-ff49-4bd5-9ad8-cec860b0244d failed with JSONDecodeError at receive 1: gone",
    "Traceback (most recent call last):",
    '  File "/opt/python/partial_batch/_run.py", line 42, in run',
    "    result = function(message)",
    '  File "/var/task/app.py", line 47, in lambda_handler',
    "    ship(message.json())",
    "         ~~~~~~~~~~~~^^",
    "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
]
FOUR_MAPPINGS = [MappingRow(f"Queue{number}", "Function", "f", 1, 2, 3, 4, 5, 6, 61.0) for number in range(4)]


@pytest.fixture
def frame():
    """Draws the view once and gives the lines of it."""

    def draw(screen, width=80, height=24):
        console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)
        console.print(screen)
        lines = console.file.getvalue().splitlines()
        assert len(lines) <= height
        assert all(len(line) <= width for line in lines)
        return [line.rstrip() for line in lines]

    return draw


def test_an_error_longer_than_a_line_is_folded_and_whole(frame):
    screen = LiveScreen(HELP)
    screen.rows([ROW])
    for line in [*["INFO:app:before"] * 100, *TRACEBACK]:
        screen.log(LogLine("shop-Worker-1", 0.0, line), "Worker")
    lines = frame(screen, width=60)
    start = next(number for number, line in enumerate(lines) if "ERROR" in line)
    assert lines[start].endswith(" Worker ERROR message")  # behind the time, which is the reader's
    assert lines[start + 1 : lines.index(HELP[0])] == [
        "  9aa3882a-ff49-4bd5-9ad8-cec860b0244d failed with",
        "  JSONDecodeError at receive 1: gone",
        '    File "/var/task/app.py", line 47, in lambda_handler',
        "      ship(message.json())",
        "  json.decoder.JSONDecodeError: Expecting value: line 1",
        "  column 1 (char 0)",
        "",
    ]


def test_a_word_longer_than_the_terminal_is_folded_too(frame):
    screen = LiveScreen(HELP)
    screen.log(LogLine("shop-Worker-1", 0.0, "x" * 150 + "end"), "Worker")
    assert "".join(line.strip() for line in frame(screen)).count("x") == 150


def test_a_notice_of_several_lines_is_whole(frame):
    screen = LiveScreen(HELP)
    screen.notice("`sam build` failed.\n" + "why " * 30 + "\n\nThe functions are as they were before.")
    lines = frame(screen)
    assert "".join(lines).count("why") == 30
    assert "  The functions are as they were before." in lines


def test_lines_of_a_function_between_those_of_another_say_whose_they_are(frame):
    screen = LiveScreen(HELP)
    for line in TRACEBACK[:-1]:
        screen.log(LogLine("shop-Worker-1", 0.0, line), "Worker")
    screen.log(LogLine("shop-Other-1", 0.0, "between"), "Other")
    screen.log(LogLine("shop-Worker-1", 0.0, TRACEBACK[-1]), "Worker")
    assert any("Worker json.decoder.JSONDecodeError: Expecting" in line for line in frame(screen))


def test_help_and_status_are_whole_where_there_is_room(frame):
    screen = LiveScreen(["send: " + "word " * 30 + "end"])
    screen.status("ready: " + "state " * 20)
    text = " ".join(frame(screen))
    assert (text.count("word"), text.count("state")) == (30, 20)


@pytest.mark.parametrize("height", range(5, 20))
@pytest.mark.parametrize("width", [30, 80, 120])
def test_however_small_the_terminal_the_newest_lines_and_the_status_are_there(frame, width, height):
    screen = LiveScreen(HELP)
    screen.rows(FOUR_MAPPINGS)
    for number in range(10):
        screen.log(LogLine("shop-Worker-1", 0.0, f"line {number}"), "Worker")
    screen.status("ready")
    lines = frame(screen, width, height)
    assert lines[-1] == "ready"
    assert [line[-6:] for line in lines if "line " in line][-3:] == ["line 7", "line 8", "line 9"]


def test_a_line_without_end_is_cut_off_and_says_so(frame):
    screen = LiveScreen(HELP)
    screen.log(LogLine("shop-Worker-1", 0.0, "x" * 1_000_000), "Worker")
    assert sum(len(line) for line in screen._lines) < 10_000
    assert any(line.endswith("... (cut off)") for line in frame(screen))


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


def test_elsewhere_there_is_a_whole_line_for_whatever_happens(pipe):
    with open_screen(pipe, HELP) as screen:
        screen.rows([ROW])
        for line in ["shipped", "INFO:botocore.credentials:Found credentials", *TRACEBACK, "x" * 500]:
            screen.log(LogLine("shop-Worker-1", 0.0, line), "Worker")
        screen.event("Jobs: 1 message done")
        screen.notice("Jobs: 1 message kept")
        screen.status("ready")
    assert pipe.file.getvalue().splitlines() == [
        "Worker | shipped",
        "Worker | INFO:botocore.credentials:Found credentials",
        *(f"Worker | {line}" for line in TRACEBACK),
        f"Worker | {'x' * 500}",
        "Jobs: 1 message done",
        "Jobs: 1 message kept",
        "ready",
    ]
