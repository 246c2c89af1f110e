"""A program: invocations of one environment, with a hang in each, and a client that works in each.

Arguments: how many and, if some of the hangs cannot be ended and the client is left open, "left".
"""

import asyncio
import contextlib
import gc
import itertools
import sys

from partial_batch import Message, batch_handler
from partial_batch.testing import LambdaContext, sqs_event

from tests.unit import hangs
from tests.unit.async_client import Client, echo_server

INVOCATIONS = int(sys.argv[1])
LEFT = "left" in sys.argv
DONE: object = {"batchItemFailures": []}
clients: dict[asyncio.AbstractEventLoop, Client] = {}
started: list[str] = []
ended_hangs = itertools.cycle(hangs.HANGS)


async def raises_an_exit() -> None:
    raise SystemExit


@batch_handler
async def exits(message: Message) -> None:
    asyncio.create_task(raises_an_exit())  # noqa: RUF006 - so that it is collected
    await asyncio.sleep(hangs.LONG)


def next_hang(name: str) -> hangs.Hang:
    if LEFT and name.endswith("0"):
        return hangs.does_not_let_itself_be_cancelled
    return next(ended_hangs)


@batch_handler
async def works(message: Message) -> None:
    loop = asyncio.get_running_loop()
    if loop not in clients:
        clients[loop] = Client(server)
    if message.body == "close":
        await clients[loop].close()
    else:
        assert await clients[loop].ask(message.body) == message.body


@batch_handler(time_reserve=0.1)
async def hang(message: Message) -> None:
    started.append(message.body)
    await next_hang(message.body)()


with echo_server() as server:
    for number in range(INVOCATIONS):
        name = str(number)
        assert works(sqs_event(name), LambdaContext(60)) == DONE, name
        assert hang(sqs_event(name), LambdaContext(0.2)) != DONE, name
        with contextlib.suppress(SystemExit):
            if number % 10 == 5:
                exits(sqs_event(name), LambdaContext(60))
                raise AssertionError("an exit did not leave the handler")
        gc.collect()
    if not LEFT:
        assert works(sqs_event("close"), LambdaContext(60)) == DONE
    hangs.released.set()
print(f"{len(started)} hangs, {len(clients)} loops")
