"""Switches deployed event source mappings off, and puts them back."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from sqslab.aws_errors import AWS_ERRORS, describe
from sqslab.deployed.mappings import connect
from sqslab.deployed.switch_notes import Note, SwitchedOff, in_use, left_notes
from sqslab.endpoints import aws_region
from sqslab.errors import SqslabError
from sqslab.mapping.event_source_mapping import EventSourceMapping, descriptions_of_sqs
from sqslab.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_lambda import LambdaClient

    from sqslab.deployed.mappings import DeployedMapping, QueueSide

_STEADY = ("Enabled", "Disabled")
_LONGEST_WAIT = 300.0  # seconds for a mapping to become what it was told to be; AWS needs up to a minute or so
_BETWEEN_LOOKS = 1.0


class MappingSwitch:
    """Deployed mappings that are polled by us in the meantime.

    Call `put_back` in any case, in a `finally` that begins before `switch_off`: it does nothing if nothing was done.

    Args:
        side: what has them.
        mappings: those that are meant.
        local_names: the name of the function here that stands for each, by the mapping's UUID.
        say: who hears what is done.
    """

    def __init__(
        self,
        side: QueueSide,
        mappings: Sequence[DeployedMapping],
        local_names: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._side = side
        self._local_names = local_names
        self._say = say
        self._uuids = [one.mapping.uuid for one in mappings]
        self._note: Note | None = None
        self.known = [self._as_polled(one.mapping) for one in mappings]

    def switch_off(self) -> None:
        """Switch off those that are on, and wait until they are.

        Raises:
            SqslabError: another run has switched off one of them, or one does not become Disabled.
            botocore.exceptions.ClientError: the endpoint refuses.
            botocore.exceptions.BotoCoreError: it does not answer.
        """
        side = self._side
        for other in in_use():
            if (other.endpoint_url, other.account) == (side.endpoint_url, side.account) and not set(
                other.uuids + other.polled
            ).isdisjoint(self._uuids):
                raise SqslabError(f"A poller on this machine has these mappings of {side} already. Stop it first.")
        states = _wait_until_steady(side.functions, self._uuids)
        were_on = tuple(uuid for uuid in self._uuids if states.get(uuid) == "Enabled")
        with shielded():
            polled = tuple(self._uuids)
            self._note = Note.write(SwitchedOff(side.endpoint_url, side.region, side.account, were_on, polled))
        if not were_on:
            return
        self._say(f"switching off {_count(len(were_on))} of {side}")
        for uuid in were_on:
            side.functions.update_event_source_mapping(UUID=uuid, Enabled=False)
        # Until then it goes on to receive.
        states = _wait_until_steady(side.functions, were_on)
        if still_on := [uuid for uuid in were_on if states.get(uuid) == "Enabled"]:
            raise SqslabError(f"{', '.join(still_on)} of {side} was switched off, and is on again.")

    def put_back(self) -> None:
        """Switch on again what was on. Signals wait until it is done.

        Raises:
            SqslabError: that failed; with the commands that do it.
        """
        with shielded():
            if self._note is None:
                return
            note, self._note = self._note, None
            _put_back(self._side, note, self._say)

    def current(self) -> list[EventSourceMapping]:
        """Give the mappings as they are deployed now, each with the function that stands for its own.

        One that was on and is on again, as a deployment may do, is switched off again.

        Raises:
            botocore.exceptions.ClientError: the endpoint refuses.
            botocore.exceptions.BotoCoreError: it does not answer.
        """
        functions = self._side.functions
        were_on = () if self._note is None else self._note.what.uuids
        mappings = []
        for description in descriptions_of_sqs(functions):
            if description["UUID"] in self._uuids:
                if description.get("State") == "Enabled" and description["UUID"] in were_on:
                    functions.update_event_source_mapping(UUID=description["UUID"], Enabled=False)
                mappings.append(self._as_polled(EventSourceMapping.from_api(description)))
        self.known = mappings
        return mappings

    def _as_polled(self, mapping: EventSourceMapping) -> EventSourceMapping:
        # Without version or alias: what runs here is the newest.
        parts = [*mapping.function_arn.split(":")[:6], self._local_names[mapping.uuid]]
        return dataclasses.replace(mapping, function_arn=":".join(parts))


def put_back_after_a_kill(side: QueueSide, say: Callable[[str], None]) -> None:
    """Put back what a run that was killed has left switched off on this side.

    Raises:
        SqslabError: that failed; with the commands that do it.
    """
    for note in left_notes():
        if (note.what.endpoint_url, note.what.account) == (side.endpoint_url, side.account):
            _put_back(side, note, say)
        else:
            note.leave()


def run_restore() -> int:
    """Put back everything that runs which were killed have left switched off.

    Returns:
        The exit code, 0.

    Raises:
        SqslabError: that failed; with the commands that do it.
    """
    count = 0
    for note in left_notes():
        try:
            side = _connect_to(note.what)
        except SqslabError:
            note.leave()
            raise
        _put_back(side, note, print)
        count += bool(note.what.uuids)
    if not count:
        print("Nothing is left switched off.")
    for other in in_use():
        if other.uuids:
            print(f"Left alone: {_count(len(other.uuids))} of {other.endpoint_url}, which a running poller puts back.")
    return 0


def _connect_to(what: SwitchedOff) -> QueueSide:
    try:
        side = connect(what.endpoint_url, what.region)
    except AWS_ERRORS as error:
        raise SqslabError(f"{what.endpoint_url}: {describe(error)}", _commands(what)) from error
    if side.account != what.account:
        raise SqslabError(
            f"Mappings of account {what.account} are switched off, and the credentials are those of "
            f"account {side.account}. Choose others, such as with AWS_PROFILE.",
            _commands(what),
        )
    return side


def _put_back(side: QueueSide, note: Note, say: Callable[[str], None]) -> None:
    failures = []
    for uuid in note.what.uuids:
        try:
            _switch_on(side.functions, uuid)
        except AWS_ERRORS as error:
            failures.append(f"{uuid}: {describe(error)}")
    if failures:
        note.leave()
        raise SqslabError(
            f"Not all mappings of {side} could be switched on again. `sqslab restore` tries again, "
            "and so do these commands:",
            "\n".join([_commands(note.what), *failures]),
        )
    note.remove()
    if note.what.uuids:
        say(f"switched on again: {_count(len(note.what.uuids))} of {side}")


def _switch_on(functions: LambdaClient, uuid: str) -> None:
    deadline = time.monotonic() + _LONGEST_WAIT
    while True:
        try:
            functions.update_event_source_mapping(UUID=uuid, Enabled=True)
        except functions.exceptions.ResourceNotFoundException:
            return  # deleted meanwhile
        except functions.exceptions.ResourceInUseException:
            # In between two states: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
            if time.monotonic() > deadline:
                raise
            time.sleep(_BETWEEN_LOOKS)
        else:
            return


def _wait_until_steady(functions: LambdaClient, uuids: Sequence[str]) -> dict[str, str]:
    """Wait until mappings are Enabled or Disabled; give their states. Those that are gone are not in it."""
    deadline = time.monotonic() + _LONGEST_WAIT
    while True:
        states = {
            description["UUID"]: description["State"]
            for description in descriptions_of_sqs(functions)
            if description["UUID"] in uuids
        }
        unsteady = {uuid: state for uuid, state in states.items() if state not in _STEADY}
        if not unsteady:
            return states
        if time.monotonic() > deadline:
            raise SqslabError(f"Event source mappings do not settle: {unsteady}.")
        time.sleep(_BETWEEN_LOOKS)


def _commands(what: SwitchedOff) -> str:
    endpoint = "" if aws_region(what.endpoint_url) else f" --endpoint-url {what.endpoint_url}"
    return "\n".join(
        f"aws lambda update-event-source-mapping --region {what.region} --enabled --uuid {uuid}{endpoint}"
        for uuid in what.uuids
    )


def _count(number: int) -> str:
    return f"{number} event source mapping{'' if number == 1 else 's'}"
