"""More models, updates, and values of every kind."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from http import HTTPMethod
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.responses import (
    JSONResponse,
)
from pydantic import BaseModel, SecretStr

from tests.fastapi.checklist import call, case, different, document, get, not_offered, put, same


class UserIn(BaseModel):
    username: str
    password: str


class UserOut(BaseModel):
    username: str


class Car(BaseModel):
    wheels: int


class Item(BaseModel):
    name: str | None = None
    price: float = 10.5
    tags: list[str] = []


@dataclass
class Point:
    x: int


@case(
    "Extra Models",
    same("Input and output may be different models.", call("POST", "/user", json={"username": "u", "password": "p"})),
    same("A union is documented as anyOf.", document(lambda doc: _schema(doc, "/union"))),
    same("`list[Model]` and `dict[str, float]` are answers, too.", get("/cars"), get("/weights")),
)
def extra_models() -> FastAPI:
    app = FastAPI()

    @app.post("/user", response_model=UserOut)
    async def create(user: UserIn):
        return user

    @app.get("/union", response_model=Car | UserOut)
    async def union():
        return {"wheels": 4}

    @app.get("/cars")
    async def cars() -> list[Car]:
        return [Car(wheels=4)]

    @app.get("/weights")
    async def weights() -> dict[str, float]:
        return {"a": 1}

    return app


@case(
    "Body - Updates",
    same("`exclude_unset` tells what the client sent.", call("PATCH", "/item", json={"price": 3}), get("/item")),
    same("PUT replaces all.", put("/item", json={"name": "new"})),
)
def updates() -> FastAPI:
    app = FastAPI()
    stored = [Item(name="old", tags=["a"])]

    @app.get("/item")
    async def read() -> Item:
        return stored[0]

    @app.put("/item")
    async def replace(item: Item) -> Item:
        return item

    @app.patch("/item")
    async def update(item: Item) -> Item:
        stored[0] = stored[0].model_copy(update=item.model_dump(exclude_unset=True))
        return stored[0]

    return app


@case(
    "JSON Compatible Encoder",
    not_offered(
        "`jsonable_encoder` turns anything into what JSON can hold.",
        get("/"),
        refused="encoders",
        because="`pydantic_core.to_jsonable_python` does the same.",
    ),
)
def encoder() -> FastAPI:
    from fastapi.encoders import jsonable_encoder

    app = FastAPI()

    @app.get("/")
    async def read():
        return JSONResponse(jsonable_encoder(Item()))

    return app


RETURNED: Mapping[str, tuple[str, Any]] = {
    "bytes": ("bytes, as text", b"text"),
    "dates": ("date, datetime and time, as ISO 8601", [date(2026, 1, 2), datetime(2026, 1, 2, 3), time(4, 5)]),
    "enum": ("An Enum, as its value", HTTPMethod.GET),
    "uuid": ("A UUID, as text", UUID(int=7)),
    "path": ("A path, as text", Path("/a/b")),
    "address": ("An IP address, as text", IPv4Address("127.0.0.1")),
    "sets": ("set, frozenset, tuple and deque, as lists", [{1}, frozenset({1}), (1, (2,)), deque([1, 2])]),
    "secret": ("A SecretStr, as stars", SecretStr("s")),
    "keys": ("Keys that are numbers, as text", {1: "a", 2.5: "b"}),
    "nested": ("Models and dataclasses inside lists and dicts", [Item(), {"a": Item(), "b": Point(1)}]),
    "large": ("Integers of any size", 2**70),
    "text": ("Text with any character", "\x00é€😀\u2028</script>"),
}
"""Values that a route without a declared type returns."""
AS_DECLARED = "That is how both frameworks answer where the type is declared, and one form is enough."


@case(
    "JSON Compatible Encoder",
    *(same(f"Returned: {what}.", get(f"/{name}")) for name, (what, _) in RETURNED.items()),
    different(
        "Returned: A timedelta, in seconds.",
        get("/timedelta"),
        fastapi=(200, 90.0),
        ours=(200, "PT1M30S"),
        because=f"As ISO 8601. {AS_DECLARED}",
    ),
    different(
        "Returned: A Decimal, as a number.",
        get("/decimal"),
        fastapi=(200, 1.5),
        ours=(200, "1.50"),
        because=f"As text: no digit is lost. {AS_DECLARED}",
    ),
    different(
        "Returned: A datetime in UTC, with `+00:00`.",
        get("/utc"),
        fastapi=(200, "2026-01-02T03:00:00+00:00"),
        ours=(200, "2026-01-02T03:00:00Z"),
        because=f"With `Z`. {AS_DECLARED}",
    ),
    different(
        "NaN and infinity can't be returned.",
        get("/nan", 500),
        fastapi=500,
        ours=(200, None),
        because=f"They are null. {AS_DECLARED}",
    ),
)
def returned() -> FastAPI:
    app = FastAPI()

    def register(name: str, value: Any) -> None:
        @app.get(f"/{name}")
        async def read():
            return value

    for name, (_, value) in RETURNED.items():
        register(name, value)
    register("timedelta", timedelta(seconds=90))
    register("decimal", Decimal("1.50"))
    register("nan", float("nan"))
    register("utc", datetime(2026, 1, 2, 3, tzinfo=UTC))
    return app


def _schema(doc: Any, path: str) -> Any:
    return doc["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
