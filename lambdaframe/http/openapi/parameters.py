"""Parameter Objects: what an operation takes from path, query, headers and cookies.

https://spec.openapis.org/oas/v3.1.0#parameter-object
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambdaframe.http.binding.dependant import Dependant, Field
from lambdaframe.http.binding.models import shape_of
from lambdaframe.http.binding.parameters import Place
from lambdaframe.http.openapi.fields import documented, never_empty, sent_name, shape_of_field
from lambdaframe.http.openapi.schemas import Schemas, Shape, without_null
from lambdaframe.http.routing.paths import parse_path

_PLACES: tuple[Place, ...] = ("path", "query", "header", "cookie")

NARROW = frozenset({"int", "float", "uuid"})
"""The convertors that do not take every text."""

_BY_CONVERTOR: Mapping[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "uuid": {"type": "string", "format": "uuid"},
}

IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names this request: sent again with the same key, it is answered as the first time.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 257,
        "pattern": r"""^(?:[!#-+\--~]{1,255}|"(?:[ !#-\[\]-~]|\\["\\]){1,255}")$""",
        "title": "Idempotency-Key",
    },
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one route, in the order of the places. ``key_required``: whether it needs an Idempotency-Key;
    None where it takes none."""

    path: str
    fields: tuple[tuple[Field, Shape], ...]
    key_required: bool | None

    def shapes(self) -> list[Shape]:
        """What they need schemas of."""
        return [shape for _, shape in self.fields]


def read_parameters(path: str, dependant: Dependant, *, key_required: bool | None) -> Parameters:
    """The parameters of a handler's whole tree. ``key_required``: see ``Parameters``."""
    fields = [
        (field, shape_of_field(field, dependant.name)) for place in _PLACES for field in documented(dependant, place)
    ]
    return Parameters(path, tuple(fields), key_required)


def write_parameters(parameters: Parameters, schemas: Schemas) -> list[dict[str, Any]]:
    """One object for each name in each place. Where a name is taken twice, the one that is required tells."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in _all(parameters, schemas):
        key = (one["in"], one["name"].lower() if one["in"] == "header" else one["name"])
        if key not in found or (one["required"] and not found[key]["required"]):
            found[key] = one
    return list(found.values())


def _all(parameters: Parameters, schemas: Schemas) -> Iterator[dict[str, Any]]:
    taken = {field.name for field, _ in parameters.fields if field.place == "path"}
    for name, convertor in parse_path(parameters.path):
        if name not in taken:  # the handler reads it from the request
            schema = _BY_CONVERTOR.get(convertor, {"type": "string"})
            yield {"name": name, "in": "path", "required": True, "schema": schema}
    for field, shape in parameters.fields:
        yield from _unfolded(field, shape, schemas) if field.model else [_single(field, shape, schemas)]
    if parameters.key_required is not None:
        yield {**IDEMPOTENCY_KEY, "required": parameters.key_required}


def _single(field: Field, shape: Shape, schemas: Schemas) -> dict[str, Any]:
    schema = never_empty(field, without_null(schemas.of(shape)))
    made = _parameter(sent_name(field), field.place, schema, required=field.required)
    examples = field.options.get("openapi_examples")
    if examples:
        made["examples"] = examples
    if field.options.get("deprecated"):
        made["deprecated"] = schema["deprecated"] = True
    return made


def _parameter(name: str, place: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "in": place, "required": required, "schema": schema}
    if "description" in schema:
        made["description"] = schema["description"]
    if schema.get("deprecated"):
        made["deprecated"] = True
    return made


def _unfolded(field: Field, shape: Shape, schemas: Schemas) -> Iterable[dict[str, Any]]:
    """The members of a model, each as a parameter of its own."""
    schema = without_null(schemas.of(shape))
    models = [schemas.named(choice) for choice in schema.get("anyOf", [schema])]
    if not all("properties" in model for model in models):
        return [_single(field, shape, schemas)]
    sent: dict[str, str] = {key: name for member in shape_of(field).members for key, name in member.keys}
    unfolded: list[dict[str, Any]] = []
    for model in models:
        members: dict[str, dict[str, Any]] = model["properties"]
        for key, member in members.items():
            name = sent.get(key, key)
            required = field.required and all(key in one.get("required", ()) for one in models)
            name = key if key.lower() == name else name
            unfolded.append(_parameter(name, field.place, without_null(member), required=required))
    return unfolded
