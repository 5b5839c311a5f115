"""From a request to the application that serves it: a route, a mount, or one of the answers that need neither.

HEAD is answered by a GET route, OPTIONS by the list of methods, unless there are routes for them.
"""

from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote

from lambdaframe.errors import HTTPException
from lambdaframe.http.answers.responses import Answer, send_answer
from lambdaframe.http.routing.paths import encode_path
from lambdaframe.http.routing.table import Mounted, Table, route_path
from lambdaframe.http.routing.urls import Inside, names_of
from lambdaframe.types import ASGIApp, Receive, Scope, Send


class Dispatcher:
    """The ASGI application for ``http`` over a table of others. Raises HTTPException 404 and 405.

    With ``redirect_slashes`` a path that has no route, while the one with a slash more or less at its end has, is
    answered with a 307.
    """

    def __init__(self, table: Table[ASGIApp], *, redirect_slashes: bool) -> None:
        self._find = table.find
        self._redirects = redirect_slashes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """No coroutine of its own: each one between server and route costs every request."""
        if not scope.get("root_path"):
            found = self._find(scope["method"], scope["path"])
            if isinstance(found, tuple):
                app, scope["path_params"] = found
                return app(scope, receive, send)
        else:
            found = self._find(scope["method"], route_path(scope))
            if isinstance(found, tuple):
                app, params = found
                scope["path_params"] = {**scope.get("path_params", {}), **params}  # those of a mount around it
                return app(scope, receive, send)
        if isinstance(found, Mounted):
            return found.target(_inside(found, scope), receive, send)
        return self._without_route(found, scope, send)

    def _without_route(self, allowed: frozenset[str], scope: Scope, send: Send) -> Awaitable[None]:
        if not allowed:
            location = self._other_spelling(scope) if self._redirects else None
            if location is None:
                raise HTTPException(404)
            return send_answer(Answer(307, [(b"location", location), (b"content-length", b"0")], b""), send)
        known = allowed | ({"HEAD", "OPTIONS"} if "GET" in allowed else {"OPTIONS"})
        allow = ", ".join(sorted(known))
        if scope["method"] != "OPTIONS":
            raise HTTPException(405, headers={"allow": allow})
        return send_answer(Answer(204, [(b"allow", allow.encode())], b""), send)

    def _other_spelling(self, scope: Scope) -> bytes | None:
        """Where the route is whose path differs in a slash at the end; None where there is none for this method."""
        path = route_path(scope)
        slash = path.endswith("/")
        if not isinstance(self._find(scope["method"], path[:-1] if slash else path + "/"), tuple):
            return None
        whole: str = scope["path"]
        location = encode_path(whole[:-1] if slash else whole + "/")
        if location.startswith("//"):  # a browser would read another host
            return None
        query = quote(scope.get("query_string", b""), safe="!$%&'()*+,/:;=?@[]~")
        return f"{location}?{query}".encode() if query else location.encode()


def _inside(found: Mounted[ASGIApp], scope: Scope) -> Scope:
    """The scope of a mounted application. ``path`` stays whole: by ASGI it contains ``root_path``.

    ``app_root_path`` and ``router`` are what Starlette's ``request.url_for`` works with inside a mount.
    """
    root: str = scope.get("root_path", "")
    outermost: str = scope.get("app_root_path", root)
    inner: dict[str, Any] = {
        **scope,
        "root_path": root + found.matched,
        "app_root_path": outermost,
        "path_params": {**scope.get("path_params", {}), **found.params},
    }
    names, outside = names_of(found.target), scope.get("router") or scope.get("app")
    if names is not None:
        below = (root + found.matched).removeprefix(outermost)
        inner["router"] = Inside(names, encode_path(below), outside)
    elif outside is not None:
        inner["router"] = outside
    return inner
