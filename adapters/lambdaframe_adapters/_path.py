"""Paths, from an event to ASGI's ``path``, ``raw_path`` and ``root_path``.

A path is decoded exactly once: by the gateway or here, never by both. One that could mean two things to two readers
(a NUL, a dot segment) is refused.

https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope
"""

from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from lambdaframe.errors import MalformedEventError

# RFC 3986: what a path may hold unescaped (pchar and the slash).
_PATH_SAFE: Final = "!$&'()*+,;=:@/"
_PATH_BYTES: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" + _PATH_SAFE.encode()
_VISIBLE: Final = bytes(range(0x21, 0x7F))
_DOT_SEGMENTS: Final = frozenset({".", ".."})


def url_bytes(text: str) -> bytes:
    """A part of a URL as the client sent it; what no URL can hold (RFC 3986: all but visible ASCII) is escaped."""
    try:
        raw = text.encode("ascii")
        return quote(raw, safe=_VISIBLE).encode("ascii") if raw.strip(_VISIBLE) else raw
    except UnicodeEncodeError:
        return quote(text, safe=_VISIBLE, errors="surrogatepass").encode("ascii")


def decoded_path(path: Any) -> tuple[str, bytes]:
    """``path`` and ``raw_path`` of a path that the gateway has decoded: it is never decoded again."""
    if not isinstance(path, str):
        raise MalformedEventError("The event has no path.")
    try:
        raw = path.encode("ascii")
        if raw.strip(_PATH_BYTES):
            raw = quote(path, safe=_PATH_SAFE).encode("ascii")
    except UnicodeEncodeError:
        raw = quote(path, safe=_PATH_SAFE, errors="surrogatepass").encode("ascii")
        path = unquote_to_bytes(raw).decode("utf-8", "replace")
    return _checked_path(path), raw


def encoded_path(path: Any) -> tuple[str, bytes]:
    """``path`` and ``raw_path`` of a path as the client sent it: decoded once. Bytes that are no UTF-8 stay in
    ``raw_path`` and are U+FFFD in ``path``."""
    if not isinstance(path, str):
        raise MalformedEventError("The event has no path.")
    raw = url_bytes(path)
    return _checked_path(unquote_to_bytes(raw).decode("utf-8", "replace") if b"%" in raw else path), raw


def _checked_path(path: str) -> str:
    if path[:1] != "/":
        raise MalformedEventError(f"The path {path[:80]!r} does not start with a slash.")
    if "\0" in path:
        raise MalformedEventError("The path holds a NUL.")
    if "/." in path and not _DOT_SEGMENTS.isdisjoint(path.split("/")):
        raise MalformedEventError(f"The path {path[:80]!r} holds a dot segment.")
    return path


def under(path: str, prefix: str) -> bool:
    """Whether ``path`` is ``prefix`` or lies below it: ``/production`` does not lie under ``/prod``."""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def based(path: str, root_path: str, base_path: str) -> str:
    """The root path with the ``base_path`` added, where the path goes on with it."""
    return root_path + base_path if base_path and under(path[len(root_path) :], base_path) else root_path
