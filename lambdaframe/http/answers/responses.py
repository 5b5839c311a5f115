"""Answers: a complete one as data, and JSON as its bytes.

The plain JSON answer is the hot path: orjson, two headers, two messages. Starlette's Response classes are served as
they are, and loaded only by those who import them.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeGuard, cast

import orjson

from lambdaframe.errors import ResponseValidationError
from lambdaframe.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.responses import Response

_UTC_AS_Z = orjson.OPT_UTC_Z
_ANY_KEYS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS

Headers: TypeAlias = list[tuple[bytes, bytes]]

JSON_TYPE = (b"content-type", b"application/json")
_BY_PATH = "http.response.pathsend"
"""An extension by which a server sends a file by itself: https://asgi.readthedocs.io/en/latest/extensions.html#path-send"""

BODILESS = frozenset({204, 205, 304})
"""Statuses whose answer carries no content (RFC 9110, sections 15.3.5, 15.3.6, 15.4.5)."""


class Answer(NamedTuple):
    """A complete HTTP answer. Header names are lower-case, values latin-1 bytes."""

    status: int
    headers: Headers
    body: bytes


def encode_json(value: Any) -> bytes:
    """JSON bytes of a value, in the forms of pydantic's JSON mode.

    Models, dataclasses, enums, dates, UUIDs, named tuples, sets, deques, generators, paths and IP addresses may be
    anywhere in it. Decimals are strings, so that no digit is lost; durations are ISO 8601; bytes are UTF-8 text; NaN
    and the infinities, which JSON has not, are null; keys become strings.

    Raises ResponseValidationError for what has no such form.
    """
    try:
        return orjson.dumps(value, _default, _UTC_AS_Z)
    except orjson.JSONEncodeError:
        pass
    try:  # keys that are numbers, dates, UUIDs: allowing for them would double the cost of every other answer
        return orjson.dumps(value, _default, _ANY_KEYS)
    except orjson.JSONEncodeError:
        return _encode_slowly(value)


def _encode_slowly(value: Any) -> bytes:
    """What orjson can't write, or not in two tries: iterators, integers above 64 bits, times with a time zone."""
    from pydantic_core import to_json

    try:
        return to_json(value, by_alias=True, inf_nan_mode="null")
    except ValueError as exc:
        raise ResponseValidationError(f"The returned value is no JSON: {exc}") from exc


def to_jsonable(value: Any) -> Any:
    """The value as ``encode_json`` would write it: of dicts, lists, strings, numbers, booleans and None.

    Raises ResponseValidationError as ``encode_json`` does.
    """
    from pydantic_core import to_jsonable_python

    try:
        return to_jsonable_python(value, by_alias=True, inf_nan_mode="null")
    except ValueError as exc:
        raise ResponseValidationError(f"The returned value is no JSON: {exc}") from exc


def _default(value: Any) -> Any:
    """An object that orjson does not know, as one that it does."""
    kind = cast("Any", type(value))
    serializer = getattr(kind, "__pydantic_serializer__", None)
    if serializer is not None:
        return serializer.to_python(value, mode="json", by_alias=True)
    if kind.__name__ == "Decimal" and kind.__module__ == "decimal":  # not loaded to find out
        return str(value)
    if kind in {set, frozenset}:
        return list(value)
    if hasattr(kind, "__fspath__"):  # pydantic knows Path alone
        return value.__fspath__()
    if hasattr(kind, "__next__"):  # a second try would find it empty
        raise TypeError("An iterator is read once")
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, by_alias=True, inf_nan_mode="null")


def json_answer(status: int, body: bytes) -> Answer:
    """An answer with this JSON, without content where the status has none."""
    if status in BODILESS:
        return Answer(status, [], b"")
    return Answer(status, [JSON_TYPE, (b"content-length", b"%d" % len(body))], body)


def is_response(value: object) -> "TypeGuard[Response]":
    """Whether it is a Starlette Response; Starlette is not loaded to find out."""
    module = sys.modules.get("starlette.responses")
    return module is not None and isinstance(value, module.Response)


async def send_answer(answer: Answer, send: Send) -> None:
    """Send a complete answer as ASGI's two messages."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def capture(response: "Response", scope: Scope, receive: Receive) -> Answer:
    """The answer that a Response sends, collected; a stream is read to its end, whether the client waits or not."""
    start: Message = {}
    chunks: list[bytes] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            chunks.append(bytes(message.get("body", b"")))

    async def patient() -> Message:
        message = await receive()
        if message["type"] == "http.disconnect":
            from anyio import sleep_forever

            await sleep_forever()
        return message

    offered: Mapping[str, Any] = scope.get("extensions") or {}
    extensions = {name: value for name, value in offered.items() if name != _BY_PATH}
    await response({**scope, "extensions": extensions}, patient, send)
    return Answer(start["status"], [(bytes(name), bytes(value)) for name, value in start["headers"]], b"".join(chunks))
