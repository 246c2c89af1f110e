"""The sample messages of the demo, and how each of them should end."""

import json
from dataclasses import dataclass
from enum import Enum


class End(Enum):
    """How a message ends."""

    SUCCEEDED = "succeeded"
    GIVEN_UP = "dead-lettered by SQS"
    REFUSED = "dead-lettered by the function"


@dataclass(frozen=True)
class Sample:
    """One message to send.

    Attributes:
        queue: `Standard` or `Fifo`.
        name: what the summary calls it.
        about: what is special about it, empty if nothing is.
        body: the message body.
        end: where it should end.
        receives: how often the function has to get it before that, at least: on FIFO, waiting behind others counts too.
        group: the message group on the FIFO queue, None on the standard one.
    """

    queue: str
    name: str
    about: str
    body: str
    end: End
    receives: int
    group: str | None = None


# The number of the order, from 1 to 22, to what is special about it.
_ORDERS = {
    4: "fails once",
    6: "fails twice",
    9: "fails once",
    10: "quantity 0",
    12: "always fails",
    15: "fails once",
    18: "fails twice",
    20: "not JSON",
}
_NUMBER_OF_ORDERS = 22

# The account, which is the message group, to what is special about each of its movements, in their order. What fails
# comes in the middle of a group, so that those behind it have to wait, and are counted as often as it is received.
_MOVEMENTS = {
    "savings": ["", "fails once", "", "", ""],
    "household": ["", "", "fails twice", "", ""],
    "rent": ["", "not JSON", "", ""],
    "travel": ["", "always fails", "", ""],
}

# MaxReceiveCount of the environment `local` in samconfig.toml.
_GIVEN_UP_AFTER = 3

# How often the sample code in functions/ is to fail. It is given up long before 99.
_FAIL_ATTEMPTS = {"fails once": 1, "fails twice": 2, "always fails": 99}
_REFUSED = ("quantity 0", "not JSON")


def sample_messages() -> list[Sample]:
    """Make the samples, in the order in which they are sent."""
    samples = []
    for number in range(1, _NUMBER_OF_ORDERS + 1):
        about = _ORDERS.get(number, "")
        name = f"order-{number:02}"
        order: dict[str, str | int] = {"order_id": name, "quantity": 0 if about == "quantity 0" else number}
        samples.append(_sample("Standard", name, about, order))
    for account, abouts in _MOVEMENTS.items():
        for number, about in enumerate(abouts, start=1):
            name = f"{account}-{number}"
            movement: dict[str, str | int] = {"movement_id": name, "account": account, "amount": 100 * number}
            samples.append(_sample("Fifo", name, about, movement, account))
    return samples


def _sample(queue: str, name: str, about: str, content: dict[str, str | int], group: str | None = None) -> Sample:
    if about in _FAIL_ATTEMPTS:
        content["fail_attempts"] = _FAIL_ATTEMPTS[about]
    body = f"{name}, as plain text" if about == "not JSON" else json.dumps(content)
    end = End.REFUSED if about in _REFUSED else End.SUCCEEDED
    if about == "always fails":
        # On FIFO the function gives up itself, or SQS would dead-letter those that wait behind it as well.
        end = End.GIVEN_UP if group is None else End.REFUSED
    receives = min(_FAIL_ATTEMPTS.get(about, 0) + 1, _GIVEN_UP_AFTER)
    return Sample(queue, name, about, body, end, receives, group)
