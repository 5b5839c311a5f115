"""Every exception that lambdaframe raises on purpose, flat, in one place.

A constructor takes facts and writes the sentence. The docstring says who raises it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any


class LambdaFrameError(Exception):
    """The root of all deliberate errors but HTTPException, which is an answer rather than an error."""


class ConfigurationError(LambdaFrameError):
    """Raised at registration (import time) for a mistake in the application's code."""


# Events


class EventError(LambdaFrameError):
    """The Lambda event can't be handled: the invocation fails."""


class UnknownEventError(EventError):
    """Raised by ``detect`` and ``LambdaHandler`` for an event of no known or no allowed source."""

    def __init__(self, event: Any, reason: str | None = None) -> None:
        keys: Sequence[str] = []
        seen = f"a value of type {type(event).__name__}"
        if hasattr(event, "keys"):
            keys = sorted(map(str, event))
            seen = f"an object with the keys {keys}"
        super().__init__(f"{reason or 'No source matches this event'}; the event is {seen}.")
        self.keys = keys


class SourceNotAllowedError(UnknownEventError):
    """Raised by ``LambdaHandler`` for an event of a source that its ``sources=`` leaves out."""

    def __init__(self, event: object, source: str, allowed: Iterable[str]) -> None:
        super().__init__(event, f"An event of source {source!r} is not accepted here; allowed are {sorted(allowed)}")
        self.source = source


class OriginNotAllowedError(UnknownEventError):
    """Raised by ``LambdaHandler`` for an event from an API, account or ARN that its ``allow=`` leaves out."""

    def __init__(self, event: Any, source: str, identities: Collection[str], allowed: Iterable[str]) -> None:
        seen = f"from {list(identities)}" if identities else "that does not say where it is from"
        super().__init__(event, f"An event of source {source!r} {seen} is not accepted; allowed are {sorted(allowed)}")
        self.source = source
        self.identities = tuple(identities)


class MalformedEventError(EventError):
    """Raised by a source's module when the event is of its kind but a part that it needs is missing or wrong.

    For an HTTP source the answer is a 400; for a stream of records the invocation fails, so that nothing is lost.
    """


class EventFailedError(EventError):
    """Raised by ``LambdaHandler`` for an event that asks for no answer, when records of it are not done: the invocation
    fails after all were tried, and Lambda delivers the whole event again.

    ``failed``: pairs of a record's id and the class name of what its handler raised, which was logged. ``unfinished``:
    ids of records that the time was too short for. The cause is the first of the errors.
    """

    def __init__(self, source: str, total: int, failed: Sequence[tuple[str, str]], unfinished: Sequence[str]) -> None:
        named = [f"{key!r} ({kind})" for key, kind in failed] + [f"{key!r} (not finished)" for key in unfinished]
        more = f" and {len(named) - 20} more" if len(named) > 20 else ""
        super().__init__(
            f"{len(named)} of {total} records of this {source} event are not done: {', '.join(named[:20])}{more}."
        )
        self.failed = tuple(failed)
        self.unfinished = tuple(unfinished)


class BatchFailedError(EventError):
    """Raised by ``LambdaHandler(on_failure="raise")`` when records of a batch are not done: Lambda delivers the whole
    batch again. ``answer`` is the partial batch answer that was not given."""

    def __init__(self, source: str, answer: Mapping[str, Any]) -> None:
        count = len(answer["batchItemFailures"])
        super().__init__(f"{count} item{'s' if count != 1 else ''} of this {source} batch would be reported as failed.")
        self.answer = answer


# HTTP


def _phrase(status: int) -> str:
    from http import HTTPStatus

    return HTTPStatus(status).phrase


class HTTPException(Exception):  # noqa: N818  the name that users of FastAPI and Starlette know
    """Raise it in a route or dependency to answer with this status; the body is RFC 9457 problem+json.

    ``detail`` is the problem's ``detail`` sentence. A mapping is merged into the problem instead, so that it can set
    ``type``, ``title`` and extension members. It is no subclass of Starlette's exception of the same name, because
    importing that one loads ``http.client`` and ``email``; Starlette's is answered in the same way.
    """

    def __init__(self, status_code: int, detail: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status_code, detail)
        self.status_code = status_code
        self.detail: Any = _phrase(status_code) if detail is None else detail
        self.headers = headers

    def __str__(self) -> str:
        return f"{self.status_code}: {self.detail}"


class RequestValidationError(LambdaFrameError):
    """Raised before the handler is called when parameters or body do not fit the signature: a 422 with all errors.

    Each error is ``{"loc": [...], "msg": str, "type": str}``; ``loc`` starts with ``path``, ``query``, ``header``,
    ``cookie`` or ``body``.
    """

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(f"{len(errors)} validation error{'s' if len(errors) != 1 else ''} in the request")
        self._errors = errors

    def errors(self) -> Sequence[Mapping[str, Any]]:
        """The errors, in the order path, query, header, cookie, body."""
        return self._errors


class NoMatchFoundError(LambdaFrameError, LookupError):
    """Raised by ``url_path_for`` when no route has this name and these parameters.

    ``reasons`` has a sentence for each route of that name. It is no subclass of Starlette's ``NoMatchFound``, because
    importing that one loads Starlette's router.
    """

    def __init__(self, name: str, params: Iterable[str], reasons: Iterable[str]) -> None:
        why = "; ".join(reasons) or "there is none of that name"
        super().__init__(f"No route {name!r} takes the parameters {sorted(params)}: {why}.")
        self.name = name


class RequestTimeoutError(LambdaFrameError):
    """Raised where a route took longer than its ``timeout``: a 504."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"There was no answer within {seconds:g} s.")
        self.seconds = seconds


class ResponseValidationError(LambdaFrameError):
    """Raised when what a handler returned does not fit its return annotation or can't be serialised: a 500."""


class UnsafeHeaderError(LambdaFrameError, ValueError):
    """Raised by a source's ``response`` for a header that could split the response: a 500, nothing of it is sent."""

    def __init__(self, name: bytes, reason: str) -> None:
        super().__init__(f"The response header {name[:80]!r} is not sent: {reason}.")
        self.name = name


# Records


class NoConsumerError(LambdaFrameError):
    """Raised when a batch arrives for which no consumer is registered: the invocation fails, nothing is lost."""

    def __init__(self, source: str, name: str | None, known: Iterable[str]) -> None:
        super().__init__(f"No consumer for {source} {name!r}; registered are {sorted(known) or 'none'}.")
        self.source = source
        self.name = name


class AmbiguousEventError(LambdaFrameError):
    """A single event that two handlers take, neither of which is the more specific: it fails, and neither is called.

    Registration refuses two such handlers. It can't see that a field of an event will hold several values.
    """

    def __init__(self, source: str, seen: str, handlers: Iterable[str]) -> None:
        super().__init__(
            f"Several handlers take {source} {seen}: {', '.join(handlers)}. Make the pattern of one more specific."
        )


class PoisonRecordError(LambdaFrameError):
    """A record whose payload can't be read or does not fit the consumer's type. It fails before the handler runs."""


class PermanentError(LambdaFrameError):
    """Raise it in a consumer when no retry will mend what is wrong: the record goes to its ``dead_letter``."""


class DropRecordError(LambdaFrameError):
    """Raise it in a consumer when a record needs nothing done: it is logged, and counts as done."""


class NotInStreamError(LambdaFrameError, LookupError):
    """Raised by a ``RecordStream`` for an answer to a record that is not waiting for one."""

    def __init__(self, record: object, reason: str) -> None:
        super().__init__(f"{record!r} can't be answered: {reason}.")


class DeadLetterError(LambdaFrameError):
    """Raised by a dead-letter queue that can't take a record: the record is reported as failed, and comes again."""


# Life cycle


class LifespanError(LambdaFrameError):
    """Raised when the application's start-up failed; it is tried again at the next invocation."""


class NoInvocationError(LambdaFrameError, LookupError):
    """Raised by ``current_invocation`` outside a request, record or event."""

    def __init__(self) -> None:
        super().__init__("There is no current invocation: this code runs outside a request, record or event.")


# Idempotency


class IdempotencyError(LambdaFrameError):
    """The root of the idempotency errors."""


class IdempotencyKeyError(IdempotencyError):
    """Raised when the key is missing or malformed: HTTP 400."""


class IdempotencyMismatchError(IdempotencyError):
    """Raised when a key comes back with another payload: HTTP 422. Nothing is executed or changed."""


class IdempotencyConflictError(IdempotencyError):
    """Raised when the same operation is still running elsewhere: HTTP 409 with Retry-After."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds until the running attempt's lease ends at the latest."""


class ResultOmittedError(IdempotencyError):
    """Raised on a replay when the first result could not be stored. The operation is done and is not run again."""


class NoLeaseError(IdempotencyError, LookupError):
    """Raised by ``current_lease`` outside an idempotent operation and outside a lock."""

    def __init__(self) -> None:
        super().__init__("There is no lease: this code runs outside an idempotent operation and holds no lock.")


class LeaseLostError(IdempotencyError):
    """Raised when another attempt took over while this one was running: its result is not the recorded one. Raised in
    the body of a lock, too, as soon as it is known that the lock is no longer held."""


class LockTimeoutError(IdempotencyError, TimeoutError):
    """Raised by a lock that somebody else held for as long as the caller would wait. ``name`` is the lock's."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"The lock {name!r} was held by somebody else for {seconds:g} s.")
        self.name = name


class StoreUnavailableError(IdempotencyError):
    """Raised by a store that can't be reached, or does not answer in time: HTTP 503. The cause is the client's error.

    Raised by ``acquire`` it means that nothing was run.
    """

    def __init__(self, store: str, move: str, cause: BaseException) -> None:
        super().__init__(f"{store} could not {move}: {type(cause).__name__}: {cause}")
