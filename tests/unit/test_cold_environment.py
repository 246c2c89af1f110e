"""The first invocation of an environment has its SQS client, too: in a fresh interpreter, as Lambda starts one."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.unit.test_sqs_over_http import Server, giving

IN_LAMBDA = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001"}

START = """
import json, logging, sys, threading
logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
logging.getLogger("botocore").setLevel(logging.WARNING)
from partial_batch import *
from partial_batch._sqs import client, visibility
from partial_batch.testing import LambdaContext, sqs_event

# As long as an answer of the test's server may take on a machine that has much to do.
client._CONNECT_SECONDS = client._READ_SECONDS = client.LONGEST = visibility.LONGEST = 3

def hang():
    threading.Event().wait(60)

def work(message):
    if message.body == "hangs":
        hang()
    if message.body == "later":
        raise RetryLater(30)
    if message.body == "never":
        raise PermanentFailure

async def work_async(message):
    import asyncio
    if message.body == "hangs":
        await asyncio.sleep(60)

def work_whole(messages):
    hang()

def loaded():
    return [name for name in ("boto3", "botocore") if name in sys.modules]

def invoke(handler, *bodies, **fields):
    response = handler(sqs_event(*bodies, **fields), LambdaContext(6))
    return len(response["batchItemFailures"])
"""


class Ran:
    """What a program has left behind."""

    def __init__(self, code: str, **environment: str) -> None:
        paths = os.pathsep.join(path for path in sys.path if path)
        run = subprocess.run(
            [sys.executable, "-c", f"{START}\n{code}"],
            env=os.environ | {"PYTHONPATH": paths} | environment,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        self.result = json.loads(run.stdout)
        self.log = run.stderr


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def run(server: Server, code: str) -> Ran:
    return Ran(f"print(json.dumps({code}))", AWS_ENDPOINT_URL_SQS=server.url, **IN_LAMBDA)


def hidden(server: Server) -> list[int]:
    return [entry["VisibilityTimeout"] for request in server.requests for entry in request["Entries"]]


BACKOFF = "backoff=Backoff(base=28, jitter=False), time_reserve=5"


class TestTheFirstInvocation:
    @pytest.mark.parametrize(
        "handler",
        [
            f"batch_handler(work, {BACKOFF})",
            f"batch_handler(work_async, {BACKOFF})",
            f"batch_handler(work_async, {BACKOFF}, concurrency=5)",
            f"bulk_handler(work_whole, {BACKOFF})",
        ],
    )
    def test_a_hanging_message_is_hidden_and_the_log_says_so(self, handler: str, server: Server) -> None:
        ran = run(server, f"invoke({handler}, 'hangs')")

        assert ran.result == 1
        assert hidden(server) == [28]
        assert "is hidden for 28 s" in ran.log

    def test_threads_that_hang_are_too_and_what_waits_for_them_is_released(self, server: Server) -> None:
        ran = run(server, f"invoke(batch_handler(work, {BACKOFF}, concurrency=2), 'hangs', 'hangs', '3')")

        assert ran.result == 3
        assert hidden(server) == [28, 28, 0]

    def test_on_fifo_those_behind_it_are_released(self, server: Server) -> None:
        ran = run(server, f"invoke(batch_handler(work, {BACKOFF}), '1', 'hangs', '3', fifo=True)")

        assert ran.result == 2
        assert hidden(server) == [28, 0]
        assert "is visible again" in ran.log

    def test_retry_later_has_its_delay_without_any_option(self, server: Server) -> None:
        ran = run(server, "[loaded(), invoke(batch_handler(work), 'later')]")

        assert ran.result == [[], 1]
        assert hidden(server) == [30]
        assert "is hidden for 30 s" in ran.log

    def test_a_permanent_failure_is_dead_lettered(self, server: Server) -> None:
        queue = f"dead_letter_queue='{server.url}/123456789012/dead'"
        ran = run(server, f"invoke(batch_handler(work, {queue}), 'never')")

        assert ran.result == 0
        assert [request["MessageBody"] for request in server.requests] == ["never"]
        assert "it was sent to the dead-letter queue" in ran.log

    def test_the_log_does_not_say_hidden_where_sqs_refuses(self, server: Server) -> None:
        server.answer = giving({"__type": "com.amazonaws.sqs#AccessDeniedException"}, 403)

        ran = run(server, f"invoke(batch_handler(work, {BACKOFF}), 'hangs')")

        assert ran.result == 1
        assert "hidden" not in ran.log
        assert "the visibility timeout of 1 message stays the queue's: AccessDeniedException" in ran.log

    def test_nor_where_nothing_answers(self, server: Server) -> None:
        url = server.url.rsplit(":", 1)[0] + ":1"  # no program listens there

        ran = Ran(
            f"print(json.dumps(invoke(batch_handler(work, {BACKOFF}), 'hangs')))",
            AWS_ENDPOINT_URL_SQS=url,
            **IN_LAMBDA,
        )

        assert ran.result == 1
        assert "hidden" not in ran.log
        assert "the visibility timeout of 1 message stays the queue's" in ran.log


class TestTheClient:
    def test_importing_the_layer_loads_nothing_of_it(self) -> None:
        assert Ran("print(json.dumps(loaded()))", **IN_LAMBDA).result == []

    @pytest.mark.parametrize(
        ("options", "needs_it"),
        [
            ("time_reserve=2, permanent=ValueError", False),
            ("backoff=Backoff()", True),
            ("dead_letter_queue='https://queue'", True),
        ],
    )
    def test_decorating_makes_it_where_an_option_needs_it(self, options: str, needs_it: bool) -> None:
        code = f"bulk_handler(lambda given: None, {options})\nprint(json.dumps(loaded()))"

        assert bool(Ran(code, **IN_LAMBDA).result) == needs_it

    @pytest.mark.parametrize(
        ("environment", "makes_it"),
        [
            ({}, False),
            (IN_LAMBDA, True),
            ({"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}, True),
            ({"AWS_LAMBDA_FUNCTION_NAME": "of a test"}, False),
            (IN_LAMBDA | {"AWS_SAM_LOCAL": "true"}, False),
        ],
    )
    def test_and_only_in_lambda(self, environment: dict[str, str], makes_it: bool) -> None:
        code = "batch_handler(work, backoff=Backoff())\nprint(json.dumps(loaded()))"

        assert bool(Ran(code, **environment).result) == makes_it

    def test_it_is_made_once_for_all_handlers_and_both_calls(self, server: Server) -> None:
        code = f"""
import botocore.session
made = []
create = botocore.session.Session.create_client
def counting(self, *arguments, **keywords):
    made.append(1)
    return create(self, *arguments, **keywords)
botocore.session.Session.create_client = counting
first = batch_handler(work, backoff=Backoff())
second = batch_handler(work, backoff=Backoff(), dead_letter_queue='{server.url}/123456789012/dead')
results = [invoke(first, 'later'), invoke(second, 'never', 'later')]
print(json.dumps([results, len(made)]))
"""
        ran = Ran(code, AWS_ENDPOINT_URL_SQS=server.url, AWS_DEFAULT_REGION="us-east-1", **IN_LAMBDA)

        assert ran.result == [[1, 1], 1]
        assert len(server.requests) == 3

    def test_decorating_does_not_fail_where_no_client_can_be_made(self) -> None:
        code = """
import botocore.session
def broken(*_, **__):
    raise OSError("no certificates")
botocore.session.Session.create_client = broken
handler = batch_handler(work, backoff=Backoff())
print(json.dumps(invoke(handler, "later")))
"""
        ran = Ran(code, **IN_LAMBDA)

        assert ran.result == 1
        assert "stays the queue's: OSError" in ran.log


class TestAClientThatIsSlowToMake:
    """As on a function with little memory, where it takes seconds: longer than a call may."""

    SLOW = """
import botocore.session, time
create = botocore.session.Session.create_client
def slow(self, *arguments, **keywords):
    time.sleep(1)
    return create(self, *arguments, **keywords)
botocore.session.Session.create_client = slow
def invoke(handler, *bodies, seconds):
    return len(handler(sqs_event(*bodies), seconds and LambdaContext(seconds))["batchItemFailures"])
"""

    @pytest.mark.parametrize("seconds", [None, 20])
    def test_is_waited_for_by_the_first_call_where_no_option_needs_it(
        self, seconds: float | None, server: Server
    ) -> None:
        code = f"{self.SLOW}\nprint(json.dumps(invoke(batch_handler(work), 'later', seconds={seconds})))"

        ran = Ran(code, AWS_ENDPOINT_URL_SQS=server.url, **IN_LAMBDA)

        assert ran.result == 1
        assert hidden(server) == [30]
        assert "is hidden for 30 s" in ran.log

    def test_is_not_waited_for_where_there_is_no_time(self, server: Server) -> None:
        slow = self.SLOW.replace("sleep(1)", "sleep(60)")
        code = f"{slow}\nprint(json.dumps(invoke(batch_handler(work), 'later', seconds=1.2)))"

        ran = Ran(code, AWS_ENDPOINT_URL_SQS=server.url, **IN_LAMBDA)

        assert ran.result == 1
        assert "hidden" not in ran.log
        assert "the visibility timeout of 1 message stays the queue's: no" in ran.log  # answer in time, or time left
