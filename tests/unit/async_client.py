"""An async client as libraries make them: a connection, a task that reads from it, and locks, all of one event loop."""

import asyncio
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def echo_server() -> Iterator[int]:
    """A server that sends back each line that it gets. Gives its port."""
    with _Server(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class Client:
    """Made once, when it is first needed, and used in every later invocation."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._connected = asyncio.Event()

    async def ask(self, text: str) -> str:
        """Send a line and give the one that comes back."""
        if self._reader is None:
            stream, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._reader = asyncio.create_task(self._read(stream))
        await self._connected.wait()
        async with self._lock, asyncio.timeout(20):
            self._writer.write(f"{text}\n".encode())
            await self._writer.drain()
            answer = await self._answers.get()
            return answer.decode().strip()

    async def close(self) -> None:
        """End the connection and the task that reads from it."""
        self._writer.close()
        await self._writer.wait_closed()
        if self._reader is not None:
            await self._reader

    async def _read(self, stream: asyncio.StreamReader) -> None:
        self._connected.set()
        while line := await stream.readline():
            self._answers.put_nowait(line)
