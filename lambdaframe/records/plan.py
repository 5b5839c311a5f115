"""From a consumer function's signature to a plan, made once, at registration.

The function takes the payload, the ``Record`` and the ``Invocation``, told apart by annotation; each may be left out.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from lambdaframe.errors import ConfigurationError
from lambdaframe.invocation import Invocation, current_invocation
from lambdaframe.records.payload import Read, Typed, reader
from lambdaframe.records.record import Record
from lambdaframe.signature import Argument, describe, members, read_signature


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
    arguments = [argument for argument in read_signature(function).arguments if argument.name not in given]
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


def _given(function: Callable[..., Any]) -> set[str]:
    """The arguments that a partial has by name."""
    names: set[str] = set()
    while isinstance(function, partial):
        names.update(function.keywords)
        function = function.func
    return names
