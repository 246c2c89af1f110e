"""What is logged of a failed message."""

import asyncio
import io
import json
import logging

import pytest
from partial_batch import Message, PermanentFailure, batch_handler, bulk_handler
from partial_batch._reporting.log import BatchLog

from tests.support import FIFO_ARN, record, standard_event
from tests.unit.conftest import SentMessages

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/dead"


@batch_handler(dead_letter_queue=QUEUE)
def handler(message: Message) -> None:
    if message.body != "good":
        raise (PermanentFailure if message.id == "dead" else ValueError)("why it failed")


def test_there_is_one_line_a_failed_message_and_none_for_the_others(caplog: pytest.LogCaptureFixture) -> None:
    handler({"Records": [record("1", "good"), record("2", "bad"), record("3", "bad")]})

    assert [(line.name, line.levelname) for line in caplog.records] == [("partial_batch", "WARNING")] * 2


def test_a_failure_of_the_whole_batch_has_its_traceback_once(caplog: pytest.LogCaptureFixture) -> None:
    @bulk_handler
    def handler(messages: list[Message]) -> None:
        raise ValueError("of them all")

    handler(standard_event("1", "2", "3"))

    assert [line.exc_info is not None for line in caplog.records] == [True, False, False]


def test_groups_raised_at_one_place_have_a_traceback_for_each_kind_of_parts(caplog: pytest.LogCaptureFixture) -> None:
    """A TaskGroup raises all of its groups at one place of asyncio's."""

    async def unknown() -> None:
        raise KeyError

    async def invalid() -> None:
        raise ValueError

    @batch_handler
    async def handler(message: Message) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(unknown() if message.id == "2" else invalid())

    handler(standard_event("1", "2", "3", "4"))

    texts = [line.getMessage() for line in caplog.records]
    assert [line.exc_info is not None for line in caplog.records] == [True, True, False, False]
    assert ["(traceback as of message 1)" in text for text in texts] == [False, False, True, True]


@pytest.mark.parametrize("lost", ["line", "traceback"])
def test_no_line_refers_to_a_traceback_that_was_not_logged(
    lost: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_raises(line: logging.LogRecord) -> bool:
        if "message 1 " in line.getMessage():
            raise RuntimeError
        return True

    if lost == "line":
        caplog.handler.addFilter(first_raises)
    else:
        shown = iter([None])
        safe = BatchLog.safe
        monkeypatch.setattr(BatchLog, "safe", lambda self, error: next(shown, safe(self, error)))
    try:
        handler({"Records": [record(name, "bad") for name in ("1", "2", "3")]})
    finally:
        caplog.handler.removeFilter(first_raises)

    lines = {line.getMessage().split()[1]: line for line in caplog.records}
    assert lines["2"].exc_info is not None
    assert lines["3"].exc_info is None
    assert "(traceback as of message 2)" in lines["3"].getMessage()


def test_the_fields_say_which_message_it_was_and_what_becomes_of_it(caplog: pytest.LogCaptureFixture) -> None:
    handler({"Records": [record("1", "bad", arn=FIFO_ARN, group="g", receive_count=4)]})

    (line,) = caplog.records
    fields = vars(line)
    assert fields["partial_batch_message_id"] == "1"
    assert fields["partial_batch_message_group_id"] == "g"
    assert fields["partial_batch_receive_count"] == 4
    assert fields["partial_batch_error_type"] == "ValueError"
    assert fields["partial_batch_outcome"] == "returned"
    assert (
        line.getMessage() == "message 1 failed with ValueError at receive 4: it goes back to the queue: why it failed"
    )


def test_the_traceback_goes_with_it(caplog: pytest.LogCaptureFixture) -> None:
    handler(standard_event("1"))

    (line,) = caplog.records
    assert line.exc_info is not None
    assert line.exc_info[0] is ValueError
    assert "why it failed" in caplog.text
    assert "test_failure_log.py" in caplog.text


def test_a_dead_lettered_message_is_an_error(caplog: pytest.LogCaptureFixture, sent: SentMessages) -> None:
    sent.accepts()

    handler(standard_event("dead"))

    (line,) = caplog.records
    assert line.levelname == "ERROR"
    assert vars(line)["partial_batch_outcome"] == "dead-lettered"
    assert line.getMessage().endswith("it was sent to the dead-letter queue: why it failed")


def test_why_a_permanent_failure_goes_back_stands_in_its_one_line(
    caplog: pytest.LogCaptureFixture, sent: SentMessages
) -> None:
    sent.refuses("AccessDenied")

    handler(standard_event("dead"))

    (line,) = caplog.records
    assert line.getMessage().endswith(
        "it goes back to the queue (not sent to the dead-letter queue: AccessDenied): why it failed"
    )


def test_the_body_is_nowhere_in_it_with_all_fields_written_out(sent: SentMessages) -> None:
    class EveryField(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return super().format(record) + json.dumps(vars(record), default=repr)

    stream = io.StringIO()
    output = logging.StreamHandler(stream)
    output.setFormatter(EveryField())
    logger = logging.getLogger("partial_batch")
    logger.addHandler(output)
    try:
        sent.accepts()
        not_text = record("dead") | {"body": {"card": "the secret body"}}  # botocore's complaint would quote it
        handler({"Records": [record("1", "the secret body"), record("dead", "the secret body"), not_text]})
    finally:
        logger.removeHandler(output)

    assert stream.getvalue().count("Traceback") >= 3
    assert "secret" not in stream.getvalue()
