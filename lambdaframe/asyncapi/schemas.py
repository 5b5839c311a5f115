"""From pydantic's JSON Schemas, which are of the draft 2020-12, to what AsyncAPI has: the draft 7, and a bit more.

They differ in tuples, and in ``discriminator``, which is OpenAPI's there. AsyncAPI's asks for values that are names of
schemas, so it is left out: the constants of the union's members tell them apart.

https://www.asyncapi.com/docs/reference/specification/v3.0.0#schemaObject
https://json-schema.org/draft/2020-12/release-notes#changes-to-items-and-additionalitems
"""

from typing import Any, Final

from lambdaframe.http.openapi.merging import is_list

_OBJECT: Final[type[Any]] = dict

_INSIDE: Final = frozenset(
    {"additionalProperties", "allOf", "anyOf", "contentSchema", "items", "not", "oneOf", "prefixItems", "propertyNames"}
)
"""Keywords of a schema or a list of them. What is in others, as in ``default``, is no schema."""

_BY_NAME: Final = frozenset({"patternProperties", "properties"})


def as_draft_07(schema: Any) -> Any:
    """A copy of a schema, which may be true or false."""
    if is_list(schema):
        return [as_draft_07(one) for one in schema]
    if not isinstance(schema, _OBJECT):
        return schema
    made: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _BY_NAME:
            made[keyword] = {name: as_draft_07(one) for name, one in value.items()}
        elif keyword != "discriminator":
            made[keyword] = as_draft_07(value) if keyword in _INSIDE else value
    if "prefixItems" in made:
        rest = made.pop("items", None)
        made["items"] = made.pop("prefixItems")
        if rest is not None:
            made["additionalItems"] = rest
    return made


def told_apart(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The members of a discriminated union that have names, each once; else the schema itself."""
    choices: list[dict[str, Any]] = schema.get("oneOf", [])
    if "discriminator" in schema and choices and all(list(choice) == ["$ref"] for choice in choices):
        return list({choice["$ref"]: choice for choice in choices}.values())
    return [schema]
