"""``Idempotency-Key`` on HTTP routes: the first answer is kept and sent again, byte for byte.

Follows https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header (400 for a missing or malformed
key, 422 for a key with another payload, 409 while the first request is outstanding). The errors raised here are
rendered as problems where all errors are.

The key is a Structured Field string, ``"8e03978e"``, or the same written bare, as most clients do: visible ASCII
without quotation marks and commas. Both forms name the same key. A comma in a bare key is refused because gateways
join repeated headers with one. 1 to 255 characters count, without the quotes.

The payload is the method, the path, the query and the body. The order of different query parameters makes no
difference, the order of one parameter's values does. A JSON body is compared as JSON, any other byte for byte.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from operator import itemgetter
from typing import TypeAlias
from urllib.parse import parse_qsl

import orjson

from lambdaframe.errors import IdempotencyConflictError, IdempotencyKeyError, LeaseLostError
from lambdaframe.http.answers.responses import Answer
from lambdaframe.http.routing.table import route_path
from lambdaframe.idempotency.keys import encoded, payload_digest, storage_key
from lambdaframe.idempotency.policy import HOUR, Duration, OnConflict, OnExpiry, policy
from lambdaframe.idempotency.runner import Operation, run_once
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.transitions import Outcome
from lambdaframe.types import Scope

Guard: TypeAlias = Callable[[Scope, bytes, Callable[[], Awaitable[Answer]]], Awaitable[Answer]]
"""``guard(scope, body, produce)``: the answer, made by ``produce`` or recorded before."""

Principal: TypeAlias = Callable[[Scope], str | None]

REPLAYED = (b"idempotency-replayed", b"true")
LONGEST_KEY = 255

_BARE = re.compile(rb"[!#-+\--~]+")
_QUOTED = re.compile(rb'"((?:[ !#-\[\]-~]|\\["\\])*)"')


def lambda_principal(scope: Scope) -> str | None:
    """Who the gateway's authorizer says is asking; None where there is none."""
    who: str | None = scope.get("extensions", {}).get("lambda", {}).get("principal")
    return who


def http_guard(
    store: Store,
    *,
    app: str,
    operation: str,
    principal: Principal | None = None,
    ttl: Duration = HOUR,
    lease: Duration | None = None,
    on_conflict: OnConflict = "wait",
    on_expiry: OnExpiry = "retry",
    required: bool = True,
) -> Guard:
    """A guard for one route, called after validation: requests that fail it are never recorded.

    ``app`` and ``operation`` (``POST /orders``) are part of the key, and so is the principal, so that nobody reads
    another's answer: the authorizer's unless a function of the scope is given. Where there is neither, all clients
    share their keys. ``produce`` gives the complete answer, errors rendered, and raises only what nobody expected.
    Below 500 an answer is kept with all its headers and replayed with ``idempotency-replayed: true``; from 500 on,
    and when ``produce`` raises, the next request tries again. ``required=False`` lets requests without a key pass.

    The guard raises IdempotencyKeyError (400), IdempotencyMismatchError (422), IdempotencyConflictError (409,
    Retry-After) and ResultOmittedError. Raises ConfigurationError for a mistake in the options.
    """
    options = policy(operation, ttl=ttl, lease=lease, on_conflict=on_conflict, on_expiry=on_expiry)
    once = Operation(operation, store, options, AnswerCodec())
    who = principal or lambda_principal

    async def guard(scope: Scope, body: bytes, produce: Callable[[], Awaitable[Answer]]) -> Answer:
        key = idempotency_key(scope["headers"])
        if key is None:
            if required:
                raise IdempotencyKeyError("The Idempotency-Key header is missing; this operation needs one.")
            return await produce()
        stored_as = storage_key(app, operation, who(scope), key)
        try:
            return await run_once(once, stored_as, fingerprint(scope, body), produce)
        except LeaseLostError as exc:
            raise IdempotencyConflictError(f"{operation}: another attempt took over.", retry_after=1) from exc

    return guard


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


def fingerprint(scope: Scope, body: bytes) -> str:
    """The digest of the payload: method, path below the root path, query and body. A request may come again by another
    stage or domain."""
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    parts = [scope["method"], route_path(scope)]
    for pair in sorted(query, key=itemgetter(0)):
        parts.extend(pair)
    return payload_digest(body, *map(encoded, parts), is_json=_is_json(scope["headers"]))


def _is_json(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    for name, value in headers:
        if name == b"content-type":
            media_type = value.partition(b";")[0].strip().lower()
            return media_type == b"application/json" or media_type.endswith(b"+json")
    return False


class AnswerCodec:
    """An answer as one line of JSON (status and headers, latin-1 as text), then the body as it is."""

    def pack(self, value: Answer) -> Outcome | None:
        """All of it below 500; nothing from there on."""
        if value.status >= 500:
            return None
        headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in value.headers]
        head = orjson.dumps((value.status, headers))
        return Outcome("error" if value.status >= 400 else "ok", b"%b\n%b" % (head, value.body))

    def pack_error(self, error: Exception) -> Outcome | None:
        """Nothing: errors that are answers were rendered before."""
        return None

    def unpack(self, outcome: Outcome) -> Answer:
        """The answer with a header that says it was sent before."""
        head, _, body = outcome.result.partition(b"\n")
        status, headers = orjson.loads(head)
        kept = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers]
        return Answer(status, [*kept, REPLAYED], body)
