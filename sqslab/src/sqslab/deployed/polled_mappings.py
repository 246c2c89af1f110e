"""What `up` polls: the mappings of the stack in the emulator, or deployed ones elsewhere for its functions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sqslab.clients import emulator_session, make_clients
from sqslab.deployed.function_settings import take_settings
from sqslab.deployed.split_clients import make_clients_for_deployed, make_split_clients
from sqslab.errors import SqslabError
from sqslab.mapping.event_source_mapping import EventSourceMapping, list_mappings, take_over_mappings
from sqslab.stack import sam

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_cloudformation import CloudFormationClient

    from sqslab.clients import WorkerClients
    from sqslab.deployed.takeover import Takeover
    from sqslab.stack.project import Project
    from sqslab.workers import Workers


class EmulatorMappings:
    """Those of the stack that was deployed to the emulator.

    Args:
        project: what was deployed.
        endpoint_url: the emulator.
        lambda_endpoint_url: where the functions run, if not there.

    Attributes:
        endpoint_url: where the queues are.
        clients: for the pollers.
        paused: whether nothing is polled; never.
    """

    paused = False

    def __init__(self, project: Project, endpoint_url: str, lambda_endpoint_url: str | None) -> None:
        self._project = project
        self._cloudformation = make_clients(endpoint_url).cloudformation
        self.endpoint_url = endpoint_url
        self.clients: WorkerClients = make_split_clients(endpoint_url, lambda_endpoint_url)

    def now(self) -> list[EventSourceMapping]:
        """Give the mappings as they are now, and keep the emulator from polling them."""
        return take_over_mappings(self.clients.functions)

    def known(self) -> list[EventSourceMapping]:
        """Give the mappings to show."""
        return list_mappings(self.clients.functions)

    def names(self) -> dict[str, str]:
        """Give the names in the template by the real names of queues and functions."""
        return _names(self._cloudformation, self._project.stack_name)

    @contextmanager
    def resting(self, pollers: Workers) -> Iterator[None]:
        """Let the stack be deployed again. Polling goes on meanwhile."""
        yield


class RemoteMappings:
    """Deployed ones, for the functions of the stack that was deployed to the emulator.

    Args:
        project: what was deployed to the emulator.
        endpoint_url: the emulator.
        lambda_endpoint_url: where the functions run, if not there.
        takeover: the deployed mappings.

    Attributes:
        endpoint_url: where the queues are.
        clients: for the pollers.
        switch: switches the deployed mappings off and puts them back.
        paused: whether nothing is polled, because functions here do not have the deployed settings.

    Raises:
        SqslabError: there is no function for a deployed one, or its settings cannot be read.
        botocore.exceptions.ClientError: an endpoint refuses.
        botocore.exceptions.BotoCoreError: it does not answer.
    """

    def __init__(
        self, project: Project, endpoint_url: str, lambda_endpoint_url: str | None, takeover: Takeover
    ) -> None:
        self._project = project
        self._takeover = takeover
        # This process's environment is the user's: what renews the credentials of the other side may need all of it.
        session = emulator_session()
        emulator = make_clients(endpoint_url, session)
        self._cloudformation = emulator.cloudformation
        # `sam local start-lambda` has settings of its own; those of the emulator's functions are ours to make.
        self._to_set = emulator.functions if lambda_endpoint_url is None else None
        functions = self._to_set or make_clients(str(lambda_endpoint_url), session).functions
        self.endpoint_url = takeover.side.endpoint_url
        self.clients: WorkerClients = make_clients_for_deployed(takeover.side, functions)
        self.switch = takeover.switch(functions)
        self.paused = False
        self._take_settings()

    def now(self) -> list[EventSourceMapping]:
        """Give the mappings as they are now, each with the function here, and keep those that were on switched off."""
        mappings = self.switch.current()
        if self.paused:
            try:
                self._resume()
            except SqslabError:
                return []  # told when it was tried first
        return mappings

    def known(self) -> Sequence[EventSourceMapping]:
        """Give the mappings to show."""
        return self.switch.known

    def names(self) -> dict[str, str]:
        """Give the names in the template by the real names of deployed queues and of functions here."""
        names = _names(self._cloudformation, self._project.stack_name)
        side = self._takeover.side
        for stack_name in {one.stack for one in self._takeover.mappings if one.stack is not None}:
            try:
                names |= _names(side.cloudformation, stack_name)
            except ClientError:
                continue  # no right to look; then the real names have to do
        return names

    @contextmanager
    def resting(self, pollers: Workers) -> Iterator[None]:
        """Let the stack be deployed again. Nothing is polled until the functions have the deployed settings again.

        Without them a function would send what it cannot do to the emulator, and the message would be deleted here.

        Raises:
            SqslabError: the settings cannot be read; `now` tries again.
            botocore.exceptions.ClientError: an endpoint refuses; the same.
            botocore.exceptions.BotoCoreError: it does not answer; the same.
        """
        self.paused = True
        pollers.rest()
        try:
            yield
        finally:
            self._resume()

    def _resume(self) -> None:
        self._take_settings()
        self.paused = False

    def _take_settings(self) -> None:
        if self._to_set is not None:
            here = {mapping.uuid: mapping.function_name for mapping in self.switch.known}
            pairs = {
                (one.mapping.function_arn, here[one.mapping.uuid])
                for one in self._takeover.mappings
                if one.mapping.uuid in here
            }
            take_settings(self._takeover.side, self._to_set, sorted(pairs))


def _names(cloudformation: CloudFormationClient, stack_name: str) -> dict[str, str]:
    names = sam.logical_names(cloudformation, stack_name)
    return {physical.rsplit("/", 1)[-1]: logical for physical, logical in names.items()}
