"""``idempotent=True`` on record consumers: a record that was done before is skipped.

Sources deliver at least once: a message comes again when its batch was retried, or when the acknowledgement was lost.
The engine reports what is raised here as a failed record, so it comes again: one that is in work elsewhere, one whose
key belongs to another body, and each one while the store can't be reached.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

from lambdaframe.errors import ConfigurationError, IdempotencyKeyError
from lambdaframe.idempotency.keys import canonical, encoded, payload_digest, storage_key
from lambdaframe.idempotency.policy import HOUR, Duration, OnExpiry, policy
from lambdaframe.idempotency.runner import Operation, is_disabled, run_once, run_unrecorded
from lambdaframe.idempotency.store import Store
from lambdaframe.idempotency.transitions import Outcome
from lambdaframe.invocation import Invocation, current
from lambdaframe.records.record import Record

RecordCall: TypeAlias = Callable[[Record, tuple[Any, ...]], Awaitable[Any]]
"""``call(record, arguments)``: a consumer's function, called for one record."""

BusinessKey: TypeAlias = Callable[[Any], Any]
"""``key(payload)``: gives something JSON can hold, or what ``is_missing`` for none. The payload is the argument that is
neither the Record nor the Invocation; the Record where there is none."""


def record_guard(
    store: Store,
    *,
    app: str,
    source: str,
    name: str | None,
    key: BusinessKey | str | None = None,
    ttl: Duration = HOUR,
    lease: Duration | None = None,
    on_expiry: OnExpiry = "retry",
) -> Callable[[RecordCall], RecordCall]:
    """Wrap a consumer's call so that a record that was done is skipped, and counts as done.

    The key is ``source|name|record id`` (of a consumer for any stream with the stream's ARN for its name), or what
    ``key`` gives for the payload, a function or a JMESPath expression over the payload's JSON: then two records of one
    order, say, are one operation. Raises IdempotencyConflictError for a record that is in work elsewhere,
    IdempotencyMismatchError for a key of another body, IdempotencyKeyError where ``key`` finds none,
    StoreUnavailableError. An error of the consumer releases the key. No result is kept. Raises ConfigurationError for a
    mistake in the options.
    """
    operation = f"{source}|{name or ''}"
    options = policy(operation, ttl=ttl, lease=lease, on_conflict="reject", on_expiry=on_expiry)
    once = Operation(operation, store, options, DoneCodec())
    business_key = _searching(operation, key) if isinstance(key, str) else key

    def wrap(call: RecordCall) -> RecordCall:
        async def guarded(record: Record, arguments: tuple[Any, ...]) -> Any:
            todo = partial(call, record, arguments)
            if is_disabled():
                return await run_unrecorded(todo)
            if business_key is None:
                asked = _record_id(record, name)
            else:
                asked = _text(operation, business_key(_payload(record, arguments)))
            stored_as = storage_key(app, operation, None, asked)
            return await run_once(once, stored_as, _fingerprint(operation, record.body), todo)

        return guarded

    return wrap


def _record_id(record: Record, name: str | None) -> str:
    """The record's id; of a consumer for any stream with the stream's ARN, because ids are unique within one only."""
    if name is not None:
        return record.id
    invocation = current.get(None)
    arn = None if invocation is None else invocation.arn
    return f"{arn or ''}|{record.id}"


def _payload(record: Record, arguments: tuple[Any, ...]) -> Any:
    return next((argument for argument in arguments if not isinstance(argument, Record | Invocation)), record)


def _searching(operation: str, text: str) -> BusinessKey:
    from lambdaframe.idempotency.expressions import as_json, expression

    compiled = expression(operation, text)

    def search(payload: Any) -> Any:
        try:
            value = as_json(payload)
        except TypeError as exc:
            raise ConfigurationError(f"{operation}: key={text!r} can't be looked for: {exc}.") from exc
        return compiled.search(value)

    return search


def _text(operation: str, value: Any) -> str:
    from lambdaframe.idempotency.expressions import is_missing

    if is_missing(value):
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
