"""`poll` with the mappings that are deployed beside queues elsewhere. A second emulator plays AWS."""

import contextlib
import dataclasses
import http.server
import os
import signal
import threading

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from sqslab.clients import make_clients
from sqslab.deployed import mappings as deployed_module
from sqslab.deployed import switch as switch_module
from sqslab.deployed.mappings import DeployedMapping, clients_of, connect, find_mappings
from sqslab.deployed.matching import match_functions
from sqslab.deployed.polled_mappings import RemoteMappings
from sqslab.deployed.switch import MappingSwitch, put_back_after_a_kill, run_restore
from sqslab.deployed.switch_notes import in_use, left_notes
from sqslab.deployed.takeover import MappingSelection, Takeover
from sqslab.errors import SqslabError, UsageError
from sqslab.mapping.event_source_mapping import descriptions_of_sqs
from sqslab.mapping.events import OutageBegan
from sqslab.stack.emulator import Emulator
from sqslab.stack.project import Project
from sqslab.workers import Workers

HERE = "def lambda_handler(event, context): pass"
# It fails every message, so that one can see which function had it.
DEPLOYED = "def lambda_handler(event, context): raise ValueError('deployed')"


@pytest.fixture(scope="module")
def aws(emulator):
    with Emulator() as second:
        yield second


@pytest.fixture(scope="module")
def there(aws):
    return make_clients(aws.endpoint_url)


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "sqslab"


@pytest.fixture
def deploy(there, make_function_on):
    """Makes a queue with a function and a mapping on the side that plays AWS."""
    made = []

    def deploy(name, *, enabled=True):
        url = there.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
        arn = there.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        function_arn = make_function_on(there.functions, name, DEPLOYED)
        mapping = there.functions.create_event_source_mapping(
            EventSourceArn=arn, FunctionName=function_arn, Enabled=enabled, BatchSize=1
        )
        made.append((mapping["UUID"], function_arn))
        return url, mapping["UUID"]

    yield deploy
    for uuid, function_arn in made:
        there.functions.delete_event_source_mapping(UUID=uuid)
        there.functions.delete_function(FunctionName=function_arn)


@pytest.fixture
def poll(run_local, emulator, aws):
    def run(*options, endpoint_url=emulator.endpoint_url, **more):
        sides = ("--sqs-endpoint-url", aws.endpoint_url, "--lambda-endpoint-url", endpoint_url)
        return run_local("poll", *sides, *options, **more)

    return run


def state_of(there, uuid):
    return there.functions.get_event_source_mapping(UUID=uuid)["State"]


def left_in(there, url):
    attributes = there.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]), int(attributes["ApproximateNumberOfMessagesNotVisible"])


def test_deployed_mappings_drive_functions_here_and_are_put_back(
    poll, deploy, there, make_function, wait_for, state, aws
):
    # given one mapping that is on, one that is off, and one that is not meant
    on_url, on = deploy("deployed-on")
    _, off = deploy("deployed-off", enabled=False)
    _, other = deploy("deployed-other")
    make_function("here-on", HERE)
    make_function("here-off", HERE)
    program = poll("--yes", "--function", "deployed-on=here-on", "--function", "deployed-off=here-off")
    wait_for(lambda: program.has_said("ready: polling 2 event source mappings"))
    assert [state_of(there, uuid) for uuid in (on, off, other)] == ["Disabled", "Disabled", "Enabled"]
    # when
    there.sqs.send_message(QueueUrl=on_url, MessageBody="x")
    # then the function here has it, and it is off the queue
    wait_for(lambda: "deployed-on: 1 message done, 0 failed" in program.lines)
    assert left_in(there, on_url) == (0, 0)
    # and when it is told to stop
    program.signal(signal.SIGTERM)
    assert program.exit_code() == 0, program.output
    assert [state_of(there, uuid) for uuid in (on, off, other)] == ["Enabled", "Disabled", "Enabled"]
    assert program.lines[-1].startswith("switched on again: 1 event source mapping of account 000000000000")
    assert list(state.iterdir()) == []
    # the deployed function has the next one: it fails, so the message stays in flight
    there.sqs.send_message(QueueUrl=on_url, MessageBody="x")
    wait_for(lambda: left_in(there, on_url) == (0, 1))


def test_what_is_put_back_does_not_depend_on_the_functions_endpoint(poll, deploy, there, make_function_on, wait_for):
    _, uuid = deploy("deployed-gone")
    with Emulator() as here:
        make_function_on(make_clients(here.endpoint_url).functions, "deployed-gone", HERE)
        program = poll("--yes", "--function", "deployed-gone=deployed-gone", endpoint_url=here.endpoint_url)
        wait_for(lambda: program.has_said("ready"))
    program.signal(signal.SIGINT)
    assert program.exit_code() == 0, program.output
    assert state_of(there, uuid) == "Enabled"


def test_without_a_terminal_consent_has_to_be_given_beforehand(poll, deploy, there, make_function):
    _, uuid = deploy("deployed-ask")
    make_function("deployed-ask", HERE)
    program = poll("--function", "deployed-ask=deployed-ask")
    assert program.exit_code() == 2
    assert program.lines[0].startswith("error: This needs your consent")
    assert "account 000000000000, region us-east-1" in program.lines[1]
    assert "deployed-ask -> deployed-ask: will be switched off, and on again at the end" in program.lines[2]
    assert state_of(there, uuid) == "Enabled"


@pytest.mark.parametrize(("answer", "agreed"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_it_asks_first(poll, deploy, there, make_function, wait_for, answer, agreed):
    # given
    name = f"deployed-answer-{answer}"
    _, uuid = deploy(name)
    make_function(name, HERE)
    ours, its = os.openpty()
    program = poll("--function", f"{name}={name}", stdin=its)
    os.close(its)
    wait_for(lambda: program.has_said("Until then all messages of these queues go to the functions at"))
    assert state_of(there, uuid) == "Enabled"
    # when
    os.write(ours, f"{answer}\n".encode())
    # then
    if agreed:
        wait_for(lambda: any("ready: polling 1 event source mapping" in line for line in program.lines))
        assert state_of(there, uuid) == "Disabled"
        program.signal(signal.SIGTERM)
        assert program.exit_code() == 0, program.output
    else:
        assert program.exit_code() == 1
        assert "You did not say yes. Nothing was changed." in program.output
    assert state_of(there, uuid) == "Enabled"
    os.close(ours)


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (["--yes"], 2, "Say which event source mappings"),
        (["--yes", "--stack-name", "no-such"], 1, "No function of a stack no-such has a queue in account 0"),
        (["--yes", "--function", "no-such=here"], 1, "No function no-such has a queue in account 0"),
        (["--yes", "--function", "deployed-alone=no-such"], 1, "has no function for deployed-alone (as no-such)"),
    ],
)
def test_what_cannot_be_found_is_named_and_nothing_is_switched_off(poll, deploy, there, options, code, error):
    _, uuid = deploy("deployed-alone")
    program = poll(*options)
    assert program.exit_code() == code
    assert error in program.lines[0]
    assert len(program.lines) == 1
    assert state_of(there, uuid) == "Enabled"


@pytest.mark.parametrize(
    "options",
    [
        ["--sqs-endpoint-url", "http://127.0.0.1:1"],
        ["--endpoint-url", "http://127.0.0.1:1", "--yes"],
        ["--endpoint-url", "http://127.0.0.1:1", "--stack-name", "s"],
        ["--endpoint-url", "http://127.0.0.1:1", "--sqs-endpoint-url", "http://127.0.0.1:2", "--function", "no-pair"],
    ],
)
def test_options_that_do_not_go_together_are_refused(run_local, options):
    program = run_local("poll", *options)
    assert program.exit_code() == 2
    assert "error: " in program.output.lower()


@pytest.mark.parametrize(
    "url", ["https://lambda.eu-west-1.amazonaws.com", "http://sqs.eu-west-1.amazonaws.com", "https://s3.amazonaws.com"]
)
def test_what_is_aws_and_not_sqs_in_a_region_is_refused(run_local, url):
    program = run_local("poll", "--sqs-endpoint-url", url, "--lambda-endpoint-url", "http://127.0.0.1:1")
    assert program.exit_code() == 1
    assert program.output.startswith(f"error: {url} is AWS, and does not say which region's SQS.")
    assert len(program.lines) == 1


def test_aws_needs_credentials_and_never_gets_dummy_ones(run_local):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    program = run_local(
        *("poll", "--sqs-endpoint-url", "https://sqs.eu-west-1.amazonaws.com"),
        *("--lambda-endpoint-url", "http://127.0.0.1:1", "--function", "a=b"),
        environment=environment | {"AWS_EC2_METADATA_DISABLED": "true"},
    )
    assert program.exit_code() == 1
    assert program.output.startswith("error: There are no AWS credentials for https://sqs.eu-west-1.amazonaws.com.")


def test_on_aws_region_and_addresses_come_from_the_url_whatever_is_set_for_an_emulator(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    clients = clients_of("https://sqs.eu-west-1.amazonaws.com")
    assert [client.meta.endpoint_url for client in clients] == [
        "https://sts.eu-west-1.amazonaws.com",
        "https://sqs.eu-west-1.amazonaws.com",
        "https://lambda.eu-west-1.amazonaws.com",
        "https://cloudformation.eu-west-1.amazonaws.com",
    ]
    assert {client.meta.region_name for client in clients} == {"eu-west-1"}


class _Listening(http.server.BaseHTTPRequestHandler):
    """Refuses everything, and notes what it was asked for."""

    def do_POST(self):
        self.server.asked.append(self.path)
        self.send_error(403)

    do_CONNECT = do_POST  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def listen():
    with contextlib.ExitStack() as running:

        def start():
            server = running.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Listening))
            server.asked = []
            threading.Thread(target=server.serve_forever).start()
            running.callback(server.shutdown)
            server.url = f"http://127.0.0.1:{server.server_port}"
            return server

        yield start


def test_a_roles_credentials_come_from_aws_whatever_is_set_for_an_emulator(listen, monkeypatch, tmp_path):
    # given a role, the address of an emulator, and a proxy that sees who is asked
    emulator, proxy = listen(), listen()
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = real\naws_secret_access_key = real\n[profile dev]\nregion = eu-west-1\n"
        "role_arn = arn:aws:iam::123456789012:role/dev\nsource_profile = base\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "dev",
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ENDPOINT_URL_STS": emulator.url,
        "AWS_MAX_ATTEMPTS": "1",
        "HTTPS_PROXY": proxy.url,
    }.items():
        monkeypatch.setenv(name, value)
    # when the credentials are needed
    _, sqs, *_ = clients_of("https://sqs.eu-west-1.amazonaws.com")
    with pytest.raises(BotoCoreError):
        sqs.list_queues()
    # then
    assert emulator.asked == []
    assert set(proxy.asked) == {"sts.eu-west-1.amazonaws.com:443"}


def test_the_side_of_the_queues_is_used_with_the_users_own_credentials(aws, monkeypatch):
    # this emulator takes an access key of twelve digits for an account
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    assert connect(aws.endpoint_url).account == "111122223333"


@pytest.fixture
def side(aws):
    return connect(aws.endpoint_url)


class FailsAt:
    """A Lambda client whose nth update of a mapping raises."""

    def __init__(self, functions, number, error):
        self._functions = functions
        self._left = number
        self._error = error

    def __getattr__(self, name):
        return getattr(self._functions, name)

    def update_event_source_mapping(self, **request):
        self._left -= 1
        if self._left == 0:
            raise self._error
        return self._functions.update_event_source_mapping(**request)


def switch_of(side, *names, said=None):
    mappings = find_mappings(side, None, names)
    local_names = {one.mapping.uuid: one.mapping.function_name for one in mappings}
    return MappingSwitch(side, mappings, local_names, (lambda _: None) if said is None else said.append)


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()], ids=["failure", "interrupt"])
def test_a_failure_in_the_middle_of_switching_off_puts_all_back(deploy, there, side, state, error):
    # given
    uuids = [deploy(name)[1] for name in ("middle-1", "middle-2", "middle-3")]
    broken = dataclasses.replace(side, functions=FailsAt(side.functions, 2, error))
    switch = switch_of(broken, "middle-1", "middle-2", "middle-3")
    # when
    with pytest.raises(type(error)):
        switch.switch_off()
    assert sorted(state_of(there, uuid) for uuid in uuids) == ["Disabled", "Enabled", "Enabled"]
    switch.put_back()
    # then
    assert [state_of(there, uuid) for uuid in uuids] == ["Enabled"] * 3
    assert list(state.iterdir()) == []


def test_what_cannot_be_put_back_is_told_with_the_command_and_tried_again_by_restore(deploy, there, side, capsys):
    # given
    _, uuid = deploy("not-back")
    refusal = ClientError({"Error": {"Code": "ExpiredToken", "Message": "too old"}}, "UpdateEventSourceMapping")
    switch = switch_of(dataclasses.replace(side, functions=FailsAt(side.functions, 2, refusal)), "not-back")
    switch.switch_off()
    # when
    with pytest.raises(SqslabError, match="could be switched on again") as raised:
        switch.put_back()
    # then
    command = f"aws lambda update-event-source-mapping --region us-east-1 --enabled --uuid {uuid} --endpoint-url "
    assert raised.value.output.startswith(command)
    assert "ExpiredToken: too old" in raised.value.output
    assert run_restore() == 0
    assert state_of(there, uuid) == "Enabled"
    assert "switched on again: 1 event source mapping" in capsys.readouterr().out
    assert run_restore() == 0
    assert capsys.readouterr().out == "Nothing is left switched off.\n"


def test_restore_refuses_the_credentials_of_another_account(deploy, there, side, monkeypatch, wait_for):
    _, uuid = deploy("other-account")
    switch = switch_of(side, "other-account")
    switch.switch_off()
    switch._note.leave()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    with pytest.raises(SqslabError, match=r"of account 000000000000 are switched off, and .* account 111122223333"):
        run_restore()
    assert state_of(there, uuid) == "Disabled"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    run_restore()
    assert state_of(there, uuid) == "Enabled"


def test_restore_needs_no_region_and_minds_none_that_is_set(deploy, there, side, monkeypatch):
    _, uuid = deploy("other-region")
    switch = switch_of(side, "other-region")
    switch.switch_off()
    switch._note.leave()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    run_restore()
    assert state_of(there, uuid) == "Enabled"


def test_after_a_kill_the_next_run_puts_back_first(poll, deploy, there, side, make_function, wait_for):
    # given
    _, uuid = deploy("killed")
    make_function("killed", HERE)
    program = poll("--yes", "--function", "killed=killed")
    wait_for(lambda: program.has_said("ready"))
    assert [other.uuids for other in in_use()] == [(uuid,)]
    program.signal(signal.SIGKILL)
    program.exit_code()
    assert state_of(there, uuid) == "Disabled"
    # when
    said = []
    put_back_after_a_kill(side, said.append)
    # then
    assert state_of(there, uuid) == "Enabled"
    assert len(said) == 1
    assert list(left_notes()) == in_use() == []


def test_what_another_run_has_switched_off_is_left_to_it(deploy, there, side):
    _, uuid = deploy("taken")
    first = switch_of(side, "taken")
    first.switch_off()
    second = switch_of(side, "taken")
    with pytest.raises(SqslabError, match="A poller on this machine has these mappings"):
        second.switch_off()
    second.put_back()
    assert state_of(there, uuid) == "Disabled"
    first.put_back()
    assert state_of(there, uuid) == "Enabled"


def test_a_mapping_that_was_off_is_not_polled_by_two(deploy, there, side, state, capsys):
    _, uuid = deploy("off-twice", enabled=False)
    said = []
    first, second = switch_of(side, "off-twice", said=said), switch_of(side, "off-twice")
    first.switch_off()
    with pytest.raises(SqslabError, match="A poller on this machine has these mappings"):
        second.switch_off()
    first.put_back()
    assert state_of(there, uuid) == "Disabled"
    assert said == list(state.iterdir()) == []
    second.switch_off()
    second.put_back()


def test_a_mapping_that_a_deployment_switches_on_again_is_switched_off_again(deploy, there, side):
    _, uuid = deploy("again")
    switch = switch_of(side, "again")
    switch.switch_off()
    there.functions.update_event_source_mapping(UUID=uuid, Enabled=True, BatchSize=7)
    (mapping,) = switch.current()
    assert mapping.batch_size == 7
    assert state_of(there, uuid) == "Disabled"
    switch.put_back()
    assert state_of(there, uuid) == "Enabled"


def test_nothing_is_switched_off_that_could_not_be_noted(deploy, there, side, tmp_path, monkeypatch):
    _, uuid = deploy("not-noted")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(SqslabError, match="Nothing was switched off"):
        switch_of(side, "not-noted").switch_off()
    assert state_of(there, uuid) == "Enabled"


class Slow:
    """A Lambda client as AWS is: a mapping is for a while in between two states, and refuses to be changed then."""

    class exceptions:  # noqa: N801 - as boto3 has it
        class ResourceInUseException(Exception):
            pass

        class ResourceNotFoundException(Exception):
            pass

    def __init__(self):
        self.state = "Enabled"
        self.asked = 0

    def get_paginator(self, _):
        return self

    def paginate(self):
        self.asked += 1
        if self.asked % 3 == 0:
            self.state = {"Disabling": "Disabled", "Enabling": "Enabled"}.get(self.state, self.state)
        arn = "arn:aws:sqs:eu-west-1:111122223333:q"
        return [{"EventSourceMappings": [{"UUID": "u", "EventSourceArn": arn, "State": self.state}]}]

    def update_event_source_mapping(self, **request):
        if self.state not in ("Enabled", "Disabled"):
            self.paginate()
            raise self.exceptions.ResourceInUseException
        self.state = "Enabling" if request["Enabled"] else "Disabling"


def test_a_mapping_on_its_way_is_waited_for(side, make_mapping, monkeypatch):
    monkeypatch.setattr(switch_module, "_BETWEEN_LOOKS", 0)
    functions = Slow()
    one = DeployedMapping(make_mapping(uuid="u"), "Enabled", None, None)
    switch = MappingSwitch(dataclasses.replace(side, functions=functions), [one], {"u": "ship"}, lambda _: None)
    switch.switch_off()
    assert functions.state == "Disabled"
    # and back while it is being switched off, as after an interrupt
    functions.state = "Disabling"
    switch.put_back()
    assert functions.state == "Enabling"


class StartLambda:
    """What `sam local start-lambda` answers: it lists nothing, and knows no dry run."""

    class meta:  # noqa: N801 - as boto3 has it
        endpoint_url = "http://127.0.0.1:3001"

    def __init__(self, *names):
        self._names = names

    def get_paginator(self, operation):
        raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 404}}, operation)

    def invoke(self, **request):
        assert request["InvocationType"] == "DryRun"
        status = 501 if request["FunctionName"] in self._names else 404
        raise ClientError({"ResponseMetadata": {"HTTPStatusCode": status}}, "Invoke")


def deployed_mapping(make_mapping, name, logical_id):
    arn = f"arn:aws:lambda:eu-west-1:111122223333:function:{name}:live"
    return DeployedMapping(make_mapping(function_arn=arn), "Enabled", "shop", logical_id)


def test_functions_of_start_lambda_are_known_by_their_names_in_the_template(make_mapping):
    one = deployed_mapping(make_mapping, "shop-Worker-1", "Worker")
    assert match_functions([one], StartLambda("Worker"), {}) == {"uuid-1": "Worker"}
    assert match_functions([one], StartLambda("shop-Worker-1"), {}) == {"uuid-1": "shop-Worker-1"}
    assert match_functions([one], StartLambda("Worker", "mine"), {"Worker": "mine"}) == {"uuid-1": "mine"}
    with pytest.raises(SqslabError, match=r"no function for shop-Worker-1 \(as Worker or shop-Worker-1\)"):
        match_functions([one], StartLambda("Other"), {})


def test_two_functions_of_the_same_name_in_their_templates_are_not_guessed_at(make_mapping, clients, make_function):
    for name in ("guess-1", "guess-2"):
        clients.functions.tag_resource(
            Resource=make_function(name, HERE), Tags={"aws:cloudformation:logical-id": "Guess"}
        )
    one = deployed_mapping(make_mapping, "shop-Guess", "Guess")
    with pytest.raises(SqslabError, match=r"Several functions here are called Guess .* --function shop-Guess=NAME"):
        match_functions([one], clients.functions, {})
    assert match_functions([one], clients.functions, {"shop-Guess": "guess-2"}) == {"uuid-1": "guess-2"}


def test_a_mapping_whose_filters_cannot_be_read_is_not_taken_over(deploy, there, aws, monkeypatch):
    _, uuid = deploy("unreadable")
    error = {"ErrorCode": "KMSAccessDeniedException", "Message": "no right to the key"}
    with_error = [one | {"FilterCriteriaError": error} for one in descriptions_of_sqs(there.functions)]
    monkeypatch.setattr(deployed_module, "descriptions_of_sqs", lambda _: with_error)
    with pytest.raises(
        SqslabError, match="unreadable -> unreadable cannot be read: KMSAccessDeniedException: no right"
    ):
        Takeover(MappingSelection(aws.endpoint_url, functions={"unreadable": "here"}, assumed=True), print)
    assert state_of(there, uuid) == "Enabled"


def test_neither_stack_nor_function_is_a_usage_error(side):
    with pytest.raises(UsageError):
        find_mappings(side, None, ())


def test_restore_is_a_command(run_local):
    program = run_local("restore")
    assert program.exit_code() == 0
    assert program.lines == ["Nothing is left switched off."]


def test_nothing_is_polled_while_functions_are_deployed_again_and_may_have_other_settings(
    deploy, aws, emulator, clients, make_function, tmp_path
):
    # given
    deploy("resting")
    make_function("resting", HERE)
    takeover = Takeover(MappingSelection(aws.endpoint_url, functions={"resting": "resting"}, assumed=True), print)
    polled = RemoteMappings(Project(tmp_path / "template.yaml"), emulator.endpoint_url, None, takeover)
    with Workers(aws.endpoint_url, polled.clients, lambda _: None, mappings=polled.now) as pollers:
        assert len(pollers) == 1
        # when
        with polled.resting(pollers):
            assert len(pollers) == 0
            clients.functions.update_function_configuration(FunctionName="resting", Environment={"Variables": {}})
        # then
        settings = clients.functions.get_function_configuration(FunctionName="resting")["Environment"]["Variables"]
        assert settings == {"AWS_ENDPOINT_URL_SQS": aws.endpoint_url}
        pollers.refresh()
        assert len(pollers) == 1


def test_polling_is_paused_until_functions_that_were_deployed_again_have_the_deployed_settings(
    deploy, aws, emulator, clients, make_function, monkeypatch, tmp_path
):
    # given settings that cannot be read for a while
    deploy("paused")
    make_function("paused", HERE)
    takeover = Takeover(MappingSelection(aws.endpoint_url, functions={"paused": "paused"}, assumed=True), print)
    polled = RemoteMappings(Project(tmp_path / "template.yaml"), emulator.endpoint_url, None, takeover)
    refused = ClientError({"Error": {"Code": "ThrottlingException"}}, "GetFunctionConfiguration")

    def refuse(**_):
        raise refused

    told = []
    with Workers(aws.endpoint_url, polled.clients, told.append, mappings=polled.now) as pollers:
        with monkeypatch.context() as patch:
            patch.setattr(takeover.side.functions, "get_function_configuration", refuse)
            # when
            with pytest.raises(ClientError), polled.resting(pollers):
                clients.functions.update_function_configuration(FunctionName="paused", Environment={"Variables": {}})
            # then
            assert polled.paused
            pollers.refresh()
            assert len(pollers) == 0
            assert [type(one) for one in told] == [OutageBegan]
        # and when they can be read
        pollers.refresh()
        assert len(pollers) == 1
        assert not polled.paused
        settings = clients.functions.get_function_configuration(FunctionName="paused")["Environment"]["Variables"]
        assert settings == {"AWS_ENDPOINT_URL_SQS": aws.endpoint_url}


def test_nothing_is_polled_when_the_list_of_mappings_cannot_be_had_while_functions_are_deployed(
    deploy, aws, emulator, make_function, monkeypatch, tmp_path
):
    deploy("no-list")
    make_function("no-list", HERE)
    takeover = Takeover(MappingSelection(aws.endpoint_url, functions={"no-list": "no-list"}, assumed=True), print)
    polled = RemoteMappings(Project(tmp_path / "template.yaml"), emulator.endpoint_url, None, takeover)
    with Workers(aws.endpoint_url, polled.clients, lambda _: None, mappings=polled.now) as pollers:
        monkeypatch.setattr(polled.switch, "current", lambda: connect("http://127.0.0.1:1"))
        with polled.resting(pollers):
            assert len(pollers) == 0
