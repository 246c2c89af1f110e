"""`poll` and `up` with the mappings of an endpoint and functions at another."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from sqslab.clients import make_clients
from sqslab.deployed.split_clients import make_clients_for_deployed, make_split_clients
from sqslab.stack import sam
from sqslab.stack.emulator import HOST, Emulator
from sqslab.stack.project import Project
from sqslab_testing.up import TEMPLATE, Up

BASE_IMAGE = "public.ecr.aws/lambda/python:3.13-x86_64"
SLOW_SOURCE = """
import time
def handler(event, context):
    if event["Records"][0]["body"] == "slow":
        time.sleep(600)
    if event["Records"][0]["body"] == "raise":
        raise ValueError("no")
    failed = [record for record in event["Records"] if record["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}
"""


@pytest.fixture(scope="module")
def elsewhere(emulator):
    with Emulator() as second:
        yield second


@pytest.fixture(scope="module")
def there(elsewhere):
    return make_clients(elsewhere.endpoint_url)


def left_in(clients, url):
    attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]), int(attributes["ApproximateNumberOfMessagesNotVisible"])


def test_functions_at_another_endpoint_run_there(emulator, elsewhere, there, clients, make_function_on):
    # given a function of that name at both, with different answers
    answers = {client: f"def lambda_handler(event, context): return '{client}'" for client in ("here", "there")}
    arn = make_function_on(clients.functions, "both", answers["here"])
    make_function_on(there.functions, "both", answers["there"])
    # when
    apart = make_split_clients(emulator.endpoint_url, lambda_endpoint_url=elsewhere.endpoint_url)
    response = apart.functions.invoke(FunctionName=arn, Payload=b"{}")
    # then
    assert json.loads(response["Payload"].read()) == "there"
    assert "FunctionError" not in response


def test_up_runs_functions_at_another_endpoint_by_their_names_in_the_template(
    elsewhere, there, make_function_on, tmp_path, tmp_path_factory, wait_for
):
    # given a function that fails every message, where the one of the stack would not
    source = (
        "def lambda_handler(e, c): return {'batchItemFailures': [{'itemIdentifier': e['Records'][0]['messageId']}]}"
    )
    make_function_on(there.functions, "Worker", source)
    temporary = tmp_path_factory.mktemp("temporary")
    up = Up(tmp_path, temporary, "--lambda-endpoint-url", elsewhere.endpoint_url)
    try:
        wait_for(lambda: up.program.has_said("ready"), seconds=120)
        # when
        up.send("fine")
        # then
        wait_for(lambda: up.count("0 messages done, 1 failed"))
        assert up.count("1 message done") == 0
    finally:
        up.program.close()


ERRORS = {
    "python": {"errorType": "ValueError", "errorMessage": "no", "requestId": "1", "stackTrace": ["  File ..."]},
    "nodejs": {"errorType": "Error", "errorMessage": "no", "trace": ["Error: no", "    at exports.handler (app.js)"]},
    "ruby": {"errorType": "Function<RuntimeError>", "errorMessage": "no", "stackTrace": ["app.rb:2:in `handler'"]},
    "java": {
        "errorType": "java.lang.RuntimeException",
        "errorMessage": "no",
        "stackTrace": ["App.handle(App.java:2)"],
        "cause": {"errorType": "java.io.IOException", "errorMessage": "no", "stackTrace": []},
    },
    "dotnet": {
        "errorType": "AggregateException",
        "errorMessage": "no",
        "stackTrace": ["at App.Handle()"],
        "cause": {"errorType": "IOException", "errorMessage": "no", "stackTrace": []},
        "causes": [{"errorType": "IOException", "errorMessage": "no", "stackTrace": []}],
    },
    "go": {"errorType": "errorString", "errorMessage": "no"},
}


@pytest.mark.parametrize("runtime", ERRORS)
def test_the_error_of_a_runtime_is_told_from_a_response(runtime, stage):
    stage.functions.answer = json.dumps(ERRORS[runtime]).encode()
    apart = make_clients_for_deployed(stage, stage.functions).functions
    response = apart.invoke(FunctionName="arn:aws:lambda:us-east-1:000000000000:function:ship", Payload=b"{}")
    assert response["FunctionError"] == "Unhandled"
    assert json.loads(response["Payload"].read()) == ERRORS[runtime]


@pytest.mark.parametrize("answer", [{}, {"batchItemFailures": []}, {"errorType": "mine", "errorMessage": "m", "id": 1}])
def test_what_a_function_returns_is_no_error(answer, stage):
    stage.functions.answer = json.dumps(answer).encode()
    apart = make_clients_for_deployed(stage, stage.functions).functions
    response = apart.invoke(FunctionName="arn:aws:lambda:us-east-1:000000000000:function:ship", Payload=b"{}")
    assert "FunctionError" not in response


def test_a_function_that_is_nowhere_is_an_error(emulator, elsewhere):
    apart = make_split_clients(emulator.endpoint_url, lambda_endpoint_url=elsewhere.endpoint_url)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        apart.functions.invoke(FunctionName="arn:aws:lambda:us-east-1:000000000000:function:nowhere", Payload=b"{}")


@pytest.mark.parametrize("other", ["--endpoint-url", "--sqs-endpoint-url"])
def test_aws_itself_is_refused_where_functions_run(run_local, emulator, other):
    url = "https://lambda.eu-west-1.amazonaws.com"
    program = run_local("poll", other, emulator.endpoint_url, "--lambda-endpoint-url", url)
    assert program.exit_code() == 1
    assert program.output.startswith(f"error: {url} is AWS itself")
    assert len(program.lines) == 1


@pytest.fixture
def docker():
    """Skips the test where no Docker engine answers, or fails it if REQUIRE_DOCKER is 1."""
    command = shutil.which("docker")
    if command and subprocess.run([command, "version"], capture_output=True).returncode == 0:
        return command
    reason = "no Docker engine answers `docker version`, and sam local start-lambda needs one"
    if os.environ.get("REQUIRE_DOCKER") == "1":
        pytest.fail(f"{reason} (REQUIRE_DOCKER is 1)")
    return pytest.skip(reason)


@pytest.fixture
def start_lambda(docker, emulator, tmp_path, free_port, wait_for):
    """The small stack, deployed to the emulator, with its function run by `sam local start-lambda`."""
    folder = tmp_path / "in_docker"
    (folder / "worker").mkdir(parents=True)
    (folder / "template.yaml").write_text(TEMPLATE.replace("VisibilityTimeout: 2", "VisibilityTimeout: 600"))
    (folder / "worker" / "app.py").write_text(SLOW_SOURCE)
    project = Project.find(str(folder))
    sam.build(emulator.endpoint_url, emulator.directory, project)
    sam.deploy(emulator.endpoint_url, emulator.directory, project)
    is_there = subprocess.run([docker, "image", "inspect", BASE_IMAGE], capture_output=True).returncode == 0
    # No credentials at all: with some, even made-up ones, it asks AWS whose they are.
    users = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = users | {"AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull, "SAM_CLI_TELEMETRY": "0"}
    environment |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    environment["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    log = tmp_path / "start-lambda.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                *(str(sam.find_sam()), "local", "start-lambda", "--port", str(free_port), "--host", HOST),
                *(["--skip-pull-image"] if is_there else []),
            ],
            cwd=folder,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: "Running on http" in log.read_text() or process.poll() is not None, seconds=120)
        assert process.poll() is None, log.read_text()
        yield f"http://{HOST}:{free_port}"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_functions_of_sam_local_start_lambda_are_run_in_the_lambda_image(
    run_local, emulator, clients, start_lambda, wait_for
):
    # given
    (url,) = clients.sqs.list_queues(QueueNamePrefix="in-docker-local-Jobs")["QueueUrls"]
    program = run_local("poll", "--endpoint-url", emulator.endpoint_url, "--lambda-endpoint-url", start_lambda)
    wait_for(lambda: program.has_said("ready"))
    # when
    for body in ("fine", "bad", "raise", "slow"):
        clients.sqs.send_message(QueueUrl=url, MessageBody=body)
    # then all but the first are kept: what was reported, what raised, and what was stopped at its timeout
    expected = {
        "1 message done, 0 failed": 1,
        "0 messages done, 1 failed": 1,
        "1 message kept, the function failed: ValueError: no": 1,
        "1 message kept, the function failed: NoResponse": 1,
    }
    wait_for(lambda: {words: program.output.count(words) for words in expected} == expected, seconds=120)
    assert left_in(clients, url) == (0, 3), program.output
    program.signal(signal.SIGTERM)
    assert program.exit_code() == 0, program.output
