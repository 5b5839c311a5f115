"""Query parameters and their validation."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query
from pydantic import AfterValidator, BeforeValidator

from tests.fastapi.checklist import case, different, document, get, same


class Color(StrEnum):
    red = "red"


@case(
    "Query Parameters",
    same("Arguments that are not in the path come from the query string.", get("/items?skip=1&limit=2")),
    same("A default makes one optional.", get("/items"), get("/items?limit=3")),
    same("Without a default it is required.", get("/needy?needy=x"), get("/needy", 422)),
    same("`None` as default makes it optional.", get("/optional"), get("/optional?q=x")),
    same("`X | None` without a default is required, too.", get("/nullable", 422), get("/nullable?q=x")),
    same(
        "bool takes 1, true, on, yes and their opposites.",
        *(get(f"/bool?short={b}") for b in ("1", "True", "on", "no")),
    ),
    same("bool takes nothing else.", get("/bool?short=maybe", 422), get("/bool?short=", 422)),
    same("Path and query parameters mix, in any order.", get("/users/7/items/x?q=a&short=1")),
    same("All mistakes of a request are reported at once.", get("/users/x/items/y?short=z", 422)),
    same("int takes no fraction, no text, nothing empty.", *(get(f"/items?skip={v}", 422) for v in ("1.5", "x", ""))),
    same(
        "int takes signs, spaces and a zero fraction.",
        *(get(f"/items?skip={v}") for v in ("-1", "%2B1", "%201", "1.0")),
    ),
    same("float takes exponents.", get("/float?x=1e3"), get("/float?x=-.5"), get("/float?x=abc", 422)),
    same("datetime, Enum and Literal convert.", get("/kinds?at=2026-01-02T03:04:05Z&color=red&mode=b")),
    same("… and say what is wrong.", get("/kinds?at=x&color=blue&mode=c", 422)),
    same("A timedelta is ISO 8601.", get("/delta?d=PT1M30S"), get("/delta?d=90", 422)),
    same("Unknown parameters are ignored.", get("/items?other=1")),
    same("Of a repeated scalar the last counts.", get("/items?skip=1&skip=2")),
    same("An empty str is a str.", get("/optional?q="), get("/needy?needy=")),
    same("`+` and percent escapes are decoded.", get("/optional?q=a+b%26c")),
    different(
        "The schema of an optional parameter allows null.",
        document(lambda doc: doc["paths"]["/optional"]["get"]["parameters"][0]["schema"]),
        fastapi=(200, {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Q"}),
        ours=(200, {"type": "string", "title": "Q"}),
        because="A query string, header or cookie can't hold null: the parameter is left out.",
    ),
    same("Defaults stand in the document.", document(lambda doc: doc["paths"]["/items"]["get"]["parameters"])),
)
def query_parameters() -> FastAPI:
    app = FastAPI()

    @app.get("/items")
    async def read_items(skip: int = 0, limit: int = 10):
        return {"skip": skip, "limit": limit}

    @app.get("/needy")
    async def needy_item(needy: str):
        return needy

    @app.get("/optional")
    async def optional(q: str | None = None):
        return {"q": q}

    @app.get("/nullable")
    async def nullable(q: str | None):
        return {"q": q}

    @app.get("/bool")
    async def boolean(short: bool = False):
        return short

    @app.get("/float")
    async def floating(x: float):
        return x

    @app.get("/kinds")
    async def kinds(at: datetime, color: Color, mode: Literal["a", "b"]):
        return [at.isoformat(), color, mode]

    @app.get("/delta")
    async def delta(d: timedelta):
        return d.total_seconds()

    @app.get("/users/{user_id}/items/{item_id}")
    async def mixed(q: str | None = None, *, user_id: int, item_id: str, short: bool):
        return [user_id, item_id, q, short]

    return app


def _isbn(value: str | None) -> str | None:
    if value is not None and not value.startswith("isbn-"):
        raise ValueError("no isbn")
    return value


@case(
    "Query Parameters and String Validations",
    same(
        "`min_length`, `max_length` and `pattern` check a str.",
        get("/s?q=abc"),
        get("/s?q=ab", 422),
        get("/s?q=abcdef", 422),
    ),
    same("… and are documented.", document(lambda doc: doc["paths"]["/s"]["get"]["parameters"][0]["schema"])),
    same("`Query` may be the default value instead.", get("/old?q=abc"), get("/old?q=a", 422), get("/old")),
    same("`Query(...)` is required.", get("/ellipsis", 422), get("/ellipsis?q=1")),
    same("`default_factory` makes the default.", get("/factory")),
    same("A list takes all values of a name.", get("/list?q=a&q=b"), get("/list?q=a"), get("/list", 422)),
    same("A list may have a default.", get("/list-default"), get("/list-default?q=x")),
    same("Items of a list are validated, with their index.", get("/ints?q=1&q=x", 422), get("/ints?q=1&q=2")),
    same("set and tuple take several, too.", get("/set?q=a&q=a"), get("/tuple?q=1&q=b")),
    same("A bare `list` takes anything.", get("/bare?q=1&q=b")),
    same("`alias` is the name in the query string.", get("/alias?item-query=x"), get("/alias?q=x")),
    same("Errors name the alias.", get("/alias-needed", 422)),
    same("`deprecated`, `title` and `description` are documented.", document(lambda doc: _first(doc, "/alias"))),
    same(
        "`include_in_schema=False` leaves it out of the document.",
        document(lambda doc: doc["paths"]["/hidden"]["get"].get("parameters")),
    ),
    same("Custom validators run.", get("/isbn?id=isbn-1"), get("/isbn?id=x", 422), get("/isbn")),
    same("A validator may prepare the text.", get("/csv?ids=1,2,3"), get("/csv?ids=1,x", 422)),
    same("An optional value may have bounds.", get("/bound"), get("/bound?n=5"), get("/bound?n=-1", 422)),
    same("`strict` converts nothing.", get("/strict?q=x&n=1", 422), get("/strict?q=x")),
)
def string_validations() -> FastAPI:
    app = FastAPI()

    @app.get("/s")
    async def checked(q: Annotated[str, Query(min_length=3, max_length=5, pattern="^a")] = "abc"):
        return q

    @app.get("/old")
    async def old(q: str | None = Query(default=None, min_length=3)):
        return q

    @app.get("/ellipsis")
    async def ellipsis(q: str = Query(...)):
        return q

    @app.get("/factory")
    async def factory(q: Annotated[str, Query(default_factory=lambda: "made")]):
        return q

    @app.get("/list")
    async def lists(q: Annotated[list[str], Query()]):
        return q

    @app.get("/list-default")
    async def list_default(q: Annotated[list[str], Query()] = ["a", "b"]):  # noqa: B006  as in FastAPI's tutorial
        return q

    @app.get("/ints")
    async def ints(q: Annotated[list[int], Query(max_length=3)]):
        return q

    @app.get("/set")
    async def sets(q: Annotated[set[str], Query()]):
        return q

    @app.get("/tuple")
    async def tuples(q: Annotated[tuple[int, str], Query()]):
        return q

    @app.get("/bare")
    async def bare(q: Annotated[list, Query()]):  # type: ignore[type-arg]  # that it is bare is the point
        return q

    @app.get("/alias")
    async def alias(
        q: Annotated[str, Query(alias="item-query", title="Q", description="What", deprecated=True)] = "",
    ):
        return q

    @app.get("/alias-needed")
    async def alias_needed(q: Annotated[str, Query(alias="item-query")]):
        return q

    @app.get("/hidden")
    async def hidden(q: Annotated[str | None, Query(include_in_schema=False)] = None):
        return q

    @app.get("/isbn")
    async def isbn(id: Annotated[str | None, AfterValidator(_isbn)] = None):  # noqa: A002
        return id

    @app.get("/csv")
    async def csv(ids: Annotated[list[int], BeforeValidator(lambda v: v[0].split(",")), Query()]):
        return ids

    @app.get("/bound")
    async def bound(n: Annotated[int | None, Query(ge=0)] = None):
        return n

    @app.get("/strict")
    async def strict(q: Annotated[str, Query(strict=True)], n: Annotated[int, Query(strict=True)] = 1):
        return [q, n]

    return app


def _first(doc: Any, path: str) -> Any:
    return doc["paths"][path]["get"]["parameters"][0]
