"""What identifies a request: the client's ``Idempotency-Key``, and the fingerprint of what was asked.

The key is a Structured Field string, ``"8e03978e"``, or the same written bare, as most clients do: visible ASCII
without quotation marks and commas. Both forms name the same key. A comma in a bare key is refused because gateways
join repeated headers with one. 1 to 255 characters count, without the quotes.

The payload is the method, the path, the query and the body, unless the route says what counts of the last two. The
order of different query parameters makes no difference, the order of one parameter's values does. A JSON body is
compared as JSON, any other byte for byte.

https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

import re
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from lambdaframe.concurrency import is_async_callable
from lambdaframe.errors import ConfigurationError, IdempotencyKeyError
from lambdaframe.http.routing.table import route_path
from lambdaframe.idempotency.keys import canonical, digest, encoded, payload_digest, read_json
from lambdaframe.signature import takes
from lambdaframe.types import Scope

Fingerprint: TypeAlias = Callable[[Scope, bytes], str]
"""``fingerprint(scope, body)``: the digest of what was asked."""

LONGEST_KEY = 255

_BARE = re.compile(rb"[!#-+\--~]+")
_QUOTED = re.compile(rb'"((?:[ !#-\[\]-~]|\\["\\])*)"')


def idempotency_key(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The client's key, or None when there is no such header.

    Raises IdempotencyKeyError when it is malformed, or there is more than one.
    """
    values = [value for name, value in headers if name == b"idempotency-key"]
    if not values:
        return None
    if len(values) > 1:
        raise IdempotencyKeyError("There is more than one Idempotency-Key header.")
    value = values[0].strip(b" \t")
    if value.startswith(b'"'):
        quoted = _QUOTED.fullmatch(value)
        key = re.sub(rb"\\(.)", rb"\1", quoted[1]) if quoted else None
    else:
        key = value if not value or _BARE.fullmatch(value) else None
    if key is None:
        raise IdempotencyKeyError(
            "The Idempotency-Key header is malformed: write visible ASCII without commas, or a string in quotes."
        )
    if not 1 <= len(key) <= LONGEST_KEY:
        raise IdempotencyKeyError(f"The Idempotency-Key has {len(key)} characters; it needs 1 to {LONGEST_KEY}.")
    return key.decode("ascii")


def whole_request(scope: Scope, body: bytes) -> str:
    """The digest of all: method, path below the root path, query and body. A request may come again by another stage or
    domain."""
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    parts = [encoded(part) for pair in sorted(query, key=itemgetter(0)) for part in pair]
    return payload_digest(body, *_target(scope), *parts, is_json=_is_json(scope["headers"]))


def fingerprint_of(operation: str, chosen: Callable[[Scope, bytes], Any] | str | None) -> Fingerprint:
    """The fingerprint that a route asks for: of all, of a function's result, or of what a JMESPath expression finds in
    the JSON body. Method and path belong to each. ``operation`` stands in messages.

    Raises ConfigurationError for what is none of these.
    """
    if chosen is None:
        return whole_request
    if isinstance(chosen, str):
        return _by_expression(operation, chosen)
    if not callable(chosen) or is_async_callable(chosen) or not takes(chosen, 2):
        raise ConfigurationError(
            f"{operation}: fingerprint is a JMESPath expression over the JSON body, or a function of (scope, body), "
            f"not async; {chosen!r} is neither."
        )
    return _by_function(operation, chosen)


def _by_expression(operation: str, text: str) -> Fingerprint:
    from lambdaframe.idempotency.expressions import expression

    compiled = expression(operation, text)

    def fingerprint(scope: Scope, body: bytes) -> str:
        if not _is_json(scope["headers"]):
            return whole_request(scope, body)
        try:
            found = canonical(compiled.search(read_json(body)))
        except (ValueError, TypeError, RecursionError, IdempotencyKeyError):  # no body for this expression
            return whole_request(scope, body)
        return digest(b"found", *_target(scope), found)

    return fingerprint


def _by_function(operation: str, function: Callable[[Scope, bytes], Any]) -> Fingerprint:
    def fingerprint(scope: Scope, body: bytes) -> str:
        given = function(scope, body)
        try:
            return digest(b"given", *_target(scope), canonical(given))
        except TypeError as exc:
            raise ConfigurationError(f"{operation}: what fingerprint gave can't be compared: {exc}.") from exc

    return fingerprint


def _target(scope: Scope) -> tuple[bytes, bytes]:
    return encoded(scope["method"]), encoded(route_path(scope))


def _is_json(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    for name, value in headers:
        if name == b"content-type":
            media_type = value.partition(b";")[0].strip().lower()
            return media_type == b"application/json" or media_type.endswith(b"+json")
    return False
