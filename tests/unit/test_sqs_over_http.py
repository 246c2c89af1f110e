"""The layer's calls as botocore makes them, against an HTTP server that answers well, slowly or wrongly."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from partial_batch import Message
from partial_batch._sources import read_event
from partial_batch._sqs import client as _sqs
from partial_batch._sqs import visibility
from partial_batch._sqs.client import CallFailed, call, make_client
from partial_batch._sqs.dead_letters import send
from partial_batch._sqs.visibility import change_visibility
from partial_batch.message import ReceivedMessage

from tests.support import FIFO_ARN, STANDARD_ARN, record

HANG_GUARD = 10
"""Seconds: what would take 24 took less. The figures themselves are measured by benchmarks/failures.py."""

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        self.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.number = len(self.server.requests)
            self.server.requests.append(self.asked)
        self.server.answer(self)

    def give(self, body: Any, status: int = 200, kind: str = "application/x-amz-json-1.0") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...

    def drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.answer: Answer = well
        self.requests: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None: ...


def well(request: Request) -> None:
    if "Entries" in request.asked:
        request.give({"Successful": [{"Id": entry["Id"]} for entry in request.asked["Entries"]], "Failed": []})
    else:
        request.give({"MessageId": "new", "MD5OfMessageBody": md5(request.asked["MessageBody"])})


def slowly(request: Request) -> None:
    """A byte every 0.4 s, so that no single read is too long."""
    request.send_response(200)
    request.send_header("Content-Length", "60")
    request.end_headers()
    for _ in range(60):
        if request.server.over.wait(0.4):  # type: ignore[attr-defined]
            return
        request.wfile.write(b" ")


def giving(*arguments: Any) -> Answer:
    return lambda request: request.give(*arguments)


def first(answer: Answer) -> Answer:
    return lambda request: answer(request) if request.number == 0 else well(request)


def received(of: dict[str, Any]) -> ReceivedMessage:
    """The message as a batch has it."""
    message = read_event({"Records": [of]})[1]()
    message._record = of
    return message


def md5(body: str) -> str:
    return hashlib.md5(body.encode()).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    server.over = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", server.url)
    monkeypatch.setattr(_sqs, "_clients", {})
    yield server
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()
    for client in _sqs._clients.values():
        client.close()


@pytest.fixture
def hurried(server: Server) -> Server:
    """With a client, since what making one takes is not to count, and the time for a call that there is on Lambda."""
    _sqs.sqs_client()
    return server


@pytest.fixture
def warm(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """With a client that waits for as long as an answer of this server may take on a machine that has much to do."""
    for name in ("_CONNECT_SECONDS", "_READ_SECONDS", "LONGEST"):
        monkeypatch.setattr(_sqs, name, HANG_GUARD)
    monkeypatch.setattr(visibility, "LONGEST", HANG_GUARD)
    _sqs.sqs_client()
    return server


def dead_letter(
    server: Server, body: str = "body", arn: str = STANDARD_ARN, queue: str = "dead", **fields: Any
) -> None:
    message = received(record("1", body, arn=arn, **fields))
    send(f"{server.url}/1/{queue}", message, "ValueError", "why", end=None)


def why_not(server: Server, *arguments: Any, **fields: Any) -> CallFailed:
    with pytest.raises(CallFailed) as failure:
        dead_letter(server, *arguments, **fields)
    return failure.value


def hide(*identifiers: str, seconds: float = 5, end: float | None = None, **fields: Any) -> dict[str, list[str]]:
    changes = [(Message(record(identifier, **fields)), seconds) for identifier in identifiers]
    return {reason: [message.id for message in messages] for messages, reason in change_visibility(changes, end)}


def many(count: int) -> list[str]:
    return [str(number) for number in range(count)]


class TestConfirmed:
    def test_a_message_is_sent_when_sqs_gives_its_id_and_the_md5_of_the_body(self, warm: Server) -> None:
        dead_letter(warm, "é \U0001f600")

        assert warm.requests[0]["MessageBody"] == "é \U0001f600"

    @pytest.mark.parametrize(
        "answer",
        [
            giving(b"<html>Please log in</html>", 200, "text/html"),
            giving({}),
            giving([]),
            giving(b""),
            giving({"MessageId": ""}),
            giving({"MessageId": None, "MD5OfMessageBody": md5("body")}),
            giving({"MessageId": 7, "MD5OfMessageBody": md5("body")}),
            giving({"MD5OfMessageBody": md5("body")}),
            giving({"MessageId": "new"}),
            giving({"MessageId": "new", "MD5OfMessageBody": md5("another")}),
            giving({"MessageId": "new", "MD5OfMessageBody": None}),
        ],
    )
    def test_no_other_answer_counts(self, answer: Answer, warm: Server) -> None:
        warm.answer = answer

        assert "body" not in str(why_not(warm)).replace("MD5 of the body", "")

    def test_a_wrong_md5_is_about_this_message_and_no_id_is_about_all(self, warm: Server) -> None:
        warm.answer = giving({"MessageId": "new", "MD5OfMessageBody": "0" * 32})
        assert why_not(warm).only_this

        warm.answer = giving({})
        assert not why_not(warm).only_this

    def test_without_md5_in_this_python_the_message_id_has_to_do(
        self, warm: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unavailable(*_: object, **__: object) -> None:
            raise ValueError("disabled for FIPS")

        warm.answer = giving({"MessageId": "new"})
        monkeypatch.setattr(hashlib, "md5", unavailable)

        dead_letter(warm)

    def test_what_is_in_neither_list_is_not_hidden(self, warm: Server) -> None:
        failed = {"Id": "2", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}
        warm.answer = giving({"Successful": [{"Id": "0"}], "Failed": [failed]})

        assert hide("a", "b", "c") == {"SQS did not confirm it": ["b"], "ReceiptHandleIsInvalid": ["c"]}

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            [],
            "text",
            {"Successful": None, "Failed": None},
            {"Successful": "01", "Failed": 3},
            {"Successful": [{"Id": 0}, {"Id": "7"}, {"Id": None}, {}], "Failed": [{"Id": "9", "Code": "Other"}]},
            {"Successful": [{"Id": "0"}], "Failed": [{"Id": "0", "Code": "<b>not a code</b>"}]},
        ],
    )
    def test_an_odd_answer_confirms_nothing_and_raises_nothing(self, answer: Any, warm: Server) -> None:
        warm.answer = giving(answer)

        assert list(hide("a").values()) == [["a"]]

    @pytest.mark.parametrize("answer", [None, [], "text", {"Successful": [None, 3], "Failed": [[]]}])
    def test_so_does_an_answer_that_botocore_would_not_give(self, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        class Client:
            class meta:  # noqa: N801 - as boto3 has it
                endpoint_url = "https://sqs"

            def change_message_visibility_batch(self, **request: object) -> Any:
                return answer

        monkeypatch.setattr(_sqs, "_clients", {None: Client(), "us-east-1": Client()})

        assert hide("a") == {"SQS did not confirm it": ["a"]}


class TestBounded:
    def test_a_server_that_sends_a_byte_now_and_then_is_given_up(self, hurried: Server) -> None:
        hurried.answer = slowly
        began = time.monotonic()

        assert str(why_not(hurried)) == "no answer in time"
        assert hide("a", "b") == {"no answer in time": ["a", "b"]}
        assert time.monotonic() - began < HANG_GUARD

    def test_when_none_is_answered_not_all_are_tried(self, hurried: Server) -> None:
        hurried.answer = slowly
        ids = many(1000)
        began = time.monotonic()

        failures = hide(*ids)

        assert failures.keys() == {"no answer in time"}
        assert sorted(failures["no answer in time"], key=int) == ids
        assert len(hurried.requests) <= 32  # two tries each
        assert time.monotonic() - began < HANG_GUARD

    def test_one_that_is_not_answered_costs_its_own_messages_only(self, hurried: Server) -> None:
        hurried.answer = first(slowly)

        (reason,), (messages,) = zip(*hide(*many(100)).items(), strict=True)

        assert reason == "no answer in time"
        assert len(messages) == 10

    def test_nothing_is_begun_once_it_is_given_up(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        make, go_on, made = _sqs.sqs_client, threading.Event(), threading.Event()

        def slow_client(region: str | None = None) -> Any:
            go_on.wait(HANG_GUARD)
            client = make(region)
            made.set()
            return client

        monkeypatch.setattr(_sqs, "sqs_client", slow_client)
        monkeypatch.setattr(_sqs, "_MAKING_SECONDS", 0.01)
        assert str(why_not(server)) == "no answer in time"

        go_on.set()
        assert made.wait(HANG_GUARD)
        monkeypatch.setattr(_sqs, "sqs_client", make)
        dead_letter(server, "the next")  # with the client that was made meanwhile

        assert [request["MessageBody"] for request in server.requests] == ["the next"]
        assert list(_sqs._clients) == [None]

    def test_a_client_is_made_in_the_call_with_no_more_than_the_reserve_left(self, server: Server) -> None:
        import boto3  # noqa: F401 - most of what making a client takes

        end = time.monotonic() + HANG_GUARD
        assert call("send_message", end, QueueUrl=f"{server.url}/1/q", MessageBody="x")["MessageId"] == "new"

    def test_what_does_not_fit_into_the_time_is_one_pair(self, warm: Server) -> None:
        assert hide(*many(30), end=time.monotonic()) == {"no time was left": many(30)}
        assert warm.requests == []

    def test_a_dead_kept_connection_costs_one_try(self, warm: Server) -> None:
        warm.answer = first(Request.drop)

        dead_letter(warm)

        assert len(warm.requests) == 2


class TestManyAtOnce:
    def test_ten_messages_a_call_and_calls_side_by_side(self, warm: Server) -> None:
        together = threading.Barrier(16, timeout=HANG_GUARD)

        def wait_for_the_others(request: Request) -> None:
            together.wait()
            well(request)

        warm.answer = wait_for_the_others

        assert hide(*many(160)) == {}
        assert sorted(len(request["Entries"]) for request in warm.requests) == [10] * 16

    @pytest.mark.parametrize(
        ("status", "code"), [(403, "AccessDenied"), (400, "AWS.SimpleQueueService.NonExistentQueue")]
    )
    def test_what_is_refused_as_a_whole_is_not_repeated_for_the_others(
        self, status: int, code: str, warm: Server
    ) -> None:
        warm.answer = giving({"__type": f"com.amazonaws.sqs#{code}"}, status)

        assert hide(*many(1000)) == {code: many(1000)}
        assert len(warm.requests) <= 16

    @pytest.mark.parametrize(("status", "code"), [(503, "ServiceUnavailable"), (400, "RequestThrottled"), (429, "X")])
    def test_throttling_costs_the_messages_of_its_call_only(self, status: int, code: str, warm: Server) -> None:
        warm.answer = first(giving({"__type": f"com.amazonaws.sqs#{code}"}, status))

        ((reason, messages),) = hide(*many(300)).items()

        assert (reason, len(messages)) == (code, 10)
        assert len(warm.requests) == 30

    def test_queues_are_told_apart(self, warm: Server) -> None:
        other = STANDARD_ARN.replace("orders", "returns")
        arns = [STANDARD_ARN, other, STANDARD_ARN]

        assert change_visibility([(Message(record(str(n), arn=arn)), 1) for n, arn in enumerate(arns)], None) == []
        assert {request["QueueUrl"].rpartition("/")[2]: len(request["Entries"]) for request in warm.requests} == {
            "orders": 2,
            "returns": 1,
        }

    @pytest.mark.parametrize("handle", [None, "", 7])
    def test_a_message_without_a_receipt_handle_does_not_spoil_the_others(self, handle: Any, warm: Server) -> None:
        records = [record("1") | {"receiptHandle": handle}, record("2")]

        ((messages, reason),) = change_visibility([(Message(each), 1) for each in records], None)

        assert ([message.id for message in messages], reason) == (["1"], "the record has no receiptHandle")
        assert [entry["ReceiptHandle"] for entry in warm.requests[0]["Entries"]] == ["handle of 2"]

    @pytest.mark.parametrize(
        "arn", ["", "queue", "arn:aws", "arn:aws:sqs:us-east-1:1:a:b", "arn:aws:sqs:::", "arn:::::"]
    )
    def test_an_odd_arn_is_a_reason_and_raises_nothing(self, arn: str, warm: Server) -> None:
        assert list(hide("a", arn=arn).values()) == [["a"]]
        assert warm.requests == []

    @pytest.mark.parametrize(
        ("asked", "seconds"), [(0, 0), (-3, 0), (float("nan"), 0), (0.1, 1), (42_000.5, 42_000), (float("inf"), 42_000)]
    )
    def test_seconds_are_whole_and_within_what_sqs_takes(self, asked: float, seconds: int, warm: Server) -> None:
        hide("a", seconds=asked)

        assert warm.requests[0]["Entries"][0]["VisibilityTimeout"] == seconds


class TestWhatIsSent:
    def test_a_standard_queue_s_group_and_trace_go_along(self, warm: Server) -> None:
        trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
        traced = record("1", group="tenant")
        traced["attributes"]["AWSTraceHeader"] = trace

        send(f"{warm.url}/1/dead", received(traced), "ValueError", "", end=None)

        (request,) = warm.requests
        assert request["MessageGroupId"] == "tenant"
        assert "MessageDeduplicationId" not in request
        assert request["MessageSystemAttributes"] == {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
        assert "ErrorMessage" not in request["MessageAttributes"]

    @pytest.mark.parametrize(
        ("arn", "queue", "kind"), [(STANDARD_ARN, "dead.fifo", "standard"), (FIFO_ARN, "dead", "FIFO")]
    )
    def test_a_queue_of_another_kind_is_refused_before_any_call(
        self, arn: str, queue: str, kind: str, warm: Server
    ) -> None:
        failure = why_not(warm, arn=arn, queue=queue, group="g")

        assert f"a {kind} queue's dead-letter queue is a {kind} queue: https://docs.aws" in str(failure)
        assert not failure.only_this
        assert warm.requests == []

    def test_a_stream_s_record_does_not_go_to_a_fifo_queue(self, warm: Server) -> None:
        from partial_batch._sources.streams import KinesisMessage

        message = KinesisMessage()
        message._record = {"kinesis": {"sequenceNumber": "1", "data": ""}}

        with pytest.raises(CallFailed, match="a stream's dead-letter queue is a standard queue"):
            send(f"{warm.url}/1/dead.fifo", message, "ValueError", "", end=None)

    @pytest.mark.parametrize(
        "body", ["a\ud800", "a\x00", "\x0b", "\uffff", "", "x" * (1_048_576 + 1), "é" * (1_048_576 // 2 + 1)]
    )
    def test_what_sqs_would_refuse_is_not_sent_and_is_about_this_message_only(self, body: str, warm: Server) -> None:
        failure = why_not(warm, body)

        assert failure.only_this
        assert warm.requests == []
        if len(body) > 5:
            assert "SQS takes 1,048,576" in str(failure)

    def test_the_sender_s_attributes_count(self, warm: Server) -> None:
        own = {"n": {"dataType": "String", "stringValue": "v" * 10}}
        failure = why_not(warm, "x" * (1_048_576 - 16), attributes=own)

        assert "it is 1,048,577 bytes with its attributes" in str(failure)

    def test_an_attribute_that_is_not_text_is_about_this_message_only(self, warm: Server) -> None:
        assert why_not(warm, attributes={"n": {"dataType": "Number", "stringValue": 7}}).only_this


class TestMakingTheClient:
    @pytest.fixture
    def in_lambda(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")

    def test_in_lambda_it_is_made_once_for_both_calls(self, in_lambda: None, server: Server) -> None:
        make_client()
        (client,) = _sqs._clients.values()

        dead_letter(server)
        hide("a")

        assert list(_sqs._clients.values()) == [client]

    def test_another_region_has_another_client(self, in_lambda: None, server: Server) -> None:
        make_client()
        hide("a", arn=STANDARD_ARN.replace("us-east-1", "eu-west-1"))

        assert [client.meta.region_name for client in _sqs._clients.values()] == ["us-east-1", "eu-west-1"]

    @pytest.mark.usefixtures("server")
    def test_elsewhere_none_is_made_since_a_mock_may_start_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "as tests of consumers set it")

        make_client()

        assert _sqs._clients == {}

    @pytest.mark.usefixtures("in_lambda")
    def test_under_sam_local_without_an_endpoint_none_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SAM_LOCAL", "true")
        monkeypatch.delenv("AWS_ENDPOINT_URL_SQS")

        make_client()

        assert _sqs._clients == {}

    @pytest.mark.usefixtures("in_lambda")
    def test_what_goes_wrong_is_for_the_first_call_to_say(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "not a URL")

        make_client()

        with pytest.raises(CallFailed, match="ValueError"):
            call("send_message", None, QueueUrl="https://queue", MessageBody="x")


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("us-east-1", "https://sqs.us-east-1.amazonaws.com/1/q"),
        ("cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/1/q"),
        ("us-iso-east-1", "https://sqs.us-iso-east-1.c2s.ic.gov/1/q"),
    ],
)
def test_the_url_of_a_queue_is_of_its_partition(region: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sqs, "_clients", {})

    assert _sqs._url(_sqs.sqs_client(region), f"arn:aws:sqs:{region}:1:q") == url
