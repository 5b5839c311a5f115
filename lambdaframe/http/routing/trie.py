"""A trie of path segments: the paths with parameters, and the mounts.

A segment is read in this order: literal text, text mixed with parameters (the more text first), one parameter (the
narrower convertor first), and last the rest of the path. A way that ends in nothing goes back.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from lambdaframe.http.routing.convertors import CONVERTORS, NARROWNESS
from lambdaframe.http.routing.paths import Segment, split_segment

T = TypeVar("T")

Entry: TypeAlias = tuple[T, tuple[str, ...]]
"""A target, and the names of the path parameters from left to right."""

Leaf: TypeAlias = dict[str, Entry[T]]
"""The entries of one path, by method."""

_Mixed: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Texts and convertors."""


class Node(Generic[T]):
    """What may follow at one place of a path. ``mixed`` and ``dynamic`` stand in the order they are tried."""

    __slots__ = ("dynamic", "leaf", "literals", "mixed", "mount", "tail")

    def __init__(self) -> None:
        self.literals: dict[str, Node[T]] = {}
        self.mixed: dict[_Mixed, Node[T]] = {}
        self.dynamic: dict[str, Node[T]] = {}
        self.tail: Leaf[T] | None = None
        self.leaf: Leaf[T] | None = None
        self.mount: Entry[T] | None = None

    def child(self, segment: Segment) -> "Node[T]":
        """The node behind a segment, made if there is none."""
        if segment.is_literal():
            return self.literals.setdefault(segment.texts[0], Node())
        kinds = segment.convertors
        if segment.is_whole():
            if kinds[0] not in self.dynamic:
                self.dynamic[kinds[0]] = Node()
                self.dynamic = dict(sorted(self.dynamic.items(), key=lambda item: NARROWNESS[item[0]]))
            return self.dynamic[kinds[0]]
        key = (segment.texts, kinds)
        if key not in self.mixed:
            self.mixed[key] = Node()
            self.mixed = dict(sorted(self.mixed.items(), key=lambda item: mixed_rank(*item[0])))
        return self.mixed[key]


def mixed_rank(texts: tuple[str, ...], kinds: tuple[str, ...]) -> tuple[Any, ...]:
    """More text first, then the narrower convertors; the rest only makes it certain."""
    return -sum(map(len, texts)), tuple(NARROWNESS[kind] for kind in kinds), texts


class Missed(Generic[T]):
    """What a walk without success came by: paths that lack the method, and the first mount with the depth it is at."""

    __slots__ = ("leaves", "mount")

    def __init__(self) -> None:
        self.leaves: list[Leaf[T]] = []
        self.mount: tuple[Entry[T], int, list[Any]] | None = None


def match(
    node: Node[T], segments: Sequence[str], at: int, values: list[Any], method: str, missed: Missed[T]
) -> Entry[T] | None:
    """The first entry for this method, in the order of the module's rule; ``values`` are then its parameters'."""
    if at == len(segments):
        if node.leaf is not None:
            if (entry := node.leaf.get(method)) is not None:
                return entry
            missed.leaves.append(node.leaf)
    else:
        segment = segments[at]
        child = node.literals.get(segment)
        if child is not None and (entry := match(child, segments, at + 1, values, method, missed)) is not None:
            return entry
        if (
            segment
            and (node.dynamic or node.mixed)
            and (entry := _match_parameters(node, segments, at, values, method, missed)) is not None
        ):
            return entry
        if node.tail is not None:
            if (entry := node.tail.get(method)) is not None:
                values.append("/".join(segments[at:]))
                return entry
            missed.leaves.append(node.tail)
    if node.mount is not None and missed.mount is None:
        missed.mount = (node.mount, at, values[:])
    return None


def _match_parameters(
    node: Node[T], segments: Sequence[str], at: int, values: list[Any], method: str, missed: Missed[T]
) -> Entry[T] | None:
    segment = segments[at]
    before = len(values)
    for (texts, kinds), child in node.mixed.items():
        parts = split_segment(texts, segment)
        if parts is None:
            continue
        try:
            values.extend([CONVERTORS[kind](part) for kind, part in zip(kinds, parts, strict=True)])
        except ValueError:
            continue
        if (entry := match(child, segments, at + 1, values, method, missed)) is not None:
            return entry
        del values[before:]
    for kind, child in node.dynamic.items():
        try:
            values.append(segment if kind == "str" else CONVERTORS[kind](segment))
        except ValueError:
            continue
        if (entry := match(child, segments, at + 1, values, method, missed)) is not None:
            return entry
        del values[before:]
    return None
