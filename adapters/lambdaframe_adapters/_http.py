"""Shared pure code of the HTTP sources: from an event's parts to the parts of an ASGI scope.

ASGI's HTTP scope: https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope
"""

import re
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from lambdaframe.errors import MalformedEventError
from lambdaframe.types import Authorizer, Event, LambdaContext, Scope
from lambdaframe_adapters._authorizer import principal
from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters._path import url_bytes

Pairs = list[tuple[bytes, bytes]]
"""ASGI's ``headers``."""

Address = tuple[str, int]
"""ASGI's ``client`` and ``server``: host and port."""

_NAMES: Final[Mapping[str, bytes]] = {
    variant: name.lower().encode()
    for name in (
        "Accept Accept-Encoding Accept-Language Authorization Cache-Control CloudFront-Forwarded-Proto Content-Length "
        "Content-Type Cookie Host If-Match If-None-Match Idempotency-Key Origin Pragma Referer Sec-Fetch-Dest "
        "Sec-Fetch-Mode Sec-Fetch-Site Upgrade-Insecure-Requests User-Agent Via X-Amz-Cf-Id X-Amzn-Trace-Id X-Api-Key "
        "X-Forwarded-For X-Forwarded-Port X-Forwarded-Proto X-Request-Id"
    ).split()
    for variant in (name, name.lower())
}
"""The names that nearly every request has: a look-up is cheaper than lowering and encoding."""

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2

_NOT_A_LIST: Final[tuple[Any]] = (None,)
"""What has no ``encode``, so that a header whose values are no list takes the slow way."""

_HTTP_VERSIONS: Final[Mapping[str, str]] = {"HTTP/1.0": "1.0", "HTTP/2.0": "2", "HTTP/2": "2", "HTTP/3": "3"}

# RFC 9110 section 7.2 and RFC 3986: a literal of IPv6 or of what comes after it, or a registered name, and a port, any
# number of digits.
_HOST: Final = re.compile(
    r"(?:\[([0-9A-Fa-f:.]+|[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]|([A-Za-z0-9._~!$&'()*+,;=%-]+))"
    r"(?::([0-9]*))?"
)


# Headers and query strings


def header_pairs(headers: Any) -> Pairs:
    """ASGI's header list from an object with a string for each name.

    Names are lowered; values are latin-1, or UTF-8 where they can't be; null is skipped.
    """
    if headers is None:
        return []
    try:
        return [
            (_NAMES.get(name) or name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ]
    except (AttributeError, UnicodeEncodeError):
        return _unusual_pairs(headers)


def multi_header_pairs(headers: Any) -> Pairs:
    """ASGI's header list from an object with a list of strings for each name: one pair for each of them."""
    try:
        return [
            (_NAMES.get(name) or name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, values in headers.items()
            for value in (values if isinstance(values, ARRAY) else _NOT_A_LIST)
        ]
    except (AttributeError, UnicodeEncodeError):
        return _unusual_pairs(headers)


def _unusual_pairs(headers: Any) -> Pairs:
    if not isinstance(headers, OBJECT):
        raise MalformedEventError("The event's headers are no object.")
    pairs: Pairs = []
    for name, value in headers.items():
        key = _NAMES.get(name) or _octets(name.lower(), name)
        pairs.extend(
            (key, _octets(one, name)) for one in (value if isinstance(value, ARRAY) else (value,)) if one is not None
        )
    return pairs


def _octets(value: Any, name: str) -> bytes:
    if not isinstance(value, str):
        raise MalformedEventError(f"The value of the header {name[:80]!r} is no string.")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def one_cookie_header(pairs: Pairs) -> Pairs:
    """The same headers with all cookie headers joined into one, as RFC 9113 section 8.2.3 says and ASGI asks for."""
    cookies = [value for name, value in pairs if name == b"cookie"]
    if len(cookies) < 2:
        return pairs
    return [*(pair for pair in pairs if pair[0] != b"cookie"), (b"cookie", b"; ".join(cookies))]


def query_string(parameters: Any, *, encoded: bool) -> bytes:
    """The query string of an object with a string, null or a list of them for each name.

    ``encoded``: names and values are as the client sent them and are joined byte for byte; else they are escaped.
    """
    if not parameters:
        return b""
    if not isinstance(parameters, OBJECT):
        raise MalformedEventError("The event's query string parameters are no object.")
    parts: list[str] = []
    for name, values in parameters.items():
        for value in values if isinstance(values, ARRAY) else (values,):
            if value is not None and not isinstance(value, str):
                raise MalformedEventError(f"The value of the query parameter {name[:80]!r} is no string.")
            parts.append(f"{name}={value or ''}" if encoded else f"{_escaped(name)}={_escaped(value or '')}")
    return query_bytes("&".join(parts))


def _escaped(text: str) -> str:
    return text if text.isascii() and text.isalnum() else quote(text, safe="", errors="surrogatepass")


def query_bytes(text: Any) -> bytes:
    """A query string as the gateway passes it on, verbatim; what no URL can hold is escaped."""
    if not text:
        return b""
    if not isinstance(text, str):
        raise MalformedEventError("The event's query string is no string.")
    return url_bytes(text)


# Bodies


class TruncatedBodyError(MalformedEventError):
    """Raised by a source whose gateway has cut the body off: a 413, because the rest is lost."""


def body(event: Event) -> bytes:
    """The body of an event that has ``body`` and ``isBase64Encoded``; see ``octets``."""
    text: Any = event.get("body")
    return b"" if text is None or text == "" else octets(text, event.get("isBase64Encoded"))


def octets(text: Any, is_base64: Any) -> bytes:
    """The body's bytes: null and ``""`` are empty; base64 is read strictly.

    Raises MalformedEventError.
    """
    if text is None or text == "":
        return b""
    try:
        return a2b_base64(text, strict_mode=True) if is_base64 else text.encode()
    except UnicodeEncodeError:
        raise MalformedEventError("The body holds a lone surrogate, which no UTF-8 text can.") from None
    except ValueError:
        raise MalformedEventError("The body is marked as base64 and is none.") from None
    except (AttributeError, TypeError):
        raise MalformedEventError("The body is no string.") from None


# The client, the server, and the whole


def client(pairs: Pairs, address: Any, trusted_hops: int) -> Address | None:
    """ASGI's ``client``: the address that the gateway gives, or else the last entry of X-Forwarded-For, which the
    gateway itself has written.

    With ``trusted_hops`` it is the entry so many before the last. Where there are too few, the request has gone around
    a proxy, and only the gateway's own word is not the client's invention.
    """
    if trusted_hops:
        chain = b",".join(value for name, value in pairs if name == b"x-forwarded-for").split(b",")
        if len(chain) > trusted_hops:
            return _address(chain[-1 - trusted_hops])
    if address and isinstance(address, str):
        return address, 0
    last = next((value for name, value in reversed(pairs) if name == b"x-forwarded-for"), b"")
    return _address(last.rpartition(b",")[2])


def _address(octets: bytes) -> Address | None:
    """An entry of X-Forwarded-For: IPv4 or IPv6, with a port (``xff_client_port``) or without."""
    entry = octets.decode("latin-1").strip()
    if entry.startswith("["):
        host, _, port = entry[1:].partition("]")
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    else:
        host, port = entry, ""
    port = port.removeprefix(":")
    return (host, int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else 0) if host else None


def origin(
    pairs: Pairs, domain: Any, *, proto: bytes = b"x-forwarded-proto", proxy_port: bytes = b"x-forwarded-port"
) -> tuple[str, Address | None]:
    """ASGI's ``scheme`` and ``server``, from X-Forwarded-Proto, Host and X-Forwarded-Port, or headers of other names.

    A scheme that is neither http nor https is ignored, and so is a port that is none; the Host's own port goes before
    the forwarded one. ``domain``: the gateway's word for the host, where the request names none.
    Raises MalformedEventError for a Host that is no host.
    """
    found = dict(pairs)
    scheme = "http" if found.get(proto, b"").lower() == b"http" else "https"
    port = _port(found.get(proxy_port, b"").decode("latin-1"), 443 if scheme == "https" else 80)
    host = found.get(b"host", b"").decode("latin-1")
    if not host:
        return scheme, (domain, port) if isinstance(domain, str) and _HOST.fullmatch(domain) else None
    if host == domain and host.isascii():
        return scheme, (host, port)
    parts = _HOST.fullmatch(host)
    if parts is None:
        raise MalformedEventError(f"The Host header {host[:80]!r} is no host with an optional port.")
    return scheme, (parts[1] or parts[2], _port(parts[3] or "", port))


def _port(text: str, default: int) -> int:
    """The port; the default for one that is left out, is no number, or that no connection can have."""
    if not (text.isascii() and text.isdecimal()):
        return default
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= 5 and int(digits) <= 65535 else default


def http_scope(
    event: Event,
    context: LambdaContext | None,
    *,
    method: Any,
    protocol: Any,
    scheme: str,
    path: str,
    raw_path: bytes,
    root_path: str,
    query: bytes,
    headers: Pairs,
    client: Address | None,
    server: Address | None,
    authorizer: Authorizer | None,
) -> Scope:
    """The scope, put together. A path that is the root path alone gets its slash: ``/prod`` is the app's ``/``."""
    if not isinstance(method, str) or (method not in _METHODS and not _TOKEN.fullmatch(method)):
        raise MalformedEventError("The event has no HTTP method, or one that is no token.")
    if path == root_path:
        path += "/"
        raw_path += b"/"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": _HTTP_VERSIONS.get(protocol, "1.1") if isinstance(protocol, str) else "1.1",
        "method": method.upper(),
        "scheme": scheme,
        "path": path,
        "raw_path": raw_path,
        "root_path": root_path,
        "query_string": query,
        "headers": headers,
        "client": client,
        "server": server,
        "extensions": {
            "lambda": {
                "event": event,
                "context": context,
                "authorizer": authorizer,
                "principal": None if authorizer is None else principal(authorizer),
            }
        },
        "aws.event": event,
        "aws.context": context,
    }
