"""The JSON Schemas of all types that a document speaks of, made at once, so that each type has one name.

pydantic makes them (https://docs.pydantic.dev/latest/concepts/json_schema/), as JSON Schema 2020-12, which is OpenAPI
3.1's own. A type whose input differs from its output has two names, ``Item-Input`` and ``Item-Output``; two types of
one name are told apart by their modules.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from pydantic import ConfigDict, PydanticUserError, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaError

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.shapes import is_upload
from lambdaframe.http.openapi.merging import is_list

PREFIX = "#/components/schemas/"

BINARY = {"type": "string", "contentMediaType": "application/octet-stream"}
"""Bytes as they are: https://spec.openapis.org/oas/v3.1.0#considerations-for-file-uploads"""

Mode = Literal["validation", "serialization"]
"""What comes in, what goes out."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One place of the document where a type stands. ``where``: how an error names it."""

    annotation: Any
    mode: Mode
    where: str
    title: str | None = None
    """What the schema is called where it says nothing itself."""


_Adapters: TypeAlias = "list[tuple[Shape, Mode, TypeAdapter[Any]]]"


class Schemas:
    """Shape → schema. ``definitions`` are the named ones, by name."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        """Raises ConfigurationError for a type that JSON Schema can't describe."""
        made = list(shapes)
        adapters: _Adapters = [(shape, shape.mode, _adapter(shape)) for shape in made]
        try:
            self._schemas, self.definitions = _generate(adapters)
        except Exception as exc:
            raise _blame(adapters, exc) from exc

    def of(self, shape: Shape) -> dict[str, Any]:
        """The schema that stands in a shape's place: of a named type a reference."""
        schema: dict[str, Any] = deepcopy(self._schemas[shape])
        if shape.title is not None and "$ref" not in schema:
            schema.setdefault("title", shape.title)
        return schema

    def named(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What a reference refers to; any other schema as it is. Not a copy."""
        reference = schema.get("$ref")
        return schema if reference is None else self.definitions[reference.removeprefix(PREFIX)]

    def free_name(self, name: str) -> str:
        """``name``, or one like it that no type has."""
        while name in self.definitions:
            name = f"lambdaframe.{name}"
        return name


def _adapter(shape: Shape) -> TypeAdapter[Any]:
    config = ConfigDict(arbitrary_types_allowed=True)
    try:
        try:
            return TypeAdapter(shape.annotation)
        except PydanticUserError:
            return TypeAdapter(shape.annotation, config=config)
    except (PydanticUserError, SchemaError, NameError, TypeError) as exc:
        raise _no_schema(shape, exc) from exc


def _generate(adapters: _Adapters) -> tuple[dict[Shape, Any], dict[str, Any]]:
    found, whole = TypeAdapter.json_schemas(
        adapters,
        ref_template=PREFIX + "{model}",
        schema_generator=_Generator,
    )
    definitions: dict[str, Any] = whole.get("$defs", {})
    names = one_name_each(definitions)
    renamed = {names.get(name, name): _renamed(schema, names) for name, schema in definitions.items()}
    _give_titles(renamed)
    return {key: _renamed(schema, names) for (key, _), schema in found.items()}, renamed


def _give_titles(definitions: dict[str, Any]) -> None:
    """Schemas of one title get their names for it: generators of clients call their classes by the titles."""
    titles = [schema.get("title") for schema in definitions.values()]
    for name, schema in definitions.items():
        if "title" in schema and titles.count(schema["title"]) > 1:
            schema["title"] = name


def one_name_each(definitions: dict[str, Any]) -> dict[str, str]:
    """The pairs ``Node-Input`` and ``Node-Output`` that are but ``Node``, as pydantic can't see where a type refers to
    itself: each of the two names → the one."""
    pairs = {
        name.removesuffix("-Input"): (name, f"{name.removesuffix('-Input')}-Output")
        for name in definitions
        if name.endswith("-Input")
    }
    pairs = {one: pair for one, pair in pairs.items() if one not in definitions and pair[1] in definitions}
    while True:  # suppose that all are equal, until none is left that differs
        names = {name: one for one, pair in pairs.items() for name in pair}
        unequal = [
            one
            for one, (into, out) in pairs.items()
            if _renamed(definitions[into], names) != _renamed(definitions[out], names)
        ]
        if not unequal:
            return names
        for one in unequal:
            del pairs[one]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A copy whose references follow ``names``."""
    if isinstance(value, dict):
        return {key: _renamed(inner, names) for key, inner in cast("dict[str, Any]", value).items()}
    if is_list(value):
        return [_renamed(inner, names) for inner in value]
    if isinstance(value, str) and value.startswith(PREFIX):
        name = value.removeprefix(PREFIX)
        return PREFIX + names.get(name, name)
    return value


def _blame(adapters: _Adapters, error: Exception) -> ConfigurationError:
    """The error, with the place it is about: alone, only that one fails."""
    for adapter in adapters:
        try:
            _generate([adapter])
        except Exception as exc:
            return _no_schema(adapter[0], exc)
    return ConfigurationError(f"The OpenAPI document can't be made: {error}")


def _no_schema(shape: Shape, error: Exception) -> ConfigurationError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ConfigurationError(
        f"{shape.where} has no JSON Schema for {shape.annotation!r}: {reason}. Give the type one with pydantic's "
        "WithJsonSchema, or leave the route out with include_in_schema=False."
    )


class _Generator(GenerateJsonSchema):
    """pydantic's, with files and bytes as OpenAPI 3.1 has them, and without guesses about defaults that are no JSON."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  pydantic reads it as it is

    def bytes_schema(self, schema: Any) -> dict[str, Any]:
        made = super().bytes_schema(schema)
        kind = made.pop("format", None)
        extra = {"contentEncoding": "base64url"} if kind == "base64url" else {}
        return {**made, "contentMediaType": "application/octet-stream", **extra}

    def is_instance_schema(self, schema: Any) -> dict[str, Any]:
        return dict(BINARY) if is_upload(schema["cls"]) else super().is_instance_schema(schema)

    def sort(self, value: Any, parent_key: str | None = None) -> Any:
        """Members stay as they were written."""
        return value


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the alternative ``null``: text in a query, a header or a form can't be one; it is left out instead."""
    schema = dict(schema)
    if schema.get("default", ...) is None:
        del schema["default"]
    choices: list[dict[str, Any]] = schema.get("anyOf", [])
    kept = [choice for choice in choices if choice != {"type": "null"}]
    if kept == choices:
        return schema
    if len(kept) != 1:
        return {**schema, "anyOf": kept}
    del schema["anyOf"]
    return {**kept[0], **schema}


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in it, at any depth, itself too."""
    waiting: list[Any] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found = cast("dict[str, Any]", one)
            yield found
            waiting.extend(found.values())
        elif is_list(one):
            waiting.extend(one)


def references(value: Any) -> set[str]:
    """The names of the schemas that are referred to in it, at any depth: also by a discriminator's mapping."""
    texts = (text for found in objects_in(value) for text in found.values() if isinstance(text, str))
    return {text.removeprefix(PREFIX) for text in texts if text.startswith(PREFIX)}
