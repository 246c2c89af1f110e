"""`sqslab send`."""

import io
import os

import pytest

from sqslab.commands.send import Outgoing, run_send
from sqslab.errors import SqslabError
from sqslab.stack.emulator import HOST
from sqslab.stack.project import Project
from sqslab.stack.session import Session, announced


@pytest.fixture
def project(tmp_path):
    (tmp_path / "template.yaml").write_text("Resources: {}")
    return Project.find(str(tmp_path))


@pytest.fixture
def make_queue(clients, request):
    def make(name, **attributes):
        return clients.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    return make


@pytest.fixture
def receive(clients):
    def receive(url):
        (message,) = clients.sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])["Messages"]
        return message

    return receive


@pytest.mark.parametrize("by", ["name", "URL"])
def test_a_message_is_sent_to_a_queue_by_its_name_or_url(project, emulator, make_queue, receive, capsys, by):
    url = make_queue(f"send-by-{by}")
    queue = url if by == "URL" else f"send-by-{by}"
    run_send(Outgoing(queue, " the body\t"), project, emulator.endpoint_url)
    message = receive(url)
    assert message["Body"] == " the body\t"
    said = capsys.readouterr().out
    assert said == f"sent {message['MessageId']} to send-by-{by}\n"


def test_a_queue_is_known_by_its_name_in_the_template(project, emulator, clients, receive):
    clients.cloudformation.create_stack(
        StackName="some-queues", TemplateBody="Resources: {Jobs: {Type: 'AWS::SQS::Queue'}}"
    )
    clients.cloudformation.get_waiter("stack_create_complete").wait(StackName="some-queues")
    with announced(project, Session(emulator.endpoint_url, "some-queues")):
        run_send(Outgoing("Jobs", "x"), project, emulator.endpoint_url)
        (url,) = clients.sqs.list_queues(QueueNamePrefix="some-queues-Jobs")["QueueUrls"]
        assert receive(url)["Body"] == "x"
        with pytest.raises(SqslabError, match=r"no queue Job at .*The stack some-queues has Jobs\."):
            run_send(Outgoing("Job", "x"), project, emulator.endpoint_url)


def test_the_body_may_come_from_standard_input(project, emulator, make_queue, receive, monkeypatch):
    url = make_queue("from-standard-input")
    monkeypatch.setattr("sys.stdin", io.StringIO('{"a": 1}\n'))
    run_send(Outgoing("from-standard-input", "-"), project, emulator.endpoint_url)
    assert receive(url)["Body"] == '{"a": 1}\n'


def test_a_fifo_queue_gets_group_and_deduplication_id(project, emulator, make_queue, receive):
    url = make_queue("ids.fifo", FifoQueue="true")
    run_send(Outgoing("ids.fifo", "x", group="g", deduplication_id="d"), project, emulator.endpoint_url)
    attributes = receive(url)["Attributes"]
    assert attributes["MessageGroupId"] == "g"
    assert attributes["MessageDeduplicationId"] == "d"


@pytest.mark.parametrize(("by_content", "arrive"), [("false", 2), ("true", 1)])
def test_the_same_message_twice_is_two_unless_the_queue_deduplicates_by_content(
    project, emulator, clients, make_queue, by_content, arrive
):
    url = make_queue(f"twice-{by_content}.fifo", FifoQueue="true", ContentBasedDeduplication=by_content)
    for _ in range(2):
        run_send(Outgoing(f"twice-{by_content}.fifo", "x", group="g"), project, emulator.endpoint_url)
    messages = clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert len(messages) == arrive


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (Outgoing("refuses.fifo", "x"), "say which group .* with --group"),
        (Outgoing("refuses", "x", deduplication_id="d"), "only a FIFO queue takes a --deduplication-id"),
        (Outgoing("refuses", ""), "The body is empty"),
        (Outgoing("not-there", "x"), "There is no queue not-there at"),
    ],
)
def test_what_the_queue_cannot_take_is_one_clear_error(project, emulator, make_queue, message, error):
    make_queue("refuses")
    make_queue("refuses.fifo", FifoQueue="true")
    with pytest.raises(SqslabError, match=error):
        run_send(message, project, emulator.endpoint_url)


def test_the_endpoint_may_come_from_the_environment(project, emulator, make_queue, receive, monkeypatch):
    url = make_queue("by-environment")
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint_url)
    run_send(Outgoing("by-environment", "x"), project, None)
    assert receive(url)["Body"] == "x"


def test_without_anything_that_runs_it_says_how_to_start_it(project, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(SqslabError, match="Start `sqslab up`"):
        run_send(Outgoing("any", "x"), project, None)


def test_aws_itself_is_refused(project):
    with pytest.raises(SqslabError, match="is AWS itself"):
        run_send(Outgoing("any", "x"), project, "https://sqs.us-east-1.amazonaws.com")


def test_an_endpoint_that_does_not_answer_is_told_in_one_message(run_local, free_port):
    program = run_local("send", "any", "x", "--endpoint-url", f"http://{HOST}:{free_port}", environment=os.environ)
    assert program.exit_code() == 1
    assert len(program.lines) == 1
    assert program.output.startswith("error: Could not connect to the endpoint")
