"""What a path operation says of itself; the document's metadata."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from enum import Enum
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from tests.fastapi.checklist import Check, See, case, different, document, get, same


class Tags(Enum):
    items = "items"


class Item(BaseModel):
    name: str


class Message(BaseModel):
    message: str


def _of(name: str, path: str = "/all", method: str = "get") -> See:
    return lambda doc: doc["paths"][path][method].get(name)


def _documented(behaviour: str, name: str, path: str = "/all", method: str = "get") -> Check:
    return same(behaviour, document(_of(name, path, method)))


@case(
    "Path Operation Configuration",
    _documented("`tags`, also from an Enum.", "tags"),
    _documented("`summary`.", "summary"),
    _documented("`description`.", "description"),
    _documented("`deprecated=True`.", "deprecated"),
    same(
        "`response_description`.", document(lambda doc: doc["paths"]["/all"]["get"]["responses"]["200"]["description"])
    ),
    _documented("The docstring is the description, up to a form feed.", "description", "/doc"),
    _documented("Without `summary` the function's name is it.", "summary", "/doc"),
    _documented("Tags stand in the order they are written.", "tags", "/doc"),
)
def operations() -> FastAPI:
    app = FastAPI()

    @app.get(
        "/all",
        tags=[Tags.items, "more"],
        summary="Read",
        description="Reads *it*.",
        response_description="It",
        deprecated=True,
    )
    async def read(): ...

    @app.get("/doc", tags=["b", "a"])
    async def read_one_item():
        """Read one item.

        - **name**: its name
        \f
        Not for clients.
        """

    return app


@case(
    "Path Operation Advanced Configuration",
    _documented("`operation_id`.", "operationId", "/named"),
    same("`include_in_schema=False` leaves it out.", document(lambda doc: "/hidden" in doc["paths"])),
    _documented("`openapi_extra` is merged in.", "x-extra", "/extra"),
    _documented("… deeply.", "requestBody", "/extra", "post"),
    same(
        "An operation's id is unique by itself.",
        document(lambda doc: len({o["operationId"] for p in doc["paths"].values() for o in p.values()})),
    ),
)
def advanced() -> FastAPI:
    app = FastAPI()

    @app.get("/named", operation_id="some_id")
    async def named(): ...

    @app.get("/hidden", include_in_schema=False)
    async def hidden(): ...

    @app.get("/extra", openapi_extra={"x-extra": {"a": 1}})
    async def extra(): ...

    @app.post("/extra", openapi_extra={"requestBody": {"description": "What", "required": False}})
    async def extra_body(item: Item): ...

    @app.get("/a/{x}")
    async def same_name(x: int): ...

    @app.post("/a/{x}")
    async def other_name(x: int): ...

    return app


@case(
    "Additional Responses in OpenAPI",
    same("`responses` adds answers with models.", document(lambda doc: _responses(doc)["404"])),
    same("… with media types and examples.", document(lambda doc: _responses(doc)["200"]["content"])),
    different(
        "An error that `responses` describes by a sentence alone has no body in the document.",
        document(lambda doc: sorted(_responses(doc)["403"])),
        fastapi=(200, ["description"]),
        ours=(200, ["content", "description"]),
        because="The body of an error is a problem.",
    ),
    same("The model is a component.", document(lambda doc: doc["components"]["schemas"]["Message"])),
    same(
        "Those of a router are joined with its routes'.",
        document(lambda doc: sorted(doc["paths"]["/r"]["get"]["responses"])),
    ),
)
def additional() -> FastAPI:
    app = FastAPI(responses={500: {"description": "Oh"}})
    router = APIRouter(responses={418: {"description": "Tea"}})

    @app.get(
        "/a",
        response_model=Item,
        responses={
            404: {"model": Message, "description": "Gone"},
            403: {"description": "No"},
            200: {"content": {"image/png": {}}, "description": "Item or image"},
        },
    )
    async def read(): ...

    @router.get("/r", responses={410: {"description": "Gone"}})
    async def route(): ...

    app.include_router(router, responses={409: {"description": "Conflict"}})
    return app


def _responses(doc: Any) -> Any:
    return doc["paths"]["/a"]["get"]["responses"]


@case(
    "Metadata and Docs URLs",
    same(
        "title, summary, description, version, terms, contact and license stand in `info`.",
        document(lambda doc: doc["info"]),
    ),
    same("`openapi_tags` describe tags, in order.", document(lambda doc: doc["tags"])),
    same("`servers` are listed.", document(lambda doc: doc["servers"])),
)
def metadata() -> FastAPI:
    return FastAPI(
        title="T",
        summary="S",
        description="D",
        version="1.2.3",
        terms_of_service="https://t.example",
        contact={"name": "N", "url": "https://n.example/us", "email": "n@example.com"},
        license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
        openapi_tags=[{"name": "b", "description": "B"}, {"name": "a"}],
        servers=[{"url": "https://s.example"}],
    )


@case(
    "Metadata and Docs URLs",
    same(
        "`openapi_url` and `docs_url` move them.",
        get("/api/v1/openapi.json", see=lambda doc: doc["openapi"][:3]),
        get("/documentation", see=lambda page: "api/v1/openapi.json" in page),
        get("/docs", 404),
    ),
)
def moved() -> FastAPI:
    return FastAPI(openapi_url="/api/v1/openapi.json", docs_url="/documentation")


@case(
    "Metadata and Docs URLs",
    same("`openapi_url=None` serves neither document nor page.", get("/openapi.json", 404), get("/docs", 404)),
)
def without_document() -> FastAPI:
    return FastAPI(openapi_url=None)


@case(
    "Metadata and Docs URLs",
    same(
        "`docs_url=None` serves no page.", get("/docs", 404), get("/openapi.json", see=lambda doc: doc["openapi"][:3])
    ),
)
def without_docs() -> FastAPI:
    return FastAPI(docs_url=None)
