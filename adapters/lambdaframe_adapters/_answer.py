"""Shared pure code of the HTTP sources: from an ASGI response to the parts of Lambda's answer.

A response header that could split the response is refused, never repaired: RFC 9110 section 5.5.
"""

from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from lambdaframe.errors import UnsafeHeaderError
from lambdaframe.types import Event
from lambdaframe_adapters._options import Options

LAMBDA_LIMIT: Final = 6_291_556
"""Bytes of the whole answer, encoded. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

Headers = list[tuple[bytes, bytes]]

_TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_NAMES: Final[Mapping[bytes, str]] = {
    name.encode(): name
    for name in (
        "access-control-allow-credentials access-control-allow-origin allow cache-control content-disposition "
        "content-encoding content-length content-type date etag idempotency-replayed last-modified location "
        "retry-after server set-cookie vary www-authenticate x-content-type-options x-request-id"
    ).split()
}
"""The names that are known to be tokens in lower case."""

_TEXT_TYPES: Final = frozenset(
    {
        "application/json",
        "application/json; charset=utf-8",
        "application/xml",
        "application/javascript",
        "application/x-javascript",
        "application/ecmascript",
        "application/x-www-form-urlencoded",
    }
)


def texts(headers: Headers) -> list[tuple[str, str]]:
    """The headers as strings, names in lower case.

    Raises UnsafeHeaderError for a name that is no token and for a value that holds CR, LF or NUL or is no bytes.
    """
    found: list[tuple[str, str]] = []
    for name, value in headers:
        try:
            text = value.decode("latin-1")
        except AttributeError:
            raise UnsafeHeaderError(name, "its value is no bytes") from None
        # A printable text holds no control character at all: the cheap answer to the usual question.
        if not text.isprintable() and ("\r" in text or "\n" in text or "\0" in text):
            raise UnsafeHeaderError(name, "its value holds CR, LF or NUL")
        found.append((_NAMES.get(name) or _token(name), text))
    return found


def _token(name: bytes) -> str:
    octets: Any = name
    if not isinstance(octets, bytes) or not name or name.translate(None, _TOKEN):
        raise UnsafeHeaderError(name, "its name is no token")
    return name.decode("ascii").lower()


def joined(headers: Headers) -> tuple[dict[str, str], list[str]]:
    """The headers with one string for each name, repeated ones comma-joined; and the Set-Cookie values, which never
    are (RFC 9110 section 5.3)."""
    pairs = texts(headers)
    found = dict(pairs)
    if len(found) == len(pairs) and "set-cookie" not in found:
        return found, []
    found.clear()
    cookies: list[str] = []
    for name, text in pairs:
        if name == "set-cookie":
            cookies.append(text)
        else:
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found, cookies


def content(
    status: int, method: Any, body: bytes, content_type: str | None, content_encoding: str | None, options: Options
) -> tuple[str, bool]:
    """The answer's ``body`` and ``isBase64Encoded``.

    1xx, 204 and 304 have no content, nor has any answer to HEAD (RFC 9110 section 6.4.1). Text when the type says so,
    the bytes are UTF-8 and no Content-Encoding covers them; else base64.
    """
    if not body or status in (204, 304) or status < 200 or method == "HEAD":
        return "", False
    if (
        content_encoding is None
        and content_type is not None
        and (content_type in _TEXT_TYPES or is_text(content_type, options))
    ):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b2a_base64(body, newline=False).decode("ascii"), True


def is_text(content_type: str, options: Options) -> bool:
    """Whether a media type, with any parameters, is one of text, or one that the options add."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml")):
        return True
    return options.text_types is not None and options.text_types.fullmatch(kind) is not None


def single_value(method: Any, status: int, fields: dict[str, str], body: bytes, options: Options) -> dict[str, Any]:
    """The answer with ``headers``, which is ``fields`` itself."""
    text, encoded = content(status, method, body, fields.get("content-type"), fields.get("content-encoding"), options)
    return {"statusCode": status, "headers": fields, "body": text, "isBase64Encoded": encoded}


def multi_value(method: Any, status: int, headers: Headers, body: bytes, options: Options) -> dict[str, Any]:
    """The answer with ``multiValueHeaders``, which REST APIs, HTTP APIs in format 1.0 and multi-value ALBs take."""
    lists: dict[str, list[str]] = {}
    for name, text in texts(headers):
        lists.setdefault(name, []).append(text)
    content_type, encoding = lists.get("content-type", [None])[-1], lists.get("content-encoding", [None])[-1]
    text, encoded = content(status, method, body, content_type, encoding, options)
    return {"statusCode": status, "multiValueHeaders": lists, "body": text, "isBase64Encoded": encoded}


def cookies_by_case(fields: dict[str, str], cookies: list[str]) -> None:
    """Add the Set-Cookie values to an object that has one string for each name, under names that differ in case
    (``set-cookie``, ``set-cookiE``, ...): 512 of them."""
    fields.update(zip(_spellings("set-cookie"), cookies, strict=False))


def _spellings(name: str) -> Iterator[str]:
    """The same name in every mixture of cases, plain first."""
    return map("".join, product(*((letter, letter.upper()) if letter.isalpha() else (letter,) for letter in name)))


def lambda_limit(event: Event) -> int:
    """``answer_limit`` of the sources that have no limit but Lambda's own."""
    return LAMBDA_LIMIT
