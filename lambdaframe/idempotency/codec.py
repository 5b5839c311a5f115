"""A function's results and final errors as bytes, and back.

Results are written once and kept byte for byte: by the codec the function was given, else as JSON after its return
annotation. What can't be kept is not: such a call is done, its replay says that the result is gone.
"""

import inspect
import typing
from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar, cast

import orjson

from lambdaframe.errors import ConfigurationError, ResultOmittedError
from lambdaframe.idempotency.results import AnnotatedJSON, to_json
from lambdaframe.idempotency.transitions import Outcome

T = TypeVar("T")


class ResultCodec(Protocol):
    """How a function's results become bytes: ``idempotent(…, codec=…)``.

    A result that ``encode`` raises for is not kept: the operation is done and not run again, and its replay raises
    ResultOmittedError; so does one whose bytes ``decode`` raises for.
    """

    def encode(self, value: Any, /) -> bytes:
        """The bytes that are kept."""
        ...

    def decode(self, data: bytes, /) -> Any:
        """The result again, for a replay."""
        ...


class NoEffectError(Exception):
    """What ended the call before its effect: the key is released, whatever errors are final. It never leaves us."""


class Replayed(NamedTuple):
    """What ``unpack`` gives where somebody wants to know that it is a replay."""

    kind: Literal["ok", "error"]
    value: Any


class FunctionCodec(Generic[T]):
    """The codec of one function.

    ``final_errors``: the exceptions that are recorded and raised again on a replay. ``results``: its own codec, None
    for JSON. ``told``: whether ``unpack`` gives a Replayed, errors included, instead of returning or raising.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        final_errors: tuple[type[Exception], ...],
        *,
        results: ResultCodec | None = None,
        told: bool = False,
    ) -> None:
        self._name = name
        self._function = function
        self._final_errors = final_errors
        self._results = results
        self._told = told

    def prepare(self) -> ResultCodec:
        """Resolve the return annotation, at the first call, when the names in it are defined.

        Raises ConfigurationError when one isn't: before the effect, not at the replay.
        """
        if self._results is None:
            self._results = AnnotatedJSON(_returns(self._name, self._function))
        return self._results

    def pack(self, value: T) -> Outcome:
        """The result's bytes. What its codec raises is raised."""
        data: Any = self.prepare().encode(value)
        if not isinstance(data, bytes):
            raise TypeError(f"encode() gave {type(data).__name__}, not bytes")
        return Outcome("ok", data)

    def pack_error(self, error: Exception) -> Outcome | None:
        """A final error's class, arguments and attributes; None for one that is not declared final.

        Raises TypeError or ValueError for one that JSON can't hold.
        """
        if not isinstance(error, self._final_errors) or isinstance(error, NoEffectError):
            return None
        recorded = {"type": _name_of(type(error)), "args": error.args, "attributes": vars(error)}
        return Outcome("error", to_json(recorded))

    def unpack(self, outcome: Outcome) -> T:
        """The result, of the annotated type; or the recorded error, raised."""
        try:
            if outcome.kind == "ok":
                value = self.prepare().decode(outcome.result)
                return cast("T", Replayed("ok", value) if self._told else value)
            error = self._error(orjson.loads(outcome.result))
        except ConfigurationError:
            raise
        except Exception as exc:
            raise ResultOmittedError(
                f"{self._name}: done before and not run again, but its recorded result does not fit this code: {exc}"
            ) from exc
        if self._told:
            return cast("T", Replayed("error", error))
        raise error

    def _error(self, recorded: Any) -> Exception:
        for kind in _with_subclasses(self._final_errors):
            if _name_of(kind) == recorded["type"]:
                # As pickle does it: the constructor's arguments may be others than the exception's.
                error = cast("Any", kind).__new__(kind, *recorded["args"])
                error.args = tuple(recorded["args"])
                error.__dict__.update(recorded["attributes"])
                return cast("Exception", error)
        raise LookupError(f"the final error {recorded['type']} is not declared")


def _returns(name: str, function: Callable[..., Any]) -> Any:
    """The return annotation, resolved where the function was written. Any where there is none."""
    annotations = getattr(function, "__annotations__", {})
    written = inspect.unwrap(function)
    alone: Any = lambda: None  # noqa: E731 — something to hang the one annotation on: the others may not resolve
    alone.__annotations__ = {key: annotations[key] for key in ("return",) if key in annotations}
    alone.__type_params__ = getattr(written, "__type_params__", ())
    try:
        names = getattr(written, "__globals__", {})
        return typing.get_type_hints(alone, globalns=names, include_extras=True).get("return", Any)
    except NameError as exc:
        raise ConfigurationError(
            f"{name} has an annotation that can't be resolved: {exc}. Define or import the type at module level."
        ) from exc


def _name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _with_subclasses(kinds: Sequence[type[Exception]]) -> list[type[Exception]]:
    found: list[type[Exception]] = []
    for kind in kinds:
        if kind not in found:
            found.append(kind)
            found.extend(_with_subclasses(kind.__subclasses__()))
    return found
