"""Details: of tasks, schemes, forms, states."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import HTMLResponse
from fastapi.security import APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPBasic, HTTPBearer
from pydantic import BaseModel, Field

from tests.fastapi.checklist import case, different, get, post, same


class OwnError(Exception):
    pass


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
    async def life(app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        yield {"shared": [], "number": 1}

    app = FastAPI(lifespan=life)

    @app.get("/")
    async def read(request: Request):
        request.state.shared.append(1)
        request.state.number += 1
        return [request.state.shared, request.state.number]

    return app


@case(
    "Bigger Applications",
    different(
        "`url_path_for` puts text into a path as it is.",
        get("/"),
        fastapi=(200, "/items/a b"),
        ours=(200, "/items/a%20b"),
        because="It is escaped: what comes out is part of a URL.",
    ),
)
def escaped_urls() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def url():
        return app.url_path_for("item", item="a b")

    @app.get("/items/{item}")
    async def item(item: str):
        return item

    return app
