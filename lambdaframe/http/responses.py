"""What a handler returns, as the bytes of an answer.

The plain JSON answer is the hot path: orjson, two headers, two messages. Starlette's Response classes are served as
they are, and loaded only by those who import them.
"""

import sys
from collections import abc
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeGuard, cast, get_args, get_origin

import orjson

from lambdaframe.errors import ResponseValidationError
from lambdaframe.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.responses import Response

Headers: TypeAlias = list[tuple[bytes, bytes]]

JSON_TYPE = (b"content-type", b"application/json")
BODILESS = frozenset({204, 205, 304})
"""Statuses whose answer carries no content (RFC 9110, sections 15.3.5, 15.3.6, 15.4.5)."""


class Answer(NamedTuple):
    """A complete HTTP answer. Header names are lower-case, values latin-1 bytes."""

    status: int
    headers: Headers
    body: bytes


def encode_json(value: Any) -> bytes:
    """JSON bytes of a value: what orjson knows (dataclasses, datetimes, UUIDs, enums, …), pydantic models, sets and
    Decimal (as a string, so that no digit is lost).

    Raises ResponseValidationError for anything else.
    """
    try:
        return orjson.dumps(value, default=_default)
    except orjson.JSONEncodeError:
        pass
    try:  # keys that are numbers, dates, UUIDs: allowing for them would double the cost of every other answer
        return orjson.dumps(value, default=_default, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as exc:
        raise ResponseValidationError(f"The returned value is no JSON: {exc}") from exc


def _default(value: Any) -> Any:
    kind = cast("Any", type(value))
    serializer = getattr(kind, "__pydantic_serializer__", None)
    if serializer is not None:
        return serializer.to_python(value, mode="json")
    if isinstance(value, Decimal):
        return str(value)
    if kind in {set, frozenset}:
        return list(value)
    raise TypeError(f"{kind.__name__} can't be serialised")


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
    """The answer that a Response sends, collected; a stream is read to its end."""
    start: Message = {}
    chunks: list[bytes] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            chunks.append(bytes(message.get("body", b"")))

    await response(scope, receive, send)
    return Answer(start["status"], [(bytes(name), bytes(value)) for name, value in start["headers"]], b"".join(chunks))


Encoder: TypeAlias = Callable[[Any], bytes]
"""A returned value → the JSON bytes of the body."""

_OPEN: Sequence[Any] = (Any, None, object, dict, list, tuple, Mapping, Sequence)
"""Types that promise nothing about what is inside."""


def _is_open(annotation: Any) -> bool:
    """Whether every JSON value of this shape fits: ``dict[str, Any]`` does, ``dict[str, int]`` is a promise."""
    origin = get_origin(annotation)
    if origin is None:
        return any(annotation is kind for kind in _OPEN)
    arguments = get_args(annotation)
    if origin in {dict, abc.Mapping, abc.MutableMapping}:
        return arguments[0] is str and _is_open(arguments[1])
    return origin in {list, abc.Sequence, abc.Iterable} and _is_open(arguments[0])


def encoder_for(annotation: Any) -> Encoder:
    """How values are encoded whose type is declared as ``annotation``.

    A declared type is a promise: what does not fit raises ResponseValidationError, and fields that it does not name
    (of a subclass, say) are not sent. Without one, the value is encoded as it is.
    """
    if _is_open(annotation):
        return encode_json
    if hasattr(annotation, "__pydantic_serializer__") and isinstance(annotation, type):
        return _model_encoder(annotation)
    return _adapter_encoder(annotation)


def _model_encoder(model: Any) -> Encoder:
    def encode(value: Any) -> bytes:
        if not isinstance(value, model):
            value = _validated(model.model_validate, value, from_attributes=True)
        return bytes(model.__pydantic_serializer__.to_json(value))

    return encode


def _adapter_encoder(annotation: Any) -> Encoder:
    adapter: Any = None

    def encode(value: Any) -> bytes:
        nonlocal adapter
        if adapter is None:
            from pydantic import TypeAdapter

            adapter = TypeAdapter(annotation)
        return bytes(adapter.dump_json(_validated(adapter.validate_python, value, from_attributes=True)))

    return encode


def _validated(validate: Callable[..., Any], value: Any, **options: Any) -> Any:
    from pydantic import ValidationError

    try:
        return validate(value, **options)
    except ValidationError as exc:
        raise ResponseValidationError(f"The returned value does not fit its declared type: {exc}") from exc
