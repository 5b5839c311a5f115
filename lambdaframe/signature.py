"""Reading a handler's signature, once, at registration."""

import inspect
import typing
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from lambdaframe.concurrency import is_generator_callable
from lambdaframe.errors import ConfigurationError

EMPTY: Any = inspect.Parameter.empty


class Argument(NamedTuple):
    """One argument of a handler. ``annotation`` and ``default`` are ``EMPTY`` where there is none."""

    name: str
    annotation: Any
    default: Any


class Signature(NamedTuple):
    """A handler's arguments and what it declares to return (``EMPTY`` when it says nothing)."""

    arguments: tuple[Argument, ...]
    returns: Any


def read_signature(function: Callable[..., Any], *, generators: bool = False) -> Signature:
    """The signature with annotations resolved, also those written as strings. Of a class: that of its constructor.

    Raises ConfigurationError for a function that can't be a handler: a generator (unless ``generators``), ``*args``,
    positional-only arguments, a name in an annotation that can't be found.
    """
    name = describe(function)
    if not generators and is_generator_callable(function):
        raise ConfigurationError(
            f"{name} is a generator: a handler returns its result once. Use 'return', not 'yield'."
        )
    hints = _constructor_hints(function, name) if isinstance(function, type) else _hints(_body(function), name)
    arguments: list[Argument] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
            raise ConfigurationError(f"{name} takes '{parameter}': write each argument out, so that it can be bound.")
        arguments.append(Argument(parameter.name, hints.get(parameter.name, EMPTY), parameter.default))
    return Signature(tuple(arguments), hints.get("return", EMPTY))


def _hints(target: Any, name: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(target, include_extras=True)
    except NameError:
        pass
    try:
        return typing.get_type_hints(target, localns=_names_around(inspect.unwrap(target)), include_extras=True)
    except NameError as exc:
        raise ConfigurationError(
            f"{name} has an annotation that can't be resolved: {exc}. Define or import the type at module level."
        ) from exc


def _names_around(function: Any) -> dict[str, Any]:
    """What the functions that define this one have as local names, if they are running.

    Annotations that are strings (``from __future__ import annotations``) know nothing of them by themselves.
    """
    names: dict[str, Any] = {}
    code: Any = getattr(function, "__code__", None)
    frame = inspect.currentframe()
    while frame is not None:
        if code in frame.f_code.co_consts:
            names = {**frame.f_locals, **names}
            code = frame.f_code
        frame = frame.f_back
    return names


def _constructor_hints(kind: Any, name: str) -> dict[str, Any]:
    """Of a dataclass or a pydantic model the constructor's hints are those of its fields."""
    own = kind.__init__ if inspect.isfunction(kind.__init__) else kind.__new__
    return {**_hints(kind, name), **(_hints(own, name) if inspect.isfunction(own) else {}), "return": kind}


def _body(function: Any) -> Any:
    """Where the annotations of something that can be called stand."""
    if inspect.isroutine(function):
        return function
    inner = getattr(function, "func", None)  # functools.partial
    return _body(inner) if inner is not None else type(function).__call__


def describe(function: Callable[..., Any]) -> str:
    """How a handler is named in messages: ``module.qualname``."""
    inner: Any = getattr(function, "func", function)
    named: Any = inner if hasattr(inner, "__qualname__") else inner.__class__
    return f"{named.__module__}.{named.__qualname__}"


def bare(annotation: Any) -> Any:
    """The type without ``Annotated``."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, without ``None``; else the type itself."""
    plain = bare(annotation)
    if get_origin(plain) in {UnionType, typing.Union}:
        return tuple(member for member in get_args(plain) if member is not NoneType)
    return (plain,)


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether it can be called with so many positional arguments."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # a built-in that does not tell
        return True
    return True
