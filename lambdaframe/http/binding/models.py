"""Parameter models: what a pydantic model, dataclass or ``TypedDict`` takes of the query, headers, cookies or a form.

The model says which names it takes and which of them take several values. All other parameters are handed to it too,
so that ``extra="forbid"`` and ``extra="allow"`` mean what they say.
"""

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any, NamedTuple, cast, get_args, get_origin

from lambdaframe.http.binding.dependant import Field
from lambdaframe.http.binding.shapes import is_many, kinds


class Member(NamedTuple):
    """One field of a model. ``keys``: how the model knows it and how it is sent, the best first."""

    keys: tuple[tuple[str, str], ...]
    many: bool
    annotation: Any


class Shape(NamedTuple):
    """What a model takes."""

    members: tuple[Member, ...]
    own: frozenset[str]
    """Every name, as sent, that means something to the model."""
    extra: bool
    """Whether it says what it does with other names."""


def shape_of(field: Field) -> Shape:
    """The shape of a field's model, or of all models of its union."""
    dashes = field.place == "header" and (field.marked is None or field.marked.convert_underscores)
    found: dict[str, Member] = {}
    extra = False
    for kind in kinds(field.annotation):
        model = _origin(kind)
        extra = extra or _config(model).get("extra") in {"allow", "forbid"}
        for name, annotation, aliases in _fields(model):
            keys = tuple(_sent(key, field, dashes=dashes and key == name) for key in aliases)
            found.setdefault(name, Member(keys, is_many(annotation), annotation))
    shaped = tuple(found.values())
    return Shape(shaped, frozenset(sent for member in shaped for _, sent in member.keys), extra)


def _origin(kind: Any) -> Any:
    return get_origin(kind) or kind if not hasattr(kind, "__pydantic_fields__") else kind


def _sent(key: str, field: Field, *, dashes: bool) -> tuple[str, str]:
    if field.place != "header":
        return key, key
    return key, (key.replace("_", "-") if dashes else key).lower()


def _config(model: Any) -> dict[str, Any]:
    found: Any = getattr(model, "model_config", None) or getattr(model, "__pydantic_config__", None)
    return cast("dict[str, Any]", found or {})


def _fields(model: Any) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Name, type and the names it is validated by, of each field."""
    known: Any = getattr(model, "__pydantic_fields__", None)
    if known is not None:
        config = _config(model)
        by_name = config.get("validate_by_name", config.get("populate_by_name", False))
        for name, info in known.items():
            aliases = _aliases(info) if config.get("validate_by_alias", True) else ()
            yield name, info.rebuild_annotation(), aliases if aliases and not by_name else _once((*aliases, name))
        return
    hints = typing.get_type_hints(model, include_extras=True)
    names = [one.name for one in dataclasses.fields(model) if one.init] if dataclasses.is_dataclass(model) else hints
    for name in names:
        annotation = hints[name]
        if get_origin(annotation) in {typing.Required, typing.NotRequired}:
            annotation = get_args(annotation)[0]
        aliases = tuple(
            alias
            for mark in (get_args(annotation)[1:] if hasattr(annotation, "__metadata__") else ())
            if hasattr(mark, "validation_alias")
            for alias in _aliases(mark)
        )
        yield name, annotation, aliases or (name,)


def _aliases(info: Any) -> tuple[str, ...]:
    """The names in pydantic's ``alias`` or ``validation_alias``; of an ``AliasPath`` the first."""
    alias = info.validation_alias if info.validation_alias is not None else info.alias
    if alias is None:
        return ()
    choices = getattr(alias, "choices", [alias])
    return tuple(choice if isinstance(choice, str) else str(choice.path[0]) for choice in choices)


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
