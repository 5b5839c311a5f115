"""The paths of routes as they are written: ``/orders/{order_id:int}`` taken apart, and filled with values."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.routing.convertors import CONVERTORS, to_text

_PARAMETER = re.compile(r"\{([^{}]*)\}")

_SAFE = "!$&'()*+,;=:@~"
"""What a segment of a path may hold as it is, beside letters, digits and ``-._`` (RFC 3986, section 3.3)."""


class Parameter(NamedTuple):
    """One ``{name:convertor}`` of a path."""

    name: str
    convertor: str


class Segment(NamedTuple):
    """What stands between two slashes: parameters, and the text around and between them, one more than those."""

    texts: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    @property
    def convertors(self) -> tuple[str, ...]:
        return tuple(parameter.convertor for parameter in self.parameters)

    def is_literal(self) -> bool:
        return not self.parameters

    def is_whole(self) -> bool:
        """Whether it is one parameter and nothing else."""
        return len(self.parameters) == 1 and not any(self.texts)


def split_path(path: str) -> tuple[Segment, ...]:
    """The segments of a route's path. Raises ConfigurationError for a path that can't be one."""
    if not path.startswith("/"):
        raise ConfigurationError(f"A route's path starts with '/': write {'/' + path!r}.")
    segments = tuple(_segment(text, path) for text in path[1:].split("/"))
    names = [parameter.name for segment in segments for parameter in segment.parameters]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"A parameter's name stands twice in the path {path!r}.")
    for segment in segments:
        if "path" in segment.convertors:
            if segment is not segments[-1]:
                raise ConfigurationError(
                    f"A 'path' parameter takes the rest of the path: nothing may follow it in {path!r}."
                )
            if not segment.is_whole():
                raise ConfigurationError(f"A 'path' parameter is a segment of its own; {path!r} mixes it with text.")
    return segments


def _segment(text: str, path: str) -> Segment:
    if "{" not in text and "}" not in text:
        return Segment((text,), ())
    pieces = _PARAMETER.split(text)
    texts, written = tuple(pieces[::2]), pieces[1::2]
    if any("{" in part or "}" in part for part in texts):
        raise ConfigurationError(f"Unbalanced braces in the path {path!r}.")
    parameters: list[Parameter] = []
    for one in written:
        name, _, convertor = one.partition(":")
        if not name.isidentifier():
            raise ConfigurationError(f"'{{{one}}}' in {path!r} is no parameter: write '{{name}}' or '{{name:int}}'.")
        parameters.append(Parameter(name, convertor or "str"))
        if parameters[-1].convertor not in CONVERTORS:
            raise ConfigurationError(
                f"Unknown convertor in '{{{one}}}' of {path!r}: use one of {', '.join(CONVERTORS)}."
            )
    if not all(texts[1:-1]):
        raise ConfigurationError(f"Put text between the parameters of {text!r} in {path!r}: where one ends is unclear.")
    return Segment(texts, tuple(parameters))


def parse_path(path: str) -> tuple[Parameter, ...]:
    """The parameters of a route's path, from left to right.

    Raises ConfigurationError for a path that can't be one.
    """
    return tuple(parameter for segment in split_path(path) for parameter in segment.parameters)


def split_segment(texts: tuple[str, ...], segment: str) -> tuple[str, ...] | None:
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


def fill_path(path: str, values: Mapping[str, Any]) -> str:
    """The path with these values, percent-encoded. The router makes the same values of it.

    Raises ValueError, which says why, for other parameters than the path has, or a value that does not fit.
    """
    segments = split_path(path) if path else ()
    names = {parameter.name for segment in segments for parameter in segment.parameters}
    if names != set(values):
        raise ValueError(f"its parameters are {sorted(names)}" if names else "it has no parameters")
    return "".join("/" + _filled(segment, values) for segment in segments)


def _filled(segment: Segment, values: Mapping[str, Any]) -> str:
    parts = tuple(to_text(convertor, values[name]) for name, convertor in segment.parameters)
    text = segment.texts[0] + "".join(part + after for part, after in zip(parts, segment.texts[1:], strict=True))
    if len(parts) > 1 and split_segment(segment.texts, text) != parts:
        raise ValueError(f"{text!r} would be read as other values")
    return encode_path(text)


def encode_path(text: str) -> str:
    """A decoded path, percent-encoded as a URL has it."""
    return quote(text, safe="/" + _SAFE, errors="replace")
