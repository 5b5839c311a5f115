"""Response Objects: what an operation answers, as its function declares it, its route adds to it, and the framework
itself answers.

https://spec.openapis.org/oas/v3.1.0#responses-object
"""

import inspect
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from lambdaframe.http.answers.problems import phrase
from lambdaframe.http.answers.responses import BODILESS
from lambdaframe.http.openapi.bodies import JSON, MULTIPART, RequestBody
from lambdaframe.http.openapi.fields import title_of
from lambdaframe.http.openapi.merging import merge
from lambdaframe.http.openapi.problems import Problems
from lambdaframe.http.openapi.schemas import Schemas, Shape
from lambdaframe.signature import EMPTY, members

if TYPE_CHECKING:
    from lambdaframe.http.routing.routes import Route

_RANGES: Mapping[str, str] = {
    "1XX": "Information",
    "2XX": "Success",
    "3XX": "Redirection",
    "4XX": "Client Error",
    "5XX": "Server Error",
    "default": "Any other answer",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What one route answers. ``models``: of ``responses=``, by status. ``media_type``: None where there is no content
    that could be described."""

    route: "Route"
    status: str
    media_type: str | None
    content: Shape | dict[str, Any]
    models: Mapping[str, Shape]

    def shapes(self) -> list[Shape]:
        """What they need schemas of."""
        return [*([self.content] if isinstance(self.content, Shape) else []), *self.models.values()]


def read_answers(route: "Route", returns: Any, user: str, operation_id: str) -> Answers:
    """The answers of a route whose function is declared to return this (``EMPTY``: it does not say)."""
    annotation, kind = _declared(route, returns)
    status = str(route.options.get("status_code") or _own_status(kind))
    media_type = JSON if kind is None else kind.media_type
    if media_type is not None and status.isdigit() and int(status) in BODILESS:
        media_type = None
    content: Shape | dict[str, Any] = {}
    if kind is not None and not issubclass(kind, JSONResponse):
        content = {"type": "string"}
    elif annotation is not EMPTY and media_type is not None:
        content = Shape(annotation, "serialization", f"{user}: what it returns", title_of(f"Response_{operation_id}"))
    models = {
        _status_key(key): Shape(
            said["model"], "serialization", f"{user}: the answer {key}", title_of(f"Response_{key}_{operation_id}")
        )
        for key, said in (route.options.get("responses") or {}).items()
        if said.get("model") is not None
    }
    return Answers(route, status, media_type, content, models)


def _declared(route: "Route", returns: Any) -> tuple[Any, type[Response] | None]:
    """The type of the content, ``EMPTY`` for none, and the class of the response, None for plain JSON.

    ``Item | RedirectResponse`` is described as ``Item``, and ``HTMLResponse`` as what it is.
    """
    kind = route.options.get("response_class")
    if "response_model" in route.options:
        model = route.options["response_model"]
        return (EMPTY if model is None else model), kind
    if returns is EMPTY or returns is None:
        return (EMPTY if returns is EMPTY else None), kind
    choices = members(returns)
    responses = [choice for choice in choices if isinstance(choice, type) and issubclass(choice, Response)]
    if not responses:
        return returns, kind
    others = [choice for choice in choices if choice not in responses]
    if not others:
        return EMPTY, kind or (responses[0] if len(responses) == 1 else None)
    joined = others[0]
    for other in others[1:]:
        joined = joined | other
    return joined, kind


def _own_status(kind: type[Response] | None) -> int:
    """The status that a class of responses has where none is given."""
    default = inspect.signature(kind).parameters.get("status_code") if kind is not None else None
    return default.default if default is not None and isinstance(default.default, int) else 200


def _status_key(key: int | str) -> str:
    text = str(key).upper()
    return "default" if text == "DEFAULT" else text


def write_answers(
    answers: Answers, schemas: Schemas, problems: Problems, automatic: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """The Responses Object. ``automatic``: what the framework answers, unless the route speaks of that status."""
    options = answers.route.options
    success: dict[str, Any] = {"description": options.get("response_description", "Successful Response")}
    if answers.media_type is not None:
        content = answers.content
        schema = schemas.of(content) if isinstance(content, Shape) else dict(content)
        success["content"] = {answers.media_type: {"schema": schema}}
    made: dict[str, Any] = {answers.status: success}
    for key, said in (options.get("responses") or {}).items():
        status = _status_key(key)
        made[status] = _added(status, said, answers, schemas, problems, made.get(status))
    for status, entry in automatic.items():
        if not {status, f"{status[0]}XX", "default"} & made.keys():
            made[status] = entry
    return made


def _added(
    status: str,
    said: Mapping[str, Any],
    answers: Answers,
    schemas: Schemas,
    problems: Problems,
    known: dict[str, Any] | None,
) -> dict[str, Any]:
    """One entry of ``responses=``. An error of which no more is said is a problem, as all errors are."""
    given: dict[str, Any] = {key: deepcopy(value) for key, value in said.items() if key != "model"}
    given.setdefault("description", (known or {}).get("description") or _phrase(status))
    if status in answers.models:
        media = given.setdefault("content", {}).setdefault(answers.media_type or JSON, {})
        media["schema"] = {**media.get("schema", {}), **schemas.of(answers.models[status])}
    elif known is None and "content" not in given and status[0] in "45d":
        given["content"] = problems.content()
    return given if known is None else merge(known, given)


def _phrase(status: str) -> str:
    if status in _RANGES:
        return _RANGES[status]
    return phrase(int(status)) or "Additional Response"


def automatic_answers(
    body: RequestBody | None,
    problems: Problems,
    *,
    takes: bool,
    narrowed: bool,
    key_required: bool | None,
    security: list[dict[str, list[str]]],
) -> dict[str, dict[str, Any]]:
    """What the framework answers where a request can't be served, by status.

    ``takes``: it takes any value. ``narrowed``: its path takes certain texts only. ``key_required``: whether it needs
    an Idempotency-Key; None where it takes none.
    """
    said: dict[str, str] = {}
    if narrowed:
        said["404"] = "There is no such path."
    if body is not None and not body.is_form:
        said["400"] = "The body is not valid JSON."
        said["415"] = "The body is not said to be JSON."
    elif body is not None and body.media_type == MULTIPART:
        said["400"] = "The body is not a valid form."
    if key_required is not None:
        missing = f"The Idempotency-Key header is {'missing or ' if key_required else ''}malformed."
        said["400"] = f"{said['400']} {missing}" if "400" in said else missing
        said["409"] = "A request with this Idempotency-Key is still in work."
    if security:
        said["401"] = "The request is not authenticated."
        if any(scopes for way in security for scopes in way.values()):
            said["403"] = "The credentials do not allow this."
    made = {status: problems.entry(description) for status, description in said.items()}
    if takes:
        made["422"] = problems.entry("The request does not fit what this operation takes.", validation=True)
    elif key_required is not None:
        made["422"] = problems.entry("The Idempotency-Key was used for another request.")
    return dict(sorted(made.items()))
