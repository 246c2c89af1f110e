"""Runs only the event source mappings of an endpoint, until it is told to stop."""

import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

import boto3
import click

from sqslab.clients import WorkerClients, make_clients
from sqslab.commands.options import deployed_options, select_mappings
from sqslab.deployed.split_clients import make_clients_for_deployed, make_split_clients
from sqslab.deployed.takeover import MappingSelection, Takeover
from sqslab.endpoints import check_endpoint, is_loopback, use_dummy_credentials_if_none
from sqslab.errors import UsageError
from sqslab.mapping.event_source_mapping import EventSourceMapping
from sqslab.mapping.events import BatchReceived, MappingEvent, in_words
from sqslab.stack import environment
from sqslab.workers import Workers

_print_lock = threading.Lock()


@click.command("poll")
@click.option(
    "--endpoint-url",
    metavar="URL",
    help="An emulator that has the event source mappings, the queues and, if not named apart, the functions. Its own "
    "polling is switched off, and stays so.",
)
@deployed_options
def command(
    endpoint_url: str | None,
    lambda_endpoint_url: str | None,
    sqs_endpoint_url: str | None,
    stack_name: str | None,
    functions: tuple[tuple[str, str], ...],
    *,
    yes: bool,
) -> NoReturn:
    """Run only the event source mappings, against any endpoint, until Ctrl-C."""
    selection = select_mappings(sqs_endpoint_url, stack_name, functions, yes=yes)
    if selection is not None and (functions_url := lambda_endpoint_url or endpoint_url) is not None:
        run_poll_deployed(selection, functions_url)
    if selection is not None or endpoint_url is None:
        raise UsageError("Name one endpoint with --endpoint-url, or both --sqs-endpoint-url and --lambda-endpoint-url.")
    run_poll(endpoint_url, lambda_endpoint_url)


def run_poll(endpoint_url: str, lambda_endpoint_url: str | None = None) -> NoReturn:
    """Poll the event source mappings of an endpoint until interrupted.

    Args:
        endpoint_url: what has the mappings, the queues and, if not named apart, the functions. On a loopback address,
            dummy credentials are used if there are none.
        lambda_endpoint_url: where the functions run, if elsewhere.

    Raises:
        SqslabError: an address is none, or it is AWS itself.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. What was in flight is finished by then.
    """
    for url in (endpoint_url, lambda_endpoint_url):
        if url is not None:
            check_endpoint(url)
    use_dummy_credentials_if_none(endpoint_url)
    _poll(endpoint_url, make_split_clients(endpoint_url, lambda_endpoint_url), images=lambda_endpoint_url is not None)


def run_poll_deployed(selection: MappingSelection, lambda_endpoint_url: str) -> NoReturn:
    """Poll deployed mappings for functions elsewhere until interrupted, and put the mappings back.

    Args:
        selection: which mappings.
        lambda_endpoint_url: where the functions run.

    Raises:
        UsageError: it is not said which mappings, or there is no terminal to ask at.
        SqslabError: an address is none, a function is not there, the answer was no, or putting back failed.
        KeyboardInterrupt: Ctrl-C, or a signal that means the same. What was in flight is finished by then.
    """
    check_endpoint(lambda_endpoint_url)
    takeover = Takeover(selection, _print)
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
        _poll(selection.sqs_endpoint_url, clients, switch.current, images=True)
    finally:
        switch.put_back()


def count_mappings(number: int) -> str:
    """Say how many mappings there are."""
    return f"{number} event source mapping{'' if number == 1 else 's'}"


def _poll(
    endpoint_url: str,
    clients: WorkerClients,
    mappings: Callable[[], Sequence[EventSourceMapping]] | None = None,
    *,
    images: bool,
) -> NoReturn:
    with Workers(endpoint_url, clients, _print_event, mappings=mappings, images=images) as pollers:
        _print(f"ready: polling {count_mappings(len(pollers))} on {endpoint_url}; Ctrl-C stops it")
        while True:
            pollers.follow()


def _print_event(mapping_event: MappingEvent) -> None:
    if not isinstance(mapping_event, BatchReceived):  # its end is told soon
        _print(in_words(mapping_event))


def _print(line: str) -> None:
    with _print_lock:
        print(line, flush=True)
