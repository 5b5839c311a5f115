"""Bodies of less usual types."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Body, Depends, FastAPI
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, RootModel, SecretStr, field_serializer, field_validator
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from tests.fastapi.checklist import case, post, same

T = TypeVar("T")


class Kind(StrEnum):
    a = "a"


class Camel(BaseModel):
    first_name: str
    home_town: str | None = None
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Names(RootModel[list[str]]):
    pass


class Paged(BaseModel, Generic[T]):
    items: list[T]
    total: int


class Base(BaseModel):
    name: str


class Event(BaseModel):
    at: datetime
    key: SecretStr = SecretStr("k")
    kind: Kind = Kind.a

    @field_serializer("key")
    def shown(self, value: SecretStr) -> str:
        return "hidden"

    @field_validator("at")
    @classmethod
    def aware(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("a time zone is needed")
        return value


class Node(BaseModel):
    value: int
    children: list["Node"] = []


class Choice(BaseModel):
    id: int = Field(validation_alias=AliasChoices("id", "ID"))


class Strict(BaseModel):
    n: int
    model_config = ConfigDict(strict=True, extra="forbid")


class Movie(TypedDict, total=False):
    title: str
    year: int


@dataclass
class Team:
    name: str
    members: list[Base] = field(default_factory=list[Base])


@case(
    "Request Body",
    same(
        "Aliases of a model are the members' names.",
        post("/camel", json={"firstName": "F"}),
        post("/camel", json={"first_name": "F"}),
    ),
    same("Locations name the alias.", post("/camel", 422, json={"homeTown": 1})),
    same("A RootModel is the whole body.", post("/root", json=["a"]), post("/root", 422, json=[1])),
    same("A generic model is validated inside.", post("/generic", 422, json={"items": [{}], "total": 1})),
    same("Validators of a model run.", post("/event", 422, json={"at": "2026-01-02T03:04:05"})),
    same(
        "Models may be recursive.",
        post("/node", json={"value": 1, "children": [{"value": 2}]}),
        post("/node", 422, json={"value": 1, "children": [{}]}),
    ),
    same("Choices of aliases work.", post("/choice", json={"ID": 3})),
    same(
        "A strict model takes no text for numbers, and no extra members.",
        post("/strict", 422, json={"n": "1"}),
        post("/strict", 422, json={"n": 1, "m": 2}),
    ),
    same("A TypedDict may be partial.", post("/movie", json={"title": "t"}), post("/movie", 422, json={"year": "x"})),
    same(
        "A dataclass may hold models.",
        post("/team", json={"name": "n", "members": [{"name": "m"}]}),
        post("/team", 422, json={"name": "n", "members": [{}]}),
    ),
    same(
        "Scalars, lists and unions of them may be the body.",
        post("/scalar", json="1"),
        post("/scalar", json=1),
        post("/scalar", 422, json=[]),
    ),
    same("A default is used without a body.", post("/default"), post("/default", json=5)),
    same("`Model | None` may be null.", post("/nullable", content=b"null", send={"content-type": "application/json"})),
    same(
        "A body and one of a dependency's of another name join.",
        post("/join", json={"a": {"name": "x"}, "b": {"name": "y"}}),
        post("/join", 422, json={"a": {}}),
    ),
    same(
        "A content type may have parameters, and any case.",
        post("/root", content=b'["a"]', send={"content-type": "Application/JSON; charset=utf-8"}),
    ),
    same(
        "Of members with one name the last counts; 1e400 is infinite.",
        post("/any", content=b'{"a": 1e400, "a": 2}', send={"content-type": "application/json"}),
    ),
)
def body_types() -> FastAPI:
    app = FastAPI()

    @app.post("/camel")
    async def camel(value: Camel):
        return value.first_name

    @app.post("/root")
    async def root(value: Names):
        return value.root

    @app.post("/generic")
    async def generic(value: Paged[Base]):
        return value

    @app.post("/event")
    async def event(value: Event):
        return value

    @app.post("/node")
    async def node(value: Node):
        return value

    @app.post("/choice")
    async def choice(value: Choice):
        return value.id

    @app.post("/strict")
    async def strict(value: Strict):
        return value

    @app.post("/movie")
    async def movie(value: Movie):
        return value

    @app.post("/team")
    async def team(value: Team):
        return value

    @app.post("/scalar")
    async def scalar(value: Annotated[int | str, Body()]):
        return value

    @app.post("/default")
    async def default(value: Annotated[int, Body()] = 3):
        return value

    @app.post("/nullable")
    async def nullable(value: Base | None):
        return value

    def of_b(b: Base) -> str:
        return b.name

    @app.post("/join")
    async def join(a: Base, b: Annotated[str, Depends(of_b)]):
        return [a.name, b]

    @app.post("/any")
    async def anything(value: dict[str, Any]):
        return value

    return app
