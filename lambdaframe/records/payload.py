"""From a record's body to the type that a consumer asks for.

``str`` is the body as text, ``bytes`` as bytes; ``dict``, ``list``, ``Any`` and no annotation are the JSON value; every
other type is validated by pydantic, straight from the bytes. A body that the source gives as a Python value (a change
of an item) is validated as that. pydantic is imported when the first record needs it, or by ``warm``.

A body that can't be read or does not fit raises PoisonRecordError with a reason that holds nothing of the body.
"""

import dataclasses
import inspect
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, cast, get_args, get_origin

import orjson

from lambdaframe.errors import ConfigurationError, PoisonRecordError
from lambdaframe.records.change import Change
from lambdaframe.records.record import Record
from lambdaframe.signature import EMPTY, bare, members

Read: TypeAlias = Callable[[Record], Any]

REASON_LIMIT = 200
"""Characters of a reason."""


def _text(record: Record) -> str:
    body = record.body
    if isinstance(body, str):
        return body
    if not isinstance(body, bytes):
        raise PoisonRecordError(f"The body is a {type(body).__name__}, not text")
    try:
        return body.decode()
    except UnicodeDecodeError as exc:
        raise PoisonRecordError(f"The body is not UTF-8: {exc.reason} at byte {exc.start}") from None


def _bytes(record: Record) -> bytes:
    body = record.body
    if isinstance(body, bytes):
        return body
    if not isinstance(body, str):
        raise PoisonRecordError(f"The body is a {type(body).__name__}, not bytes")
    try:
        return body.encode()
    except UnicodeEncodeError as exc:
        raise PoisonRecordError(f"The body can't be written as UTF-8: {exc.reason} at character {exc.start}") from None


def _value(record: Record) -> Any:
    body = record.body
    if not isinstance(body, str | bytes):
        return body
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise PoisonRecordError(_short(f"The body is not JSON: {exc}")) from None


def _object(record: Record) -> Any:
    value: Any = _value(record)
    if not isinstance(value, Mapping):
        raise PoisonRecordError(f"The body is a {type(value).__name__}, not an object")
    return value  # pyright: ignore[reportUnknownVariableType] -- of any JSON values


def _array(record: Record) -> Any:
    value: Any = _value(record)
    if not isinstance(value, list):
        raise PoisonRecordError(f"The body is a {type(value).__name__}, not an array")
    return value  # pyright: ignore[reportUnknownVariableType] -- of any JSON values


def _change(record: Record) -> Change[Any]:
    value = _object(record)
    try:
        return Change(**value)
    except TypeError:
        raise PoisonRecordError("The body is not a change of an item") from None


def _short(reason: str) -> str:
    return reason if len(reason) <= REASON_LIMIT else f"{reason[: REASON_LIMIT - 1]}…"


# By equality, not by hash: an annotation may be unhashable.
_PLAIN: tuple[tuple[Any, Read], ...] = (
    (EMPTY, _value),
    (Any, _value),
    (object, _value),
    (str, _text),
    (bytes, _bytes),
    (dict, _object),
    (dict[str, Any], _object),
    (Mapping[str, Any], _object),
    (list, _array),
    (list[Any], _array),
    (Change, _change),
    (Change[Any], _change),
    (Change[dict[str, Any]], _change),
)


def reader(annotation: Any, where: str) -> "Read | Typed":
    """What gives a record's body as this type; calling it raises PoisonRecordError for a body that does not fit.

    ``where``: the argument, for messages. Raises ConfigurationError for a type that can't be validated.
    """
    for known, read in _PLAIN:
        if annotation == known:
            return read
    typed = Typed(annotation, where)
    if not _is_sound(annotation, set()):
        typed.warm()
    return typed


class Typed:
    """Reads bodies as a type that pydantic validates."""

    __slots__ = ("_annotation", "_read", "_validators", "_where")

    def __init__(self, annotation: Any, where: str) -> None:
        self._annotation = annotation
        self._where = where
        plain = tuple(bare(member) for member in members(annotation))
        self._read: Read | None = _text if plain == (str,) else _bytes if plain == (bytes,) else None
        self._validators: tuple[Callable[[Any], Any], Callable[[Any], Any]] | None = None

    def __call__(self, record: Record) -> Any:
        validate_json, validate_python = self._validators or self.warm()
        body = record.body
        if self._read is not None and body is not None:
            body = self._read(record)
        try:
            if self._read is None and isinstance(body, str | bytes):
                return validate_json(body)
            return validate_python(body)
        except ValueError as exc:  # pydantic's ValidationError is one
            raise PoisonRecordError(_reason(exc)) from None

    def warm(self) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
        """Build the validators, for JSON and for Python values. Raises ConfigurationError when that can't be done."""
        try:
            # A model has its validator already.
            validator: Any = getattr(self._annotation, "__dict__", {}).get("__pydantic_validator__")
            if validator is None:
                from pydantic import TypeAdapter

                validator = TypeAdapter(self._annotation).validator
            self._validators = validator.validate_json, validator.validate_python
        except Exception as exc:  # pydantic raises several that have no class in common
            reason = str(exc).partition("\n")[0]
            raise ConfigurationError(
                f"{self._where} can't be validated: {reason} "
                "Take a pydantic model, a dataclass, a TypedDict, dict, str or bytes instead."
            ) from exc
        return self._validators


def _reason(error: ValueError) -> str:
    """What the first of a validation's errors says, without the value."""
    errors: list[Any] | None = None
    if hasattr(error, "errors"):
        errors = cast("Any", error).errors(include_url=False, include_context=False, include_input=False)
    if not errors:
        return _short(f"The body does not fit: {error}")
    first: dict[str, Any] = errors[0]
    if first["type"] == "json_invalid":
        return _short(f"The body is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}")
    where = ".".join(map(str, first["loc"]))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return _short(f"The body does not fit: {where}{': ' if where else ''}{first['msg']}") + more


_KNOWN: frozenset[Any] = frozenset(
    {Any, object, NoneType, bool, int, float, str, bytes, list, dict, tuple, set, frozenset, Mapping, Sequence}
)

# By name, so that nothing is imported for being compared.
_KNOWN_NAMES = frozenset(
    {"datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "decimal.Decimal", "uuid.UUID"}
)


def _is_sound(annotation: Any, seen: set[Any]) -> bool:
    """Whether pydantic can surely validate it. If not it is asked at once, which costs its import."""
    if isinstance(annotation, TypeVar) or annotation is Ellipsis or get_origin(annotation) is Literal:
        return True
    if get_origin(annotation) is Annotated:
        return _is_sound(bare(annotation), seen)
    origin = get_origin(annotation)
    if origin is not None:
        sound = origin in {typing.Union, UnionType} or _is_sound(origin, seen)
        return sound and all(_is_sound(argument, seen) for argument in get_args(annotation))
    if not inspect.isclass(annotation):
        return annotation is Any
    if annotation in _KNOWN or annotation in seen:
        return True
    if hasattr(annotation, "__pydantic_validator__") or hasattr(annotation, "__get_pydantic_core_schema__"):
        return True
    if f"{annotation.__module__}.{annotation.__qualname__}" in _KNOWN_NAMES:
        return True
    seen.add(annotation)
    fields = _fields(annotation)
    return issubclass(annotation, Enum) or (fields is not None and all(_is_sound(field, seen) for field in fields))


def _fields(cls: Any) -> list[Any] | None:
    """The types of a class's fields; None for a class that declares none, or types that are not known (yet)."""
    # typing's own TypedDict keeps too little before Python 3.12: pydantic takes that of typing_extensions only.
    typed_dict = hasattr(cls, "__required_keys__") and (sys.version_info >= (3, 12) or type(cls).__module__ != "typing")
    named_tuple = tuple in cls.__mro__ and hasattr(cls, "_fields")
    if not (dataclasses.is_dataclass(cls) or typed_dict or named_tuple):
        return None
    try:
        return list(typing.get_type_hints(cls).values())
    except NameError:
        return None
