"""An ASGI application that holds its scope to the specification, and answers with what it saw.

https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope
"""

import json
import re
from typing import Any

from lambdaframe.types import Receive, Scope, Send


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Raises AssertionError for a scope or a message that ASGI does not allow."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    check_scope(scope)
    message = await receive()
    assert message["type"] == "http.request"
    assert type(message["body"]) is bytes
    assert message["more_body"] is False
    seen = {
        "method": scope["method"],
        "path": scope["path"],
        "root_path": scope["root_path"],
        "query_string": scope["query_string"].decode("latin-1"),
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
        "length": len(message["body"]),
    }
    content = json.dumps(seen, ensure_ascii=False).encode()[:10_000]  # below every source's limit
    cookie = (b"set-cookie", b"seen=1")
    headers = [(b"content-type", b"application/json"), cookie, cookie]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def check_scope(scope: Scope) -> None:
    """Raises AssertionError unless an ASGI server could have sent it."""
    assert scope["type"] == "http"
    assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Z-]+", scope["method"]), scope["method"]
    assert scope["scheme"] in {"http", "https"}
    assert scope["http_version"] in {"1.0", "1.1", "2", "3"}
    scope["path"].encode()  # no lone surrogates
    assert scope["path"].startswith("/")
    assert "\0" not in scope["path"]
    assert not {".", ".."} & set(scope["path"].split("/"))
    assert re.fullmatch(rb"/[!-~]*", scope["raw_path"]), scope["raw_path"]
    assert scope["path"].startswith(scope["root_path"])
    assert re.fullmatch(rb"[!-~]*", scope["query_string"]), scope["query_string"]
    for header in scope["headers"]:
        name, value = header
        assert type(name) is type(value) is bytes
        assert name == name.lower()
    for address in (scope["client"], scope["server"]):
        _check_address(address)


def _check_address(address: Any) -> None:
    if address is not None:
        host, port = address
        assert type(host) is str
        assert type(port) is int
        assert 0 <= port <= 65535
