"""How long 10,000 changes of visibility take when SQS needs 10 ms a call: `python -m benchmarks.settling`.

With botocore as it is, against an HTTP server in a process of its own on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from unittest.mock import patch

from partial_batch import Message
from partial_batch._sqs.visibility import change_visibility

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_ARN = "arn:aws:sqs:us-east-1:123456789012:orders"


def main() -> None:
    """Print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--milliseconds", type=float, default=10.0, help="that SQS takes for a call")
    parser.add_argument("--runs", type=int, default=3, help="the first makes the client")
    arguments = parser.parse_args()

    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(there, arguments.milliseconds / 1000), daemon=True)
    server.start()
    settings = {
        "AWS_ENDPOINT_URL_SQS": f"http://127.0.0.1:{here.recv()}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    changes = [
        (Message({"messageId": str(n), "receiptHandle": f"{n:0300}", "eventSourceARN": _ARN}), 30.0)
        for n in range(arguments.messages)
    ]
    with patch.dict(os.environ, settings):
        for run in range(arguments.runs):
            began, cpu = time.perf_counter(), _cpu()
            failures = change_visibility(changes, None)
            seconds = time.perf_counter() - began
            left = {reason: len(messages) for messages, reason in failures}
            print(f"run {run + 1}: {seconds:.2f} s, {_cpu() - cpu:.2f} s of CPU, not changed: {left or 'none'}")
    server.terminate()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _serve(port: Connection, seconds: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                entries = json.loads(await reader.readexactly(length))["Entries"]
                await asyncio.sleep(seconds)
                body = json.dumps({"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
