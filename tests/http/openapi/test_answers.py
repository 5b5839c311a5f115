"""Response Objects."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, computed_field
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from tests.http.openapi.described import operation, schemas

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
ITEM = {"$ref": "#/components/schemas/Item"}


class Item(BaseModel):
    name: str


class VendorJSON(JSONResponse):
    media_type = "application/vnd.shop+json"


async def silent():  # type: ignore[no-untyped-def]
    ...


async def item() -> Item: ...  # type: ignore[empty-body]
async def items() -> list[Item]: ...  # type: ignore[empty-body]
async def none() -> None: ...
async def anything() -> Any: ...
async def html() -> HTMLResponse: ...  # type: ignore[empty-body]
async def text() -> PlainTextResponse: ...  # type: ignore[empty-body]
async def redirect() -> RedirectResponse: ...  # type: ignore[empty-body]
async def response() -> Response: ...  # type: ignore[empty-body]
async def either() -> Item | RedirectResponse: ...  # type: ignore[empty-body]
async def one_of() -> Item | list[Item] | Response: ...  # type: ignore[empty-body]
async def number() -> int: ...  # type: ignore[empty-body]


def json(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {media_type: {"schema": schema}}


ITEMS = {"type": "array", "items": ITEM}


@pytest.mark.parametrize(
    ("function", "options", "status", "content"),
    [
        (silent, {}, "200", json({})),
        (item, {}, "200", json(ITEM)),
        (items, {"status_code": 201}, "201", json({**ITEMS, "title": "Response Items X Get"})),
        (none, {}, "200", json({"type": "null", "title": "Response None X Get"})),
        (none, {"status_code": 204}, "204", None),
        (anything, {}, "200", json({"title": "Response Anything X Get"})),
        (number, {}, "200", json({"type": "integer", "title": "Response Number X Get"})),
        (anything, {"response_model": Item}, "200", json(ITEM)),
        (item, {"response_model": None}, "200", json({})),
        (item, {"response_class": VendorJSON}, "200", json(ITEM, "application/vnd.shop+json")),
        (item, {"response_class": HTMLResponse}, "200", json({"type": "string"}, "text/html")),
        (silent, {"response_class": RedirectResponse}, "307", None),
        (silent, {"response_class": RedirectResponse, "status_code": 303}, "303", None),
        (silent, {"response_class": StreamingResponse}, "200", None),
        (silent, {"response_class": FileResponse}, "200", None),
        (html, {}, "200", json({"type": "string"}, "text/html")),
        (text, {}, "200", json({"type": "string"}, "text/plain")),
        (redirect, {}, "307", None),
        (response, {}, "200", None),
        (either, {}, "200", json(ITEM)),
        (one_of, {}, "200", json({"anyOf": [ITEM, ITEMS], "title": "Response One Of X Get"})),
    ],
)
def test_the_answer_of_a_function(function: Any, options: Any, status: str, content: dict[str, Any] | None) -> None:
    responses = operation(function, **options)["responses"]
    assert list(responses) == [status]
    assert responses[status].get("content") == content


def test_errors_that_a_route_names_are_problems() -> None:
    responses = operation(
        item, responses={404: {"description": "There is none."}, 418: {}, "5XX": {}, "default": {}, 304: {}}
    )["responses"]
    assert responses["404"] == {"description": "There is none.", "content": PROBLEM}
    assert [responses[status]["description"] for status in ("418", "5XX", "default")] == [
        "I'm a Teapot",
        "Server Error",
        "Any other answer",
    ]
    assert responses["5XX"]["content"] == responses["default"]["content"] == PROBLEM
    assert responses["304"] == {"description": "Not Modified"}


def test_an_answer_may_have_a_model_and_more() -> None:
    @dataclass
    class Gone:
        since: int

    said: dict[int | str, dict[str, Any]] = {
        410: {"model": Gone, "description": "No more.", "headers": {"x-since": {"schema": {"type": "integer"}}}},
        200: {"description": "The item.", "content": {"image/png": {}}},
        202: {"content": {"text/plain": {"example": "soon"}}},
    }
    responses = operation(item, responses=said)["responses"]
    assert responses["410"] == {
        "description": "No more.",
        "headers": {"x-since": {"schema": {"type": "integer"}}},
        "content": json({"$ref": "#/components/schemas/Gone"}),
    }
    assert responses["200"] == {"description": "The item.", "content": {**json(ITEM), "image/png": {}}}
    assert responses["202"] == {"description": "Accepted", "content": {"text/plain": {"example": "soon"}}}
    assert "Gone" in schemas(item, responses=said)
    assert set(said[410]) == {"model", "description", "headers"}, "what the application said is left as it was"


async def takes(x: int) -> None: ...


def test_validation_is_told_wherever_something_is_taken() -> None:
    assert operation(takes)["responses"]["422"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/ValidationProblem"}}
    }
    assert {"Problem", "ValidationProblem", "ValidationError"} & set(schemas(takes)) == {
        "ValidationProblem",
        "ValidationError",
    }


@pytest.mark.parametrize("status", ["422", "4XX", "default"])
def test_a_route_that_speaks_of_it_is_believed(status: str) -> None:
    made = operation(takes, responses={status: {"description": "Mine.", "content": {}}})["responses"]
    assert made[status] == {"description": "Mine.", "content": {}}
    assert list(made) == ["200", status]


def test_an_idempotent_operation_tells_of_its_refusals() -> None:
    async def bare() -> None: ...

    responses = operation(bare, method="post", idempotent=True)["responses"]
    assert sorted(responses) == ["200", "400", "409", "422"]
    assert responses["422"]["content"] == PROBLEM
    assert operation(takes, method="post", idempotent=True)["responses"]["422"]["content"] != PROBLEM


def test_what_goes_out_may_differ_from_what_comes_in() -> None:
    class Box(BaseModel):
        side: int

        @computed_field
        def area(self) -> int:
            return self.side**2

    async def route(box: Box) -> Box:
        return box

    made = operation(route, method="post")
    assert made["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Box-Input"}
    assert made["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Box-Output"
    }
