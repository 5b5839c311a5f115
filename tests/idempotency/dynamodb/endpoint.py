"""An endpoint that answers as it is told to: for answers of AWS that no emulator gives (throttling, denied access)."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

Answer: TypeAlias = tuple[int, Any]
"""Status, and what becomes the JSON body."""


class Endpoint:
    """``url``: where it is. ``asked``: the operations it was asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []


def refusal(status: int, code: str, message: str = "because") -> Answer:
    """An error as DynamoDB words it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
    """
    return status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}


@asynccontextmanager
async def answering(choose: Callable[[str], Answer]) -> AsyncGenerator[Endpoint]:
    """An endpoint whose answer to an operation (``UpdateItem``) is ``choose``'s."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
            await reader.readexactly(int(fields["Content-Length"]))
            endpoint.asked.append(fields["X-Amz-Target"].rpartition(".")[2])
            status, body = choose(endpoint.asked[-1])
            text = json.dumps(body).encode()
            writer.write(b"HTTP/1.1 %d .\r\ncontent-length: %d\r\n\r\n%b" % (status, len(text), text))

    async with served(serve) as url:
        endpoint = Endpoint(url)
        yield endpoint


@asynccontextmanager
async def served(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]],
) -> AsyncGenerator[str]:
    """A server on a free loopback port, for as long as the block lasts. Gives its URL."""
    serving: set[asyncio.Task[None]] = set()

    async def tracked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            serving.discard(task)

    server = await asyncio.start_server(tracked, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
