"""``idempotent=True`` on record consumers: a record that was done before is skipped.

Sources deliver at least once: a message comes again when its batch was retried, or when the acknowledgement was lost.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

from lambdaframe.errors import ConfigurationError, IdempotencyKeyError
from lambdaframe.idempotency.keys import canonical, encoded, payload_digest, storage_key
from lambdaframe.idempotency.policy import HOUR, Duration, OnExpiry, policy
from lambdaframe.idempotency.runner import Operation, run_once
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.transitions import Outcome
from lambdaframe.invocation import Invocation
from lambdaframe.records.record import Record

RecordCall: TypeAlias = Callable[[Record, tuple[Any, ...]], Awaitable[Any]]
"""``call(record, arguments)``: a consumer's function, called for one record."""

BusinessKey: TypeAlias = Callable[[Any], Any]
"""``key(payload)``: gives something JSON can hold. The payload is the argument that is neither the Record nor the
Invocation; the Record where there is none."""


def record_guard(
    store: Store,
    *,
    app: str,
    source: str,
    name: str | None,
    key: BusinessKey | None = None,
    ttl: Duration = HOUR,
    lease: Duration | None = None,
    on_expiry: OnExpiry = "retry",
) -> Callable[[RecordCall], RecordCall]:
    """Wrap a consumer's call so that a record that was done is skipped, and counts as done.

    The key is ``source|name|record id``, or what ``key`` gives for the payload: then two records of one order, say, are
    one operation. A record that is in work elsewhere, or whose key belongs to another body, raises
    (IdempotencyConflictError, IdempotencyMismatchError): it is reported as failed and comes again. An error of the
    consumer releases the key. No result is kept. Raises ConfigurationError for a mistake in the options.
    """
    operation = f"{source}|{name or ''}"
    options = policy(operation, ttl=ttl, lease=lease, on_conflict="reject", on_expiry=on_expiry)
    once = Operation(operation, store, options, DoneCodec())

    def wrap(call: RecordCall) -> RecordCall:
        async def guarded(record: Record, arguments: tuple[Any, ...]) -> Any:
            asked = record.id if key is None else _business_key(operation, key(_payload(record, arguments)))
            stored_as = storage_key(app, operation, None, asked)
            payload = _fingerprint(operation, record.body)
            return await run_once(once, stored_as, payload, partial(call, record, arguments))

        return guarded

    return wrap


def _payload(record: Record, arguments: tuple[Any, ...]) -> Any:
    return next((argument for argument in arguments if not isinstance(argument, Record | Invocation)), record)


def _business_key(operation: str, value: Any) -> str:
    if value is None or value == "":
        raise IdempotencyKeyError(f"{operation}: key= gave {value!r} for a record; it needs a value.")
    return _canonical(operation, value).decode()


def _fingerprint(operation: str, body: Any) -> str:
    if isinstance(body, str):
        body = encoded(body)
    if isinstance(body, bytes):
        return payload_digest(body, is_json=True)
    return payload_digest(_canonical(operation, body), is_json=False)


def _canonical(operation: str, value: Any) -> bytes:
    try:
        return canonical(value)
    except TypeError as exc:
        raise ConfigurationError(f"{operation}: this can't identify a record: {exc}.") from exc


class DoneCodec:
    """Only that a record was done."""

    def pack(self, value: Any) -> Outcome:
        """Nothing of the result."""
        return Outcome("ok", b"")

    def pack_error(self, error: Exception) -> Outcome | None:
        """Every error may be tried again."""
        return None

    def unpack(self, outcome: Outcome) -> Any:
        """None: it was skipped."""
        return None
