import os

from sqslab.clients import emulator_session, make_clients
from sqslab.stack.environment import emulator_environment, local_environment, shell_lines

URL = "http://127.0.0.1:4566"
OF_THE_USER = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL_SQS": "https://sqs.us-east-1.amazonaws.com",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "HTTPS_PROXY": "http://proxy:3128",
    "NO_PROXY": "intranet",
    "PERSIST_STATE": "1",
}


def test_nothing_of_the_users_aws_settings_is_left():
    environment = local_environment(URL, OF_THE_USER)
    values = " ".join(environment.values())
    assert "production" not in values
    assert "REAL" not in values.upper()
    assert "amazonaws" not in values
    assert "AWS_USE_FIPS_ENDPOINT" not in environment
    assert environment["AWS_ENDPOINT_URL"] == URL
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_tools_keep_the_rest_and_pass_the_proxy_by_for_loopback():
    environment = local_environment(URL, OF_THE_USER)
    assert environment["HTTPS_PROXY"] == "http://proxy:3128"
    assert environment["NO_PROXY"] == environment["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_the_emulator_sees_none_of_its_own_settings_from_outside():
    environment = emulator_environment(URL, OF_THE_USER)
    assert "PERSIST_STATE" not in environment
    assert "HTTPS_PROXY" not in environment
    assert environment["PATH"] == "/bin"


def test_another_terminal_gets_what_is_needed_and_loses_what_is_in_the_way():
    lines = shell_lines(URL)
    assert f"export AWS_ENDPOINT_URL={URL}" in lines
    assert any(line.startswith("unset") and "AWS_PROFILE" in line for line in lines)


def test_clients_go_where_they_are_told(monkeypatch):
    for name, value in local_environment(URL, {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "https://elsewhere")
    clients = make_clients(URL)
    assert {client.meta.endpoint_url for client in vars(clients).values()} == {URL}


def test_an_invocation_is_never_repeated_and_waited_for_longer_than_any_function_runs(monkeypatch):
    for name, value in local_environment(URL, {}).items():
        monkeypatch.setenv(name, value)
    config = make_clients(URL).functions.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout > 900


def test_a_session_for_an_emulator_has_none_of_the_users_settings(monkeypatch):
    for name in OF_THE_USER.keys() - {"PATH", "HOME"}:
        monkeypatch.setenv(name, OF_THE_USER[name])
    clients = make_clients(URL, emulator_session())
    assert clients.sqs.meta.endpoint_url == URL
    assert clients.sqs.meta.region_name == "us-east-1"
    assert emulator_session().get_credentials().get_frozen_credentials() == ("test", "test", None, None)
