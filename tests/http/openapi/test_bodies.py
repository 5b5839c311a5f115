"""Request Body Objects."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from lambdaframe.http.binding.parameters import Body, Depends, File, Form
from lambdaframe.http.binding.uploads import UploadFile
from tests.http.openapi.described import operation, schemas

FILE = {"type": "string", "contentMediaType": "application/octet-stream", "format": "binary"}


class Item(BaseModel):
    name: str
    size: int | None = None


async def single(item: Item) -> None: ...
async def optional(item: Item | None = None) -> None: ...
async def items(items: list[Item]) -> None: ...
async def number(count: Annotated[int, Body(ge=1)]) -> None: ...
async def patch(item: Annotated[Item, Body(media_type="application/merge-patch+json")]) -> None: ...


ITEM = {"$ref": "#/components/schemas/Item"}


@pytest.mark.parametrize(
    ("function", "required", "media_type", "schema"),
    [
        (single, True, "application/json", ITEM),
        (optional, False, "application/json", {"anyOf": [ITEM, {"type": "null"}], "default": None, "title": "Item"}),
        (items, True, "application/json", {"type": "array", "items": ITEM, "title": "Items"}),
        (number, True, "application/json", {"type": "integer", "minimum": 1, "title": "Count"}),
        (patch, True, "application/merge-patch+json", ITEM),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_only_value_is_the_body(function: Any, required: bool, media_type: str, schema: dict[str, Any]) -> None:
    body = operation(function, method="post")["requestBody"]
    assert body.get("required", False) is required
    assert body["content"] == {media_type: {"schema": schema}}


def test_several_values_are_members_of_an_object_that_is_named_after_the_operation() -> None:
    async def needed(note: Annotated[str, Body(description="Why.", deprecated=True)] = "") -> None: ...

    async def route(
        item: Item, count: Annotated[int, Body(alias="n")], _: Annotated[None, Depends(needed)] = None
    ) -> None: ...

    made = operation(route, method="post", operation_id="addItem")
    reference = {"$ref": "#/components/schemas/Body_addItem"}
    assert made["requestBody"] == {"required": True, "content": {"application/json": {"schema": reference}}}
    assert schemas(route, method="post", operation_id="addItem")["Body_addItem"] == {
        "type": "object",
        "title": "Body_addItem",
        "properties": {
            "item": ITEM,
            "n": {"type": "integer", "title": "N"},
            "note": {"type": "string", "title": "Note", "default": "", "description": "Why.", "deprecated": True},
        },
        "required": ["item", "n"],
    }


def test_one_value_may_be_embedded() -> None:
    async def route(item: Annotated[Item, Body(embed=True)]) -> None: ...

    assert schemas(route, method="put")["Body_route_x_put"]["properties"] == {"item": ITEM}


def test_names_that_python_or_pydantic_keep_for_themselves() -> None:
    async def route(copy: Annotated[int, Body()], _x: Annotated[int, Body(alias="model_config")]) -> None: ...

    assert list(schemas(route, method="put")["Body_route_x_put"]["properties"]) == ["copy", "model_config"]


def test_openapi_examples_of_a_body() -> None:
    examples = {"a": {"value": {"name": "A"}}}

    async def route(item: Annotated[Item, Body(openapi_examples=examples)]) -> None: ...

    assert operation(route, method="post")["requestBody"]["content"]["application/json"]["examples"] == examples


def form_of(function: Any) -> tuple[str, dict[str, Any]]:
    [(media_type, content)] = operation(function, method="post")["requestBody"]["content"].items()
    name = content["schema"]["$ref"].rpartition("/")[2]
    found: dict[str, Any] = schemas(function, method="post")[name]
    return media_type, found


def test_a_form_without_files_is_url_encoded() -> None:
    async def route(name: Annotated[str, Form()], age: Annotated[int | None, Form()] = None) -> None: ...

    media_type, schema = form_of(route)
    assert media_type == "application/x-www-form-urlencoded"
    assert schema["properties"] == {
        "name": {"type": "string", "title": "Name"},
        "age": {"type": "integer", "title": "Age"},
    }
    assert schema["required"] == ["name"]


def test_a_model_takes_a_whole_form() -> None:
    async def route(item: Annotated[Item, Form()]) -> None: ...

    media_type, schema = form_of(route)
    assert (media_type, schema["title"]) == ("application/x-www-form-urlencoded", "Item")


class Attachment(BaseModel):
    title: str
    file: UploadFile


async def upload(file: UploadFile) -> None: ...
async def upload_or_none(file: UploadFile | None = None) -> None: ...
async def as_bytes(file: Annotated[bytes, File()]) -> None: ...
async def attachment(form: Annotated[Attachment, Form()]) -> None: ...


@pytest.mark.parametrize("function", [upload, upload_or_none, as_bytes, attachment])
def test_a_file_makes_a_form_multipart(function: Any) -> None:
    media_type, schema = form_of(function)
    assert media_type == "multipart/form-data"
    assert schema["properties"]["file"] == {**FILE, "title": "File"}
    assert ("file" in schema.get("required", [])) is (function is not upload_or_none)


def test_several_files() -> None:
    from starlette.datastructures import UploadFile as StarletteUploadFile

    async def route(files: list[UploadFile], others: Annotated[list[StarletteUploadFile], File()] = []) -> None: ...  # noqa: B006

    _, schema = form_of(route)
    assert [member["items"] for member in schema["properties"].values()] == [FILE, FILE]


def test_bytes_in_json_are_no_file_to_a_generator() -> None:
    async def route(data: Annotated[bytes, Body()]) -> None: ...

    schema = operation(route, method="post")["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"type": "string", "contentMediaType": "application/octet-stream", "title": "Data"}


def test_what_the_framework_answers_to_a_body_it_cannot_read() -> None:
    async def fields(name: Annotated[str, Form()]) -> None: ...

    assert sorted(operation(single, method="post")["responses"]) == ["200", "400", "415", "422"]
    assert sorted(operation(upload, method="post")["responses"]) == ["200", "400", "422"]
    assert sorted(operation(fields, method="post")["responses"]) == ["200", "422"]
