"""Logs, traces and metrics."""

from typing import Any

import pytest
from partial_batch import Message, batch_handler

from tests.support import standard_event
from tests.template.translation import each_queue, properties


@each_queue
def test_a_function_logs_json_to_a_log_group_of_its_own(template: dict[str, Any], name: str) -> None:
    assert properties(template, f"{name}ConsumerFunction")["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": {"Ref": f"{name}ConsumerLogGroup"},
    }


@each_queue
def test_logs_are_kept_as_long_as_a_parameter_says(template: dict[str, Any], name: str) -> None:
    assert properties(template, f"{name}ConsumerLogGroup")["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert template["Parameters"]["LogRetentionDays"]["Default"] == 30


@each_queue
def test_every_invocation_may_be_traced(template: dict[str, Any], name: str) -> None:
    assert properties(template, f"{name}ConsumerFunction")["TracingConfig"] == {"Mode": "Active"}


def test_a_failures_log_line_has_the_message_id(caplog: pytest.LogCaptureFixture) -> None:
    @batch_handler
    def handler(message: Message) -> None:
        raise ConnectionError

    handler(standard_event("the-id"))

    (line,) = caplog.records
    assert vars(line)["partial_batch_message_id"] == "the-id"  # as a field, which Lambda's JSON format carries
