"""What a body's content type means; examples and base64 in schemas."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Annotated, Any

from fastapi import Body, FastAPI, Query
from pydantic import BaseModel, Field

from tests.fastapi.checklist import case, different, document, get, post, same

TEXT = {"content-type": "text/plain"}


class Item(BaseModel):
    name: str


@case(
    "Strict Content-Type Checking",
    different(
        "A JSON body without a JSON content type is a 422.",
        post("/", 422, content=b'{"name":"x"}'),
        post("/", 422, content=b'{"name":"x"}', send=TEXT),
        fastapi=[422, 422],
        ours=[415, 415],
        because="It is refused here, too, but as what it is: 415 Unsupported Media Type.",
    ),
)
def strict() -> FastAPI:
    app = FastAPI()

    @app.post("/")
    async def create(item: Item):
        return item

    return app


@case(
    "Strict Content-Type Checking",
    same(
        "A handler may read what it likes from the Request instead.",
        post("/", content=b"<a/>", send={"content-type": "text/xml"}),
    ),
)
def lenient() -> FastAPI:
    from starlette.requests import Request

    app = FastAPI()

    @app.post("/")
    async def create(request: Request):
        return (await request.body()).decode()

    return app


class Example(BaseModel):
    name: str = Field(examples=["Foo"])

    model_config = {"json_schema_extra": {"examples": [{"name": "Bar"}]}}


@case(
    "Declare Request Example Data",
    same(
        "Examples of a model and its fields are documented.",
        document(lambda doc: doc["components"]["schemas"]["Example"]),
    ),
    same("… those of `Body`, too.", document(lambda doc: _content(doc, "/body")["schema"].get("examples"))),
    same(
        "`openapi_examples` are the media type's examples.", document(lambda doc: _content(doc, "/named")["examples"])
    ),
    same("… or the parameter's.", document(lambda doc: doc["paths"]["/query"]["get"]["parameters"][0]["examples"])),
)
def examples() -> FastAPI:
    app = FastAPI()

    @app.post("/model")
    async def model(item: Example): ...

    @app.post("/body")
    async def body(item: Annotated[Item, Body(examples=[{"name": "Baz"}])]): ...

    @app.post("/named")
    async def named(
        item: Annotated[Item, Body(openapi_examples={"normal": {"summary": "Normal", "value": {"name": "Foo"}}})],
    ) -> Any: ...

    @app.get("/query")
    async def query(q: Annotated[str, Query(openapi_examples={"one": {"value": "x"}})]): ...

    return app


def _content(doc: Any, path: str) -> Any:
    return doc["paths"][path]["post"]["requestBody"]["content"]["application/json"]


class Base64(BaseModel):
    data: bytes

    model_config = {"val_json_bytes": "base64", "ser_json_bytes": "base64"}


@case(
    "JSON with Bytes as Base64",
    same("`val_json_bytes` decodes a body's base64.", post("/", json={"data": "aGVsbG8="})),
    same("`ser_json_bytes` encodes the answer's.", get("/")),
)
def base64() -> FastAPI:
    app = FastAPI()

    @app.post("/")
    async def create(value: Base64):
        return value.data.decode()

    @app.get("/")
    async def read() -> Base64:
        return Base64(data=b"hello")

    return app
