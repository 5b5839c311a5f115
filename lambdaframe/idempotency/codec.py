"""A function's results and final errors as bytes, and back.

Results are JSON, written once and kept byte for byte. They are read back through the function's return annotation:
plain JSON needs nothing, a model, dataclass, tuple or datetime goes through pydantic, which is loaded at the first
replay. What JSON can't hold is not kept: such a call is done, its replay says that the result is gone.
"""

import typing
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, cast, get_args, get_origin, is_typeddict

import orjson

from lambdaframe.errors import ConfigurationError, ResultOmittedError
from lambdaframe.idempotency.transitions import Outcome

T = TypeVar("T")

_UNREAD: Any = object()
_PLAIN: Sequence[Any] = (Any, object, None, NoneType, str, int, float, bool, dict, list)


class FunctionCodec(Generic[T]):
    """The codec of one function. ``final_errors``: the exceptions that are recorded and raised again on a replay."""

    def __init__(self, name: str, function: Callable[..., Any], final_errors: tuple[type[Exception], ...]) -> None:
        self._name = name
        self._function = function
        self._final_errors = final_errors
        self._read: Callable[[bytes], T] = _UNREAD

    def prepare(self) -> None:
        """Resolve the return annotation, at the first call, when the names in it are defined.

        Raises ConfigurationError when one isn't: before the effect, not at the replay.
        """
        if self._read is not _UNREAD:
            return
        try:
            returns = typing.get_type_hints(self._function, include_extras=True).get("return", Any)
        except NameError as exc:
            raise ConfigurationError(
                f"{self._name} has an annotation that can't be resolved: {exc}. "
                "Define or import the type at module level."
            ) from exc
        self._read = orjson.loads if _is_plain(returns) else _reader(returns)

    def pack(self, value: T) -> Outcome:
        """The result's JSON; ``omitted`` with the reason when it is none."""
        return _json("ok", value)

    def pack_error(self, error: Exception) -> Outcome | None:
        """A final error's class, arguments and attributes; None for one that is not declared final."""
        if not isinstance(error, self._final_errors):
            return None
        kind = type(error)
        return _json("error", {"type": _name_of(kind), "args": error.args, "attributes": vars(error)})

    def unpack(self, outcome: Outcome) -> T:
        """The result, of the annotated type; or the recorded error, raised."""
        try:
            if outcome.kind == "ok":
                self.prepare()
                return self._read(outcome.result)
            error = self._error(orjson.loads(outcome.result))
        except ConfigurationError:
            raise
        except Exception as exc:
            raise ResultOmittedError(
                f"{self._name}: done before and not run again, but its recorded result does not fit this code: {exc}"
            ) from exc
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


def _json(kind: typing.Literal["ok", "error"], value: Any) -> Outcome:
    try:
        return Outcome(kind, orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS))
    except TypeError as exc:
        return Outcome("omitted", f"{type(value).__name__} is no JSON ({exc})".encode())


def _plain(value: Any) -> Any:
    serializer = getattr(cast("Any", type(value)), "__pydantic_serializer__", None)
    if serializer is None:
        raise TypeError(f"{type(value).__name__} can't be serialised")
    return serializer.to_python(value, mode="json", round_trip=True)


def _is_plain(annotation: Any) -> bool:
    """Whether JSON values are already of this type."""
    if annotation in _PLAIN or is_typeddict(annotation):
        return True
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is dict and parts[0] not in {str, Any}:
        return False
    return origin in {dict, list, UnionType, typing.Union} and all(_is_plain(part) for part in parts)


def _reader(annotation: Any) -> Callable[[bytes], Any]:
    adapter: Any = None

    def read(data: bytes) -> Any:
        nonlocal adapter
        if adapter is None:
            from pydantic import TypeAdapter

            adapter = TypeAdapter(annotation)
        # By name: that is how it was written, whatever aliases the model has.
        return adapter.validate_json(data, by_alias=True, by_name=True)

    return read


def _name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _with_subclasses(kinds: Sequence[type[Exception]]) -> list[type[Exception]]:
    found: list[type[Exception]] = []
    for kind in kinds:
        if kind not in found:
            found.append(kind)
            found.extend(_with_subclasses(kind.__subclasses__()))
    return found
