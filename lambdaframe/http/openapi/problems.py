"""The problems that the framework itself answers, as schemas and Response Objects: RFC 9457, for every operation."""

from typing import Any

from lambdaframe.http.openapi.schemas import PREFIX, Schemas

MEDIA_TYPE = "application/problem+json"

_MEMBERS: dict[str, Any] = {
    "type": {"type": "string", "format": "uri-reference", "default": "about:blank", "title": "Type"},
    "title": {"type": "string", "title": "Title", "description": "What kind of problem it is."},
    "status": {"type": "integer", "minimum": 100, "maximum": 599, "title": "Status"},
    "detail": {"type": "string", "title": "Detail", "description": "What is wrong with this request."},
}


class Problems:
    """``entry`` makes Response Objects; ``definitions`` are the schemas that those refer to."""

    def __init__(self, schemas: Schemas) -> None:
        problem, validation, error = map(schemas.free_name, ("Problem", "ValidationProblem", "ValidationError"))
        self._problem, self._validation = problem, validation
        self.definitions = {
            problem: _object("Problem", _MEMBERS, ["type", "title", "status"]),
            error: _object("ValidationError", _ERROR, ["loc", "msg", "type"]),
            validation: _object(
                "ValidationProblem",
                {**_MEMBERS, "errors": {"type": "array", "items": {"$ref": PREFIX + error}, "title": "Errors"}},
                ["type", "title", "status"],
            ),
        }

    def content(self, *, validation: bool = False) -> dict[str, Any]:
        """The ``content`` of a Response Object."""
        name = self._validation if validation else self._problem
        return {MEDIA_TYPE: {"schema": {"$ref": PREFIX + name}}}

    def entry(self, description: str, *, validation: bool = False) -> dict[str, Any]:
        """A Response Object."""
        return {"description": description, "content": self.content(validation=validation)}


_ERROR: dict[str, Any] = {
    "loc": {
        "type": "array",
        "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "title": "Location",
        "description": "Where: path, query, header, cookie or body, and the way from there.",
    },
    "msg": {"type": "string", "title": "Message"},
    "type": {"type": "string", "title": "Error Type"},
}


def _object(title: str, members: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "title": title, "properties": members, "required": required}
