"""Text from a path or query string, as a value of the declared type.

The built-in scalars are converted here, so that an application without models never loads pydantic. Everything else
goes to pydantic, and both report errors in the same form: ``{"loc": …, "msg": …, "type": …}``.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from lambdaframe.signature import EMPTY, members

Convert: TypeAlias = Callable[[Any], Any]


class InvalidValueError(Exception):
    """A value that does not fit its type; ``errors`` have locations relative to the value."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors


def _invalid(kind: str, message: str) -> InvalidValueError:
    return InvalidValueError([{"loc": [], "msg": message, "type": kind}])


def _str(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value)


def _int(value: Any) -> int:
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 4300:
            return int(text)
    elif type(value) is int:
        return value
    raise _invalid("int_parsing", "Input should be a valid integer, unable to parse string as an integer")


def _float(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number) and not (isinstance(value, str) and "_" in value):
        return number
    raise _invalid("float_parsing", "Input should be a valid number, unable to parse string as a number")


_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}


def _bool(value: Any) -> bool:
    found = _BOOLEANS.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise _invalid("bool_parsing", "Input should be a valid boolean, unable to interpret input")
    return found


def _as_is(value: Any) -> Any:
    return value


_BUILT_IN: Mapping[Any, Convert] = {str: _str, int: _int, float: _float, bool: _bool, Any: _as_is, EMPTY: _as_is}


def converter_for(annotation: Any) -> Convert:
    """A function from the text (or the value a path convertor made of it) to a value of this type.

    It raises InvalidValueError. ``X | None`` is converted as ``X``: an absent parameter is the default's business.
    """
    kinds = members(annotation) if annotation is not EMPTY else (EMPTY,)
    if len(kinds) == 1 and _is_plain(annotation, kinds[0]):
        return _BUILT_IN[kinds[0]]
    return validator_for(annotation)


def _is_plain(annotation: Any, kind: Any) -> bool:
    try:
        return kind in _BUILT_IN and not hasattr(annotation, "__metadata__")
    except TypeError:  # an unhashable annotation
        return False


def validator_for(annotation: Any) -> Convert:
    """A pydantic validator of Python values, built at its first use."""
    adapter: Any = None

    def validate(value: Any) -> Any:
        nonlocal adapter
        from pydantic import TypeAdapter, ValidationError

        if adapter is None:
            adapter = TypeAdapter(annotation)
        try:
            return adapter.validate_python(value)
        except ValidationError as exc:
            raise InvalidValueError(plain_errors(exc)) from exc

    return validate


def plain_errors(exc: Any) -> list[dict[str, Any]]:
    """A pydantic ValidationError's errors, without the input: it may hold what must not be echoed."""
    found = exc.errors(include_url=False, include_input=False, include_context=False)
    return [{"loc": list(error["loc"]), "msg": error["msg"], "type": error["type"]} for error in found]
