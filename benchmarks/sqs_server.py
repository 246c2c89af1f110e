"""An SQS on 127.0.0.1 that takes its time and does nothing: python -m benchmarks.sqs_server SECONDS_A_CALL.

It says the port in one line and ends with its standard input. A GET gives the number of entries so far.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator


class Server:
    """One that runs in a process of its own, so that it does not share an interpreter with what is measured."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def entries(self) -> int:
        """How many entries there were in all calls so far."""
        with urllib.request.urlopen(self.url) as answer:  # noqa: S310 - it is the one above
            return int(answer.read())


@contextlib.contextmanager
def server(seconds: float) -> Iterator[Server]:
    """Run one for as long as a `with` block.

    Args:
        seconds: how long each call waits for its answer.
    """
    command = [sys.executable, "-m", "benchmarks.sqs_server", str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both were asked for")
        try:
            yield Server(int(process.stdout.readline()))
        finally:
            process.stdin.close()


class _Connection(asyncio.Protocol):
    entries = 0

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError("a connection is to be written to")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if len(body) < int(headers.get(b"content-length", 0)):
            return
        self._received = b""  # nobody sends the next request before the answer
        if head.startswith(b"GET"):
            self._answer(str(_Connection.entries).encode())
            return
        identifiers = [entry["Id"] for entry in json.loads(body)["Entries"]]
        _Connection.entries += len(identifiers)
        answer = json.dumps({"Successful": [{"Id": identifier} for identifier in identifiers], "Failed": []})
        asyncio.get_running_loop().call_later(self._seconds, self._answer, answer.encode())

    def _answer(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def _serve(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(seconds), "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    async with listening:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(float(sys.argv[1])))
    os._exit(0)
