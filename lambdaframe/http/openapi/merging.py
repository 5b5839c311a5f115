"""Deep merging of what the application's author says into what was found out."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, TypeGuard


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a list, of anything."""
    return isinstance(value, list)


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def merge(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """``more`` on top of ``base``, both left as they are: objects are merged, lists joined, anything else replaced."""
    merged = dict(base)
    for key, value in more.items():
        known = merged.get(key)
        if _is_object(known) and _is_object(value):
            merged[key] = merge(known, value)
        elif is_list(known) and is_list(value):
            merged[key] = [*known, *deepcopy(value)]
        else:
            merged[key] = deepcopy(value)
    return merged
