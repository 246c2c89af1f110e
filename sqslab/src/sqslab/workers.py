"""Polls all event source mappings of an endpoint, as they are now."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from sqslab.aws_errors import AWS_ERRORS
from sqslab.clients import WorkerClients
from sqslab.endpoint_lock import EndpointLock
from sqslab.mapping.event_source_mapping import EventSourceMapping, refusal, take_over_mappings
from sqslab.mapping.events import Listener, MappingQuestioned, MappingSkipped, OtherPoller
from sqslab.mapping.outages import Outages, Pauses
from sqslab.mapping.sqs_source import visibility_timeout_of
from sqslab.mapping.worker import Worker
from sqslab.simulator.clock import Clock, RealClock

_REFRESH_SECONDS = 2.0


class Workers:
    """One poller a mapping, for as long as a `with` block runs; at its end batches in flight are finished.

    Args:
        endpoint_url: the endpoint's address, for messages.
        clients: clients of that endpoint.
        tell: who hears what happens; called from several threads.
        clock: whose time it is; this machine's if None.
        mappings: gives the mappings to poll, as they are now; if None, all of the endpoint, taken over from it.
        images: whether functions that are container images are known to run.
    """

    def __init__(
        self,
        endpoint_url: str,
        clients: WorkerClients,
        tell: Listener,
        clock: Clock | None = None,
        *,
        mappings: Callable[[], Sequence[EventSourceMapping]] | None = None,
        images: bool = False,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._clients = clients
        self._tell = tell
        self._clock: Clock = clock or RealClock()
        self._mappings = mappings or (lambda: take_over_mappings(clients.functions))
        self._images = images
        self._claimed = ExitStack()
        self._outages = Outages(endpoint_url, tell)
        self._running: dict[str, Worker] = {}
        self._stopped: list[Worker] = []
        self._refused: dict[str, EventSourceMapping] = {}

    def __enter__(self) -> Self:
        """Wait until the endpoint answers, and begin to poll its mappings."""
        if self._claimed.enter_context(EndpointLock(self._endpoint_url)).taken:
            self._tell(OtherPoller(self._endpoint_url))
        pauses = Pauses()
        try:
            while not self.refresh():
                self._clock.wait(None, pauses.after_failure())
        except BaseException:
            self._claimed.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Finish what is in flight, and stop. A signal meanwhile ends the waiting."""
        with self._claimed:
            for poller in self._running.values():
                poller.stop()
            for poller in [*self._running.values(), *self._stopped]:
                poller.join()

    def __len__(self) -> int:
        """Say how many mappings are polled."""
        return len(self._running)

    def check(self) -> None:
        """Raise if a poller came to an end that is not foreseen."""
        for poller in [*self._running.values(), *self._stopped]:
            poller.check()
        self._stopped = [poller for poller in self._stopped if not poller.done]

    def refresh(self) -> bool:
        """Look for mappings that are new, changed or gone: a deploy may change them at any time.

        Returns:
            Whether the endpoint could be asked.
        """
        try:
            mappings = {mapping.uuid: mapping for mapping in self._mappings()}
        except AWS_ERRORS as error:
            self._outages.began("the list of event source mappings", error)
            return False
        self._outages.ended("the list of event source mappings")
        for uuid, poller in list(self._running.items()):
            if mappings.get(uuid) != poller.mapping:
                poller.stop()
                self._stopped.append(self._running.pop(uuid))
        for uuid, mapping in mappings.items():
            if uuid not in self._running and not self._refuse(mapping):
                self._question_timeouts(mapping)
                self._running[uuid] = Worker(mapping, self._clients, self._tell, self._outages, self._clock)
                self._running[uuid].start()
        return True

    def rest(self) -> None:
        """Stop polling, and wait until what is in flight is finished. The next `refresh` begins again."""
        for poller in self._running.values():
            poller.stop()
        self._stopped += self._running.values()
        self._running.clear()
        for poller in self._stopped:
            poller.join()
        self.check()

    def follow(self) -> None:
        """Keep up with the mappings for a while, then return. To be called again and again."""
        self._clock.wait(None, _REFRESH_SECONDS)
        self.check()
        self.refresh()

    def _refuse(self, mapping: EventSourceMapping) -> bool:
        """Say whether this mapping is not polled, and tell why once."""
        refused: MappingQuestioned | MappingSkipped
        if reason := refusal(mapping):
            refused = MappingQuestioned(mapping, reason, polled=False)
        elif mapping.filter_error is not None:
            # Without its filters the function would get what Lambda drops.
            refused = MappingSkipped(mapping, f"its filter criteria cannot be read ({mapping.filter_error})")
        elif reason := self._image_reason(mapping):
            refused = MappingSkipped(mapping, reason)
        else:
            self._refused.pop(mapping.uuid, None)
            return False
        if self._refused.get(mapping.uuid) != mapping:
            self._refused[mapping.uuid] = mapping
            self._tell(refused)
        return True

    def _image_reason(self, mapping: EventSourceMapping) -> str | None:
        """Say why a function that is a container image is not tried.

        An emulator without Docker fails each invocation, and SQS dead-letters the messages in the end.
        """
        if self._images or self._configuration(mapping).get("PackageType") != "Image":
            return None
        return (
            f"{mapping.function_name} is a container image (PackageType: Image), which not every endpoint can run. "
            "Name what runs it with --lambda-endpoint-url: `sam local start-lambda`, or this endpoint if it has Docker"
        )

    def _configuration(self, mapping: EventSourceMapping) -> Mapping[str, Any]:
        """Describe the function; with nothing if it is gone, or the endpoint cannot say: polling tells what matters."""
        try:
            return self._clients.functions.get_function_configuration(FunctionName=mapping.function_arn)
        except AWS_ERRORS:
            return {}

    def _question_timeouts(self, mapping: EventSourceMapping) -> None:
        """Tell if the function may run longer than its messages are hidden.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html. AWS checks it when a mapping is
        created or updated, and either side may change later, so it is polled nevertheless.
        """
        try:
            visibility_timeout = visibility_timeout_of(self._clients.sqs, mapping)
        except AWS_ERRORS:
            return  # it is gone; polling tells
        timeout = self._configuration(mapping).get("Timeout", 0)
        if timeout > visibility_timeout:
            reason = (
                f"the function's timeout of {timeout} s is longer than the visibility timeout of {visibility_timeout} s"
            )
            self._tell(MappingQuestioned(mapping, reason, polled=True))
