"""Reads what the functions log, from CloudWatch Logs of an endpoint."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient

# Lambda's own lines: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
_OF_LAMBDA = re.compile(r"(INIT_START|START|END|REPORT)\b.*(RequestId|Runtime Version): ")
# Where the emulator puts a function's code and layers. Their paths are long, and Lambda's are those one knows.
_PLACES = re.compile(r"/\S*?/ministack-lambda-[^/\s]+/(?:(code)|layer_\d+)/")
# Events may come later than others with a newer time: those of two invocations at once.
_LOOK_BACK_MILLISECONDS = 5_000


@dataclass(frozen=True)
class LogLine:
    """A line that a function logged.

    Attributes:
        function: the function's name.
        seconds: when, in seconds since the epoch.
        text: what; of a line in Lambda's JSON format the level and the message.
    """

    function: str
    seconds: float
    text: str


class LogTail:
    """Gives each line once, from now on.

    Args:
        logs: a client of the endpoint.
        functions: another one of it, which knows what log group a function has.
    """

    def __init__(self, logs: CloudWatchLogsClient, functions: LambdaClient) -> None:
        self._logs = logs
        self._functions = functions
        self._since = round(time.time() * 1000) - _LOOK_BACK_MILLISECONDS
        self._newest: dict[str, int] = {}
        self._given: dict[str, Counter[tuple[str, int, str]]] = {}

    def new_lines(self, functions: Iterable[str]) -> list[LogLine]:
        """Give what these functions logged since the last call, oldest first.

        Raises:
            botocore.exceptions.ClientError: the endpoint refuses.
            botocore.exceptions.BotoCoreError: it does not answer.
        """
        return sorted((line for function in functions for line in self._of(function)), key=lambda line: line.seconds)

    def _of(self, function: str) -> Iterator[LogLine]:
        start = max(self._since, self._newest.get(function, 0) - _LOOK_BACK_MILLISECONDS)
        before = self._given.get(function, Counter())
        found: Counter[tuple[str, int, str]] = Counter()
        try:
            paginator = self._logs.get_paginator("filter_log_events")
            for page in paginator.paginate(logGroupName=self._group(function), startTime=start):
                for event in page["events"]:
                    # The same line may be logged twice in a millisecond, so it is the number of them that tells.
                    key = (event.get("logStreamName", ""), event["timestamp"], event["message"])
                    found[key] += 1
                    if found[key] > before[key]:
                        self._newest[function] = max(event["timestamp"], self._newest.get(function, 0))
                        for text in _readable(event["message"]):
                            yield LogLine(function, event["timestamp"] / 1000, text)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                raise
        # A function that was never invoked has no log group.
        self._given[function] = found

    def _group(self, function: str) -> str:
        # Asked each time, since a deployment may change it.
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
        logging = self._functions.get_function_configuration(FunctionName=function).get("LoggingConfig", {})
        return logging.get("LogGroup") or f"/aws/lambda/{function}"


def _readable(message: str) -> list[str]:
    """Give the lines to show of one log event; none if it is Lambda's own, or for CloudWatch to make metrics of."""
    message = _PLACES.sub(lambda match: "/var/task/" if match[1] else "/opt/", message.rstrip())
    if _OF_LAMBDA.match(message):
        return []
    try:
        entry = json.loads(message)
    except ValueError:
        return message.splitlines()
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    if isinstance(entry, dict) and "_aws" in entry:
        return []
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
    if not isinstance(entry, dict) or not {"level", "message"} <= entry.keys():
        is_of_lambda = isinstance(entry, dict) and str(entry.get("type", "")).startswith("platform.")
        return [] if is_of_lambda else [message]
    reason = f" ({entry['errorType']}: {entry.get('errorMessage', '')})" if entry.get("errorType") else ""
    return f"{entry['level']} {entry['message']}{reason}".splitlines()
