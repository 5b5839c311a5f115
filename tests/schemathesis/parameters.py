"""Routes that take every kind of path, query, header and cookie parameter."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from lambdaframe import Cookie, Header, Path, Query, Router
from tests.schemathesis.models import Colour, Level, Mixed, Session, Tracing, Window
from tests.schemathesis.typed import checked

router = Router(tags=["parameters"])


@router.get("/path/int/{number:int}")
@checked
async def path_int(number: Annotated[int, Path(le=1_000_000)]) -> int:
    return number


@router.get("/path/float/{number:float}")
@checked
async def path_float(number: float) -> float:
    return number


@router.get("/path/uuid/{key:uuid}")
@checked
async def path_uuid(key: UUID) -> UUID:
    return key


@router.get("/path/rest/{rest:path}")
@checked
async def path_rest(rest: str) -> str:
    return rest


@router.get("/path/plain/{number}/{text}")
@checked
async def path_plain(number: int, text: Annotated[str, Path(min_length=2, max_length=5)]) -> list[int | str]:
    return [number, text]


@router.get("/path/enum/{colour}/{level}/{which}")
@checked
async def path_enum(colour: Colour, level: Level, which: Literal["a", "b", 3]) -> list[Any]:
    return [colour, level, which]


@router.get("/path/mixed/v{major:int}.{minor:int}/{day}")
@checked
async def path_mixed(major: int, minor: int, day: date) -> list[Any]:
    return [major, minor, day]


@router.get("/query/numbers")
@checked
async def query_numbers(
    whole: int,
    small: Annotated[int, Query(gt=-5, lt=5)] = 0,
    even: Annotated[int | None, Query(multiple_of=2)] = None,
    real: float = 0.5,
    ratio: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)] = 0.5,
    exact: Annotated[Decimal, Query(max_digits=6, decimal_places=2)] = Decimal("0.10"),
    on: bool = False,
) -> list[Any]:
    return [whole, small, even, real if abs(real) < 1e300 else None, ratio, exact, on]


@router.get("/query/texts")
@checked
async def query_texts(
    q: Annotated[str, Query(min_length=3, max_length=10)],
    code: Annotated[str, Query(pattern=r"^[A-Z]{2}[0-9]+$")] = "AB1",
    renamed: Annotated[str | None, Query(alias="other-name", deprecated=True)] = None,
    key: UUID | None = None,
    day: date | None = None,
    at: datetime | None = None,
    colour: Colour = Colour.GREEN,
    which: Mixed = Mixed.TEXT,
    order: Literal["up", "down"] = "up",
) -> list[Any]:
    return [q, code, renamed, key, day, at, colour, which, order]


@router.get("/query/lists")
@checked
async def query_lists(
    ids: Annotated[list[int], Query(min_length=1, max_length=4)],
    names: Annotated[list[str] | None, Query()] = None,
    colours: Annotated[set[Colour], Query()] = set(),  # noqa: B006  never changed
    pair: Annotated[tuple[int, str], Query()] = (1, "a"),
    few: Annotated[list[Annotated[int, Field(ge=0, le=9)]], Query(max_length=3)] = [],  # noqa: B006  never changed
) -> list[Any]:
    return [ids, names, sorted(colours), pair, few]


@router.get("/query/union")
@checked
async def query_union(either: int | Literal["all"] = "all", wide: float | bool | None = None) -> list[Any]:
    return [either, wide]


@router.get("/query/model")
@checked
async def query_model(window: Annotated[Window, Query()]) -> Window:
    return window


@router.get("/headers")
@checked
async def headers(
    x_number: Annotated[int, Header(ge=0)],
    x_name: Annotated[str | None, Header(min_length=1, max_length=10)] = None,
    x_many: Annotated[list[str] | None, Header()] = None,
    x_colour: Annotated[Colour | None, Header()] = None,
    exact_name: Annotated[str | None, Header(alias="X-Exact_Name")] = None,
) -> list[Any]:
    return [x_number, x_name, x_many, x_colour, exact_name]


@router.get("/headers/model")
@checked
async def headers_model(tracing: Annotated[Tracing, Header()]) -> Tracing:
    return tracing


@router.get("/cookies")
@checked
async def cookies(
    theme: Annotated[Colour, Cookie()], visits: Annotated[int, Cookie(ge=0)] = 0, note: Annotated[str, Cookie()] = ""
) -> list[Any]:
    return [theme, visits, note]


@router.get("/cookies/model")
@checked
async def cookies_model(session: Annotated[Session, Cookie()]) -> Session:
    return session


@router.get("/mixture/{number}", deprecated=True)
@checked
async def mixture(
    number: int,
    q: str,
    x_token: Annotated[str, Header(min_length=3)],
    theme: Annotated[Colour | None, Cookie()] = None,
) -> list[Any]:
    """All places at once, in a deprecated operation."""
    return [number, q, x_token, theme]
