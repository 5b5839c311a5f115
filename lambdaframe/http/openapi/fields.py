"""The fields of a whole tree of dependencies, and each one's type with everything that was said of it."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field as PydanticField

from lambdaframe.http.binding.dependant import Dependant, Field
from lambdaframe.http.binding.parameters import OURS, Place
from lambdaframe.http.openapi.schemas import Shape
from lambdaframe.signature import EMPTY

_NOT_OF_THE_SCHEMA = OURS | {"alias", "deprecated"}
"""``deprecated`` is said of a parameter or a member, not of its type; pydantic warns of it."""


def documented(dependant: Dependant, *places: Place) -> list[Field]:
    """The tree's fields from these places, the handler's own first. Those with ``include_in_schema=False`` are out."""
    return [
        field
        for one in _outside_in(dependant)
        for field in one.fields
        if field.place in places and field.options.get("include_in_schema", True)
    ]


def _outside_in(root: Dependant) -> Iterator[Dependant]:
    seen: set[int] = set()

    def walk(dependant: Dependant) -> Iterator[Dependant]:
        if id(dependant) not in seen:
            seen.add(id(dependant))
            yield dependant
            for need in dependant.needs:
                yield from walk(need.dependant)

    return walk(root)


def sent_name(field: Field) -> str:
    """The name in the request, a header's with the capitals that its alias was given."""
    return field.options.get("alias", field.name)


def title_of(name: str) -> str:
    """What a schema is called that has no title: as pydantic and FastAPI do it."""
    return name.title().replace("_", " ")


def annotated(field: Field) -> Any:
    """The field's type with its options and its default, for pydantic."""
    kind: Any = Any if field.annotation is EMPTY else field.annotation
    return Annotated[kind, pydantic_field(field)]


def pydantic_field(field: Field, **more: Any) -> Any:
    """What was said of the field in pydantic's words; ``more`` goes on top."""
    said: dict[str, Any] = {name: value for name, value in field.options.items() if name not in _NOT_OF_THE_SCHEMA}
    if field.default_factory is not None:
        said["default_factory"] = field.default_factory
    elif field.default is not EMPTY:
        said["default"] = field.default
    return PydanticField(**said, **more)


def never_empty(field: Field, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list outside of JSON: an empty one can't be sent, so a required one has a member."""
    if field.many and field.required and schema.get("type") == "array":
        return {**schema, "minItems": max(1, schema.get("minItems", 1))}
    return schema


def shape_of_field(field: Field, user: str) -> Shape:
    """Where its schema stands. ``user``: the handler's name."""
    title = None if field.model else title_of(sent_name(field))
    return Shape(annotated(field), "validation", f"{user}: {field.argument}", title)
