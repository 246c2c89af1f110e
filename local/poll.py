"""Runs only the event source mappings of an endpoint, until it is told to stop."""

import threading
from typing import NoReturn

from local.apart import make_clients_apart
from local.endpoints import check_endpoint, use_dummy_credentials_if_none
from local.happenings import BatchReceived, Happening, in_words
from local.pollers import Pollers

_print_lock = threading.Lock()


def run_poll(
    endpoint_url: str, sqs_endpoint_url: str | None = None, lambda_endpoint_url: str | None = None
) -> NoReturn:
    """Poll the event source mappings of an endpoint until interrupted.

    Args:
        endpoint_url: what has the mappings, and SQS and Lambda if they are not named apart. On a loopback address,
            dummy credentials are used if there are none.
        sqs_endpoint_url: where the queues are, if elsewhere.
        lambda_endpoint_url: where the functions run, if elsewhere.

    Raises:
        LocalError: an address is none, or it is AWS itself.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. What was in flight is finished by then.
    """
    for url in (endpoint_url, sqs_endpoint_url, lambda_endpoint_url):
        if url is not None:
            check_endpoint(url)
    use_dummy_credentials_if_none(endpoint_url)
    clients = make_clients_apart(endpoint_url, sqs_endpoint_url, lambda_endpoint_url)
    with Pollers(endpoint_url, clients, _print_happening) as pollers:
        _print(f"ready: polling {count_mappings(len(pollers))} on {endpoint_url}; Ctrl-C stops it")
        while True:
            pollers.follow()


def count_mappings(number: int) -> str:
    """Say how many mappings there are."""
    return f"{number} event source mapping{'' if number == 1 else 's'}"


def _print_happening(happening: Happening) -> None:
    if not isinstance(happening, BatchReceived):  # its end is told soon
        _print(in_words(happening))


def _print(line: str) -> None:
    with _print_lock:
        print(line, flush=True)
