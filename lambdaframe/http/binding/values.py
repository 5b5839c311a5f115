"""What a request sends beside its JSON body, as text by name: query, headers, cookies, and the fields of a form.

Parsed as Starlette does, so that ``Request`` shows the same; only what a handler takes is parsed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from lambdaframe.http.binding.parameters import Place
from lambdaframe.types import Scope

Lists: TypeAlias = dict[str, list[Any]]
"""All values of each name, in the order they were sent."""


def query_pairs(scope: Scope) -> list[tuple[str, str]]:
    """Names and values, decoded; what is no UTF-8 becomes U+FFFD."""
    query: bytes = scope["query_string"]
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []


def header_pairs(scope: Scope) -> Iterator[tuple[str, str]]:
    """Names, which ASGI gives in lower case, and values. A comma separates nothing."""
    return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])


def cookie_pairs(scope: Scope) -> Iterator[tuple[str, str]]:
    """Names and values, as browsers send them: https://www.rfc-editor.org/rfc/rfc6265, read with indulgence."""
    from http.cookies import SimpleCookie

    unquote = SimpleCookie().value_decode
    for header, line in scope["headers"]:
        if header != b"cookie":
            continue
        for pair in line.decode("latin-1").split(";"):
            name, separator, value = pair.partition("=")
            if not separator:
                name, value = "", name
            name, value = name.strip(), value.strip()
            if name or value:
                yield name, unquote(value)[0]


class Values:
    """One request's values; each place is parsed when it is first asked for."""

    __slots__ = ("_contents", "_known", "_scope")

    def __init__(self, scope: Scope, form: Lists | None = None, contents: Mapping[int, bytes] | None = None) -> None:
        """``contents``: of uploaded files, by ``id``."""
        self._scope = scope
        self._known: dict[Place, Lists] = {} if form is None else {"form": form}
        self._contents = contents or {}

    def of(self, place: Place) -> Lists:
        """All values from the query, the headers, the cookies or the form."""
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = _grouped(_PAIRS[place](self._scope))
        return known

    def header(self, name: bytes) -> list[bytes]:
        """All values of one header, without parsing the others."""
        return [value for known, value in self._scope["headers"] if known == name]

    def content(self, value: Any) -> Any:
        """The bytes of a file; anything else as it is."""
        return self._contents.get(id(value), value)


_PAIRS: Mapping[Place, Any] = {"query": query_pairs, "header": header_pairs, "cookie": cookie_pairs}


def _grouped(pairs: Any) -> Lists:
    lists: Lists = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return lists
