"""What the live view leaves out of the functions' log lines."""

import pytest

from sqslab.view.shortener import Shortener

TRACEBACK = """\
Traceback (most recent call last):
  File "/opt/python/partial_batch/_run.py", line 42, in run
    result = function(message)
  File "/var/task/app.py", line 47, in lambda_handler
    ship(message.json())
         ~~~~~~~~~~~~^^
  File "/usr/lib/python3.13/json/decoder.py", line 362, in raw_decode
    raise JSONDecodeError("Expecting value", s, err.value) from None
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)"""
IN_SHORT = [
    '  File "/var/task/app.py", line 47, in lambda_handler',
    "    ship(message.json())",
    "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
]


def shortened(text, shortener=None, function="ship"):
    shortener = shortener or Shortener()
    return [brief.text for line in text.splitlines() for brief in shortener.shorten(function, line)]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("WARNING:partial_batch:message 1 failed: why", ["WARNING message 1 failed: why"]),
        ("INFO:app.orders:shipped", ["INFO shipped"]),
        ("ERROR:root:", ["ERROR "]),
        ("NOTE:partial_batch:text", ["NOTE:partial_batch:text"]),
        ("WARNING: low: 3", ["WARNING: low: 3"]),
        ("any other line", ["any other line"]),
        ("  indented", ["  indented"]),
        (" ", []),
    ],
)
def test_a_line_loses_the_name_of_its_logger_and_nothing_else(line, shown):
    assert shortened(line) == shown


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("INFO:botocore.credentials:Found credentials in environment variables.", 0),
        ("DEBUG:boto3.resources:x", 0),
        ("WARNING:botocore.credentials:Refreshing failed", 1),
        ("INFO:botocores:mine", 1),
    ],
)
def test_where_botocore_has_found_its_settings_is_noise_and_its_warnings_are_not(line, number):
    assert len(shortened(line)) == number


def test_of_a_traceback_the_functions_own_frames_and_the_exception_are_left():
    assert shortened(TRACEBACK) == IN_SHORT


def test_all_of_it_belongs_to_the_line_before_and_what_follows_does_not():
    shortener = Shortener()
    lines = ["ERROR:app:failed", *TRACEBACK.splitlines(), "INFO:app:next"]
    found = [brief for line in lines for brief in shortener.shorten("ship", line)]
    assert [brief.continues for brief in found] == [False, True, True, True, False]


def test_without_a_frame_of_its_own_the_last_one_is_left():
    elsewhere = TRACEBACK.replace("/var/task/", "/opt/python/")
    assert shortened(elsewhere) == [
        '  File "/usr/lib/python3.13/json/decoder.py", line 362, in raw_decode',
        '    raise JSONDecodeError("Expecting value", s, err.value) from None',
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    ]


def test_tracebacks_of_two_functions_at_once_are_told_apart():
    shortener = Shortener()
    found = {"ship": [], "book": []}
    for line in TRACEBACK.splitlines():
        for function, lines in found.items():
            lines += shortened(line, shortener, function)
    assert found == {"ship": IN_SHORT, "book": IN_SHORT}


def test_of_one_exception_after_another_both_are_left():
    between = "During handling of the above exception, another exception occurred:"
    assert shortened(f"{TRACEBACK}\n\n{between}\n\n{TRACEBACK}") == [*IN_SHORT, between, *IN_SHORT]


def test_a_traceback_that_was_cut_off_ends_with_the_next_log_line():
    beginning = "\n".join(TRACEBACK.splitlines()[:-1])
    assert shortened(f"{beginning}\nINFO:app:next\n  indented") == [*IN_SHORT[:2], "INFO next", "  indented"]
