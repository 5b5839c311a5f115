"""The page that shows the OpenAPI document and tries it out: Swagger UI.

Nothing comes from the internet. URLs are relative, so that a stage or a base path in front of them makes no
difference. Scripts are files of their own, so that the page's Content-Security-Policy allows no other.

https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/
"""

import re
from collections.abc import Callable, Iterator, Mapping
from posixpath import relpath
from typing import Any, NamedTuple, cast

from lambdaframe.concurrency import in_thread
from lambdaframe.http.answers.problems import problem
from lambdaframe.http.answers.responses import Answer, encode_json, send_answer
from lambdaframe.http.openapi.docs_files import MEDIA_TYPES, REDIRECT, Files, takes_gzip
from lambdaframe.http.openapi.serving import Document, tagged, unless_known
from lambdaframe.types import ASGIApp, Receive, Scope, Send

_MISSING = "This page needs Swagger UI: pip install 'lambdaframe[docs]'. Without it, set docs_url=None."

_FOR_A_YEAR = "public, max-age=31536000, immutable"
"""For URLs that hold their content's digest."""


def docs_routes(
    docs_url: str,
    openapi_url: str,
    title: str,
    document: Document,
    *,
    parameters: Mapping[str, Any] | None = None,
    init_oauth: Mapping[str, Any] | None = None,
) -> dict[str, ASGIApp]:
    """What answers GET, by path: the page, and below it each file that it needs.

    ``parameters`` are Swagger UI's own, on top of ours; ``init_oauth`` are those of its ``initOAuth``. Without the
    package each answers 501 and says what to install.
    """
    base = docs_url.rstrip("/")
    files = Files()
    page = _Page(docs_url, openapi_url, title, parameters or {}, init_oauth)
    routes: dict[str, ASGIApp] = {docs_url: _page_endpoint(page, document, files)}
    for name in MEDIA_TYPES:
        routes[f"{base}/{name}"] = _file_endpoint(name, files)
    return routes


class _Page(NamedTuple):
    docs_url: str
    openapi_url: str
    title: str
    parameters: Mapping[str, Any]
    init_oauth: Mapping[str, Any] | None

    def relative(self, path: str) -> str:
        """A path of the application, as the page refers to it."""
        return relpath(path, self.docs_url.rpartition("/")[0] or "/")

    def html(self, files: "Files") -> bytes:
        """The page. Everything in it that is the application's is escaped."""
        from html import escape

        base = self.docs_url.rstrip("/")

        def url(name: str) -> str:
            return escape(self.relative(f"{base}/{name}") + f"?v={files.digest(name)}")

        data = {
            "document": self.relative(self.openapi_url),
            "redirect": self.relative(f"{base}/{REDIRECT}"),
            "parameters": encode_json(self.parameters).decode(),
            "oauth": "" if self.init_oauth is None else encode_json(self.init_oauth).decode(),
        }
        attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
        return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(self.title)}</title>
<link rel="icon" type="image/svg+xml" href="{url("favicon.svg")}">
<link rel="stylesheet" href="{url("swagger-ui.css")}">
<link rel="stylesheet" href="{url("page.css")}">
</head>
<body>
<div id="swagger-ui"{attributes}></div>
<script src="{url("swagger-ui-bundle.js")}"></script>
<script src="{url("initializer.js")}"></script>
</body>
</html>
""".encode()


# Serving


def _page_endpoint(page: _Page, document: Document, files: Files) -> ASGIApp:
    def make(scope: Scope) -> Answer:
        if not files.load():
            return problem(501, _MISSING)
        return tagged(page.html(files), "text/html; charset=utf-8", "no-cache", *_secured(_others(document())))

    return _answering(make)


def _file_endpoint(name: str, files: Files) -> ASGIApp:
    def make(scope: Scope) -> Answer:
        if not files.load():
            return problem(501, _MISSING)
        fresh = scope["query_string"] == f"v={files.digest(name)}".encode()
        more = [*_secured([]), (b"vary", b"accept-encoding")]
        body = files.content(name)
        if takes_gzip(scope):
            body = files.compressed(name)
            more.append((b"content-encoding", b"gzip"))
        return tagged(body, MEDIA_TYPES[name], _FOR_A_YEAR if fresh else "no-cache", *more)

    return _answering(make)


def _answering(make: Callable[[Scope], Answer]) -> ASGIApp:
    """``make`` blocks: it runs in a worker thread, with the context of the request."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await in_thread(make)(scope)
        await send_answer(unless_known(answer, scope) if answer.status == 200 else answer, send)

    return serve


def _secured(others: list[str]) -> Iterator[tuple[bytes, bytes]]:
    """Scripts, styles and images of ours alone, and requests to ours and ``others``.

    https://www.w3.org/TR/CSP3/
    """
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", *others],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    text = "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())
    yield b"content-security-policy", text.encode()
    yield b"x-content-type-options", b"nosniff"
    yield b"referrer-policy", b"no-referrer"


def _others(document: Mapping[str, Any]) -> list[str]:
    """The origins that the document names beside its own: of servers, and of where tokens are got."""
    urls = [str(server.get("url", "")) for server in document.get("servers", ())]
    schemes = cast("Mapping[str, Any]", document.get("components", {})).get("securitySchemes", {})
    for scheme in schemes.values():
        urls.append(str(scheme.get("openIdConnectUrl", "")))
        urls.extend(str(flow.get(name, "")) for flow in scheme.get("flows", {}).values() for name in _TOKEN_URLS)
    found = [re.match(r"https?://[\w.\-]+(?::\d+)?(?=[/?#]|$)", url) for url in urls]
    return list(dict.fromkeys(match[0] for match in found if match is not None))


_TOKEN_URLS = ("tokenUrl", "refreshUrl")
