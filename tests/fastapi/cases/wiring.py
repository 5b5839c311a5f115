"""What happens where mounts, paths and middleware meet routes."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

import tempfile
from pathlib import Path as FilePath
from typing import Any

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.sessions import SessionMiddleware

from tests.fastapi.checklist import case, get, same


class OwnError(Exception):
    pass


@case(
    "Sub Applications - Mounts",
    same("`url_for` knows mounts by name, and what is below them.", get("/urls")),
    same("A mounted application has its own exception handlers.", get("/sub/fails", 418), get("/fails", 500)),
    same("Redirects of slashes work inside of mounts.", get("/sub/x/", 307, headers=("location",))),
    same("Routes go before mounts; what no mount has is a 404.", get("/sub/own"), get("/other", 404)),
    same("Path parameters of a mount's routes convert.", get("/sub/n/3"), get("/sub/n/x", 422)),
)
def mounts() -> FastAPI:
    app, sub = FastAPI(), FastAPI()
    folder = FilePath(tempfile.mkdtemp())
    (folder / "a.txt").write_text("alpha")

    @sub.exception_handler(OwnError)
    async def handle(request: Request, exc: OwnError) -> JSONResponse:
        return JSONResponse({"path": request.url.path}, status_code=418)

    @sub.get("/fails")
    @app.get("/fails")
    async def fails():
        raise OwnError

    @sub.get("/x")
    async def x():
        return "x"

    @sub.get("/n/{n}")
    async def number(n: int):
        return n

    @app.get("/sub/own")
    async def own():
        return "own"

    @app.get("/urls")
    async def urls(request: Request):
        return [
            str(request.url_for("static", path="a.txt")),
            str(request.url_for("sub", path="/x")),
            app.url_path_for("static", path="/a.txt"),
        ]

    app.mount("/static", StaticFiles(directory=folder), name="static")
    app.mount("/sub", sub, name="sub")
    return app


@case(
    "Path Parameters",
    same("An escaped slash is a slash.", get("/items/a%2Fb", 404), get("/files/a%2Fb")),
    same("An empty segment is none.", get("/items/", 404)),
    same(
        "Text around a parameter is matched.",
        get("/report-7.json"),
        get("/report-x.json", 422),
        get("/report-7.xml", 404),
    ),
)
def paths() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: str):
        return item

    @app.get("/files/{path:path}")
    async def files(path: str):
        return path

    @app.get("/report-{number}.json")
    async def report(number: int):
        return number

    return app


@case(
    "Advanced Middleware",
    same("Starlette's BaseHTTPMiddleware works.", get("/", headers=("x-base",)), get("/fails", 500)),
    same("SessionMiddleware keeps a session in a cookie.", get("/sessions")),
    same("Background tasks and streams work inside of it.", get("/task"), get("/log")),
)
def middleware() -> FastAPI:
    class Base(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Any):
            response = await call_next(request)
            response.headers["x-base"] = "b"
            return response

    app = FastAPI()
    app.add_middleware(Base)
    app.add_middleware(SessionMiddleware, secret_key="k")
    log: list[str] = []

    @app.get("/")
    async def read():
        return 1

    @app.get("/fails")
    async def fails():
        raise OwnError

    @app.get("/session")
    async def session(request: Request):
        request.session["n"] = request.session.get("n", 0) + 1
        return request.session["n"]

    @app.get("/sessions")
    def sessions():
        client = TestClient(app)
        return [client.get("/session").json() for _ in range(2)]

    @app.get("/task")
    async def task(tasks: BackgroundTasks):
        tasks.add_task(log.append, "task")

    @app.get("/log")
    async def read_log():
        return log

    return app
