"""The OpenAPI document: operations read, schemas made for all of them at once, then everything written down.

https://spec.openapis.org/oas/v3.1.0
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from lambdaframe.http.answers.responses import encode_json
from lambdaframe.http.binding.dependant import Dependant
from lambdaframe.http.openapi.info import Info
from lambdaframe.http.openapi.operations import Operation, read_operations, template_of, write_operation
from lambdaframe.http.openapi.problems import Problems
from lambdaframe.http.openapi.schemas import Schemas, references
from lambdaframe.http.openapi.security import SecuritySchemes

if TYPE_CHECKING:
    from lambdaframe.http.routing.routes import Route


def document(info: Info, routes: "Iterable[tuple[Route, Dependant]]") -> dict[str, Any]:
    """The document of these routes, as plain JSON values. The same routes give the same document, byte for byte.

    Raises ConfigurationError for an ``operation_id`` that is given twice, and for a type without a JSON Schema.
    """
    operations = read_operations(routes)
    schemas = Schemas(shape for operation in operations for shape in operation.shapes())
    problems = Problems(schemas)
    security = SecuritySchemes()
    made = info.head()
    made["paths"] = _paths(
        (operation, write_operation(operation, schemas, problems, security)) for operation in operations
    )
    components = {
        "schemas": _used(made["paths"], {**schemas.definitions, **problems.definitions}),
        "securitySchemes": security.definitions,
    }
    if any(components.values()):
        made["components"] = {name: found for name, found in components.items() if found}
    if info.tags:
        made["tags"] = [dict(tag) for tag in info.tags]
    plain: dict[str, Any] = orjson.loads(encode_json(made))
    return plain


def _paths(written: Iterable[tuple[Operation, dict[str, Any]]]) -> dict[str, Any]:
    """The Paths Object. Templates that differ in their parameters' names alone are one path to OpenAPI: the names of
    the first hold for all. Of routes that differ in their convertors alone it can hold but the first.
    """
    paths: dict[str, dict[str, Any]] = {}
    templates: dict[str, str] = {}
    for operation, made in written:
        path = template_of(operation.route.path)
        template = templates.setdefault(re.sub(r"{\w+}", "{}", path), path)
        if template != path:
            _rename(made, dict(zip(_names(path), _names(template), strict=True)))
        paths.setdefault(template, {}).setdefault(operation.method, made)
    return paths


def _names(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def _rename(operation: dict[str, Any], names: dict[str, str]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["name"] = names.get(parameter["name"], parameter["name"])


def _used(paths: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions that the paths refer to, and those that these refer to, by name."""
    used: set[str] = set()
    waiting = references(paths)
    while waiting:
        used |= waiting
        waiting = {name for one in waiting if one in definitions for name in references(definitions[one])} - used
    return {name: definitions[name] for name in sorted(used) if name in definitions}
