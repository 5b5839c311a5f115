"""Errors as answers: RFC 9457 problem details, ``application/problem+json``.

A problem says what the client may know. What went wrong inside is the log's.

Specification: https://www.rfc-editor.org/rfc/rfc9457
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from lambdaframe.errors import (
    HTTPException,
    IdempotencyConflictError,
    IdempotencyKeyError,
    IdempotencyMismatchError,
    LockTimeoutError,
    RequestTimeoutError,
    RequestValidationError,
    ResultOmittedError,
    StoreUnavailableError,
)
from lambdaframe.http.answers.responses import BODILESS, Answer, Headers, encode_json

PROBLEM_TYPE = (b"content-type", b"application/problem+json")

_STATUS_OF: Mapping[type[Exception], int] = {
    IdempotencyKeyError: 400,
    IdempotencyMismatchError: 422,
    IdempotencyConflictError: 409,
    ResultOmittedError: 409,
    RequestTimeoutError: 504,
    LockTimeoutError: 503,
    StoreUnavailableError: 503,
}


def problem(status: int, detail: Any = None, headers: Mapping[str, str] | None = None, **extensions: Any) -> Answer:
    """A problem answer. ``detail`` is a sentence; a mapping is merged into the problem's members instead."""
    title = phrase(status) or "Error"
    members: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if isinstance(detail, Mapping):
        members.update(cast("Mapping[str, Any]", detail))
    elif detail is not None and detail != title:
        members["detail"] = detail if isinstance(detail, str) else encode_json(detail).decode()
    members.update(extensions)
    extra: Headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()
    ]
    if status in BODILESS:
        return Answer(status, extra, b"")
    body = encode_json(members)
    return Answer(status, [PROBLEM_TYPE, (b"content-length", b"%d" % len(body)), *extra], body)


_RENAMED: Mapping[int, str] = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""RFC 9110's names, which the standard library has only since Python 3.13: an answer must not depend on that."""


def phrase(status: int) -> str | None:
    """What a status is called; None for one that RFC 9110 and its registry do not know."""
    if status in _RENAMED:
        return _RENAMED[status]
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return None


def problem_of(exc: Exception) -> Answer | None:
    """The problem that stands for this exception, or None when it is an unexpected one.

    Starlette's own HTTPException is known by its shape, so that Starlette need not be loaded.
    """
    if isinstance(exc, HTTPException) or is_starlette_http(exc):
        known = cast("HTTPException", exc)  # Starlette's has the same attributes
        return problem(known.status_code, known.detail, known.headers)
    if isinstance(exc, RequestValidationError):
        return _validation_problem(exc.errors())
    status = _STATUS_OF.get(type(exc))
    if status is None:
        return None
    if isinstance(exc, StoreUnavailableError):  # its text names hosts
        return problem(status, "What keeps the results of this operation can't be reached.", {"retry-after": "1"})
    if isinstance(exc, LockTimeoutError):
        return problem(status, "What this operation needs is in use; try again.", {"retry-after": "1"})
    headers = (
        {"retry-after": str(max(1, round(exc.retry_after)))} if isinstance(exc, IdempotencyConflictError) else None
    )
    return problem(status, str(exc), headers)


_MOST_ERRORS = 100
_LONGEST_NAME = 100
_LONGEST_MESSAGE = 1000
"""Characters. A client chooses how many errors there are and, in an object, what the names are: a small request must
not have an answer that is too large to be sent."""


def _validation_problem(errors: Sequence[Mapping[str, Any]]) -> Answer:
    detail = "The request does not fit what this operation takes."
    if len(errors) > _MOST_ERRORS:
        detail += f" The first {_MOST_ERRORS} of {len(errors)} errors are listed."
    listed = [{name: _cut(value) for name, value in error.items()} for error in errors[:_MOST_ERRORS]]
    return problem(422, detail, errors=listed)


def _cut(value: Any, most: int = _LONGEST_MESSAGE) -> Any:
    """A text of at most so many characters, or a list of names; anything else as it is."""
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[:most]}…"
    if isinstance(value, list | tuple):
        return [_cut(part, _LONGEST_NAME) for part in cast("Sequence[Any]", value)]
    return value


def is_starlette_http(given: Exception | type[Exception]) -> bool:
    """Whether it is Starlette's HTTPException, or one of its subclasses."""
    kind = given if isinstance(given, type) else type(given)
    return any(c.__name__ == "HTTPException" and c.__module__ == "starlette.exceptions" for c in kind.__mro__)
