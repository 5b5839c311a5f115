"""``Idempotency-Key`` on HTTP routes: the first answer is kept and sent again, byte for byte.

Follows https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header (400 for a missing or malformed
key, 422 for a key with another payload, 409 while the first request is outstanding). The errors raised here are
rendered as problems where all errors are.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final, NamedTuple, TypeAlias, Unpack, cast

import orjson

from lambdaframe.concurrency import is_async_callable
from lambdaframe.errors import ConfigurationError, IdempotencyConflictError, IdempotencyKeyError, LeaseLostError
from lambdaframe.http.answers.responses import Answer
from lambdaframe.http.routing.routes import IdempotentRoute
from lambdaframe.idempotency.keys import storage_key
from lambdaframe.idempotency.policy import HOUR, Duration, OnConflict, OnExpiry, Policy, policy
from lambdaframe.idempotency.request import Fingerprint, fingerprint_of, idempotency_key
from lambdaframe.idempotency.runner import Operation, is_disabled, run_once, run_unrecorded
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.transitions import Outcome
from lambdaframe.signature import takes
from lambdaframe.types import Scope

Guard: TypeAlias = Callable[[Scope, bytes, Callable[[], Awaitable[Answer]]], Awaitable[Answer]]
"""``guard(scope, body, produce)``: the answer, made by ``produce`` or recorded before."""

Principal: TypeAlias = Callable[[Scope], str | None]

REPLAYED = (b"idempotency-replayed", b"true")

PASSING = frozenset({408, 425, 429})
"""A client's errors after which it is to try again (RFC 9110, section 15.5.9, RFC 8470, RFC 6585)."""

_SEVERAL: Final[type[Any]] = Collection

FINAL = frozenset(range(400, 500)) - PASSING


class RouteOptions(NamedTuple):
    """The options of one route, checked. ``final``: the errors that are kept."""

    policy: Policy
    required: bool
    principal: Principal
    fingerprint: Fingerprint
    final: frozenset[int]


def lambda_principal(scope: Scope) -> str | None:
    """Who the gateway's authorizer says is asking; None where there is none."""
    extensions: Any = scope.get("extensions") or {}
    who: str | None = extensions.get("lambda", {}).get("principal")
    return who


def route_options(
    operation: str,
    *,
    ttl: Duration = HOUR,
    lease: Duration | None = None,
    on_conflict: OnConflict = "wait",
    on_expiry: OnExpiry = "retry",
    required: bool = True,
    principal: Principal | None = None,
    fingerprint: Callable[[Scope, bytes], Any] | str | None = None,
    final_statuses: Collection[int] | None = None,
) -> RouteOptions:
    """See ``IdempotentRoute``. Raises ConfigurationError for one that can't be, naming the operation."""
    given: Any = required
    if not isinstance(given, bool):
        raise ConfigurationError(f"{operation}: required is True or False, not {given!r}.")
    who: Any = principal
    if who is not None and (not callable(who) or is_async_callable(who) or not takes(who, 1)):
        raise ConfigurationError(
            f"{operation}: principal is a function of the scope, not async, that gives a text or None, not {who!r}."
        )
    return RouteOptions(
        policy(operation, ttl=ttl, lease=lease, on_conflict=on_conflict, on_expiry=on_expiry),
        required,
        principal or lambda_principal,
        fingerprint_of(operation, fingerprint),
        _statuses(operation, final_statuses),
    )


def _statuses(operation: str, given: Any) -> frozenset[int]:
    if given is None:
        return FINAL
    several = isinstance(given, _SEVERAL) and not isinstance(given, str | bytes)
    wrong: list[Any] = [one for one in given if type(one) is not int or not 200 <= one <= 499] if several else [given]
    if wrong:
        raise ConfigurationError(
            f"{operation}: final_statuses are statuses from 200 to 499, such as {{404, 409}}, not {wrong[0]!r}: "
            "after a server's error the next request tries again."
        )
    return frozenset(cast("Collection[int]", given))


def http_guard(store: Store, *, app: str, operation: str, **given: Unpack[IdempotentRoute]) -> Guard:
    """A guard for one route, called after validation: requests that fail it are never recorded.

    ``app`` and ``operation`` (``POST /orders``) are part of the key, and so is the principal, so that nobody reads
    another's answer: the authorizer's unless a function of the scope is given. Where there is neither, all clients
    share their keys. ``given``: the options, see ``IdempotentRoute``. ``produce`` gives the complete answer, errors
    rendered, and raises only what nobody expected. What is kept of its answers: see ``AnswerCodec``; after any other
    one, and when ``produce`` raises, the next request tries again.

    The guard raises IdempotencyKeyError (400), IdempotencyMismatchError (422), IdempotencyConflictError (409,
    Retry-After), ResultOmittedError and StoreUnavailableError (503). Raises ConfigurationError for a mistake in the
    options.
    """
    options = route_options(operation, **given)
    once = Operation(operation, store, options.policy, AnswerCodec(options.final))

    async def guard(scope: Scope, body: bytes, produce: Callable[[], Awaitable[Answer]]) -> Answer:
        if is_disabled():
            return await run_unrecorded(produce)
        key = idempotency_key(scope["headers"])
        if key is None:
            if options.required:
                raise IdempotencyKeyError("The Idempotency-Key header is missing; this operation needs one.")
            return await produce()
        stored_as = storage_key(app, operation, _who(operation, options.principal(scope)), key)
        try:
            return await run_once(once, stored_as, options.fingerprint(scope, body), produce)
        except LeaseLostError as exc:
            raise IdempotencyConflictError(f"{operation}: another attempt took over.", retry_after=1) from exc

    return guard


def _who(operation: str, principal: Any) -> str | None:
    if principal is None or isinstance(principal, str):
        return principal
    raise ConfigurationError(f"{operation}: principal gave {type(principal).__name__}; it gives a text or None.")


class AnswerCodec:
    """An answer as one line of JSON (status and headers, latin-1 as text), then the body as it is.

    Below 400 all answers are kept. Of a client's errors those in ``final`` are, unless they say when to try again: a
    nested operation may be running elsewhere. A server's errors are not.
    """

    def __init__(self, final: frozenset[int] = FINAL) -> None:
        self._final = final

    def pack(self, value: Answer) -> Outcome | None:
        """All of it, or nothing."""
        status = value.status
        again = status >= 400 and any(name.lower() == b"retry-after" for name, _ in value.headers)
        if again or (status >= 400 and status not in self._final):
            return None
        headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in value.headers]
        head = orjson.dumps((status, headers))
        return Outcome("error" if status >= 400 else "ok", b"%b\n%b" % (head, value.body))

    def pack_error(self, error: Exception) -> Outcome | None:
        """Nothing: errors that are answers were rendered before."""
        return None

    def unpack(self, outcome: Outcome) -> Answer:
        """The answer with a header that says it was sent before."""
        head, _, body = outcome.result.partition(b"\n")
        status, headers = orjson.loads(head)
        kept = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers]
        return Answer(status, [*kept, REPLAYED], body)
