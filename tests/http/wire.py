"""One request to an ASGI application without any client between: every message it sends, in order."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import orjson

from lambdaframe.types import ASGIApp, Message


class Sent(NamedTuple):
    """What the application sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value.decode() for known, value in self.headers if known == name.encode()), None)


async def ask(
    app: ASGIApp,
    path: str,
    method: str = "GET",
    *,
    query: str = "",
    headers: Iterable[tuple[str, str]] = (),
    json: Any = None,
    on_send: Callable[[Message], None] | None = None,
) -> Sent:
    """Make a request and give the whole answer. ``on_send`` sees each message at the moment it is sent."""
    body = b"" if json is None else orjson.dumps(json)
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
    if json is not None:
        pairs.append((b"content-type", b"application/json"))
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": query.encode(),
        "headers": pairs,
        "server": ("testserver", 80),
        "client": ("testclient", 5000),
        "extensions": {},
        "state": {},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if on_send is not None:
            on_send(message)
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Sent(start["status"], list(start["headers"]), b"".join(message["body"] for message in sent[1:]))
