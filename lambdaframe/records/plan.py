"""From a consumer function's signature to a plan, made once, at registration.

The function takes the payload, the ``Record`` and the ``Invocation``, told apart by annotation; each may be left out.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any

from lambdaframe.errors import ConfigurationError
from lambdaframe.invocation import Invocation, current_invocation
from lambdaframe.records.payload import Read, Typed, reader
from lambdaframe.records.record import Record
from lambdaframe.signature import Argument, Signature, describe, members, read_signature


@dataclass(frozen=True, slots=True)
class Plan:
    """How a record becomes a function's arguments. ``names`` and ``readers`` stand in the signature's order.

    ``by_name``: the function has keyword-only arguments.
    """

    names: tuple[str, ...]
    readers: tuple[Read, ...]
    by_name: bool = False

    def bind(self, record: Record) -> tuple[Any, ...]:
        """The arguments' values. Raises PoisonRecordError when the payload can't be read or does not fit."""
        return tuple([read(record) for read in self.readers])

    def warm(self) -> None:
        """Build the validators now. Raises ConfigurationError for a type that can't be validated."""
        for read in self.readers:
            if isinstance(read, Typed):
                read.warm()


def make_plan(function: Callable[..., Any]) -> Plan:
    """Raises ConfigurationError for a function that can't be a consumer, and says what to write instead."""
    given = _given(function)
    arguments = [argument for argument in _signature(function).arguments if argument.name not in given]
    payloads = [argument.name for argument in arguments if _by_type(argument) is None]
    if len(payloads) > 1:
        raise ConfigurationError(
            f"{describe(function)} takes {len(payloads)} payloads: {', '.join(payloads)}. Take one, of a type that "
            "has both, and read the rest from 'record: Record'."
        )
    parameters = inspect.signature(function).parameters
    return Plan(
        names=tuple(argument.name for argument in arguments),
        readers=tuple(_reader(argument, describe(function)) for argument in arguments),
        by_name=any(parameters[argument.name].kind is inspect.Parameter.KEYWORD_ONLY for argument in arguments),
    )


def itself(record: Record) -> Record:
    """Reads the record."""
    return record


def _invocation(record: Record) -> Invocation:
    return current_invocation()


def _by_type(argument: Argument) -> Read | None:
    """What reads an argument that is no payload."""
    asked = members(argument.annotation)
    return itself if asked == (Record,) else _invocation if asked == (Invocation,) else None


def _reader(argument: Argument, name: str) -> Read:
    return _by_type(argument) or reader(argument.annotation, f"{name}: '{argument.name}'")


def _signature(function: Callable[..., Any]) -> Signature:
    try:
        return read_signature(function)
    except ConfigurationError as exc:
        plain = inspect.unwrap(function)
        if not isinstance(exc.__cause__, NameError) or not isinstance(plain, FunctionType):
            raise
        return read_signature(_with_globals(plain, _names_around(plain)))


def _names_around(function: FunctionType) -> dict[str, Any]:
    """What the functions that define this one have as local names, if they are running.

    Annotations that are strings (``from __future__ import annotations``) know nothing of them by themselves.
    """
    names: dict[str, Any] = {}
    code, frame = function.__code__, inspect.currentframe()
    while frame is not None:
        if code in frame.f_code.co_consts:
            names = {**frame.f_locals, **names}
            code = frame.f_code
        frame = frame.f_back
    return names


def _with_globals(function: FunctionType, names: dict[str, Any]) -> FunctionType:
    """A function of the same signature, for being looked at, whose annotations can use these names."""
    seen = FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    seen.__kwdefaults__, seen.__annotations__ = function.__kwdefaults__, function.__annotations__
    seen.__module__, seen.__qualname__ = function.__module__, function.__qualname__
    return seen


def _given(function: Callable[..., Any]) -> set[str]:
    """The arguments that a partial has by name."""
    names: set[str] = set()
    while isinstance(function, partial):
        names.update(function.keywords)
        function = function.func
    return names
