"""Named schemas: stable names without collisions, for every kind of type."""

import os
import re
import subprocess
import sys
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel, Field, WithJsonSchema, create_model
from typing_extensions import TypedDict

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.routing.router import Router
from tests.http.openapi import rich
from tests.http.openapi.described import described, operation, schemas

T = TypeVar("T")


class Node(BaseModel):
    name: str
    children: list["Node"] = []


class Left(BaseModel):
    kind: Literal["left"]
    other: "Right | None" = None


class Right(BaseModel):
    kind: Literal["right"]
    other: Left | None = None


class Pair(BaseModel, Generic[T]):
    one: T
    other: T


class Size(TypedDict, total=False):
    width: int


def namesake(module: str) -> Any:
    return create_model("Item", __module__=module, __doc__=module, name=(str, ...))


def test_a_type_that_refers_to_itself_has_one_name_for_both_directions() -> None:
    async def route(node: Node, left: Left) -> list[Node | Right]:
        raise NotImplementedError

    made = schemas(route, method="post")
    assert {"Node", "Left", "Right"} == {name for name in made if name in {"Node", "Left", "Right"} or "-" in name}
    assert made["Node"]["properties"]["children"]["items"] == {"$ref": "#/components/schemas/Node"}


def test_it_has_two_where_the_directions_differ() -> None:
    class Tree(BaseModel):
        size: Annotated[int, Field(validation_alias="in", serialization_alias="out")]
        children: list["Tree"] = []

    async def route(tree: Tree) -> Tree:
        return tree

    made = schemas(route, method="post")
    assert made["Tree-Input"]["properties"]["children"]["items"] == {"$ref": "#/components/schemas/Tree-Input"}
    assert made["Tree-Output"]["properties"]["children"]["items"] == {"$ref": "#/components/schemas/Tree-Output"}
    assert (made["Tree-Input"]["title"], made["Tree-Output"]["title"]) == ("Tree-Input", "Tree-Output")


def test_two_types_of_one_name_are_told_apart_by_their_modules() -> None:
    one, other = namesake("shop.stock"), namesake("shop.orders")

    async def route(one: Any, other: Any) -> None: ...

    route.__annotations__.update(one=one, other=other)
    made = schemas(route, method="post")
    assert {"shop__stock__Item", "shop__orders__Item"} <= set(made)
    assert made["shop__stock__Item"]["description"] == "shop.stock"
    assert made["shop__stock__Item"]["title"] == "shop__stock__Item", "generators call their classes by titles"


def test_an_applications_own_problem_is_no_collision() -> None:
    class Problem(BaseModel):
        mine: int

    async def route(problem: Problem) -> None: ...

    made = operation(route, method="post")
    assert made["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert made["responses"]["400"]["content"]["application/problem+json"]["schema"] == {
        "$ref": "#/components/schemas/lambdaframe.Problem"
    }
    assert {"Problem", "lambdaframe.Problem"} <= set(schemas(route, method="post"))


def test_generics_and_typed_dicts_are_named() -> None:
    async def route(size: Size) -> Pair[int]:
        raise NotImplementedError

    assert {"Size", "Pair_int_"} <= set(schemas(route, method="post"))


def test_a_discriminated_union() -> None:
    async def route(side: Annotated[Left | Right, Field(discriminator="kind")]) -> None: ...

    schema = operation(route, method="post")["requestBody"]["content"]["application/json"]["schema"]
    assert schema["discriminator"] == {
        "propertyName": "kind",
        "mapping": {"left": "#/components/schemas/Left", "right": "#/components/schemas/Right"},
    }


class Opaque:
    """Nothing that pydantic knows."""


def test_a_type_without_a_schema_is_a_mistake_that_names_the_place() -> None:
    async def fine(node: Node) -> None: ...

    async def route() -> Opaque:
        raise NotImplementedError

    router = Router()
    router.post("/a")(fine)
    router.get("/b")(route)
    with pytest.raises(
        ConfigurationError, match=r"route: what it returns has no JSON Schema for .*Opaque.*WithJsonSchema"
    ):
        described(router)


def test_a_type_may_be_given_one() -> None:
    async def route() -> Annotated[Opaque, WithJsonSchema({"type": "string"})]:
        raise NotImplementedError

    content = operation(route)["responses"]["200"]["content"]
    assert content["application/json"]["schema"] == {"type": "string", "title": "Response Route X Get"}


def test_a_default_that_is_no_json_is_left_out() -> None:
    class Holder(BaseModel):
        value: Any = Opaque()

    async def route(holder: Holder) -> None: ...

    assert schemas(route, method="post")["Holder"]["properties"]["value"] == {"title": "Value"}


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    made = described(rich.router, rich.INFO)
    texts = str(made)
    for name in made["components"]["schemas"]:
        assert f"#/components/schemas/{name}'" in texts
    referred = set(re.findall(r"#/components/schemas/([^']+)'", texts))
    assert referred == set(made["components"]["schemas"])


def test_the_document_is_the_same_in_every_process() -> None:
    script = (
        "import json\n"
        "from tests.http.openapi import rich\n"
        "from tests.http.openapi.described import described\n"
        "print(json.dumps(described(rich.router, rich.INFO)))\n"
    )
    made = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert made[0] == made[1]
