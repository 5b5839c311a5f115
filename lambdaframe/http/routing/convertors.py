"""The fixed convertors of path parameters, in both directions: a request's text to a value, a value to a URL's text."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeAlias
from uuid import UUID

Convert: TypeAlias = Callable[[str], Any]


def _int(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError(text)


def _float(text: str) -> float:
    if text.isascii() and text.replace(".", "", 1).isdigit() and text[0] != "." and text[-1] != ".":
        return float(text)
    raise ValueError(text)


def _uuid(text: str) -> UUID:
    if len(text) == 36:
        return UUID(text)
    raise ValueError(text)


CONVERTORS: Mapping[str, Convert] = {"int": _int, "float": _float, "uuid": _uuid, "str": str, "path": str}
"""In the order they are tried. ``path`` takes the rest of the path, slashes included. As in Starlette."""

NARROWNESS: Mapping[str, int] = {kind: rank for rank, kind in enumerate(CONVERTORS)}


def to_text(convertor: str, value: Any) -> str:
    """How a value stands in a path, not yet percent-encoded: the convertor makes the same value of it.

    Raises ValueError for a value that it does not take, and for ``.`` and ``..``, which clients take for directories.
    """
    plain = value.value if isinstance(value, Enum) else value
    text = _decimal(plain) if isinstance(plain, float) else str(plain)
    fits = text != "" and "/" not in text if convertor == "str" else _fits(convertor, text)
    if not fits or not {".", ".."}.isdisjoint(text.split("/")):
        raise ValueError(f"{value!r} can't stand in the path as {convertor}")
    return text


def _fits(convertor: str, text: str) -> bool:
    try:
        CONVERTORS[convertor](text)
    except ValueError:
        return False
    return True


def _decimal(number: float) -> str:
    """All its digits, without an exponent."""
    text = repr(number)
    if "e" not in text:
        return text
    from decimal import Decimal

    return format(Decimal(text), "f")
