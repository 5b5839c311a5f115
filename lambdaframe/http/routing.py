"""The compiled router: a dict for paths without parameters, a trie of segments for the rest.

So the last of 300 routes costs what the first one costs, and a hostile path costs no more than the trie is large: no
regular expression is built from a path, and the convertors are a fixed set.

Which route wins does not depend on the order they were written in: at each segment literal text is tried first, then
text mixed with parameters (``{name}.json``), then the narrower convertor (``int``, ``float``, ``uuid``, ``str``), then
``path``. A dead end goes back.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from lambdaframe.errors import ConfigurationError

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


@dataclass(frozen=True, slots=True)
class Parameter:
    """One ``{name:convertor}`` of a path."""

    name: str
    convertor: str


@dataclass(slots=True)
class _Node(Generic[T]):
    """What may follow at one place of a path."""

    literals: "dict[str, _Node[T]]" = field(default_factory=dict)
    mixed: "dict[tuple[tuple[str, ...], tuple[str, ...]], _Node[T]]" = field(default_factory=dict)
    dynamic: "dict[str, _Node[T]]" = field(default_factory=dict)
    tail: "_Leaf[T] | None" = None
    leaf: "_Leaf[T] | None" = None


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
                node = node.dynamic.setdefault(here[0].convertor, _Node[T]())
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
        allowed: set[str] = set(leaf) if leaf is not None else set()
        if path[:1] == "/":
            for candidate, values in self._walk(self._root, path[1:].split("/"), 0, ()):
                if (entry := candidate.get(method)) is not None:
                    return entry[0], dict(zip(entry[1], values, strict=True))
                allowed.update(candidate)
        return frozenset(allowed)

    def _walk(
        self, node: _Node[T], segments: list[str], at: int, values: tuple[Any, ...]
    ) -> Iterator[tuple[_Leaf[T], tuple[Any, ...]]]:
        if at == len(segments):
            if node.leaf is not None:
                yield node.leaf, values
            return
        segment = segments[at]
        if (child := node.literals.get(segment)) is not None:
            yield from self._walk(child, segments, at + 1, values)
        if segment:
            for (texts, kinds), child in node.mixed.items():
                if (parts := _convert(kinds, _split(texts, segment))) is not None:
                    yield from self._walk(child, segments, at + 1, (*values, *parts))
            for kind in CONVERTORS:
                if kind in node.dynamic and (parts := _convert((kind,), (segment,))) is not None:
                    yield from self._walk(node.dynamic[kind], segments, at + 1, (*values, *parts))
        if node.tail is not None:
            yield node.tail, (*values, "/".join(segments[at:]))


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


def _convert(kinds: tuple[str, ...], texts: tuple[str, ...] | None) -> tuple[Any, ...] | None:
    try:
        return None if texts is None else tuple(CONVERTORS[kind](text) for kind, text in zip(kinds, texts, strict=True))
    except ValueError:
        return None
