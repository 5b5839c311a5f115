"""The compiled router: a dict for paths without parameters, a trie of segments for the rest.

So the last of 300 routes costs what the first one costs, and a hostile path costs no more than the trie is large: no
regular expression is built from a path, and the convertors are a fixed set.

Which route wins does not depend on the order they were written in: at each segment literal text is tried first, then
text mixed with parameters (``{name}.json``), then the narrower convertor (``int``, ``float``, ``uuid``, ``str``), then
``path``. A dead end goes back.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from lambdaframe.errors import ConfigurationError
from lambdaframe.types import Scope

T = TypeVar("T")

Convert: TypeAlias = Callable[[str], Any]
Params: TypeAlias = dict[str, Any]


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

_PARAMETER = re.compile(r"\{([^{}]*)\}")


class Parameter(NamedTuple):
    """One ``{name:convertor}`` of a path."""

    name: str
    convertor: str


class _Node(Generic[T]):
    """What may follow at one place of a path. ``dynamic``: by convertor, the narrower first."""

    __slots__ = ("dynamic", "leaf", "literals", "mixed", "tail")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.mixed: dict[tuple[tuple[str, ...], tuple[str, ...]], _Node[T]] = {}
        self.dynamic: dict[str, _Node[T]] = {}
        self.tail: _Leaf[T] | None = None
        self.leaf: _Leaf[T] | None = None


_Leaf: TypeAlias = dict[str, tuple[T, tuple[str, ...]]]
"""Method → (target, names of the path parameters from left to right)."""


def parse_path(path: str) -> tuple[Parameter, ...]:
    """The parameters of a route's path, from left to right.

    Raises ConfigurationError for a path that can't be one.
    """
    if not path.startswith("/"):
        raise ConfigurationError(f"A route's path starts with '/': write {'/' + path!r}.")
    parameters: list[Parameter] = []
    for found in _PARAMETER.finditer(path):
        name, _, convertor = found[1].partition(":")
        if not name.isidentifier():
            raise ConfigurationError(f"{found[0]!r} in {path!r} is no parameter: write '{{name}}' or '{{name:int}}'.")
        parameters.append(Parameter(name, convertor or "str"))
        if parameters[-1].convertor not in CONVERTORS:
            raise ConfigurationError(
                f"Unknown convertor in {found[0]!r} of {path!r}: use one of {', '.join(CONVERTORS)}."
            )
        if parameters[-1].convertor == "path" and found.end() != len(path):
            raise ConfigurationError(f"{found[0]!r} takes the rest of the path: nothing may follow it in {path!r}.")
    if "{" in _PARAMETER.sub("", path) or "}" in _PARAMETER.sub("", path):
        raise ConfigurationError(f"Unbalanced braces in the path {path!r}.")
    names = [parameter.name for parameter in parameters]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"A parameter's name stands twice in the path {path!r}.")
    return tuple(parameters)


def route_path(scope: Scope) -> str:
    """The path below the scope's root path, matched on a segment's boundary: what routes are about."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in {"", "/"}:
        return path[len(root) :] or "/"
    return path


class Router(Generic[T]):
    """Finds the target of a method and path.

    ``find`` gives ``(target, path parameters)``, or else the methods this path is known with: none when it is unknown.
    """

    def __init__(self) -> None:
        self._static: dict[str, _Leaf[T]] = {}
        self._root: _Node[T] = _Node()

    def add(self, method: str, path: str, target: T) -> None:
        """Raises ConfigurationError when the method and a path of the same shape are taken."""
        parameters = parse_path(path)
        names = tuple(parameter.name for parameter in parameters)
        leaf = self._leaf(path, parameters) if parameters else self._static.setdefault(path, {})
        if method in leaf:
            raise ConfigurationError(f"There is a route for {method} {path} already.")
        leaf[method] = (target, names)

    def _leaf(self, path: str, parameters: tuple[Parameter, ...]) -> _Leaf[T]:
        node = self._root
        remaining = iter(parameters)
        for segment in path[1:].split("/"):
            found = _PARAMETER.findall(segment)
            here = [next(remaining) for _ in found]
            if not here:
                node = node.literals.setdefault(segment, _Node[T]())
            elif here[-1].convertor == "path":
                if len(here) > 1 or not segment.startswith("{"):
                    raise ConfigurationError(
                        f"A 'path' parameter is a segment of its own; {path!r} mixes it with text."
                    )
                node.tail = {} if node.tail is None else node.tail
                return node.tail
            elif len(here) == 1 and segment.startswith("{") and segment.endswith("}"):
                node = _dynamic_child(node, here[0].convertor)
            else:
                node = self._mixed(node, path, segment, here)
        node.leaf = {} if node.leaf is None else node.leaf
        return node.leaf

    def _mixed(self, node: _Node[T], path: str, segment: str, parameters: Sequence[Parameter]) -> _Node[T]:
        texts = tuple(_PARAMETER.sub("\0", segment).split("\0"))
        if not all(texts[1:-1]):
            raise ConfigurationError(
                f"Put text between the parameters of {segment!r} in {path!r}: where one ends is unclear."
            )
        return node.mixed.setdefault((texts, tuple(parameter.convertor for parameter in parameters)), _Node[T]())

    def find(self, method: str, path: str) -> tuple[T, Params] | frozenset[str]:
        """See the class. ``path`` is decoded and without the root path."""
        leaf = self._static.get(path)
        if leaf is not None and (entry := leaf.get(method)) is not None:
            return entry[0], {}
        if path[:1] != "/":
            return frozenset()
        segments = path[1:].split("/")
        values: list[Any] = []
        found = _match(self._root, segments, 0, values, method)
        if found is not None:
            return found[0], dict(zip(found[1], values, strict=True))
        allowed = set(leaf or ())
        _match(self._root, segments, 0, values, None, allowed)
        return frozenset(allowed)


def _dynamic_child(node: _Node[T], kind: str) -> _Node[T]:
    if kind not in node.dynamic:
        node.dynamic[kind] = _Node()
        node.dynamic = {kind: node.dynamic[kind] for kind in CONVERTORS if kind in node.dynamic}
    return node.dynamic[kind]


def _match(
    node: _Node[T],
    segments: list[str],
    at: int,
    values: list[Any],
    method: str | None,
    allowed: set[str] | None = None,
) -> tuple[T, tuple[str, ...]] | None:
    """The first entry for this method, in the order of the module's rule; ``values`` are then its parameters'.

    Without a method it walks every way and collects the methods into ``allowed``.
    """
    if at == len(segments):
        return _entry(node.leaf, method, allowed)
    segment = segments[at]
    child = node.literals.get(segment)
    if child is not None and (found := _match(child, segments, at + 1, values, method, allowed)) is not None:
        return found
    if segment:
        for (texts, kinds), child in node.mixed.items():
            parts = _split(texts, segment)
            if (
                parts is not None
                and (found := _descend(child, kinds, parts, segments, at, values, method, allowed)) is not None
            ):
                return found
        for kind, child in node.dynamic.items():
            if (found := _descend(child, (kind,), (segment,), segments, at, values, method, allowed)) is not None:
                return found
    if node.tail is not None and (found := _entry(node.tail, method, allowed)) is not None:
        values.append("/".join(segments[at:]))
        return found
    return None


def _descend(
    node: _Node[T],
    kinds: tuple[str, ...],
    texts: tuple[str, ...],
    segments: list[str],
    at: int,
    values: list[Any],
    method: str | None,
    allowed: set[str] | None,
) -> tuple[T, tuple[str, ...]] | None:
    before = len(values)
    try:
        for kind, text in zip(kinds, texts, strict=True):
            values.append(text if kind == "str" else CONVERTORS[kind](text))
    except ValueError:
        found = None
    else:
        found = _match(node, segments, at + 1, values, method, allowed)
    if found is None:
        del values[before:]
    return found


def _entry(leaf: "_Leaf[T] | None", method: str | None, allowed: set[str] | None) -> tuple[T, tuple[str, ...]] | None:
    if leaf is None:
        return None
    if method is not None:
        return leaf.get(method)
    if allowed is not None:
        allowed.update(leaf)
    return None


def _split(texts: tuple[str, ...], segment: str) -> tuple[str, ...] | None:
    """The parts of a segment between these texts; a part ends where the next text first occurs."""
    first, *middle, last = texts
    if not (segment.startswith(first) and segment.endswith(last)):
        return None
    rest = segment[len(first) : len(segment) - len(last)] if len(segment) >= len(first) + len(last) else ""
    parts: list[str] = []
    for text in middle:
        part, found, rest = rest.partition(text)
        if not found:
            return None
        parts.append(part)
    return (*parts, rest) if rest and all(parts) else None
