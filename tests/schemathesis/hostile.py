"""Requests that are meant to hurt: anything a client can send to a route, at the places where the route takes values.

They know the names that an operation takes and a good value for each, so that what is odd arrives where it is read.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from lambdaframe_adapters.testing import Request
from tests.hostile.mutations import ODD_NUMBERS, ODD_SHAPES, places
from tests.schemathesis import odd

_LONGEST_LINE: Final = 16_000
"""Characters of a request line: what a load balancer lets through, the most of all gateways."""

_METHODS: Final = ("HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "POST", "GET", "PURGE")

_texts = st.one_of(
    st.sampled_from(odd.TEXTS),
    st.binary(max_size=8),
    st.text(max_size=6).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
_rarely = st.integers(0, 19).map(lambda number: number == 13)


@st.composite
def requests(draw: st.DrawFn, document: Mapping[str, Any]) -> Request:
    """A request for one of the document's operations."""
    template = draw(st.sampled_from(sorted(document["paths"])))
    method = draw(st.sampled_from(sorted(document["paths"][template])))
    operation = document["paths"][template][method]
    names: dict[str, list[str]] = {"path": [], "query": ["api_key"], "header": [], "cookie": ["api_session"]}
    for parameter in operation.get("parameters", ()):
        names[parameter["in"]].append(parameter["name"])
    path = template
    for name in names["path"]:
        value = draw(st.just(_good(name)) | _texts)[:2000]
        path = path.replace("{" + name + "}", quote_from_bytes(value, safe=draw(st.sampled_from(["", "/"]))))
    headers = [("Host", "shop.example"), *draw(_headers(names["header"], names["cookie"]))]
    body = b""
    if "requestBody" in operation:
        kind, body = draw(_bodies(template, document, operation["requestBody"]["content"]))
        headers += [("Content-Type", kind) for _ in range(draw(st.sampled_from([1] * 12 + [0, 2])))]
    sent_as = draw(st.sampled_from(_METHODS)) if draw(_rarely) else method.upper()
    return Request(sent_as, path, draw(_queries(names["query"])), tuple(headers), body)


def _good(name: str) -> bytes:
    return odd.GOOD.get(name, odd.TEXT)


@st.composite
def _values(draw: st.DrawFn, names: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """Names with values: most of them good, some odd, some several times or not at all, some that nobody knows."""
    found: list[tuple[bytes, bytes]] = []
    for name in names:
        for _ in range(draw(st.sampled_from([1] * 8 + [0, 0, 2]))):
            good = draw(st.integers(0, 3)) > 0
            found.append((name.encode(), _good(name) if good else draw(_texts)))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        found.append((draw(st.sampled_from(odd.NAMES)), draw(_texts)))  # noqa: PERF401  drawn one after the other
    return found


@st.composite
def _queries(draw: st.DrawFn, names: Sequence[str]) -> str:
    styles = st.sampled_from(["{}={}"] * 12 + ["{}", "{}==", "{}={}={}"])
    pairs = [
        draw(styles).format(quote_from_bytes(name), quote_from_bytes(value[:3000]), "x")
        for name, value in draw(_values(names))
    ]
    if draw(_rarely):
        pairs += draw(st.lists(st.sampled_from(odd.QUERY_PARTS), min_size=1, max_size=3))
    if draw(_rarely):
        pairs *= 2000
    return "&".join(pairs)[:_LONGEST_LINE]


@st.composite
def _headers(draw: st.DrawFn, names: Sequence[str], cookies: Sequence[str]) -> list[tuple[str, str]]:
    """The characters of a value are the bytes of the wire; no server lets a line break or NUL through."""
    pairs = draw(_values([*names, "Authorization", "X-API-Key"]))
    found = [(name.decode(), _header_value(value)) for name, value in pairs if name not in odd.NAMES]
    sent = [f"{name.decode('latin-1')}={value.decode('latin-1')}" for name, value in draw(_values(cookies))]
    between = draw(st.sampled_from(["; "] * 6 + [";", ",", ";;", " "]))
    return [*found, ("Cookie", _header_value(between.join(sent).encode("latin-1")))] if sent else found


def _header_value(value: bytes) -> str:
    plain = value[:5000].decode("latin-1")
    return "".join(one for one in plain if one == "\t" or " " <= one != "\x7f").strip(" \t")


# Bodies: content type and bytes


@st.composite
def _bodies(
    draw: st.DrawFn, template: str, document: Mapping[str, Any], content: Mapping[str, Any]
) -> tuple[str, bytes]:
    [(kind, media)] = content.items()
    if kind == "application/json":
        return draw(st.sampled_from(odd.JSON_TYPES)), draw(_documents(odd.BODIES[template]))
    if kind == "text/plain":
        return draw(st.sampled_from(("text/plain", *odd.JSON_TYPES))), draw(_documents(odd.BODIES[template]) | _texts)
    fields = _fields_of(document, media["schema"])
    if (kind == "multipart/form-data") == draw(_rarely):
        body = draw(_queries(fields)).encode()
        spoiled = draw(st.sampled_from([body] * 9 + [body[::-1], b"\xff" + body, body + b"\0"]))
        return draw(st.sampled_from(odd.URL_ENCODED_TYPES)), spoiled
    return draw(st.sampled_from(odd.MULTIPART_TYPES)), draw(_multiparts(fields))


def _fields_of(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    named = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return [*named["properties"]]


_leaves: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([*ODD_SHAPES, *ODD_NUMBERS]),
    _texts.map(lambda one: one[:200].decode("latin-1")),
    st.integers(-9, 9),
)


@st.composite
def _documents(draw: st.DrawFn, valid: Any) -> bytes:
    """A valid document with one or two of its values replaced, perhaps cut short; or none at all."""
    if draw(_rarely):
        return draw(st.sampled_from(odd.BROKEN_JSON))
    document = json.loads(json.dumps(valid))
    ways = draw(st.lists(st.sampled_from([(), *places(valid)]), max_size=2))
    for way in sorted(ways, key=len, reverse=True):
        document = _replaced(document, way, draw(_leaves))
    encoding = draw(st.sampled_from(["utf-8"] * 15 + ["utf-16", "utf-8-sig", "latin-1"]))
    errors = "surrogatepass" if encoding.startswith("utf") else "replace"
    written = json.dumps(document, ensure_ascii=draw(st.booleans())).encode(encoding, errors)
    return written[: draw(st.integers(0, len(written)))] if draw(_rarely) else written


def _replaced(document: Any, way: Sequence[Any], value: Any) -> Any:
    if not way:
        return value
    document[way[0]] = _replaced(document[way[0]], way[1:], value)
    return document


@st.composite
def _multiparts(draw: st.DrawFn, names: Sequence[str]) -> bytes:
    parts: list[bytes] = []
    for name, value in draw(_values(names)):
        usual = b'form-data; name="%b"; filename="a.txt"' if b"d" in name else b'form-data; name="%b"'
        disposition = draw(st.sampled_from(odd.DISPOSITIONS)) if draw(_rarely) else usual
        header = draw(st.sampled_from(odd.PART_HEADERS)) if draw(_rarely) else b""
        parts.append(b"--b\r\ncontent-disposition: %b%b\r\n\r\n%b\r\n" % (disposition % name, header, value))
    body = b"".join(parts * (500 if draw(_rarely) else 1)) + draw(st.sampled_from(odd.ENDS))
    if draw(_rarely):
        return body.replace(b"\r\n", b"\n")
    if draw(_rarely):
        return body[: draw(st.integers(0, len(body)))]
    return b"preamble\r\n" + body if draw(_rarely) else body
