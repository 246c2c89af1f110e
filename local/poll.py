"""Runs only the event source mappings of an endpoint, until it is told to stop."""

import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

import boto3

from local import environment
from local.apart import make_clients_apart, make_clients_for_deployed
from local.clients import PollerClients, make_clients
from local.endpoints import check_endpoint, is_loopback, use_dummy_credentials_if_none
from local.happenings import BatchReceived, Happening, in_words
from local.mappings import EventSourceMapping
from local.pollers import Pollers
from local.takeover import Takeover, Wish

_print_lock = threading.Lock()


def run_poll(endpoint_url: str, lambda_endpoint_url: str | None = None) -> NoReturn:
    """Poll the event source mappings of an endpoint until interrupted.

    Args:
        endpoint_url: what has the mappings, the queues and, if not named apart, the functions. On a loopback address,
            dummy credentials are used if there are none.
        lambda_endpoint_url: where the functions run, if elsewhere.

    Raises:
        LocalError: an address is none, or it is AWS itself.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. What was in flight is finished by then.
    """
    for url in (endpoint_url, lambda_endpoint_url):
        if url is not None:
            check_endpoint(url)
    use_dummy_credentials_if_none(endpoint_url)
    _poll(endpoint_url, make_clients_apart(endpoint_url, lambda_endpoint_url), images=lambda_endpoint_url is not None)


def run_poll_deployed(wish: Wish, lambda_endpoint_url: str) -> NoReturn:
    """Poll deployed mappings for functions elsewhere until interrupted, and put the mappings back.

    Args:
        wish: which mappings.
        lambda_endpoint_url: where the functions run.

    Raises:
        UsageError: it is not said which mappings, or there is no terminal to ask at.
        LocalError: an address is none, a function is not there, the answer was no, or putting back failed.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. What was in flight is finished by then.
    """
    check_endpoint(lambda_endpoint_url)
    takeover = Takeover(wish, _print)
    region = takeover.side.region
    session = boto3.Session(region_name=region)
    if is_loopback(lambda_endpoint_url):  # the user's own credentials are for the side with the queues
        session = boto3.Session(environment.ACCESS_KEY_ID, environment.SECRET_ACCESS_KEY, region_name=region)
    functions = make_clients(lambda_endpoint_url, session).functions
    switch = takeover.switch(functions)
    takeover.ask(lambda_endpoint_url)
    try:
        switch.switch_off()
        clients = make_clients_for_deployed(takeover.side, functions)
        _poll(wish.sqs_endpoint_url, clients, switch.current, images=True)
    finally:
        switch.put_back()


def count_mappings(number: int) -> str:
    """Say how many mappings there are."""
    return f"{number} event source mapping{'' if number == 1 else 's'}"


def _poll(
    endpoint_url: str,
    clients: PollerClients,
    mappings: Callable[[], Sequence[EventSourceMapping]] | None = None,
    *,
    images: bool,
) -> NoReturn:
    with Pollers(endpoint_url, clients, _print_happening, mappings=mappings, images=images) as pollers:
        _print(f"ready: polling {count_mappings(len(pollers))} on {endpoint_url}; Ctrl-C stops it")
        while True:
            pollers.follow()


def _print_happening(happening: Happening) -> None:
    if not isinstance(happening, BatchReceived):  # its end is told soon
        _print(in_words(happening))


def _print(line: str) -> None:
    with _print_lock:
        print(line, flush=True)
