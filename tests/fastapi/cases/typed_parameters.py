"""Parameters of less usual types."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

from annotated_types import Gt
from fastapi import Cookie, Depends, FastAPI, Header, Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from tests.fastapi.checklist import case, get, same

UserId = NewType("UserId", int)
Name = Annotated[str, StringConstraints(min_length=2, to_lower=True)]


class Level(IntEnum):
    low = 1


class Page(BaseModel):
    page_number: int = Field(1, ge=1)
    page_size: int = 10
    model_config = ConfigDict(alias_generator=to_camel)

    @model_validator(mode="after")
    def not_too_deep(self):
        if self.page_number * self.page_size > 100:
            raise ValueError("too deep")
        return self


@case(
    "Query Parameters",
    same("A union takes what fits first.", get("/union?q=1"), get("/union?q=x")),
    same("A NewType is what it is made of.", get("/new?q=3"), get("/new?q=x", 422)),
    same("Annotated types of one's own, with constraints, work.", get("/name?q=AB"), get("/name?q=A", 422)),
    same("`annotated_types` work.", get("/gt?q=1"), get("/gt?q=0", 422)),
    same("Decimal, date and UUID convert.", get(f"/many?d=1.50&day=2026-01-02&u={UUID(int=1)}")),
    same("… and say what is wrong.", get("/many?d=x&day=2026-13-01&u=1", 422)),
    same(
        "A Literal of numbers takes no text; an IntEnum does.",
        get("/literal?q=1", 422),
        get("/level?q=1"),
        get("/level?q=2", 422),
    ),
    same("An optional list may be left out.", get("/lists"), get("/lists?q=1&q=2"), get("/lists?q=1&q=x", 422)),
    same("A list may hold Enums.", get("/levels?q=1"), get("/levels?q=1&q=5", 422)),
    same("A set's items may be constrained.", get("/set?q=AB&q=ab"), get("/set?q=a", 422)),
    same("Any is text.", get("/any?q=1"), get("/any?q=1&q=2")),
    same("A date may stand in the path.", get("/days/2026-01-02"), get("/days/tomorrow", 422)),
    same("Lengths and patterns are checked in the path.", get("/codes/ab1"), get("/codes/AB", 422)),
    same("Text with NUL, emoji and quotes arrives as it is.", get("/any", params={"q": "\x00😀\"'&="})),
    same("A number may be long, up to 4300 digits.", get(f"/gt?q={'9' * 30}"), get(f"/gt?q={'9' * 5000}", 422)),
    same(
        "0x1, 1e3, 1.5 and the like are no integers.",
        *(get(f"/gt?q={text}", 422) for text in ("0x1", "1e3", "٣x", "--1", "1.5", "1_", "1__0")),
    ),
    same(
        "1_000, 1.0, 007 and +5 are integers.",
        *(get(f"/gt?q={text}") for text in ("1_000", "1.0", "007", "%2B5", "1.00")),
    ),
    same("1, .5 and 1e-2 are floats.", *(get(f"/float?q={text}") for text in ("1", "-1.5", ".5", "1e-2", "%201"))),
    same("y, T, OFF, 0 and False are booleans.", *(get(f"/bool?q={text}") for text in ("y", "T", "OFF", "0", "False"))),
)
def types() -> FastAPI:
    app = FastAPI()

    @app.get("/union")
    async def union(q: int | str):
        return q

    @app.get("/new")
    async def new(q: UserId):
        return q

    @app.get("/name")
    async def name(q: Name):
        return q

    @app.get("/gt")
    async def greater(q: Annotated[int, Gt(0)]):
        return str(q)

    @app.get("/many")
    async def many(d: Decimal, day: date, u: UUID):
        return [str(d), day, u]

    @app.get("/literal")
    async def literal(q: Literal[1, 2]):
        return q

    @app.get("/level")
    async def level(q: Level):
        return q

    @app.get("/lists")
    async def lists(q: Annotated[list[int] | None, Query()] = None):
        return q

    @app.get("/levels")
    async def levels(q: Annotated[list[Level], Query()]):
        return q

    @app.get("/set")
    async def a_set(q: Annotated[set[Name], Query()]):
        return sorted(q)

    @app.get("/any")
    async def anything(q: Any):
        return q

    @app.get("/days/{day}")
    async def of_day(day: date):
        return day

    @app.get("/codes/{code}")
    async def of_code(code: Annotated[str, Path(pattern="^[a-z]+[0-9]$", max_length=5)]):
        return code

    @app.get("/float")
    async def floats(q: float):
        return q

    @app.get("/bool")
    async def bools(q: bool):
        return q

    return app


@case(
    "Query Parameter Models",
    same("Aliases of a model are the names.", get("/?pageNumber=2&pageSize=5"), get("/?page_number=0")),
    same("Locations name the alias.", get("/?pageNumber=0", 422)),
    same("A mistake of the whole is located at the query.", get("/?pageNumber=90", 422)),
    same("A model stands beside parameters in dependencies.", get("/needed?q=1&pageNumber=3")),
)
def models() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(page: Annotated[Page, Query()]):
        return page.model_dump()

    def paged(page: Annotated[Page, Query()]) -> Page:
        return page

    @app.get("/needed")
    async def needed(page: Annotated[Page, Depends(paged)], x: Annotated[str | None, Header()] = None):
        return [page.page_number, x]

    return app


@case(
    "Header Parameters",
    same(
        "Lists, validators and unions work as for the query.",
        get("/", send=[("x-n", "1"), ("x-n", "2"), ("x-csv", "a,b")]),
    ),
    same("… with mistakes at their index.", get("/", 422, send=[("x-n", "1"), ("x-n", "x")])),
    same("Header values may be of latin-1.", get("/text", send={"x-text": b"caf\xe9"})),
    same("Cookies may be quoted.", get("/cookie", send={"cookie": 'c="a b"; d=1'})),
)
def headers() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(
        x_n: Annotated[list[int], Header()],
        x_csv: Annotated[list[str], BeforeValidator(lambda v: v[0].split(",")), Header()] = [],  # noqa: B006
    ):
        return [x_n, x_csv]

    @app.get("/text")
    async def text(x_text: Annotated[str, Header()]):
        return x_text

    @app.get("/cookie")
    async def cookie(c: Annotated[str, Cookie()], d: Annotated[int, Cookie()]):
        return [c, d]

    return app
