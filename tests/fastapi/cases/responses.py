"""Response models."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field, computed_field

from tests.fastapi.checklist import case, document, get, same


class Public(BaseModel):
    username: str
    full_name: str | None = None


class Private(Public):
    password: str


class Item(BaseModel):
    name: str
    price: float = 10.5
    tags: list[str] = []
    note: str | None = None


class Aliased(BaseModel):
    item_name: str = Field(alias="itemName")

    model_config = {"populate_by_name": True}


class Square(BaseModel):
    side: int

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def area(self) -> int:
        return self.side**2


PRIVATE: Any = {"username": "u", "password": "secret"}


@case(
    "Response Model - Return Type",
    same("The return type filters: fields it does not name are not sent.", get("/annotated"), get("/subclass")),
    same("`response_model` takes precedence over it.", get("/model")),
    same("`response_model=None` sends everything.", get("/nothing")),
    same("A dict is validated against the type.", get("/dict")),
    same("What does not fit is a 500.", get("/wrong", 500)),
    same("A list of models is filtered, one by one.", get("/list")),
    same("A union keeps the fields of the member that fits.", get("/union")),
    same("An object with attributes will do.", get("/object")),
    same("`response_model_exclude_unset` leaves defaults out that nobody set.", get("/unset")),
    same("`response_model_exclude_defaults` leaves out what equals a default.", get("/defaults")),
    same("`response_model_exclude_none` leaves out None.", get("/no-none")),
    same("`response_model_include` and `response_model_exclude` choose fields.", get("/include"), get("/exclude")),
    same("Aliases are used, unless `response_model_by_alias=False`.", get("/alias"), get("/names")),
    same("Computed fields are sent.", get("/square")),
    same(
        "A Response is sent as it is, whatever was declared.",
        get("/response"),
        get("/redirect", 307, headers=("location",)),
    ),
    same("A union with Response is possible with `response_model=None`.", get("/either"), get("/either?raw=1")),
    same("A declared `Any` sends whatever it is.", get("/declared-any")),
    same("The model is documented.", document(lambda doc: doc["paths"]["/annotated"]["get"]["responses"]["200"])),
)
def response_model() -> FastAPI:
    app = FastAPI()

    @app.get("/annotated")
    async def annotated() -> Public:
        return PRIVATE  # type: ignore[no-any-return]  # it is not a Public, that is the point

    @app.get("/subclass")
    async def subclass() -> Public:
        return Private(**PRIVATE)

    @app.get("/model", response_model=Public)
    async def model() -> dict[str, Any]:
        return PRIVATE  # type: ignore[no-any-return]

    @app.get("/nothing", response_model=None)
    async def nothing() -> Public:
        return PRIVATE  # type: ignore[no-any-return]

    @app.get("/dict")
    async def mapping() -> dict[str, float]:
        return {"a": 1}

    @app.get("/wrong")
    async def wrong() -> Public:
        return {"full_name": "no username"}  # type: ignore[return-value]

    @app.get("/list", response_model=list[Public])
    async def lists():
        return [PRIVATE, Private(**PRIVATE)]

    @app.get("/union", response_model=Item | Public)
    async def union():
        return {"username": "u"}

    @app.get("/object", response_model=Public)
    async def from_object():
        return type("Row", (), {"username": "u", "full_name": "f", "password": "p"})()

    @app.get("/unset", response_model=Item, response_model_exclude_unset=True)
    async def unset():
        return {"name": "n", "tags": []}

    @app.get("/defaults", response_model_exclude_defaults=True)
    async def defaults() -> Item:
        return Item(name="n", tags=[], price=3)

    @app.get("/no-none", response_model_exclude_none=True)
    async def no_none() -> Item:
        return Item(name="n")

    @app.get("/include", response_model=Item, response_model_include={"name", "note"})
    async def include():
        return Item(name="n")

    @app.get("/exclude", response_model=Item, response_model_exclude={"tags"})
    async def exclude():
        return Item(name="n")

    @app.get("/alias")
    async def alias() -> Aliased:
        return Aliased(itemName="n")

    @app.get("/names", response_model_by_alias=False)
    async def names() -> Aliased:
        return Aliased(itemName="n")

    @app.get("/square")
    async def square() -> Square:
        return Square(side=3)

    @app.get("/response")
    async def response() -> Response:
        return JSONResponse({"as": "it is"})

    @app.get("/redirect")
    async def redirect() -> RedirectResponse:
        return RedirectResponse("/elsewhere")

    @app.get("/either", response_model=None)
    async def either(raw: bool = False) -> Response | dict[str, int]:
        return Response("raw") if raw else {"a": 1}

    @app.get("/declared-any")
    async def declared_any() -> Any:
        return [Item(name="n"), None]

    return app
