"""Text from a path or query string, as a value of a built-in scalar type.

What is usual is converted here, so that an application without models never loads pydantic; everything else goes to
pydantic (``validators``). Both give the same values and the same errors, ``{"loc": …, "msg": …, "type": …}``.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from lambdaframe.signature import EMPTY

Convert: TypeAlias = Callable[[Any], Any]
"""From the text, or what a path convertor made of it, to a value. It raises InvalidValueError."""


class InvalidValueError(Exception):
    """A value that does not fit its type; ``errors`` have locations relative to the value."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors


def invalid(kind: str, message: str) -> InvalidValueError:
    """One error of the value itself."""
    return InvalidValueError([{"loc": [], "msg": message, "type": kind}])


_MOST_DIGITS = 4300
"""Python's own limit, https://docs.python.org/3/library/stdtypes.html#int-max-str-digits."""


def _str(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value)


def _int(value: Any) -> int:
    if isinstance(value, str):
        digits = value[1:] if value[:1] in {"-", "+"} else value
        if digits.isdigit() and digits.isascii() and len(digits) <= _MOST_DIGITS:
            return int(value)
    elif type(value) is int:
        return value
    return int(_judged(int, value))


def _float(value: Any) -> float:
    if not isinstance(value, str):
        return float(value)
    digits = value[1:] if value[:1] in {"-", "+"} else value
    if digits.isascii() and digits.replace(".", "", 1).isdigit():
        return float(value)
    return float(_judged(float, value))


def _judged(kind: Any, value: Any) -> Any:
    """What pydantic makes of unusual text: it knows ``1_000``, ``1.0`` and what surrounds them. Raises
    InvalidValueError."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        raise invalid(error["type"], error["msg"]) from exc


_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}


def _bool(value: Any) -> bool:
    found = _BOOLEANS.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise invalid("bool_parsing", "Input should be a valid boolean, unable to interpret input")
    return found


def _as_is(value: Any) -> Any:
    return value


BUILT_IN: Mapping[Any, Convert] = {str: _str, int: _int, float: _float, bool: _bool, Any: _as_is, EMPTY: _as_is}
"""The types that are converted without pydantic."""
