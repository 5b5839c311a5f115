"""The compiled table of routes: a dict for paths without parameters, a trie of segments for the rest.

So the last of 300 routes costs what the first one costs, and a hostile path costs no more than the trie is large: no
regular expression is built from a path, and the convertors are a fixed set.

Which route wins does not depend on the order they were written in: at each segment literal text is tried first, then
text mixed with parameters (``{name}.json``), then the narrower convertor (``int``, ``float``, ``uuid``, ``str``), then
``path``. A dead end goes back. GET's route answers HEAD where HEAD has none. A mount takes what no route takes, the
methods that a route at the same path lacks included; of several the same rule decides, and the longer wins.
"""

from typing import Any, Generic, TypeAlias, TypeVar

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.routing.paths import Segment, split_path
from lambdaframe.http.routing.trie import Leaf, Missed, Node, match
from lambdaframe.types import Scope

T = TypeVar("T")

Params: TypeAlias = dict[str, Any]

_NONE: frozenset[str] = frozenset()


def route_path(scope: Scope) -> str:
    """The path below the scope's root path, matched on a segment's boundary: what routes are about."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in {"", "/"}:
        return path[len(root) :] or "/"
    return path


class Mounted(Generic[T]):
    """A mount that covers a path. ``matched`` is the part of the path that led to it: ``/static`` of ``/static/a.css``.

    ``""`` for a mount at the root.
    """

    __slots__ = ("matched", "params", "target")

    def __init__(self, target: T, params: Params, matched: str) -> None:
        self.target = target
        self.params = params
        self.matched = matched

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mounted):
            return NotImplemented
        mine = (self.target, self.params, self.matched)
        return mine == (other.target, other.params, other.matched)  # pyright: ignore[reportUnknownMemberType]  of any T

    __hash__ = None  # type: ignore[assignment]  # its parameters have none

    def __repr__(self) -> str:
        return f"Mounted({self.target!r}, {self.params!r}, {self.matched!r})"


class Table(Generic[T]):
    """Finds the target of a method and path."""

    def __init__(self) -> None:
        self._static: dict[str, Leaf[T]] = {}
        self._last: dict[str, Leaf[T]] = {}
        """By the text before it: paths that end in a ``str`` parameter and have no other, where nothing is narrower."""
        self._root: Node[T] = Node()

    def add(self, method: str, path: str, target: T) -> None:
        """Raises ConfigurationError when the method and a path of the same shape are taken."""
        segments = split_path(path)
        names = _names(segments)
        leaf = self._leaf(segments) if names else self._static.setdefault(path, {})
        if method in leaf:
            raise ConfigurationError(f"There is a route for {method} {path} already.")
        leaf[method] = (target, names)

    def mount(self, path: str, target: T) -> None:
        """A target for every method and path at and below ``path`` that no route takes; ``/`` is everywhere.

        Raises ConfigurationError when there is one at a path of the same shape.
        """
        segments = split_path(path.rstrip("/")) if path.rstrip("/") else ()
        node = self._root
        for segment in segments:
            if "path" in segment.convertors:
                raise ConfigurationError(f"A mount takes all below it: leave the 'path' parameter out of {path!r}.")
            node = node.child(segment)
        if node.mount is not None:
            raise ConfigurationError(f"There is a mount at {path or '/'} already.")
        node.mount = (target, _names(segments))

    def find(self, method: str, path: str) -> tuple[T, Params] | Mounted[T] | frozenset[str]:
        """The target and its path parameters, or else a mount, or else the methods this path has: none if unknown.

        ``path`` is decoded and without the root path.
        """
        leaf = self._static.get(path)
        if leaf is not None and (entry := leaf.get(method)) is not None:
            return entry[0], {}
        cut = path.rfind("/") + 1
        last = self._last.get(path[:cut])
        if last is not None and (entry := last.get(method)) is not None and cut < len(path):
            return entry[0], {entry[1][0]: path[cut:]}
        return self._walk(method, path, leaf)

    def _walk(self, method: str, path: str, static: Leaf[T] | None) -> tuple[T, Params] | Mounted[T] | frozenset[str]:
        if path[:1] != "/":
            return _NONE
        segments = path[1:].split("/")
        values: list[Any] = []
        missed: Missed[T] = Missed()
        entry = match(self._root, segments, 0, values, method, missed)
        if entry is not None:
            return entry[0], dict(zip(entry[1], values, strict=True))
        methods = _NONE
        if static is not None or missed.leaves:
            methods = frozenset(static or ()).union(*missed.leaves)
            if method == "HEAD" and "GET" in methods:
                return self.find("GET", path)
        if missed.mount is not None:
            (target, names), depth, values = missed.mount
            matched = "".join("/" + segment for segment in segments[:depth])
            return Mounted(target, dict(zip(names, values, strict=True)), matched)
        return methods

    def _leaf(self, segments: tuple[Segment, ...]) -> Leaf[T]:
        """The leaf of a path with parameters."""
        first = next(at for at, segment in enumerate(segments) if segment.parameters)
        node = fork = self._root
        for at, segment in enumerate(segments):
            if at == first:
                fork = node
            if "path" in segment.convertors:
                node.tail = {} if node.tail is None else node.tail
                return node.tail
            node = node.child(segment)
        node.leaf = {} if node.leaf is None else node.leaf
        self._shorten("".join("/" + segment.texts[0] for segment in segments[:first]) + "/", fork)
        return node.leaf

    def _shorten(self, before: str, fork: Node[T]) -> None:
        """Keep ``_last`` right for the paths whose first parameter follows this text."""
        child = fork.dynamic.get("str")
        narrower = [*fork.mixed.values(), *(node for kind, node in fork.dynamic.items() if kind != "str")]
        if child is not None and child.leaf is not None and all(node.leaf is None for node in narrower):
            self._last[before] = child.leaf
        else:
            self._last.pop(before, None)


def _names(segments: tuple[Segment, ...]) -> tuple[str, ...]:
    return tuple(parameter.name for segment in segments for parameter in segment.parameters)
