"""The application of the differential tests, the same under uvicorn and behind every adapter.

It answers with the scope and body it was given, as JSON. A request with the header ``x-answer`` is answered as that
says instead: base64 of ``{"status", "headers": [[name, value], ...], "chunks": [base64, ...]}``.
"""

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ANSWER = b"x-answer"


async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    wanted = dict(scope["headers"]).get(ANSWER)
    if wanted is None:
        await answer(send, 200, [(b"content-type", b"application/json")], [seen(scope, body)])
        return
    spec = json.loads(b64decode(wanted))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in spec["headers"]]
    await answer(send, spec["status"], headers, [b64decode(chunk) for chunk in spec["chunks"]])


def seen(scope: MutableMapping[str, Any], body: bytes) -> bytes:
    """What an application can see of a request, with bytes as latin-1 texts."""
    parts = {name: scope[name] for name in ("method", "scheme", "path", "root_path", "http_version")}
    parts |= {
        "raw_path": scope["raw_path"].decode("latin-1"),
        "query_string": scope["query_string"].decode("latin-1"),
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
        "client": scope["client"][0],
        "body": body.decode("latin-1"),
    }
    return json.dumps(parts).encode()


async def answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], chunks: list[bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
