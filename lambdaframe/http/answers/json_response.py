"""Starlette's JSONResponse with our encoder: orjson, models included."""

from typing import Any

from starlette.responses import JSONResponse as StarletteJSONResponse

from lambdaframe.http.answers.responses import encode_json


class JSONResponse(StarletteJSONResponse):
    """A response whose content is encoded by orjson; pydantic models and dataclasses may be anywhere in it."""

    def render(self, content: Any) -> bytes:
        """The JSON bytes. Raises ResponseValidationError for what is no JSON."""
        return encode_json(content)
