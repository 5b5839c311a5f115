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


def fits(value: Any, kind: Any) -> bool:
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
    if origin in {tuple, dict, list, set, frozenset}:
        return isinstance(value, origin) and _items_fit(value, origin, inner)
    if kind is None:
        return value is None
    if typing_extensions.is_typeddict(kind):
        hints = typing.get_type_hints(kind)
        return isinstance(value, dict) and all(fits(value[name], one) for name, one in hints.items())
    if kind is UploadFile:
        return isinstance(value, StarletteUploadFile)  # as its documentation says
    plain = origin or getattr(kind, "__supertype__", kind)
    return type(value) is plain if plain in _NOT_CONVERTED else isinstance(value, plain)


def _items_fit(value: Any, origin: Any, kinds: tuple[Any, ...]) -> bool:
    if origin is dict:
        return all(fits(key, kinds[0]) and fits(one, kinds[1]) for key, one in value.items())
    if origin is tuple:
        return len(value) == len(kinds) and all(map(fits, value, kinds))
    return all(fits(one, kinds[0]) for one in value)


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
