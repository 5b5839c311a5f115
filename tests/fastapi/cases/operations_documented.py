"""What the OpenAPI document says of parameters, bodies and answers."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, File, Form, Header, Path, Query, UploadFile
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from tests.fastapi.checklist import Check, case, document, same


class Kind(StrEnum):
    a = "a"
    b = "b"


class Inner(BaseModel):
    """Something inside."""

    n: int = Field(ge=1, description="How many")


class Outer(BaseModel):
    inner: Inner
    kinds: list[Kind] = []
    by_name: dict[str, Inner] = {}


def _operation(path: str, method: str, *names: str) -> Any:
    def see(doc: Any) -> Any:
        found = doc["paths"][path][method]
        for name in names:
            found = found[name]
        return found

    return see


def _documented(behaviour: str, path: str, method: str, *names: str) -> Check:
    return same(behaviour, document(_operation(path, method, *names)))


@case(
    "Path Operation Configuration",
    _documented("Lists, bounds and Enums of parameters are documented.", "/parameters/{n}", "get", "parameters"),
    same("Models inside of models are components.", document(lambda doc: _named(doc, "Inner", "Outer", "Kind"))),
    _documented("A body's place is a reference to its model.", "/body", "post", "requestBody"),
    same(
        "An optional body is not required.",
        document(
            lambda doc: [doc["paths"][p]["post"]["requestBody"].get("required", False) for p in ("/optional", "/body")]
        ),
    ),
    _documented("A list of models is an array of references.", "/many", "get", "responses", "200", "content"),
    _documented("A union is anyOf.", "/either", "get", "responses", "200", "content"),
    _documented("A plain text answer has its media type.", "/text", "get", "responses", "200"),
    _documented("An answer without content has none.", "/nothing", "delete", "responses", "204"),
    _documented("An answer of no declared type has an empty schema.", "/anything", "get", "responses", "200"),
    _documented("A router's dependencies' parameters are documented.", "/r/x", "get", "parameters"),
    _documented("… and its security.", "/r/x", "get", "security"),
    same(
        "Several members of a body have one schema.", document(lambda doc: sorted(_body(doc, "/several")["properties"]))
    ),
    same(
        "A file is binary.",
        document(lambda doc: _body(doc, "/file", "multipart/form-data")["properties"]["file"]["type"]),
    ),
    same(
        "Form fields are properties.",
        document(lambda doc: sorted(_body(doc, "/form", "application/x-www-form-urlencoded")["properties"])),
    ),
    same("Both methods of a path are documented.", document(lambda doc: sorted(doc["paths"]["/both"]))),
    same(
        "`responses` takes ranges of statuses.",
        document(lambda doc: doc["paths"]["/text"]["get"]["responses"]["5XX"]["description"]),
    ),
    _documented("An operation's id is made of name, path and method.", "/body", "post", "operationId"),
)
def documents() -> FastAPI:
    app = FastAPI()

    def needed(x_a: Annotated[str, Header()]) -> str:
        return x_a

    router = APIRouter(prefix="/r", dependencies=[Depends(needed), Depends(HTTPBearer())])

    @app.get("/parameters/{n}")
    async def parameters(
        n: Annotated[int, Path(ge=1, le=5, title="N")],
        kind: Kind,
        tags: Annotated[list[str], Query(max_length=3)] = [],  # noqa: B006
        old: Annotated[bool, Query(deprecated=True)] = False,
    ): ...

    @app.post("/body")
    async def body(outer: Outer) -> Outer:
        return outer

    @app.post("/optional")
    async def optional(inner: Inner | None = None): ...

    @app.get("/many")
    async def many() -> list[Inner]:
        return []

    @app.get("/either", response_model=Inner | Outer)
    async def either(): ...

    @app.get("/text", response_class=PlainTextResponse, responses={"5XX": {"description": "Broken"}})
    async def text():
        return "x"

    @app.delete("/nothing", status_code=204)
    async def nothing(): ...

    @app.get("/anything")
    async def anything(): ...

    @app.get("/stream", response_class=StreamingResponse)
    async def stream(): ...

    @router.get("/x")
    async def x(): ...

    @app.post("/several")
    async def several(inner: Inner, n: Annotated[int, Body()]): ...

    @app.post("/file")
    async def file(file: UploadFile, other: Annotated[bytes, File()]): ...

    @app.post("/form")
    async def form(a: Annotated[str, Form()], b: Annotated[int, Form()] = 1): ...

    @app.get("/both")
    async def read(): ...

    @app.post("/both")
    async def write(): ...

    app.include_router(router)
    return app


def _named(doc: Any, *names: str) -> Any:
    return {name: doc["components"]["schemas"][name] for name in names}


def _body(doc: Any, path: str, media: str = "application/json") -> Any:
    schema = doc["paths"][path]["post"]["requestBody"]["content"][media]["schema"]
    return doc["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
