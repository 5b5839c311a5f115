"""Annotations that are strings, as with ``from __future__ import annotations``."""

from __future__ import annotations

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from pydantic import BaseModel

from tests.fastapi.checklist import case, get, post, same


class Item(BaseModel):
    name: str
    next: Item | None = None


class Paging:
    def __init__(self, limit: Annotated[int, Query(le=5)] = 5) -> None:
        self.limit = limit


def needed(request: Request, paging: Annotated[Paging, Depends()]) -> int:
    return paging.limit


def build(app: FastAPI) -> Any:
    @app.post("/items")
    async def items(item: Item, n: Annotated[int, Depends(needed)], request: Request, q: int = 1) -> Item:
        return Item(name=f"{request.method} {n} {q}", next=item)

    @app.get("/list")
    async def lists() -> list[Item]:
        return [Item(name="n")]


@case(
    "First Steps",
    same("Annotations may be strings.", post("/items?q=3&limit=2", json={"name": "a"}), get("/list")),
    same("… with mistakes found through them.", post("/items?q=x&limit=9", 422, json={"next": {}})),
)
def strings() -> FastAPI:
    app = FastAPI()
    build(app)
    return app
