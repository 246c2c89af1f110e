"""The functions' log lines, as the live view gets them from CloudWatch Logs."""

import json

import pytest

from sqslab.stack.function_logs import LogTail

IN_JSON = json.dumps({"timestamp": "2026-01-01T00:00:00Z", "level": "WARNING", "message": "low", "requestId": "1"})


class FakeLogs:
    """CloudWatch Logs with one log group, and a function that logs there."""

    def __init__(self):
        self.events = []
        self.error = None
        self.group = "/aws/lambda/ship"
        self.logging = {}

    def get_function_configuration(self, FunctionName):  # noqa: N803 - as boto3 has it
        assert FunctionName == "ship"
        return self.logging

    def get_paginator(self, _operation):
        return self

    def paginate(self, **request):
        if self.error is not None:
            raise self.error
        assert request["logGroupName"] == self.group
        found = [event for event in self.events if event["timestamp"] >= request["startTime"]]
        # several pages, as AWS gives them
        return [{"events": [event]} for event in found] or [{"events": []}]


@pytest.fixture
def logs():
    return FakeLogs()


@pytest.fixture
def write(logs):
    def write(message, milliseconds=0):
        now = 4_000_000_000_000  # long after the start of the test
        logs.events.append({"logStreamName": "s", "timestamp": now + milliseconds, "message": message})

    return write


def texts(tail):
    return [line.text for line in tail.new_lines(["ship"])]


def test_each_line_is_given_once(logs, write):
    tail = LogTail(logs, logs)
    write("one\n")
    assert texts(tail) == ["one"]
    write("two")
    assert texts(tail) == ["two"]
    assert texts(tail) == []


def test_two_equal_lines_are_two(logs, write):
    tail = LogTail(logs, logs)
    write("same")
    assert texts(tail) == ["same"]
    write("same")
    write("same")
    assert texts(tail) == ["same", "same"]


def test_a_line_that_comes_late_is_given(logs, write):
    tail = LogTail(logs, logs)
    write("later", milliseconds=2_000)
    assert texts(tail) == ["later"]
    write("earlier", milliseconds=0)
    assert texts(tail) == ["earlier"]


@pytest.mark.parametrize(
    "line",
    [
        "START RequestId: 3f39f4ff Version: $LATEST",
        "END RequestId: 3f39f4ff",
        "REPORT RequestId: 3f39f4ff\tDuration: 162 ms",
        "INIT_START Runtime Version: python:3.13.v1\tRuntime Version ARN: arn:aws:lambda:...",
        '{"time": "2026-01-01T00:00:00Z", "type": "platform.report", "record": {}}',
    ],
)
def test_lambdas_own_lines_are_left_out(logs, write, line):
    write(line)
    assert texts(LogTail(logs, logs)) == []


def test_lines_are_read_from_the_log_group_that_the_function_has(logs, write):
    logs.group = "orders"
    logs.logging = {"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "orders"}}
    write("one")
    assert texts(LogTail(logs, logs)) == ["one"]


def test_metrics_are_left_out(logs, write):
    write('{"_aws": {"Timestamp": 1, "CloudWatchMetrics": []}, "MessagesReceived": 3}')
    assert texts(LogTail(logs, logs)) == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  indented", ["  indented"]),
        ("STARTING to work", ["STARTING to work"]),
        ("first\nsecond", ["first", "second"]),
        (IN_JSON, ["WARNING low"]),
        ('{"an": "object"}', ['{"an": "object"}']),
        ("[1]", ["[1]"]),
        ('  File "/tmp/x/ministack-lambda-f-1/code/app.py", line 1', ['  File "/var/task/app.py", line 1']),
        ('  File "/tmp/x/ministack-lambda-f-1/layer_0/python/a.py"', ['  File "/opt/python/a.py"']),
    ],
)
def test_the_functions_own_lines_are_shown(logs, write, line, shown):
    write(line)
    assert texts(LogTail(logs, logs)) == shown


def test_a_function_that_was_never_invoked_has_no_lines(emulator, clients):
    import boto3

    tail = LogTail(boto3.client("logs", endpoint_url=emulator.endpoint_url), clients.functions)
    assert tail.new_lines(["never-invoked"]) == []
