"""Request Body Objects: one JSON value, a JSON object of several, or a form with or without files.

https://spec.openapis.org/oas/v3.1.0#request-body-object
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, create_model

from lambdaframe.http.binding.dependant import Dependant, Field
from lambdaframe.http.binding.models import shape_of
from lambdaframe.http.binding.shapes import is_upload
from lambdaframe.http.openapi.fields import documented, never_empty, pydantic_field, shape_of_field
from lambdaframe.http.openapi.schemas import BINARY, Schemas, Shape, objects_in, without_null
from lambdaframe.signature import EMPTY

JSON = "application/json"
URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class RequestBody:
    """``ours``: its type is an object that we made of several fields."""

    fields: tuple[Field, ...]
    shape: Shape
    media_type: str
    ours: bool

    @property
    def is_form(self) -> bool:
        """Whether it is no JSON."""
        return self.fields[0].place == "form"


def read_body(dependant: Dependant, operation_id: str) -> RequestBody | None:
    """The body of a handler's whole tree; None where it takes none. A body of several is named after the operation."""
    fields = documented(dependant, "body", "form")
    if not fields:
        return None
    media_type = _media_type(fields)
    first = fields[0]
    alone = len(fields) == 1
    if alone and (first.model if first.place == "form" else not _embedded(first)):
        return RequestBody((first,), shape_of_field(first, dependant.name), media_type, ours=False)
    shape = Shape(_object(fields, f"Body_{operation_id}"), "validation", dependant.name)
    return RequestBody(tuple(fields), shape, media_type, ours=True)


def _embedded(field: Field) -> bool:
    return field.marked is not None and bool(field.marked.embed)


def _media_type(fields: Sequence[Field]) -> str:
    if fields[0].place == "form":
        return MULTIPART if any(_has_file(field) for field in fields) else URL_ENCODED
    said = [field.marked.media_type for field in fields if field.marked is not None and field.marked.media_type]
    return next((kind for kind in said if kind != JSON), JSON)


def _has_file(field: Field) -> bool:
    if is_upload(field.annotation) or (field.marked is not None and field.marked.file):
        return True
    return field.model and any(is_upload(member.annotation) for member in shape_of(field).members)


def _object(fields: Sequence[Field], name: str) -> Any:
    """A model that has the fields as its members."""
    members: dict[str, Any] = {}
    for number, field in enumerate(fields):
        kind: Any = Any if field.annotation is EMPTY else field.annotation
        said = pydantic_field(field, alias=field.name, deprecated=field.options.get("deprecated"))
        members[f"field_{number}"] = (kind, said)
    return create_model(name, __config__=ConfigDict(arbitrary_types_allowed=True), **members)


def write_body(body: RequestBody, schemas: Schemas) -> dict[str, Any]:
    """The Request Body Object."""
    content: dict[str, Any] = {"schema": schemas.of(body.shape)}
    if body.is_form:
        properties: dict[str, Any] = schemas.named(content["schema"]).get("properties", {})
        if body.ours:
            by_name = {field.name: field for field in body.fields}
            properties.update(
                {name: never_empty(by_name[name], without_null(member)) for name, member in properties.items()}
            )
        _mark_files(properties)
    examples = body.fields[0].options.get("openapi_examples")
    if examples and not body.ours:
        content["examples"] = examples
    made: dict[str, Any] = {"content": {body.media_type: content}}
    if any(field.required for field in body.fields):
        made["required"] = True
    return made


def _mark_files(value: Any) -> None:
    """Say ``format: binary``, too, as OpenAPI 3.0 did: generators know a file by it. In JSON it would be wrong."""
    for schema in objects_in(value):
        if schema.get("contentMediaType") == BINARY["contentMediaType"] and schema.get("type") == "string":
            schema["format"] = "binary"
