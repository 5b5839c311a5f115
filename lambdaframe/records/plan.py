"""From a consumer function's signature to a plan, made once, at registration.

The function takes the payload, the ``Record`` and the ``Invocation``, told apart by annotation, and dependencies; with
``batch=True`` the ``RecordStream`` in place of the first two. Each may be left out, but not the stream.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias, get_args, get_origin

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.parameters import Needed, Parameter
from lambdaframe.invocation import Invocation, current_invocation
from lambdaframe.records.payload import Read, reader
from lambdaframe.records.record import Record
from lambdaframe.signature import Argument, bare, describe, members, read_signature

if TYPE_CHECKING:
    from lambdaframe.records.dependencies import Dependencies

Overrides: TypeAlias = Mapping[Callable[..., Any], Callable[..., Any]]
"""Dependencies, and what is called in their place."""


class Plan(NamedTuple):
    """How a record becomes a function's arguments. ``names`` and ``readers`` stand in the signature's order.

    ``by_name``: the function has keyword-only arguments. ``payload``: the argument that is the payload, and what reads
    it; of a batch that of each of its records. ``needs``: what else the function takes, by name.
    """

    names: tuple[str, ...]
    readers: tuple[Read, ...]
    by_name: bool = False
    payload: tuple[str, Read] | None = None
    needs: "Dependencies | None" = None

    def bind(self, record: Any) -> tuple[Any, ...]:
        """The arguments' values, but the dependencies'; ``record``: or the stream.

        Raises PoisonRecordError when the payload can't be read or does not fit.
        """
        return tuple([read(record) for read in self.readers])

    def warm(self) -> None:
        """Build the validators now. Raises ConfigurationError for a type that can't be validated."""
        if self.payload is not None:
            warm: Any = getattr(self.payload[1], "warm", None)
            if warm is not None:
                warm()


PayloadReader: TypeAlias = Callable[[Any, str], Read]
"""``(annotation, where)`` gives what reads a payload of that type; see ``payload.reader``."""


def make_plan(
    function: Callable[..., Any],
    *,
    batch: bool = False,
    unwrap: str | None = None,
    overrides: Overrides | None = None,
    read_as: PayloadReader | None = None,
) -> Plan:
    """``batch``: the function takes a stream. ``unwrap``: the envelope that holds the payload. ``overrides``: of its
    dependencies. ``read_as``: in place of ``payload.reader``.

    Raises ConfigurationError for a function that can't be a consumer, and says what to write instead.
    """
    name = describe(function)
    given = _given(function)
    arguments: list[Argument] = []
    needed: list[tuple[Argument, Needed]] = []
    for argument in read_signature(function).arguments:
        if argument.name not in given:
            need = needed_by(argument, name)
            if need is None:
                arguments.append(argument)
            else:
                needed.append((argument, need))
    read_as = read_as or partial(_reader, unwrap)
    payload = (_payload_of_stream if batch else _payload_of_record)(arguments, name, unwrap, read_as)
    read = itself if batch or payload is None else payload[1]
    parameters = inspect.signature(function).parameters
    return Plan(
        names=tuple(argument.name for argument in arguments),
        readers=tuple(_by_type(argument) or read for argument in arguments),
        by_name=any(parameters[argument.name].kind is inspect.Parameter.KEYWORD_ONLY for argument in arguments),
        payload=payload,
        needs=_dependencies(name, needed, overrides, records=not batch) if needed else None,
    )


def _dependencies(
    name: str, needed: list[tuple[Argument, Needed]], overrides: Overrides | None, *, records: bool
) -> "Dependencies":
    from lambdaframe.records.dependencies import Dependencies

    return Dependencies(name, needed, {} if overrides is None else overrides, records=records)


def _payload_of_record(
    arguments: list[Argument], name: str, unwrap: str | None, read_as: PayloadReader
) -> tuple[str, Read] | None:
    payloads = [argument for argument in arguments if _by_type(argument) is None]
    if len(payloads) > 1:
        names = ", ".join(argument.name for argument in payloads)
        raise ConfigurationError(
            f"{name} takes {len(payloads)} payloads: {names}. Take one, of a type that has both, and read the rest "
            "from 'record: Record'."
        )
    for argument in payloads:
        if _streamed(argument.annotation) is not None:
            raise ConfigurationError(
                f"{name}: '{argument.name}' is a RecordStream: write batch=True, or take one payload."
            )
        return argument.name, read_as(argument.annotation, f"{name}: '{argument.name}'")
    if unwrap is not None:
        raise ConfigurationError(
            f"{name} takes no payload, so there is nothing to unwrap: leave unwrap={unwrap!r} out."
        )
    return None


def _payload_of_stream(
    arguments: list[Argument], name: str, unwrap: str | None, read_as: PayloadReader
) -> tuple[str, Read] | None:
    streams = [argument for argument in arguments if _streamed(argument.annotation) is not None]
    others = [
        argument.name for argument in arguments if argument not in streams and _by_type(argument) is not _invocation
    ]
    if len(streams) != 1 or others:
        wrong = f": not {', '.join(map(repr, others))}" if others else ""
        raise ConfigurationError(
            f"{name}: with batch=True a function takes one argument of type RecordStream (or RecordStream[Order]), and "
            f"beside it Invocation and dependencies{wrong}."
        )
    (argument,) = streams
    return argument.name, read_as(_streamed(argument.annotation), f"{name}: '{argument.name}'")


def _streamed(annotation: Any) -> Any:
    """The payload's type of a stream's annotation; None for what is no stream."""
    loaded: Any = sys.modules.get("lambdaframe.records.stream")  # or else there is none in any annotation
    if loaded is None:
        return None
    plain = bare(annotation)
    if plain is loaded.RecordStream:
        return Any
    return get_args(plain)[0] if get_origin(plain) is loaded.RecordStream else None


def itself(record: Record) -> Record:
    """Reads the record."""
    return record


def _invocation(record: Record) -> Invocation:
    return current_invocation()


def _by_type(argument: Argument) -> Read | None:
    """What reads an argument that is no payload."""
    asked = members(argument.annotation)
    if len(asked) != 1 or not isinstance(asked[0], type):
        return None
    return itself if issubclass(asked[0], Record) else _invocation if asked[0] is Invocation else None


def _reader(unwrap: str | None, annotation: Any, where: str) -> Read:
    if unwrap is None and "lambdaframe.records.envelopes" not in sys.modules:
        return reader(annotation, where)  # no type is an envelope: they are loaded by those who use them
    from lambdaframe.records.unwrap import unwrapping_reader

    return unwrapping_reader(annotation, where, unwrap)


def needed_by(argument: Argument, user: str) -> Needed | None:
    """What ``Depends`` says of an argument, in ``Annotated`` or as its default.

    Raises ConfigurationError for two of them, and for markers of parts of a request.
    """
    annotation = argument.annotation
    metadata = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    marks = [mark for mark in (*metadata, argument.default) if isinstance(mark, Needed | Parameter)]
    for mark in marks:
        if isinstance(mark, Parameter):
            raise ConfigurationError(
                f"{user}: '{argument.name}' is marked as a part of a request ({mark.place}), and there is none. Take "
                "the payload by its type, and the rest from 'record: Record'."
            )
    if len(marks) > 1:
        raise ConfigurationError(f"{user}: '{argument.name}' has two dependencies: leave one out.")
    return marks[0] if marks else None  # type: ignore[return-value]  # the loop above has seen to it


def _given(function: Callable[..., Any]) -> set[str]:
    """The arguments that a partial has by name."""
    names: set[str] = set()
    while isinstance(function, partial):
        names.update(function.keywords)
        function = function.func
    return names
