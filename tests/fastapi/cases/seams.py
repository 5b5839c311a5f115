"""What happens at the seams: of routes, mounts, middleware, schemes, forms, tasks."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPBasic, HTTPBearer
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.sessions import SessionMiddleware

from tests.fastapi.checklist import call, case, get, post, same


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
            app.url_path_for("static", path="/a b.txt"),
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
    same("A 405 names what is allowed.", call("DELETE", "/only-post", 405, headers=("allow",))),
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

    @app.post("/only-post")
    async def only_post(): ...

    return app


@case(
    "Advanced Middleware",
    same("Starlette's BaseHTTPMiddleware works.", get("/", headers=("x-base",)), get("/fails", 500)),
    same("SessionMiddleware keeps a session in a cookie.", get("/session"), get("/session")),
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

    @app.get("/task")
    async def task(tasks: BackgroundTasks):
        tasks.add_task(log.append, "task")

    @app.get("/log")
    async def read_log():
        return log

    return app


@case(
    "Background Tasks",
    same("A task that fails changes no answer.", get("/fails"), get("/log")),
)
def failing_task() -> FastAPI:
    app = FastAPI()
    log: list[str] = []

    def fail() -> None:
        log.append("ran")
        raise OwnError

    @app.get("/fails")
    async def fails(tasks: BackgroundTasks):
        tasks.add_task(fail)
        return "sent"

    @app.get("/log")
    async def read_log():
        return log

    return app


@case(
    "Security - Other Schemes",
    same("`auto_error=False` gives None for each of them.", get("/")),
    same("One of several will do.", get("/either?key=k"), get("/either", send={"x-key": "h"}), get("/either", 401)),
)
def optional_schemes() -> FastAPI:
    app = FastAPI()
    header, query = APIKeyHeader(name="x-key", auto_error=False), APIKeyQuery(name="key", auto_error=False)

    @app.get("/")
    async def read(
        a: Annotated[Any, Depends(HTTPBearer(auto_error=False))],
        b: Annotated[Any, Depends(HTTPBasic(auto_error=False))],
        c: Annotated[Any, Depends(header)],
        d: Annotated[Any, Depends(query)],
        e: Annotated[Any, Depends(APIKeyCookie(name="k", auto_error=False))],
    ):
        return [a, b, c, d, e]

    def either(a: Annotated[str | None, Depends(header)], b: Annotated[str | None, Depends(query)]) -> str:
        if found := a or b:
            return found
        raise HTTPException(401)

    @app.get("/either")
    async def one(key: Annotated[str, Depends(either)]):
        return key

    return app


class Upload(BaseModel):
    title: str = Field(alias="the-title", min_length=2)
    keep: bool = False
    sizes: list[int] = []


@case(
    "Form Models",
    same(
        "Aliases, bounds, booleans and lists work.",
        post("/", data={"the-title": "ab", "keep": "on", "sizes": ["1", "2"]}),
    ),
    same("… with their mistakes.", post("/", 422, data={"the-title": "a", "sizes": ["1", "x"]})),
    same("A multipart form will do.", post("/", data={"the-title": "ab"}, files={"x": ("f", b"f")})),
    same(
        "Optional files may be missing, lists of them empty.",
        post("/files"),
        post("/files", files=[("many", ("f", b"ab"))]),
    ),
    same("File names may hold any character.", post("/names", files={"file": ('ä 😀".txt', b"x")})),
)
def form_details() -> FastAPI:
    app = FastAPI()

    @app.post("/")
    async def create(upload: Annotated[Upload, Form()]):
        return upload

    @app.post("/files")
    async def files(one: Annotated[bytes | None, File()] = None, many: list[UploadFile] = []):  # noqa: B006
        return [one, [file.size for file in many]]

    @app.post("/names")
    async def names(file: UploadFile):
        return file.filename

    return app


@case(
    "Bigger Applications",
    same("`default_response_class` of a router or of its inclusion is its routes'.", get("/a/x"), get("/b/x")),
)
def router_classes() -> FastAPI:
    app = FastAPI()
    one, two = APIRouter(default_response_class=HTMLResponse), APIRouter()

    @one.get("/x")
    @two.get("/x")
    async def x():
        return "<p>"

    app.include_router(one, prefix="/a")
    app.include_router(two, prefix="/b", default_response_class=HTMLResponse)
    return app


@case(
    "Lifespan Events",
    same("The application has its lifespan's state in every request, apart.", get("/"), get("/")),
)
def states() -> FastAPI:
    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"shared": [], "number": 1}

    app = FastAPI(lifespan=life)

    @app.get("/")
    async def read(request: Request):
        request.state.shared.append(1)
        request.state.number += 1
        return [request.state.shared, request.state.number]

    return app
