"""Names that stand in a document: of the characters that its keys may have, and each of them once."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

_OTHER: Final = re.compile(r"[^A-Za-z0-9._-]+")
"""https://www.asyncapi.com/docs/reference/specification/v3.0.0#componentsObject"""


def key_of(*parts: str) -> str:
    """A key of these parts; what it may not hold is ``_``."""
    return ".".join(_OTHER.sub("_", part).strip("_") or "_" for part in parts)


def free_key(key: str, taken: Iterable[str]) -> str:
    """The key, or the first of ``key-2``, ``key-3``, … that is not taken."""
    found, number = key, 1
    while found in taken:
        number += 1
        found = f"{key}-{number}"
    return found


def operation_ids(labels: Sequence[str]) -> list[str]:
    """An id for each function, from its ``module.qualname``: its name, with its module where others have that name."""
    short = [key_of(label.rpartition(".")[2]) for label in labels]
    ids: list[str] = []
    for name, label in zip(short, labels, strict=True):
        same = {other for mine, other in zip(short, labels, strict=True) if mine == name}
        ids.append(free_key(name if len(same) == 1 else key_of(label), ids))
    return ids
