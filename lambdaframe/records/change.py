"""One change of an item: what a consumer of a change stream takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One change of an item: what a consumer of a change stream (DynamoDB) takes.

    ``Change[Order]`` validates both images as ``Order``; ``keys`` are plain values.
    """

    operation: Literal["INSERT", "MODIFY", "REMOVE"]
    keys: Mapping[str, Any] = field(default_factory=dict[str, Any])
    old: T | None = None
    new: T | None = None
