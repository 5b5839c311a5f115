"""moto's DynamoDB behind a socket on the loop of the test, so that it can be looked into.

It takes half the time of moto's own server, which opens a connection for each request and sends it through Flask.
"""

import asyncio
from typing import Any

from docs.examples.local_aws import REGION


class MotoServer:
    """``url``: where it listens once ``start`` was awaited. ``backend``: what it keeps."""

    async def start(self) -> None:
        from moto.dynamodb.models import dynamodb_backends

        self.backend: Any = dynamodb_backends["123456789012"][REGION]
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """When its clients have gone."""
        self.backend.reset()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
                body = await reader.readexactly(int(fields["Content-Length"]))
                status, answer = _answer(fields, body)
                writer.write(b"HTTP/1.1 %d OK\r\ncontent-length: %d\r\n\r\n" % (status, len(answer)) + answer)
        except asyncio.IncompleteReadError:
            pass  # the client has gone
        finally:
            writer.close()


def _answer(fields: dict[str, str], body: bytes) -> tuple[int, bytes]:
    from botocore.awsrequest import AWSPreparedRequest  # type: ignore[import-untyped]
    from moto.core.request import normalize_request
    from moto.dynamodb.responses import DynamoHandler

    url = f"https://dynamodb.{REGION}.amazonaws.com/"
    request = normalize_request(AWSPreparedRequest("POST", url, fields, body, False))
    status, _, answer = DynamoHandler.dispatch(request, url, request.headers)
    return status, answer.encode() if isinstance(answer, str) else answer
