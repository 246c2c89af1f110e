"""Polls all event source mappings of an endpoint, as they are now."""

import threading
from types import TracebackType
from typing import Self

from local.clients import Clients
from local.happenings import Listener
from local.mappings import take_over_mappings
from local.poller import Poller
from local.trouble import AWS_ERRORS, Pauses, Troubles

_REFRESH_SECONDS = 2.0


class Pollers:
    """One poller a mapping, for as long as a `with` block runs; at its end batches in flight are finished.

    Args:
        endpoint_url: the endpoint's address, for messages.
        clients: clients of that endpoint.
        tell: who hears what happens; called from several threads.
    """

    def __init__(self, endpoint_url: str, clients: Clients, tell: Listener) -> None:
        self._clients = clients
        self._tell = tell
        self._troubles = Troubles(endpoint_url, tell)
        self._running: dict[str, Poller] = {}
        self._stopped: list[Poller] = []

    def __enter__(self) -> Self:
        """Wait until the endpoint answers, and begin to poll its mappings."""
        pauses = Pauses()
        while not self.refresh():
            threading.Event().wait(pauses.after_failure())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Finish what is in flight, and stop. A signal meanwhile ends the waiting."""
        for poller in self._running.values():
            poller.stop()
        for poller in [*self._running.values(), *self._stopped]:
            poller.join()

    def __len__(self) -> int:
        """Say how many mappings are polled."""
        return len(self._running)

    def check(self) -> None:
        """Raise if a poller came to an end that is not foreseen."""
        for poller in self._running.values():
            poller.check()

    def refresh(self) -> bool:
        """Look for mappings that are new, changed or gone: a deploy may change them at any time.

        Returns:
            Whether the endpoint could be asked.
        """
        try:
            mappings = {mapping.uuid: mapping for mapping in take_over_mappings(self._clients.functions)}
        except AWS_ERRORS as error:
            self._troubles.began("the list of event source mappings", error)
            return False
        self._troubles.ended("the list of event source mappings")
        for uuid, poller in list(self._running.items()):
            if mappings.get(uuid) != poller.mapping:
                poller.stop()
                self._stopped.append(self._running.pop(uuid))
        for uuid, mapping in mappings.items():
            if uuid not in self._running:
                self._running[uuid] = Poller(mapping, self._clients, self._tell, self._troubles)
                self._running[uuid].start()
        return True

    def follow(self) -> None:
        """Keep up with the mappings for a while, then return. To be called again and again."""
        threading.Event().wait(_REFRESH_SECONDS)
        self.check()
        self.refresh()
