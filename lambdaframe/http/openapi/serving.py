"""The document over HTTP, and from a file that was written when the function was built.

A client that has it asks with its ETag and is told 304. Behind a stage, a base path or a proxy that tells its prefix,
``servers`` begins with that prefix, so that clients and the page call the right URLs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from lambdaframe.concurrency import in_thread
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.answers.responses import Answer, encode_json, send_answer
from lambdaframe.types import ASGIApp, Receive, Scope, Send

Document: TypeAlias = Callable[[], Mapping[str, Any]]
"""Gives the application's document: the same object, until it has changed. It is called in a worker thread."""

_PREFIXES = 32
"""How many prefixes' answers are kept: an application has one or two."""


def openapi_endpoint(document: Document) -> ASGIApp:
    """The ASGI application that answers GET with the document as JSON. It is encoded once for each prefix."""
    known: Mapping[str, Any] | None = None
    answers: dict[str, Answer] = {}

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal known
        current = await in_thread(document)()
        if current is not known:
            known = current
            answers.clear()
        prefix: str = scope.get("root_path", "")
        answer = answers.get(prefix)
        if answer is None:
            if len(answers) >= _PREFIXES:
                answers.clear()
            body = encode_json(behind(current, prefix))
            answer = answers[prefix] = tagged(body, "application/json", "no-cache")
        await send_answer(unless_known(answer, scope), send)

    return serve


def behind(document: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    """The document of an application whose URLs begin with ``prefix``, such as ``/prod``."""
    prefix = prefix.rstrip("/")
    if not prefix:
        return document
    others = [server for server in document.get("servers", ()) if server.get("url") != prefix]
    head = {name: document[name] for name in ("openapi", "info") if name in document}
    return {**head, "servers": [{"url": prefix}, *others], **{k: v for k, v in document.items() if k != "servers"}}


def tagged(body: bytes, media_type: str, cache_control: str, *more: tuple[bytes, bytes]) -> Answer:
    """An answer with an ETag: RFC 9110, section 8.8.3."""
    from hashlib import sha256

    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"etag", b'"%b"' % sha256(body).hexdigest()[:32].encode()),
        (b"cache-control", cache_control.encode()),
        *more,
    ]
    return Answer(200, headers, body)


def unless_known(answer: Answer, scope: Scope) -> Answer:
    """A 304 where the client has this very answer (If-None-Match: RFC 9110, section 13.1.2); else the answer."""
    tag = dict(answer.headers)[b"etag"]
    asked = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    tags = {one.strip().removeprefix(b"W/") for one in asked.split(b",")}
    if tag not in tags and b"*" not in tags:
        return answer
    return Answer(304, [pair for pair in answer.headers if pair[0] not in {b"content-type", b"content-length"}], b"")


def read_document(path: str | Path) -> dict[str, Any]:
    """The document in a file. Raises ConfigurationError for a file that is not there or holds none."""
    import orjson

    try:
        content = orjson.loads(Path(path).read_bytes())
    except OSError as exc:
        raise ConfigurationError(f"openapi_document={str(path)!r} can't be read: {exc.strerror}.") from exc
    except orjson.JSONDecodeError as exc:
        raise ConfigurationError(f"openapi_document={str(path)!r} is no JSON: {exc}.") from exc
    if not isinstance(content, dict) or "openapi" not in content:
        raise ConfigurationError(f"openapi_document={str(path)!r} is no OpenAPI document: it has no 'openapi' member.")
    return cast("dict[str, Any]", content)
