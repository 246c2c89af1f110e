"""docs/layer.md: its code runs as it is written, its links lead somewhere, and it names what there is."""

import json
import logging
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import partial_batch
import partial_batch.testing
import pytest
from partial_batch._runners import event_loop
from partial_batch.options import Options
from partial_batch.testing import LambdaContext, kafka_event, sqs_event

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "layer.md").read_text(encoding="utf-8")
_PROSE = re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE)
NOTHING: dict[str, Any] = {"Records": []}


def _blocks() -> list[Any]:
    """The Python blocks, each named after the heading it stands under."""
    found = []
    heading = ""
    for match in re.finditer(r"^#+ ([^\n]+)$|^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE):
        if match[1]:
            heading = match[1]
        else:
            found.append(pytest.param(match[2], id=heading))
    return found


def _run(code: str, **names: Any) -> dict[str, Any]:
    """Run a block with what it takes for granted; what it defines."""
    try:
        exec(compile(code, "docs/layer.md", "exec"), names)
    except ModuleNotFoundError as missing:
        # The locks have Powertools without what its Tracer needs.
        if missing.name == "aws_xray_sdk":
            pytest.skip("aws_xray_sdk is not installed")
        raise
    return names


def _block(heading: str, **names: Any) -> dict[str, Any]:
    (code,) = [block.values[0] for block in _blocks() if block.id == heading]
    return _run(str(code), **names)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/dead")
    monkeypatch.setenv("PAYLOAD_BUCKET", "payloads")
    monkeypatch.setenv("POWERTOOLS_IDEMPOTENCY_DISABLED", "false")


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    """Powertools keeps its loggers, with the standard output that there was, and changes the layer's."""
    ours = logging.getLogger("partial_batch")
    before = (ours.handlers[:], ours.level, ours.propagate)
    yield
    ours.handlers[:], ours.level, ours.propagate = before
    for name in ("orders", "in-threads"):
        logging.root.manager.loggerDict.pop(name, None)


@pytest.fixture
def shipped() -> list[Any]:
    return []


def _failed(response: Any) -> list[Any]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


@pytest.mark.parametrize("code", _blocks())
def test_each_block_runs(code: str) -> None:
    defined = _run(code)

    if "lambda_handler" in defined:
        assert defined["lambda_handler"](NOTHING, LambdaContext()) == {"batchItemFailures": []}


def test_each_link_within_the_page_has_its_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", _PROSE, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", _PROSE)) <= anchors


def test_each_option_is_in_the_table() -> None:
    table = PAGE.split("\n## Options\n")[1].split("\n###")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE) == list(Options.__annotations__)


@pytest.mark.parametrize("name", [*partial_batch.__all__, *partial_batch.testing.__all__])
def test_each_public_name_is_on_the_page(name: str) -> None:
    assert name in PAGE


def test_each_property_of_a_message_is_in_its_table() -> None:
    table = PAGE.split("\n## The message\n")[1].split("\n## ")[0]
    names = {name for name, value in vars(partial_batch.Message).items() if isinstance(value, property)}

    assert names <= set(re.findall(r"`(\w+)`", table))


def test_each_field_of_the_log_is_in_its_table(caplog: pytest.LogCaptureFixture) -> None:
    @partial_batch.batch_handler
    def handler(message: partial_batch.Message) -> None:
        raise ConnectionError

    handler(sqs_event("{}"))

    fields = {name for name in vars(caplog.records[0]) if name.startswith("partial_batch_")}
    assert fields
    assert all(f"| `{name}` |" in PAGE for name in fields)


def test_the_errors_of_other_events_are_as_quoted() -> None:
    quoted = re.findall(r"^    (.+)$", PAGE.split("\n## Other events\n")[1].split("\n## ")[0], flags=re.MULTILINE)
    nameless = sqs_event(1, 2, 3, 4)
    del nameless["Records"][3]["messageId"]
    kafka = kafka_event(1, 2, 3)
    kafka["records"]["orders-0"][2]["offset"] = "2"
    two_queues = {"Records": sqs_event(1)["Records"] + sqs_event(1, queue="payments")["Records"]}
    sns = {"Records": [{"EventSource": "aws:sns", "Sns": {}}]}
    handler = partial_batch.batch_handler(repr)

    for event, text in zip((sns, nameless, kafka, two_queues), quoted, strict=True):
        with pytest.raises(partial_batch.InvalidEvent, match=re.escape(text)):
            handler(event)


def test_outcomes_example(shipped: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    dead: list[Any] = []
    monkeypatch.setattr(
        "partial_batch._sqs.dead_letters.send", lambda queue, message, *_, **__: dead.append(message.body)
    )
    carrier = SimpleNamespace(closed=False)
    handler = _block("Outcomes", ship=shipped.append, carrier=carrier)["lambda_handler"]

    assert handler(sqs_event({"quantity": 1}, {"quantity": 0}, "not JSON")) == {"batchItemFailures": []}
    assert shipped == [{"quantity": 1}]
    assert dead == ['{"quantity": 0}', "not JSON"]


def test_stop_batch_example(shipped: list[Any]) -> None:
    def ship(order: Any) -> None:
        if order == 2:
            raise ConnectionError
        shipped.append(order)

    event = sqs_event(1, 2, 3)
    for record in event["Records"]:
        del record["receiptHandle"]  # so that nothing is hidden, and SQS is not called
    response = _block("StopBatch", ship=ship)["lambda_handler"](event)

    assert shipped == [1]
    assert _failed(response) == [record["messageId"] for record in event["Records"][1:]]


def test_kafka_example(shipped: list[Any]) -> None:
    handler = _block("Kafka", ship=lambda *arguments: shipped.append(arguments))["lambda_handler"]

    assert handler(kafka_event({"quantity": 1}, key="k")) == {"batchItemFailures": []}
    assert shipped == [("orders", b"k", {"quantity": 1})]


def test_context_variables_example(shipped: list[Any]) -> None:
    _block("Context variables", ship=shipped.append)["lambda_handler"](sqs_event(1, 2))

    assert shipped == [1, 2]


def test_the_test_of_a_consumer() -> None:
    @partial_batch.batch_handler
    def lambda_handler(message: partial_batch.Message) -> None:
        if message.json()["quantity"] <= 0:
            raise ValueError

    _block("In tests", lambda_handler=lambda_handler)["test_an_order_of_nothing_goes_back"]()


def test_five_milliseconds_start_nothing(shipped: list[Any]) -> None:
    handler = partial_batch.batch_handler(shipped.append)
    event = sqs_event(1, 2)

    assert len(_failed(handler(event, LambdaContext(seconds_left=0.005)))) == 2
    assert not shipped


def test_pydantic_example_logs_no_input(caplog: pytest.LogCaptureFixture, shipped: list[Any]) -> None:
    pytest.importorskip("pydantic")
    defined = _block("error_text", ship=shipped.append)
    text_of, error_type = defined["text_of"], defined["ValidationError"]
    handler = partial_batch.batch_handler(error_text=text_of)(defined["lambda_handler"].__wrapped__)

    response = handler(sqs_event({"order_id": "A1", "quantity": 1}, {"order_id": "A2", "quantity": "secret"}, "secret"))

    assert len(_failed(response)) == 2
    assert [order.order_id for order in shipped] == ["A1"]
    assert "int_parsing" in caplog.text
    assert error_type.__name__ in caplog.text
    assert "secret" not in caplog.text


@pytest.fixture
def table() -> Iterator[None]:
    pytest.importorskip("aws_lambda_powertools")
    boto3 = pytest.importorskip("boto3")
    with pytest.importorskip("moto").mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="idempotency",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield


@pytest.mark.usefixtures("table")
def test_idempotency_example(shipped: list[Any]) -> None:
    handler = _block("Idempotency", ship=shipped.append)["lambda_handler"]
    event = sqs_event({"order_id": "A1"}, {"order_id": "A1"}, {"order_id": "A2"}, {"quantity": 1})

    response = handler(event, LambdaContext())
    again = handler(event, LambdaContext())

    assert shipped == [{"order_id": "A1"}, {"order_id": "A2"}]
    assert _failed(response) == _failed(again) == [event["Records"][3]["messageId"]]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(("seconds_left", "runs"), [(60.0, 1), (-1.0, 2)])
def test_an_interrupted_message_is_in_progress_until_the_functions_timeout(
    shipped: list[Any], seconds_left: float, runs: int
) -> None:
    def ship(order: Any) -> None:
        shipped.append(order)
        if len(shipped) == 1:
            raise partial_batch.OutOfTime

    handler = _block("Idempotency", ship=ship)["lambda_handler"]
    event = sqs_event({"order_id": "A1"})
    answers = iter([60_000, seconds_left * 1000])  # the layer's question and Powertools'
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: next(answers))

    assert len(_failed(handler(event, context))) == 1
    assert len(_failed(handler(event, LambdaContext()))) == 2 - runs
    assert len(shipped) == runs


@pytest.mark.usefixtures("table")
def test_without_a_context_it_is_in_progress_until_its_entry_expires(shipped: list[Any]) -> None:
    def ship(order: Any) -> None:
        raise partial_batch.OutOfTime

    defined = _block("Idempotency", ship=ship)
    with pytest.warns(UserWarning, match="remaining time"):
        defined["lambda_handler"](sqs_event({"order_id": "A1"}))
    assert len(_failed(defined["lambda_handler"](sqs_event({"order_id": "A1"}), LambdaContext()))) == 1
    assert defined["config"].expires_after_seconds == 3600


def test_logger_example_binds_each_messages_id(capsys: pytest.CaptureFixture[str], shipped: list[Any]) -> None:
    pytest.importorskip("aws_lambda_powertools")
    event = sqs_event(1, 2, "not JSON")
    ids = [record["messageId"] for record in event["Records"]]

    _block("Powertools Logger", ship=shipped.append)["lambda_handler"](event, LambdaContext())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message_id"] for line in lines if line["message"] == "shipping"] == ids
    (failure,) = [line for line in lines if "partial_batch_message_id" in line]
    assert failure["partial_batch_message_id"] == ids[2]
    assert "message_id" not in failure


def test_thread_safe_keys_are_each_messages_own_in_threads(capsys: pytest.CaptureFixture[str]) -> None:
    logger = pytest.importorskip("aws_lambda_powertools").Logger(service="in-threads")

    @partial_batch.batch_handler(concurrency=2)
    def handler(message: partial_batch.Message) -> None:
        before = dict(logger.thread_safe_get_current_keys())
        logger.thread_safe_append_keys(**{message.body: message.id})
        logger.info("shipping", extra={"before": before})

    handler(sqs_event("a", "b", "c"), LambdaContext())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["before"] for line in lines] == [{}, {}, {}]
    assert sorted(key for line in lines for key in line if key in "abc") == ["a", "b", "c"]


def test_sns_example(shipped: list[Any]) -> None:
    envelope = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:orders", "Message": '{"a": 1}'}

    _block("SNS envelopes", ship=shipped.append)["lambda_handler"](sqs_event(envelope))

    assert shipped == [{"a": 1}]


def test_s3_example(shipped: list[Any]) -> None:
    test_event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "orders"}
    created = {"Records": [{"s3": {"bucket": {"name": "orders"}, "object": {"key": "a+b%2Bc.json"}}}]}
    handler = _block("S3 notifications", ingest=lambda *where: shipped.append(where))["lambda_handler"]

    assert handler(sqs_event(test_event, created)) == {"batchItemFailures": []}
    assert shipped == [("orders", "a b+c.json")]


def test_extended_client_example(shipped: list[Any]) -> None:
    defined = _block("The extended client's pointer to S3", ship=shipped.append)
    stored = {"k1": b'{"a": 1}'}
    defined["s3"] = SimpleNamespace(
        get_object=lambda Bucket, Key: {"Body": SimpleNamespace(read=lambda: stored[Key])}  # noqa: N803
    )

    def pointer(bucket: str) -> list[Any]:
        return ["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": bucket, "s3Key": "k1"}]

    handler = defined["lambda_handler"]
    large = sqs_event(pointer("payloads"), pointer("another"), attributes={"ExtendedPayloadSize": 8})
    assert _failed(handler(large)) == [large["Records"][1]["messageId"]]
    assert handler(sqs_event({"b": 2})) == {"batchItemFailures": []}
    assert shipped == [{"a": 1}, {"b": 2}]


@pytest.fixture(autouse=True, scope="module")
def kept_loop_closed() -> Iterator[None]:
    yield
    event_loop._close_kept_loop()
