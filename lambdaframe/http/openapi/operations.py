"""Operation Objects: one for each method of each route.

https://spec.openapis.org/oas/v3.1.0#operation-object
"""

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.dependant import Dependant
from lambdaframe.http.openapi.answers import Answers, automatic_answers, read_answers, write_answers
from lambdaframe.http.openapi.bodies import RequestBody, read_body, write_body
from lambdaframe.http.openapi.merging import merge
from lambdaframe.http.openapi.parameters import NARROW, Parameters, read_parameters, write_parameters
from lambdaframe.http.openapi.problems import Problems
from lambdaframe.http.openapi.schemas import Schemas, Shape
from lambdaframe.http.openapi.security import SecuritySchemes
from lambdaframe.http.routing.paths import parse_path

if TYPE_CHECKING:
    from lambdaframe.http.routing.routes import Route


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a route, read: what it takes and answers, and where that needs schemas."""

    route: "Route"
    dependant: Dependant
    method: str
    """Lower case."""
    operation_id: str
    parameters: Parameters
    body: RequestBody | None
    answers: Answers

    def shapes(self) -> list[Shape]:
        """Every place where a type stands."""
        body = [] if self.body is None else [self.body.shape]
        return [*self.parameters.shapes(), *body, *self.answers.shapes()]


class OperationIds:
    """Gives each operation an id of its own: FastAPI's scheme, ``name_path_method``, unless the route names one."""

    def __init__(self) -> None:
        self._users: dict[str, str] = {}

    def of(self, route: "Route", method: str, user: str) -> str:
        """The id. Raises ConfigurationError for one that a route names and that is taken."""
        said = route.options.get("operation_id")
        if said is not None:
            name = said if len(route.methods) == 1 else f"{said}_{method}"
            if name in self._users:
                raise ConfigurationError(
                    f"{user} and {self._users[name]} have the operation_id {name!r}: give one of them another."
                )
        else:
            plain = re.sub(r"\W", "_", f"{route.name}{template_of(route.path)}") + f"_{method}"
            name, number = plain, 1
            while name in self._users:
                number += 1
                name = f"{plain}_{number}"
        self._users[name] = user
        return name


def read_operations(routes: "Iterable[tuple[Route, Dependant]]") -> list[Operation]:
    """The operations that are documented, in the order they were written."""
    documented = [pair for pair in routes if pair[0].options.get("include_in_schema", True)]
    # Ids that were chosen go first: a made one gives way to them.
    chosen_first = sorted(documented, key=lambda pair: pair[0].options.get("operation_id") is None)
    ids = OperationIds()
    named = {
        (id(route), method): ids.of(route, method.lower(), dependant.name)
        for route, dependant in chosen_first
        for method in route.methods
    }
    return [
        _read(route, dependant, method.lower(), named[id(route), method])
        for route, dependant in documented
        for method in route.methods
    ]


def _read(route: "Route", dependant: Dependant, method: str, operation_id: str) -> Operation:
    return Operation(
        route,
        dependant,
        method,
        operation_id,
        read_parameters(route.path, dependant, key_required=key_required(route)),
        read_body(dependant, operation_id),
        read_answers(route, dependant.returns, dependant.name, operation_id),
    )


def write_operation(
    operation: Operation, schemas: Schemas, problems: Problems, security: SecuritySchemes
) -> dict[str, Any]:
    """The Operation Object."""
    route, options, body = operation.route, operation.route.options, operation.body
    made: dict[str, Any] = {}
    tags = options.get("tags")
    if tags:
        made["tags"] = [tag.value if isinstance(tag, Enum) else tag for tag in tags]
    made["summary"] = options.get("summary") or route.name.replace("_", " ").title()
    description = options.get("description") or _docstring(route)
    if description:
        made["description"] = description
    made["operationId"] = operation.operation_id
    if options.get("deprecated"):
        made["deprecated"] = True
    requirements = security.requirements(operation.dependant)
    if requirements:
        made["security"] = requirements
    parameters = write_parameters(operation.parameters, schemas)
    if parameters:
        made["parameters"] = parameters
    if body is not None:
        made["requestBody"] = write_body(body, schemas)
    automatic = automatic_answers(
        body,
        problems,
        takes=any(one.fields for one in operation.dependant.flat()),
        narrowed=any(convertor in NARROW for _, convertor in parse_path(route.path)),
        key_required=key_required(route),
        security=requirements,
    )
    made["responses"] = write_answers(operation.answers, schemas, problems, automatic)
    return merge(made, options.get("openapi_extra") or {})


def key_required(route: "Route") -> bool | None:
    """Whether its requests need an Idempotency-Key; None where there is none."""
    options = route.idempotent
    return None if options is None else options.get("required", True)


def _docstring(route: "Route") -> str:
    """The function's documentation, up to a form feed: what stands behind it is for those who read the code."""
    inner: Any = getattr(route.function, "func", route.function)
    return inspect.cleandoc(inner.__doc__ or "").partition("\f")[0].strip()


def template_of(path: str) -> str:
    """A route's path without convertors: ``/files/{name:path}`` is ``/files/{name}``."""
    return re.sub(r"{(\w+):\w+}", r"{\1}", path)
