"""The type of an uploaded file."""

from typing import Any

from starlette.datastructures import UploadFile as StarletteUploadFile


class UploadFile(StarletteUploadFile):
    """An uploaded file: ``filename``, ``content_type``, ``size`` in bytes, ``read``, ``seek``, and the ``file`` itself.

    It is Starlette's; this one may also stand in a pydantic model. What a handler is given is Starlette's own.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(_checked)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """OpenAPI 3.1: https://spec.openapis.org/oas/v3.1.0#considerations-for-file-uploads."""
        return {"type": "string", "contentMediaType": "application/octet-stream"}


def _checked(value: Any) -> StarletteUploadFile:
    if not isinstance(value, StarletteUploadFile):
        raise ValueError(f"Expected UploadFile, received: {type(value)}")
    return value
