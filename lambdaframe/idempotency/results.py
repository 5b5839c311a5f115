"""Results as JSON, and back to what their annotation says.

Written without pydantic where no model is in them, and read without it where the annotation is plain JSON; else it is
loaded at the first replay. What an annotation tells apart and JSON does not (bytes, decimals, times, sets, tuples) is
written as pydantic reads it: https://docs.pydantic.dev/latest/concepts/conversion_table/ (bytes in base64, but in
models as their configuration says).
"""

import math
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from types import GenericAlias, NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import orjson

from lambdaframe.errors import ConfigurationError

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
_PLAIN: Sequence[Any] = (Any, object, None, NoneType, str, int, float, bool, dict, list)


class AnnotatedJSON:
    """JSON of one annotation: what ``encode`` writes ``decode`` reads as the annotated type."""

    def __init__(self, annotation: Any) -> None:
        self._ambiguous = _is_ambiguous(annotation)
        self.decode: Callable[[bytes], Any] = orjson.loads if is_plain(annotation) else _reader(annotation)

    def encode(self, value: Any) -> bytes:
        """Raises TypeError or ValueError for what would come back as something else, or not at all."""
        text = to_json(value)
        if self._ambiguous and not _same(again := self.decode(text), value):
            raise ValueError(f"it would come back as {type(again).__name__}, another member of the annotated union")
        return text


def to_json(value: Any) -> bytes:
    """The JSON of a value. Raises TypeError for what has none, ValueError for NaN and infinity."""
    text = orjson.dumps(value, default=_plain, option=_OPTIONS)
    if b"null" in text and _has_no_number(value):
        raise ValueError("JSON has no NaN and no infinity")
    return text


def _plain(value: Any) -> Any:
    """What stands for a value that is no JSON by itself; its parts may be the same again."""
    kind = cast("Any", type(value))
    serializer = getattr(kind, "__pydantic_serializer__", None)
    if serializer is not None:
        return serializer.to_python(value, mode="json", round_trip=True)
    if is_dataclass(kind):
        return {field.name: getattr(value, field.name) for field in fields(kind) if field.init}
    if isinstance(value, tuple | set | frozenset):
        return list(cast("set[Any]", value))
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, Iterator | Awaitable | Decimal):
        raise TypeError(f"{kind.__name__} can't be written")
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value)  # paths, addresses, timedeltas, deques, …


def _has_no_number(value: Any) -> bool:
    """Whether a NaN or an infinity is in it, which orjson writes as null."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, str | int | NoneType):
        return False
    if isinstance(value, dict):
        parts: Iterable[Any] = cast("dict[str, Any]", value).values()
        return any(map(_has_no_number, parts))
    if isinstance(value, list | tuple):
        return any(map(_has_no_number, cast("Sequence[Any]", value)))
    try:
        return _has_no_number(_plain(value))
    except (TypeError, ValueError):
        return False  # one of those that orjson knows: a time, a UUID, an enum


def is_plain(annotation: Any) -> bool:
    """Whether JSON values are already of this type."""
    if _is_typed_dict(annotation):
        return all(map(is_plain, get_type_hints(annotation).values()))
    if annotation in _PLAIN:
        return True
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return all(type(part) in {str, int, bool, NoneType} for part in parts)
    if origin is dict and parts[0] not in {str, Any}:
        return False
    return origin in {dict, list, UnionType, Union} and all(map(is_plain, parts))


def _is_typed_dict(annotation: Any) -> bool:
    """typing's, or typing_extensions'."""
    return isinstance(annotation, type) and hasattr(annotation, "__required_keys__")


def _is_ambiguous(annotation: Any) -> bool:
    """Whether there is a union in it whose members JSON may not tell apart, as in ``datetime | str``."""
    parts = get_args(annotation)
    if get_origin(annotation) in {UnionType, Union} and not is_plain(annotation):
        return len([part for part in parts if part is not NoneType]) > 1 or _is_ambiguous(parts[0])
    return any(map(_is_ambiguous, parts))


def _same(one: Any, other: Any) -> bool:
    # repr: for classes that compare by identity.
    return type(one) is type(other) and (one == other or repr(one) == repr(other))


def _reader(annotation: Any) -> Callable[[bytes], Any]:
    _check(annotation)
    adapter: Any = None

    def read(data: bytes) -> Any:
        nonlocal adapter
        if adapter is None:
            from pydantic import ConfigDict, TypeAdapter

            # In a tuple: a configuration may not be given to a dataclass itself, but reaches those further in.
            wrapped: Any = GenericAlias(tuple, (annotation,))
            adapter = TypeAdapter(wrapped, config=ConfigDict(val_json_bytes="base64"))
        # By name: that is how it was written, whatever aliases the model has.
        return adapter.validate_json(b"[%b]" % data, by_alias=True, by_name=True)[0]

    return read


def _check(annotation: Any) -> None:
    if sys.version_info < (3, 12) and _is_typed_dict(annotation) and type(annotation).__module__ == "typing":
        raise ConfigurationError(
            f"{annotation.__qualname__}: import TypedDict from typing_extensions, not from typing; before Python 3.12 "
            "the annotations of the other one can't be read reliably."
        )
    for part in get_args(annotation):
        _check(part)
