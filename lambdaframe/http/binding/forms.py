"""The fields and files of a form, ``application/x-www-form-urlencoded`` or ``multipart/form-data``.

Starlette parses it; reading an uploaded file is asynchronous, so what is taken as ``bytes`` is read before the binding.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.dependant import Field
from lambdaframe.http.binding.models import shape_of
from lambdaframe.http.binding.scalars import Convert, InvalidValueError, invalid
from lambdaframe.http.binding.shapes import is_upload, kinds, takes_bytes
from lambdaframe.http.binding.validators import Validator, built_in, is_built_in, used
from lambdaframe.http.binding.values import Lists

if TYPE_CHECKING:
    from starlette.datastructures import FormData, UploadFile


class Form(NamedTuple):
    """A form that was read: all values of each name, and the content of the files that are taken as bytes."""

    lists: Lists
    contents: Mapping[int, bytes]
    """By ``id`` of the ``UploadFile``."""


def require_multipart() -> None:
    """Raises ConfigurationError where forms can't be parsed."""
    from importlib.util import find_spec

    if find_spec("python_multipart") is None:
        raise ConfigurationError("Forms need python-multipart: pip install 'lambdaframe[forms]'.")


async def load_form(form: "FormData", taken_as_bytes: AbstractSet[str]) -> Form:
    """The form's values; files of these names are read, and stand where they stood."""
    from starlette.datastructures import UploadFile

    lists: Lists = {}
    for name, value in form.multi_items():
        if not _is_no_file(value):
            lists.setdefault(name, []).append(value)
    contents: dict[int, bytes] = {}
    for name in taken_as_bytes & lists.keys():
        for value in lists[name]:
            if isinstance(value, UploadFile) and id(value) not in contents:
                at = value.file.tell()
                contents[id(value)] = await value.read()
                await value.seek(at)
    return Form(lists, contents)


def _is_no_file(value: "UploadFile | str") -> bool:
    """What a browser sends for a file input where nothing was chosen."""
    return not isinstance(value, str) and value.filename == "" and value.size == 0


def names_of_bytes(field: Field) -> list[str]:
    """The names under which a field takes a file's content."""
    if not field.model:
        return [field.name] if takes_bytes(field.annotation) else []
    return [sent for one in shape_of(field).members if takes_bytes(one.annotation) for _, sent in one.keys]


def form_converter(field: Field) -> Convert | None:
    """The conversion of a built-in scalar, or of an uploaded file; None where it is pydantic's alone."""
    if is_built_in(field):
        return _text_converter(field)
    return _upload_converter(field) if is_upload(field.annotation) else None


def _text_converter(field: Field) -> Convert:
    """A built-in conversion that a file is no text for."""
    convert: Convert = built_in(field)
    validator = Validator(field)

    def converted(value: Any) -> Any:
        return convert(value) if isinstance(value, str) else validator.python(value)

    return converted


def _upload_converter(field: Field) -> Convert | None:
    """A conversion of ``UploadFile`` or a list of them, without pydantic; None for any other type."""
    found = kinds(field.annotation)
    if used(field) or len(found) != 1:
        return None
    if _is_upload_type(found[0]):
        return _upload
    inner = [kind for item in get_args(found[0]) for kind in kinds(item)]
    return _uploads if get_origin(found[0]) is list and all(map(_is_upload_type, inner)) else None


def _is_upload_type(kind: Any) -> bool:
    from starlette.datastructures import UploadFile

    return isinstance(kind, type) and issubclass(kind, UploadFile)


def _upload(value: Any) -> Any:
    if not _is_upload_type(type(value)):
        raise invalid("value_error", f"Value error, Expected UploadFile, received: {type(value)}")
    return value


def _uploads(values: Any) -> list[Any]:
    errors: list[dict[str, Any]] = []
    for at, value in enumerate(values):
        try:
            _upload(value)
        except InvalidValueError as exc:
            errors.extend({**error, "loc": [at]} for error in exc.errors)
    if errors:
        raise InvalidValueError(errors)
    return list(values)
