"""Parameter Objects."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from annotated_types import Gt
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from lambdaframe import Request
from lambdaframe.http.binding.parameters import Cookie, Depends, Header, Path, Query
from tests.http.openapi.described import operation, parameter, schemas


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


async def plain(x: str) -> None: ...
async def optional(x: int | None = None) -> None: ...
async def default(x: date = date(2024, 2, 29)) -> None: ...
async def literal(x: Literal["a", "b"] = "a") -> None: ...
async def union(x: int | UUID | None = None) -> None: ...
async def many(x: Annotated[list[int], Query(min_length=1)]) -> None: ...
async def many_or_none(x: Annotated[set[str] | None, Query(title="Xs")] = None) -> None: ...
async def constrained(x: Annotated[float, Gt(0), Query(le=1, multiple_of=0.5)]) -> None: ...
async def factory(x: Annotated[int, Query(default_factory=int)]) -> None: ...
async def text(x: Annotated[str, Query(pattern="^a", max_length=3, examples=["abc"])] = "a") -> None: ...
async def extra(x: Annotated[int, Query(json_schema_extra={"x-unit": "cm"})]) -> None: ...


@pytest.mark.parametrize(
    ("function", "required", "schema"),
    [
        (plain, True, {"type": "string", "title": "X"}),
        (optional, False, {"type": "integer", "title": "X"}),
        (default, False, {"type": "string", "format": "date", "default": "2024-02-29", "title": "X"}),
        (literal, False, {"enum": ["a", "b"], "type": "string", "default": "a", "title": "X"}),
        (union, False, {"anyOf": [{"type": "integer"}, {"type": "string", "format": "uuid"}], "title": "X"}),
        (many, True, {"type": "array", "items": {"type": "integer"}, "minItems": 1, "title": "X"}),
        (many_or_none, False, {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "title": "Xs"}),
        (constrained, True, {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "multipleOf": 0.5, "title": "X"}),
        (factory, False, {"type": "integer", "title": "X"}),
        (
            text,
            False,
            {"type": "string", "pattern": "^a", "maxLength": 3, "examples": ["abc"], "default": "a", "title": "X"},
        ),
        (extra, True, {"type": "integer", "x-unit": "cm", "title": "X"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_query_parameter(function: Any, required: bool, schema: dict[str, Any]) -> None:
    assert parameter(function) == {"name": "x", "in": "query", "required": required, "schema": schema}


def test_a_parameter_without_a_type_may_be_anything() -> None:
    async def route(x: Any) -> None: ...

    del route.__annotations__["x"]
    assert parameter(route)["schema"] == {"title": "X"}


def test_an_enum_has_a_name() -> None:
    async def route(colour: Colour = Colour.BLUE) -> None: ...

    assert parameter(route)["schema"] == {"$ref": "#/components/schemas/Colour", "default": "blue"}
    assert schemas(route)["Colour"] == {"enum": ["red", "blue"], "title": "Colour", "type": "string"}


def test_places_and_names_as_they_are_sent() -> None:
    async def route(
        item_id: Annotated[int, Path(ge=1)],
        user_agent: Annotated[str, Header()],
        token: Annotated[str, Header(alias="X-Token")],
        raw_name: Annotated[str, Header(convert_underscores=False)],
        session: Annotated[str, Cookie()],
        q: Annotated[str, Query(alias="item-query")] = "",
    ) -> None: ...

    made = operation(route, "/{item_id}")["parameters"]
    assert [(one["in"], one["name"]) for one in made] == [
        ("path", "item_id"),
        ("query", "item-query"),
        ("header", "user-agent"),
        ("header", "X-Token"),
        ("header", "raw_name"),
        ("cookie", "session"),
    ]


def test_words_examples_and_deprecation() -> None:
    examples = {"one": {"summary": "One", "value": 1}}

    async def route(
        x: Annotated[int, Query(description="An x.", openapi_examples=examples, deprecated=True)] = 0,
        hidden: Annotated[int, Query(include_in_schema=False)] = 0,
    ) -> None: ...

    made = parameter(route)
    assert made["description"] == "An x."
    assert made["examples"] == examples
    assert made["deprecated"] is True


class Filter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(10, le=100, description="How many.")
    order: Colour | None = None
    names: list[str]
    since: date | None = Field(None, alias="from", deprecated=True)


@dataclass
class Window:
    width: int
    height: int = 1


class Tracing(TypedDict, total=False):
    x_trace: str
    x_span: int


def test_a_model_is_unfolded() -> None:
    async def route(wanted: Annotated[Filter, Query()]) -> None: ...

    made = {one["name"]: one for one in operation(route)["parameters"]}
    assert list(made) == ["limit", "order", "names", "from"]
    assert made["limit"]["description"] == "How many."
    assert made["limit"]["schema"]["maximum"] == 100
    assert [name for name, one in made.items() if one["required"]] == ["names"]
    assert made["order"]["schema"] == {"$ref": "#/components/schemas/Colour"}
    assert made["from"]["deprecated"] is True
    assert "Filter" not in schemas(route)


def test_dataclasses_and_typed_dicts_are_unfolded_too() -> None:
    async def route(window: Annotated[Window, Query()], tracing: Annotated[Tracing, Header()]) -> None: ...

    made = operation(route)["parameters"]
    assert [(one["in"], one["name"], one["required"]) for one in made] == [
        ("query", "width", True),
        ("query", "height", False),
        ("header", "x-trace", False),
        ("header", "x-span", False),
    ]


def test_nothing_of_a_model_that_may_be_left_out_is_required() -> None:
    async def route(wanted: Annotated[Filter | None, Query()] = None) -> None: ...

    assert [one["required"] for one in operation(route)["parameters"]] == [False] * 4


def test_an_open_object_is_one_parameter() -> None:
    async def route(labels: Annotated[dict[str, int], Query()]) -> None: ...

    made = parameter(route)
    assert (made["name"], made["schema"]["type"]) == ("labels", "object")


def test_a_parameter_that_two_ask_for_is_required_if_one_of_them_needs_it() -> None:
    async def needs(X_Token: Annotated[str, Header()]) -> None: ...  # noqa: N803

    async def route(
        x_token: Annotated[str | None, Header()] = None, needed: Annotated[None, Depends(needs)] = None
    ) -> None: ...

    assert parameter(route)["required"] is True


def test_a_path_parameter_that_is_read_from_the_request_is_there_with_its_convertors_type() -> None:
    async def route(request: Request) -> None: ...

    made = operation(route, "/{a}/{b:int}/{c:float}/{d:uuid}/{e:path}")["parameters"]
    assert [(one["name"], one["schema"]) for one in made] == [
        ("a", {"type": "string"}),
        ("b", {"type": "integer"}),
        ("c", {"type": "number"}),
        ("d", {"type": "string", "format": "uuid"}),
        ("e", {"type": "string"}),
    ]
    assert all(one["required"] for one in made)


def test_an_idempotent_operation_asks_for_its_key_once() -> None:
    async def route() -> None: ...

    async def reads_it(idempotency_key: Annotated[str, Header()]) -> None: ...

    [made] = operation(route, method="post", idempotent=True)["parameters"]
    assert (made["name"], made["in"], made["required"]) == ("Idempotency-Key", "header", True)
    assert len(operation(reads_it, method="post", idempotent=True)["parameters"]) == 1
