"""JSON bodies: one, several, embedded."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from typing import Annotated, Any

from fastapi import Body, FastAPI
from pydantic import BaseModel, Field, HttpUrl

from tests.fastapi.checklist import call, case, different, document, post, put, same

JSON = {"content-type": "application/json"}


class Image(BaseModel):
    url: HttpUrl
    name: str


class Item(BaseModel):
    name: str
    description: str | None = None
    price: float = Field(gt=0, description="More than zero")
    tags: set[str] = set()
    images: list[Image] | None = None


class User(BaseModel):
    username: str


ITEM = {"name": "Foo", "price": 50.5}


@case(
    "Request Body",
    same("A model is the body; the handler gets an instance.", post("/items", json=ITEM)),
    same("A field without a default is required.", post("/items", 422, json={"price": 1})),
    same("Locations lead into the body.", post("/items", 422, json={**ITEM, "tags": 3, "images": [{"url": "x"}]})),
    same("Text converts to numbers.", post("/items", json={**ITEM, "price": "3.5"})),
    same("A missing body is a 422.", post("/items", 422, send=JSON)),
    different(
        "A body that is no object, where a model is needed, is a `model_attributes_type`.",
        post("/items", 422, json=[ITEM]),
        post("/items", 422, json="x"),
        fastapi=[(422, [(("body",), "model_attributes_type")])] * 2,
        ours=[(422, [(("body",), "model_type")])] * 2,
        because="It is a `model_type`: the model reads JSON, not Python objects.",
    ),
    same("`null` where a model is needed is a 422.", post("/items", 422, json=None, send=JSON)),
    same("Body, path and query mix; mistakes in all are reported together.", put("/items/x?q=1&n=y", 422, json={})),
    same("… as are the values.", put("/items/7?q=a", json=ITEM)),
    same("An optional body may be missing.", post("/optional"), post("/optional", json={"username": "u"})),
    same("Any JSON type may be the body.", post("/any", json=[1, {"a": None}]), post("/dict", json={"a": 1})),
    same("A list of models may be it; an index stands in the location.", post("/many", 422, json=[ITEM, {}])),
    same("Extra members are ignored.", post("/items", json={**ITEM, "more": 1})),
    same("A union takes whichever fits.", post("/union", json={"username": "u"}), post("/union", json=ITEM)),
    same(
        "`application/*+json` is JSON, too.",
        post("/items", content=b'{"name":"x","price":1}', send={"content-type": "application/vnd.x+json"}),
    ),
    same("A GET may have a body.", call("GET", "/body", json={"username": "u"})),
    different(
        "A body that is no JSON is a 422.",
        post("/items", 422, content=b"{not json", send=JSON),
        fastapi=422,
        ours=400,
        because="It is 400: the content can't be read at all. 422 is for what can be read and does not fit.",
    ),
    same(
        "The model is a component of the document.",
        document(lambda doc: sorted(doc["components"]["schemas"]["Item"]["properties"])),
    ),
    same("The body refers to it.", document(lambda doc: doc["paths"]["/items"]["post"]["requestBody"])),
)
def bodies() -> FastAPI:
    app = FastAPI()

    @app.post("/items")
    async def create(item: Item):
        return {"name": item.name.title(), "price": item.price, "tags": sorted(item.tags)}

    @app.put("/items/{item_id}")
    async def update(item_id: int, item: Item, q: str | None = None, n: int = 0):
        return {"id": item_id, **item.model_dump(exclude_unset=True), "q": q, "n": n}

    @app.post("/optional")
    async def optional(user: User | None = None):
        return user

    @app.post("/any")
    async def anything(value: Annotated[Any, Body()]):
        return value

    @app.post("/dict")
    async def mapping(value: dict[str, int]):
        return value

    @app.post("/many")
    async def many(items: list[Item]):
        return len(items)

    @app.post("/union")
    async def union(value: Item | User):
        return type(value).__name__

    @app.get("/body")
    async def body_of_get(user: User):
        return user

    return app


@case(
    "Body - Multiple Parameters",
    same(
        "Several bodies are members of one object, by their names.",
        put("/two", json={"item": ITEM, "user": {"username": "u"}}),
    ),
    same("Locations begin with the member's name.", put("/two", 422, json={"item": {}})),
    same("`Body()` makes a scalar a member.", put("/scalar", json={"item": ITEM, "importance": 5})),
    same("… which is validated.", put("/scalar", 422, json={"item": ITEM, "importance": 0})),
    same("A lone scalar with `Body()` is the whole body.", put("/lone", json=5), put("/lone", 422, json={"n": 5})),
    same(
        "`embed=True` makes the only one a member.", put("/embed", json={"item": ITEM}), put("/embed", 422, json=ITEM)
    ),
    same("A member may be optional.", put("/maybe", json={"user": {"username": "u"}}), put("/maybe", 422, json={})),
    same("No body at all misses each member.", put("/two", 422, send=JSON)),
    same(
        "`alias` names the member.",
        put("/alias", json={"the-user": {"username": "u"}}),
        put("/alias", 422, json={"user": 1}),
    ),
)
def several() -> FastAPI:
    app = FastAPI()

    @app.put("/two")
    async def two(item: Item, user: User):
        return [item.name, user.username]

    @app.put("/scalar")
    async def scalar(item: Item, importance: Annotated[int, Body(gt=0)]):
        return [item.name, importance]

    @app.put("/lone")
    async def lone(n: Annotated[int, Body()]):
        return n

    @app.put("/embed")
    async def embed(item: Annotated[Item, Body(embed=True)]):
        return item.name

    @app.put("/maybe")
    async def maybe(user: User, item: Item | None = None):
        return [item, user]

    @app.put("/alias")
    async def alias(user: Annotated[User, Body(alias="the-user", embed=True)]):
        return user

    return app
