"""Answers of less usual types."""

from dataclasses import dataclass, field

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.
from datetime import datetime, timezone
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from fastapi import FastAPI
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, RootModel, SecretStr, field_serializer, field_validator
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from tests.fastapi.checklist import case, get, same

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


class Derived(Base):
    secret: str = "s"


class Holder(BaseModel):
    one: Base
    many: list[Base] = []


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


class Movie(TypedDict, total=False):
    title: str
    year: int


@dataclass
class Team:
    name: str
    members: list[Base] = field(default_factory=list[Base])


def _answers() -> dict[str, tuple[Any, Any]]:
    """What is declared and what is returned."""
    return {
        "a model with aliases": (Camel, Camel(first_name="F")),
        "a RootModel": (Names, ["a"]),
        "a generic model": (Paged[Base], {"items": [Derived(name="n")], "total": 1}),
        "models inside of models, each filtered": (Holder, Holder(one=Derived(name="n"), many=[Derived(name="m")])),
        "a model with serialisers": (Event, Event(at=datetime(2026, 1, 2, tzinfo=timezone.utc))),  # noqa: UP017
        "a recursive model": (Node, Node(value=1, children=[Node(value=2)])),
        "a model or None": (Base | None, None),
        "a tuple": (tuple[int, str], (1, "a")),
        "a TypedDict": (Movie, {"title": "t", "more": 1}),
        "a dataclass that holds models": (Team, Team("n", [Derived(name="m")])),
        "an Enum": (Kind, Kind.a),
        "a Literal": (Literal["x"], "x"),
        "text": (str, "text"),
        "a float that is whole": (float, 1),
        "a number that comes as text": (int, "5"),
        "a dict with keys that are numbers": (dict[int, Base], {1: Base(name="n")}),
        "a model with a choice of aliases": (Choice, Choice.model_validate({"ID": 3})),
    }


@case(
    "Response Model - Return Type",
    *(same(f"Declared: {name}.", get(f"/{number}")) for number, name in enumerate(_answers())),
    same("What does not fit is a 500, inside of lists too.", get("/bad-list", 500), get("/bad-none", 500)),
    same("`include` and `exclude` reach into nested models.", get("/include"), get("/exclude")),
)
def answer_types() -> FastAPI:
    app = FastAPI()

    def register(name: str, declared: Any, value: Any) -> None:
        @app.get(f"/{name}", response_model=declared)
        async def read():
            return value

    for number, (declared, value) in enumerate(_answers().values()):
        register(str(number), declared, value)
    register("bad-list", list[Base], [{"name": "n"}, {}])
    register("bad-none", Base, None)

    @app.get("/include", response_model=Holder, response_model_include={"one": {"name"}})
    async def include():
        return Holder(one=Base(name="n"))

    @app.get("/exclude", response_model=Holder, response_model_exclude={"one": {"name"}, "many": True})
    async def exclude():
        return {"one": {"name": "n"}}

    return app
