"""What runs until it is told to stop: the whole stack, or the event source mappings alone."""

import ipaddress
import os
import threading
from typing import NoReturn
from urllib.parse import urlsplit

import boto3

from local import environment, stack
from local.clients import make_clients
from local.emulator import Emulator
from local.errors import LocalError
from local.happenings import BatchReceived, Happening, in_words
from local.pollers import Pollers
from local.queues import queues_of
from local.view import make_console, step

_SAMPLES = {
    "Standard": """--message-body '{"order_id": "A1", "quantity": 2}'""",
    "Fifo": "--message-group-id savings --message-deduplication-id 1 "
    """--message-body '{"movement_id": "1", "account": "savings", "amount": 100}'""",
}

_print_lock = threading.Lock()


def run_up(port: int | None) -> NoReturn:
    """Start the emulator, build and deploy the stack, and poll its mappings until interrupted.

    Args:
        port: where the emulator listens; None for a free port.

    Raises:
        LocalError: something could not be started, or the emulator ended.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. All is stopped by then.
    """
    console = make_console()
    emulator = Emulator(port)
    environment.replace_environment(environment.local_environment(emulator.endpoint_url))
    with emulator:
        with step(console, "sam build"):
            stack.build(emulator.endpoint_url, emulator.directory)
        with step(console, "sam deploy"):
            outputs = stack.deploy(emulator.endpoint_url, emulator.directory)
        clients = make_clients(emulator.endpoint_url)
        with Pollers(emulator.endpoint_url, clients, _print_happening) as pollers:
            _print(
                "To use it from another terminal:",
                *(f"  {line}" for line in environment.shell_lines(emulator.endpoint_url)),
                *(
                    f"  aws sqs send-message --queue-url {queue.url} {_SAMPLES[queue.label]}"
                    for queue in queues_of(outputs)
                ),
                "  source .venv/bin/activate",
                "  sam build && sam deploy --config-env local",
                f"  sam logs --stack-name {stack.name()} --tail",
                f"ready: polling {_mappings(len(pollers))} on {emulator.endpoint_url}; Ctrl-C stops everything",
            )
            while True:
                pollers.follow()
                emulator.check()


def run_poll(endpoint_url: str) -> NoReturn:
    """Poll the event source mappings of an endpoint until interrupted.

    Args:
        endpoint_url: where SQS and Lambda answer. On a loopback address, dummy credentials are used if there are none.

    Raises:
        LocalError: the address is none, or it is AWS itself.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. What was in flight is finished by then.
    """
    _check_endpoint(endpoint_url)
    if _is_loopback(endpoint_url):
        _use_dummy_credentials_if_none()
    with Pollers(endpoint_url, make_clients(endpoint_url), _print_happening) as pollers:
        _print(f"ready: polling {_mappings(len(pollers))} on {endpoint_url}; Ctrl-C stops it")
        while True:
            pollers.follow()


def _check_endpoint(endpoint_url: str) -> None:
    try:
        parts = urlsplit(endpoint_url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise LocalError(f"{endpoint_url} is not the URL of an endpoint. Give one such as http://127.0.0.1:4566.")
    if (parts.hostname or "").rstrip(".").endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        # Polling begins with switching the endpoint's own polling off.
        raise LocalError(f"{endpoint_url} is AWS: its event source mappings would be switched off. Nothing was done.")


def _is_loopback(endpoint_url: str) -> bool:
    host = urlsplit(endpoint_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _use_dummy_credentials_if_none() -> None:
    # Else the search for credentials ends at the metadata service of a machine in EC2.
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    session = boto3.Session()
    if session.get_credentials() is None:
        os.environ["AWS_ACCESS_KEY_ID"] = environment.ACCESS_KEY_ID
        os.environ["AWS_SECRET_ACCESS_KEY"] = environment.SECRET_ACCESS_KEY
    if session.region_name is None:
        os.environ["AWS_DEFAULT_REGION"] = environment.REGION


def _print_happening(happening: Happening) -> None:
    if not isinstance(happening, BatchReceived):  # its end is told soon
        _print(in_words(happening))


def _mappings(number: int) -> str:
    return f"{number} event source mapping{'' if number == 1 else 's'}"


def _print(*lines: str) -> None:
    with _print_lock:
        print(*lines, sep="\n", flush=True)
