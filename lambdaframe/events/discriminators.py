"""What tells the payloads of one type from those of another: its fields whose values are literals.

    class Refund(BaseModel):
        action: Literal["refund"]

is the pattern ``{"action": ["refund"]}``. Of a union it is the pattern of all its members, if each has one.
"""

import typing
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin

from lambdaframe.signature import bare, members

_OBJECT: Final[type[Any]] = dict


def pattern_of(annotation: Any) -> dict[str, Any]:
    """A pattern, as it is written; an empty one for a type that says nothing of its values."""
    each = [_literals(member) for member in members(annotation)]
    if not each or not all(each):
        return {}
    return each[0] if len(each) == 1 else {"$or": each}


def _literals(kind: Any) -> dict[str, Any]:
    kind = bare(kind)
    if not isinstance(kind, type) or not getattr(kind, "__annotations__", None):
        return {}
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError):
        return {}
    found: dict[str, Any] = {}
    for name, hint in hints.items():
        values = _values(hint)
        written = _written(kind, name)
        if values and written is not None:
            found[written] = values
    return found


def _values(hint: Any) -> list[Any]:
    plain = bare(hint)
    while get_origin(plain) in _QUALIFIERS:
        plain = bare(get_args(plain)[0])
    if get_origin(plain) is not Literal:
        return []
    values = [value.value if isinstance(value, Enum) else value for value in get_args(plain)]
    return values if all(value is None or isinstance(value, str | int) for value in values) else []


_QUALIFIERS: Final[tuple[Any, ...]] = (typing.Required, typing.NotRequired)


def _written(kind: Any, name: str) -> str | None:
    """A field's name in JSON; None where it may have several."""
    fields: Any = getattr(kind, "model_fields", None)
    if not isinstance(fields, _OBJECT):
        return name
    field: Any = fields.get(name)
    if field is None:
        return None
    alias: Any = field.validation_alias or field.alias or name
    config: dict[str, Any] = getattr(kind, "model_config", {})
    by_name = config.get("populate_by_name") or config.get("validate_by_name")
    return alias if isinstance(alias, str) and not (by_name and alias != name) else None
