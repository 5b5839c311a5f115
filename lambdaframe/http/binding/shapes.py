"""What a type says of the place a value may come from: a scalar, many of them, a file, or something with parts."""

import sys
import typing
from collections import abc
from typing import Annotated, Any, Literal, cast, get_args, get_origin

from lambdaframe.signature import bare, members

_MANY = (list, tuple, set, frozenset, abc.Sequence, abc.Set, abc.Iterable, abc.Collection)


def is_scalar(annotation: Any) -> bool:
    """Whether one piece of text is such a value: no parts, of whatever kind."""
    return not any(_has_parts(kind) for kind in kinds(annotation))


def is_many(annotation: Any) -> bool:
    """Whether it is a list, tuple or set, of anything."""
    return any(get_origin(kind) in _MANY or kind in _MANY for kind in kinds(annotation) if _hashes(kind))


def is_upload(annotation: Any) -> bool:
    """Whether it is an ``UploadFile``, or a list of them."""
    module = sys.modules.get("starlette.datastructures")
    if module is None:
        return False
    return any(isinstance(kind, type) and issubclass(kind, module.UploadFile) for kind in with_items(annotation))


def takes_bytes(annotation: Any) -> bool:
    """Whether it is ``bytes``, or several of them."""
    return bytes in [kind for kind in with_items(annotation) if isinstance(kind, type)]


def kinds(annotation: Any) -> tuple[Any, ...]:
    """The members of a union without None, or the type itself: without ``Annotated``, and behind ``type X = …``.

    JSON as a text, ``pydantic.Json``, is a ``str``.
    """
    found: list[Any] = []
    for member in members(_resolved(annotation)):
        kind = _resolved(member)
        found.extend([kind] if kind is member else kinds(kind))
    return tuple(found)


def with_items(annotation: Any) -> tuple[Any, ...]:
    """``kinds``, and what the lists, tuples and sets among them hold."""
    found = kinds(annotation)
    items = [item for kind in found if get_origin(kind) in _MANY for item in get_args(kind) if item is not ...]
    return (*found, *(kind for item in items for kind in kinds(item)))


def _resolved(annotation: Any) -> Any:
    """Without ``Annotated``; of an alias, its value (https://peps.python.org/pep-0695/)."""
    while not _is_json(annotation):
        plain = bare(annotation)
        origin = get_origin(plain)
        if type(plain).__name__ == "TypeAliasType":
            plain = plain.__value__
        elif type(origin).__name__ == "TypeAliasType":
            plain = origin.__value__[get_args(plain)]
        if plain is annotation:
            return plain
        annotation = plain
    return str


def _is_json(annotation: Any) -> bool:
    """Whether it is ``pydantic.Json``, which nobody has before pydantic was imported."""
    module = sys.modules.get("pydantic.types")
    marks = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return module is not None and (annotation is module.Json or any(isinstance(mark, module.Json) for mark in marks))


def _hashes(kind: Any) -> bool:
    try:
        hash(kind)
    except TypeError:
        return False
    return True


def _has_parts(kind: Any) -> bool:
    kind = bare(kind)
    origin = get_origin(kind)
    if origin is not None:
        return origin is not Literal and origin is not type
    return isinstance(kind, type) and (
        hasattr(kind, "__pydantic_validator__")
        or hasattr(kind, "__dataclass_fields__")
        or typing.is_typeddict(cast("Any", kind))
        or (issubclass(kind, dict | list | tuple | set | frozenset) and not issubclass(kind, str | bytes))
    )
