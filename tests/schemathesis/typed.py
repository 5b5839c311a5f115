"""Whether a value is of the type that an argument was declared with: what every handler here asserts of its own.

It is written without pydantic, so that it does not believe what it shall judge.
"""

import functools
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typing_extensions
from starlette.datastructures import UploadFile as StarletteUploadFile

from lambdaframe import UploadFile

_NOT_CONVERTED = (int, float, str, bytes, bool)
"""Types whose subclasses count as another type: True is no int here."""


def fits(value: object, kind: Any) -> bool:
    """Whether ``value`` is of the type, with all its items."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin is Annotated:
        return fits(value, inner[0])
    if origin in {Union, types.UnionType}:
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if origin is tuple:
        kinds = inner if inner[-1] is not ... else inner[:1] * len(typing.cast("tuple[Any, ...]", value))
        return _each(value, tuple) and all(map(fits, typing.cast("tuple[Any, ...]", value), kinds))
    if origin is dict:
        pairs = typing.cast("dict[Any, Any]", value).items() if isinstance(value, dict) else ()
        return _each(value, dict) and all(fits(key, inner[0]) and fits(one, inner[1]) for key, one in pairs)
    if origin in {list, set, frozenset}:
        return _each(value, origin) and all(fits(one, inner[0]) for one in typing.cast("list[Any]", value))
    if kind is None:
        return value is None
    if typing_extensions.is_typeddict(kind):
        hints = typing.get_type_hints(kind)
        return isinstance(value, dict) and all(fits(value[name], one) for name, one in hints.items())
    if kind is UploadFile:
        return isinstance(value, StarletteUploadFile)  # as its documentation says
    plain = origin or getattr(kind, "__supertype__", kind)
    return type(value) is plain if plain in _NOT_CONVERTED else isinstance(value, plain)


def _each(value: object, kind: type) -> bool:
    return isinstance(value, kind)


FunctionT = typing.TypeVar("FunctionT", bound=Callable[..., Any])


def checked(function: FunctionT) -> FunctionT:
    """The function, which fails if one of its arguments is not of its declared type: a status 500 for the client."""
    hints = typing.get_type_hints(function, include_extras=True)

    @functools.wraps(function)
    async def wrapper(**arguments: Any) -> Any:
        for name, value in arguments.items():
            assert fits(value, hints[name]), f"{name} is {value!r}, which is no {hints[name]!r}"
        return await function(**arguments)

    return typing.cast("FunctionT", wrapper)
