"""Nested bodies, extra data types, dataclasses."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Body, FastAPI
from pydantic import BaseModel, Field, HttpUrl
from typing_extensions import TypedDict

from tests.fastapi.checklist import case, get, post, put, same


class Image(BaseModel):
    url: HttpUrl
    name: str


class Item(BaseModel):
    name: str
    description: str | None = None
    price: float = Field(gt=0, description="More than zero")
    tags: set[str] = set()
    images: list[Image] | None = None


@dataclass
class Point:
    x: int
    y: int = 0


class Money(TypedDict):
    amount: int


ITEM = {"name": "Foo", "price": 50.5}


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    bark: str


@case(
    "Body - Fields and Nested Models",
    same("Fields have bounds.", post("/item", 422, json={"name": "x", "price": 0})),
    same(
        "Models nest to any depth, through lists.",
        post("/item", json={**ITEM, "images": [{"url": "http://a.example/b", "name": "n"}]}),
    ),
    same("A set drops what is there twice.", post("/item", json={**ITEM, "tags": ["a", "a"]})),
    same("A URL is checked.", post("/item", 422, json={**ITEM, "images": [{"url": "no", "name": "n"}]})),
    same("Keys of a dict convert.", post("/weights", json={"1": 2.5}), post("/weights", 422, json={"x": 2.5})),
    same(
        "A union may be told apart by a member.",
        post("/pet", json={"kind": "cat", "lives": 9}),
        post("/pet", 422, json={"kind": "cow"}),
    ),
    same("… and its mistakes are located.", post("/pet", 422, json={"kind": "dog"})),
)
def nested() -> FastAPI:
    app = FastAPI()

    @app.post("/item")
    async def item(item: Item) -> Item:
        return item

    @app.post("/weights")
    async def weights(weights: dict[int, float]):
        return weights

    @app.post("/pet")
    async def pet(pet: Annotated[Cat | Dog, Body(discriminator="kind")]):
        return pet

    return app


@case(
    "Extra Data Types",
    same(
        "UUID, datetime, date, time, timedelta convert both ways.",
        put(
            f"/items/{UUID(int=5)}",
            json={"start": "2026-01-02T03:04:05Z", "day": "2026-01-02", "at": "14:23:55.003", "after": 90},
        ),
        put(f"/items/{UUID(int=5)}", 422, json={"start": "x", "day": "y", "at": "z", "after": "w"}),
    ),
    same("bytes of a body are UTF-8 text.", post("/bytes", json="text")),
    same("frozenset and tuple are lists.", post("/sets", json=[["a", "a"], [1, "b"]])),
    same("A Decimal in a model is a string.", get("/typed")),
)
def data_types() -> FastAPI:
    app = FastAPI()

    @app.put("/items/{item_id}")
    async def update(
        item_id: UUID,
        start: Annotated[datetime, Body()],
        day: Annotated[date, Body()],
        at: Annotated[time, Body()],
        after: Annotated[timedelta, Body()],
    ):
        return {"id": item_id, "start": (start + after).isoformat(), "day": day, "at": at}

    @app.post("/bytes")
    async def content(value: Annotated[bytes, Body()]):
        return value.decode()

    @app.post("/sets")
    async def sets(value: tuple[frozenset[str], tuple[int, str]]):
        return [sorted(value[0]), value[1]]

    @app.get("/typed")
    async def typed() -> Decimal:
        return Decimal("1.50")

    return app


@case(
    "Using Dataclasses",
    same("A dataclass is a body.", post("/point", json={"x": "3"}), post("/point", 422, json={"y": 1})),
    same("… and an answer.", get("/point")),
    same("A TypedDict is a body.", post("/money", json={"amount": 3}), post("/money", 422, json={})),
)
def dataclasses() -> FastAPI:
    app = FastAPI()

    @app.post("/point")
    async def create(point: Point):
        return {"sum": point.x + point.y}

    @app.get("/point", response_model=Point)
    async def read():
        return {"x": 1, "y": 2, "z": 3}

    @app.post("/money")
    async def pay(money: Money):
        return money["amount"]

    return app
