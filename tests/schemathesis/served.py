"""An application as a server on the network shows it: by itself, or behind a gateway whose events invoke it.

``uvicorn tests.schemathesis.served:application``, with two variables of the environment: ``SERVED`` is the
application's ``module:name``, ``BEHIND`` a name of ``lambdaframe_adapters.testing.GATEWAYS`` or nothing.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import httpx2 as httpx

from lambdaframe.types import ASGIApp, Receive, Scope, Send
from lambdaframe_adapters.testing import LambdaClient

RECEIVED = "/how-many-requests-were-received"


class Counting:
    """The application, and the number of its requests at ``RECEIVED``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == RECEIVED:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(self._count).encode()})
            return
        self._count += scope["type"] == "http"
        await self._app(scope, receive, send)


class Behind:
    """An ASGI application that sends its requests on to another through LambdaClient, one after the other."""

    def __init__(self, app: ASGIApp, source: str) -> None:
        self._client = LambdaClient(app, source, raise_server_exceptions=False, follow_redirects=False)
        self._thread = ThreadPoolExecutor(1)  # in Lambda no event loop runs around a handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        if scope["type"] == "lifespan":
            await receive()
            await loop.run_in_executor(self._thread, self._client.__enter__)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await loop.run_in_executor(self._thread, self._client.close)
            await send({"type": "lifespan.shutdown.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answer, content = await loop.run_in_executor(self._thread, self._exchange, scope, body)
        headers = [pair for pair in answer.headers.raw if pair[0].lower() != b"transfer-encoding"]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _exchange(self, scope: Scope, body: bytes) -> tuple[httpx.Response, bytes]:
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        url = httpx.URL(scheme="http", host="testserver", raw_path=target)
        request = httpx.Request(scope["method"], url, headers=scope["headers"], content=body)
        answer = self._client.send(request, stream=True)
        self._client.cookies.clear()
        return answer, b"".join(answer.iter_raw())


def _application() -> ASGIApp:
    module, _, name = os.environ["SERVED"].partition(":")
    app: ASGIApp = getattr(import_module(module), name)
    source = os.environ.get("BEHIND")
    return Counting(Behind(app, source) if source else app)


if "SERVED" in os.environ:
    application = _application()
