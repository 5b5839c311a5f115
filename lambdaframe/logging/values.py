"""Any value, however hostile, as plain JSON types: dict, list, str, int, float, bool, None.

Nothing here raises. What can't be read becomes a short text in angle brackets that names the type, and the rest of the
line is kept. The keys of mappings are checked on the way down; the value of a hidden key is never looked at.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from types import BuiltinFunctionType, CoroutineType, FunctionType, MethodType, NoneType
from typing import Any, TypeAlias, cast

Hides: TypeAlias = Callable[[str], bool]
"""Whether the value under this key must not be shown."""

MASK = "*****"
"""What stands for a hidden value; the same as in Powertools' data masking."""

SCALARS = frozenset({str, int, float, bool, NoneType})

_LAZY = frozenset({FunctionType, MethodType, BuiltinFunctionType})
_MAPPINGS: tuple[type[Any], ...] = (dict, Mapping)
_SEQUENCES: tuple[type[Any], ...] = (list, tuple, set, frozenset, deque)
_BYTES: tuple[type[Any], ...] = (bytes, bytearray, memoryview)
_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1  # what orjson writes as a number
_MAX_DEPTH = 32
_MAX_VALUES = 10_000  # objects that refer to each other have exponentially many paths between them


def called(value: Any) -> Any:
    """A lazily evaluated value, evaluated; any other value as it is.

    Functions, lambdas and bound methods are called without arguments. Classes and other callable objects are not: they
    are more likely what the line is about.
    """
    if type(value) not in _LAZY:
        return value
    try:
        result = value()
    except Exception as error:
        return f"<{text(value)} raised {repr_of(error)}>"
    if isinstance(result, CoroutineType):
        result.close()  # it would warn that nobody awaited it
        return f"<{text(value)} is async>"
    return result


def plain(value: Any, hides: Hides | None = None) -> Any:
    """The value in plain JSON types, without what ``hides`` hides; of a huge one, the first 10,000 values in it."""
    return _Walk(hides or _nothing).value(value, ())


def text(value: Any) -> str:
    """``str(value)`` that never fails and that UTF-8 can carry: a lone surrogate is shown as its escape."""
    try:
        shown = str.__str__(value) if isinstance(value, str) else str(value)
        return shown.encode("utf-8", "backslashreplace").decode()
    except Exception:
        return unreadable(value)


def repr_of(value: Any) -> str:
    """``repr(value)`` that never fails."""
    try:
        return text(repr(value))
    except Exception:
        return unreadable(value)


def unreadable(value: Any) -> str:
    """What stands for a value that can't be read; nothing of the value's own code is run."""
    return f"<unreadable {type(value).__name__}>"


class _Walk:
    """One walk through a value; ``left`` counts down how many more values are taken."""

    __slots__ = ("hides", "left")

    def __init__(self, hides: Hides) -> None:
        self.hides = hides
        self.left = _MAX_VALUES

    def value(self, value: Any, above: tuple[int, ...]) -> Any:
        """``above`` holds the ids of the containers around the value, to find cycles."""
        self.left -= 1
        try:
            opened = _opened(value)
            if opened is None:
                return _leaf(value)
            if id(value) in above:
                return f"<cyclic {type(value).__name__}>"
            if len(above) == _MAX_DEPTH:
                return f"<{type(value).__name__} nested too deeply>"
            above = (*above, id(value))
            if isinstance(opened, _MAPPINGS):
                return self._mapping(opened, above)
            if isinstance(opened, _SEQUENCES):
                return self._sequence(opened, above)
            return self.value(opened, above)
        except Exception:
            return unreadable(value)

    def _mapping(self, items: Mapping[Any, Any], above: tuple[int, ...]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, item in items.items():
            if self.left <= 0:
                shown["..."] = f"<{len(items) - len(shown)} more>"
                break
            name = _name(key)
            shown[name] = MASK if self.hides(name) else self.value(item, above)
        return shown

    def _sequence(self, items: Iterable[Any], above: tuple[int, ...]) -> list[Any]:
        shown: list[Any] = []
        for item in items:
            if self.left <= 0:
                shown.append("<more>")
                break
            shown.append(self._pair(item) or self.value(item, above))
        return shown

    def _pair(self, item: Any) -> list[str] | None:
        """A pair whose first half is a hidden name: the way ASGI and HTTP libraries carry a header."""
        if isinstance(item, (tuple, list)):
            pair = cast("list[Any]", item)
            if len(pair) == 2 and isinstance(pair[0], (str, bytes)) and self.hides(_name(pair[0])):
                return [_name(pair[0]), MASK]
        return None


def _nothing(key: str) -> bool:
    return False


def _name(key: Any) -> str:
    """A mapping's key as a string; bytes as ASGI's header names are read."""
    return key.decode("latin-1") if isinstance(key, bytes) else text(key)


def _opened(value: Any) -> Any:
    """What is inside a value: a mapping, a sequence, or another value that stands for it; None if it has no inside."""
    if isinstance(value, (str, bytes, NoneType, type)):
        return None
    if isinstance(value, _MAPPINGS):
        return value
    if isinstance(value, _SEQUENCES):
        named = getattr(value, "_asdict", None)
        return value if named is None else named()
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    # A pydantic model, told by its method: importing pydantic to ask would cost more than all of logging.
    kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType] -- of a value of any type
    dump = getattr(kind, "model_dump", None)
    return None if dump is None else dump(value, warnings=False)


def _leaf(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _number(int.__index__(value))
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, _BYTES):
        return bytes(value).decode("utf-8", "backslashreplace")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return repr_of(value) if isinstance(value, BaseException) else text(value)


def _number(value: int) -> int | str:
    if _MIN_INT <= value <= _MAX_INT:
        return value
    try:
        return str(value)
    except ValueError:  # more digits than Python is willing to convert
        return f"<integer of {value.bit_length()} bits>"
