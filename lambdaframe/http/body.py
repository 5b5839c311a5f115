"""Reading and decoding a request's JSON body: validated straight from its bytes."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import orjson

from lambdaframe.errors import HTTPException
from lambdaframe.http.scalars import InvalidValueError, plain_errors
from lambdaframe.signature import EMPTY
from lambdaframe.types import Message, Receive, Scope

Decode: TypeAlias = Callable[[bytes], Any]


async def read_body(receive: Receive) -> bytes:
    """All bytes of the body. Raises HTTPException(400) when the client goes away before its end."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return bytes(message.get("body", b""))
    chunks: list[bytes] = []
    while True:
        if message["type"] == "http.disconnect":
            raise HTTPException(400, "The client disconnected before the end of the body.")
        chunks.append(bytes(message.get("body", b"")))
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives an already read body again, then whatever comes after it."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again


def is_json(scope: Scope) -> bool:
    """Whether the content type is ``application/json`` or another ``+json``.

    Without a content type it is not: a browser sends such a body across sites without asking first.
    """
    for name, value in scope["headers"]:
        if name == b"content-type":
            media: bytes = bytes(value).partition(b";")[0].strip().lower()
            return media == b"application/json" or (media.startswith(b"application/") and media.endswith(b"+json"))
    return False


def decoder_for(annotation: Any) -> Decode:
    """A function from JSON bytes to a value of this type.

    It raises HTTPException(400) for bytes that are no JSON, InvalidValueError for JSON that does not fit.
    """
    if annotation in (EMPTY, Any):
        return _loads
    if isinstance(annotation, type) and hasattr(annotation, "__pydantic_validator__"):
        return _validating(partial(getattr, annotation, "__pydantic_validator__"))
    return _validating(lambda: _adapter(annotation))


def _adapter(annotation: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(annotation)


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise _not_json(exc) from exc


def _validating(build: Callable[[], Any]) -> Decode:
    validator: Any = None

    def decode(body: bytes) -> Any:
        nonlocal validator
        from pydantic import ValidationError

        if validator is None:
            validator = build()
        try:
            return validator.validate_json(body)
        except ValidationError as exc:
            errors = plain_errors(exc)
            if errors[0]["type"] == "json_invalid":
                raise _not_json(errors[0]["msg"]) from exc
            raise InvalidValueError(errors) from exc

    return decode


def _not_json(reason: object) -> HTTPException:
    return HTTPException(400, f"The body is not valid JSON: {reason}")
