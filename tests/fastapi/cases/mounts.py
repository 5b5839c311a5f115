"""Sub-applications, proxies, static files, templates."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

import tempfile
from pathlib import Path as FilePath
from typing import Any

from fastapi import FastAPI, Request
from fastapi.middleware import Middleware
from starlette.responses import PlainTextResponse, Response

from tests.fastapi.checklist import case, document, get, not_offered, same


@case(
    "Sub Applications - Mounts",
    same("A mounted application serves what is below its path.", get("/sub/x"), get("/main")),
    same("It has its own document and pages.", get("/sub/openapi.json", see=lambda doc: sorted(doc["paths"]))),
    same("… with its path as server.", get("/sub/openapi.json", see=lambda doc: doc["servers"])),
    same("`root_path` is its path.", get("/sub/root")),
    same("What it does not know is its 404.", get("/sub/nowhere", 404)),
    same("Any ASGI application can be mounted.", get("/asgi/y")),
    same("The parent's document leaves it out.", document(lambda doc: sorted(doc["paths"]))),
)
def mounts() -> FastAPI:
    app, sub = FastAPI(), FastAPI()

    @app.get("/main")
    async def main():
        return "main"

    @sub.get("/x")
    async def x():
        return "sub"

    @sub.get("/root")
    async def root(request: Request):
        return [request.scope["root_path"], request.url.path]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(f"asgi {scope['root_path']}")(scope, receive, send)

    app.mount("/sub", sub)
    app.mount("/asgi", asgi)
    return app


class Prefixed:
    """Stands for a server that knows the prefix which a proxy has cut off."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({**scope, "root_path": "/api/v1"}, receive, send)


@case(
    "Behind a Proxy",
    same("The server's `root_path` is known; routes match without it.", get("/x"), get("/api/v1/x")),
    same("The document names it as a server.", document(lambda doc: doc["servers"])),
    same("`/docs` finds the document below it.", get("/docs", see=lambda page: "openapi.json" in page)),
)
def proxied() -> FastAPI:
    app = FastAPI(middleware=[Middleware(Prefixed)])

    @app.get("/x")
    async def x(request: Request):
        return [request.scope["root_path"], str(request.url_for("x"))]

    return app


def _folder() -> FilePath:
    folder = FilePath(tempfile.mkdtemp())
    (folder / "a.txt").write_text("alpha")
    (folder / "page.html").write_text("<p>{{ name }} {{ url_for('page') }}</p>")
    return folder


@case(
    "Static Files",
    same("StaticFiles is mounted.", get("/static/a.txt"), get("/static/none", 404)),
)
def static_files() -> FastAPI:
    from fastapi.staticfiles import StaticFiles

    app = FastAPI()
    app.mount("/static", StaticFiles(directory=_folder()), name="static")
    return app


@case(
    "Templates",
    same("Jinja2Templates answers with a page.", get("/page")),
)
def templates() -> FastAPI:
    from fastapi.templating import Jinja2Templates

    app, pages = FastAPI(), Jinja2Templates(directory=_folder())

    @app.get("/page")
    def page(request: Request) -> Response:
        return pages.TemplateResponse(request=request, name="page.html", context={"name": "<b>"})

    return app


@case(
    "Frontend",
    not_offered(
        "`app.frontend` serves a built single-page application.",
        get("/a.txt"),
        refused="frontend",
        because="A bucket behind CloudFront serves files. `app.mount('/', StaticFiles(directory=..., html=True))` can.",
    ),
)
def frontend() -> FastAPI:
    app = FastAPI()
    app.frontend("/", directory=_folder())
    return app
