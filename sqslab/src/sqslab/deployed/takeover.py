"""Taking the deployed mappings of another side over for a while: with the user's consent, and only those meant."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqslab.deployed.mappings import DeployedMapping, QueueSide, connect, find_mappings
from sqslab.deployed.matching import match_functions
from sqslab.deployed.switch import MappingSwitch, put_back_after_a_kill
from sqslab.errors import SqslabError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class MappingSelection:
    """Which deployed mappings the command line means.

    Attributes:
        sqs_endpoint_url: of the side that has them, and their queues.
        stack_name: their stack; None if they are chosen by function alone.
        functions: names of functions here, by the names of the deployed ones.
        assumed: whether the user's consent is taken for granted (`--yes`).
    """

    sqs_endpoint_url: str
    stack_name: str | None = None
    functions: Mapping[str, str] = field(default_factory=dict)
    assumed: bool = False


class Takeover:
    """The deployed mappings that are meant. Nothing of them is switched off yet.

    Args:
        selection: which ones.
        say: who hears what is done.

    Attributes:
        side: what has them.
        mappings: the mappings.

    Raises:
        UsageError: it is not said which.
        SqslabError: there are none, or the filter criteria of one cannot be read.
        botocore.exceptions.ClientError: the endpoint refuses.
        botocore.exceptions.BotoCoreError: it does not answer.
    """

    def __init__(self, selection: MappingSelection, say: Callable[[str], None]) -> None:
        self._selection = selection
        self._say = say
        self.side: QueueSide = connect(selection.sqs_endpoint_url)
        put_back_after_a_kill(self.side, say)
        self.mappings: Sequence[DeployedMapping] = find_mappings(
            self.side, selection.stack_name, selection.functions.keys()
        )
        for one in self.mappings:
            if one.mapping.filter_error is not None:
                raise SqslabError(
                    f"The filter criteria of {one.mapping.queue_name} -> {one.mapping.function_name} cannot be read: "
                    f"{one.mapping.filter_error}. Nothing was switched off."
                )

    def ask(self, runs_at: str) -> None:
        """Ask the user.

        Args:
            runs_at: what is told about where the messages will go.

        Raises:
            UsageError: there is no terminal to ask at.
            SqslabError: the answer was no.
        """
        if not self._selection.assumed:
            _ask(_question(self.side, self.mappings, runs_at))

    def switch(self, functions: LambdaClient) -> MappingSwitch:
        """Find the functions here that stand for the deployed ones, and make what switches the mappings.

        Args:
            functions: a client of what runs them.

        Raises:
            SqslabError: there is none for a deployed one, or several.
            botocore.exceptions.ClientError: the endpoint refuses.
            botocore.exceptions.BotoCoreError: it does not answer.
        """
        names = match_functions(self.mappings, functions, self._selection.functions)
        return MappingSwitch(self.side, self.mappings, names, self._say)


def _question(side: QueueSide, mappings: Sequence[DeployedMapping], runs_at: str) -> str:
    width = max(len(one.mapping.queue_name) for one in mappings)
    fates = {"Disabled": "is off and stays so", "Disabling": "is off and stays so"}
    return "\n".join(
        [
            f"These event source mappings are deployed in {side}:",
            *(
                f"  {one.mapping.queue_name:{width}} -> {one.mapping.function_name}: "
                + fates.get(one.state, "will be switched off, and on again at the end")
                for one in mappings
            ),
            f"Until then all messages of these queues go to the functions at {runs_at}.",
        ]
    )


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "This needs your consent, and standard input is no terminal to ask at. --yes gives it beforehand.", question
        )
    print(question, flush=True)
    try:
        answer = input("Go on? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise SqslabError("You did not say yes. Nothing was changed.")
