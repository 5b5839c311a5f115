"""The application's OpenAPI document and its page. Nothing of them is loaded before somebody asks."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lambdaframe.errors import HTTPException
from lambdaframe.http.answers.responses import Answer, send_answer
from lambdaframe.http.routing.paths import encode_path
from lambdaframe.http.routing.table import route_path
from lambdaframe.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from pathlib import Path

    from lambdaframe.http.endpoint import Endpoint


class Settings(NamedTuple):
    """What ``App`` was told of its documentation. None or ``""`` as a URL switches it off.

    ``info``: the fields of ``openapi.info.Info``. ``file``: a document that was written before, served as it is.
    """

    info: Mapping[str, Any]
    openapi_url: str | None
    docs_url: str | None
    file: "str | Path | None"
    parameters: Mapping[str, Any] | None
    init_oauth: Mapping[str, Any] | None


class Documentation:
    """The document of some endpoints, which may become more."""

    def __init__(self, settings: Settings, endpoints: "list[Endpoint]") -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._made: tuple[int, dict[str, Any]] | None = None

    def document(self) -> dict[str, Any]:
        """The document: the same object until there are more routes. Loads pydantic; tens of milliseconds."""
        made = self._made
        if made is None or made[0] != len(self._endpoints):
            made = self._made = (len(self._endpoints), self._make())
        return made[1]

    def _make(self) -> dict[str, Any]:
        from lambdaframe.http.openapi.document import document
        from lambdaframe.http.openapi.info import Info
        from lambdaframe.http.openapi.serving import read_document

        if self._settings.file is not None:
            return read_document(self._settings.file)
        known = [(endpoint.route, endpoint.plan.dependant) for endpoint in self._endpoints]
        return document(Info(**self._settings.info), known)

    def apps(self, document: Callable[[], Mapping[str, Any]]) -> Mapping[str, ASGIApp]:
        """What to mount, by path. ``document`` gives what is shown: ``App.openapi``, which people replace."""
        openapi_url, docs_url = self._settings.openapi_url, self._settings.docs_url
        apps: dict[str, ASGIApp] = {}
        if openapi_url:
            apps[openapi_url] = _lazy(openapi_url, lambda: _openapi_apps(openapi_url, document))
            if docs_url:
                apps[docs_url] = _lazy(docs_url, lambda: self._docs_apps(docs_url, openapi_url, document))
        return apps

    def _docs_apps(
        self, docs_url: str, openapi_url: str, document: Callable[[], Mapping[str, Any]]
    ) -> Mapping[str, ASGIApp]:
        from lambdaframe.http.openapi.docs_page import docs_routes

        settings = self._settings
        return docs_routes(
            docs_url,
            openapi_url,
            settings.info["title"],
            document,
            parameters=settings.parameters,
            init_oauth=settings.init_oauth,
        )


def _openapi_apps(url: str, document: Callable[[], Mapping[str, Any]]) -> Mapping[str, ASGIApp]:
    from lambdaframe.http.openapi.serving import openapi_endpoint

    return {url: openapi_endpoint(document)}


def _lazy(url: str, build: Callable[[], Mapping[str, ASGIApp]]) -> ASGIApp:
    """A mounted application that is made of others, by path, when the first request comes."""
    apps: Mapping[str, ASGIApp] = {}

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal apps
        apps = apps or build()
        outer = scope["root_path"].removesuffix(url)
        path = route_path({"path": scope["path"], "root_path": outer})
        app = apps.get(path)
        if path == f"{url}/":  # relative URLs would mean something else there
            await send_answer(Answer(307, [(b"location", encode_path(outer + url).encode())], b""), send)
            return
        if app is None:
            raise HTTPException(404)
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"allow": "GET, HEAD"})
        await app({**scope, "root_path": outer}, receive, send)

    return serve
