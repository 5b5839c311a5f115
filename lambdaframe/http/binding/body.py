"""Reading a request's JSON body, and giving it to the arguments that take it: validated straight from its bytes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import orjson

from lambdaframe.errors import HTTPException
from lambdaframe.http.binding.defaults import Default, default_of
from lambdaframe.http.binding.dependant import Field
from lambdaframe.http.binding.scalars import InvalidValueError
from lambdaframe.http.binding.validators import (
    Validator,
    annotated,
    build_validator,
    check_constraints,
    describe_field,
    not_json,
    used,
    validate_json,
)
from lambdaframe.signature import EMPTY, bare, members
from lambdaframe.types import Message, Receive, Scope

Errors: TypeAlias = list[dict[str, Any]]


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


def is_embedded(fields: Sequence[Field]) -> bool:
    """Whether the body is an object whose members are these fields, rather than the one field's value."""
    return len({field.name for field in fields}) > 1 or any(
        field.marked is not None and bool(field.marked.embed) for field in fields
    )


class Target(NamedTuple):
    """An argument of one of the groups that are bound."""

    group: int
    argument: str
    default: Default


class JsonBody:
    """The body of a handler and its dependencies. ``bind`` gives it to the arguments of every group."""

    def __init__(self, taken: Sequence[tuple[int, Field]]) -> None:
        """``taken``: fields, with the number of their group. Raises ConfigurationError."""
        fields = [field for _, field in taken]
        self._media = frozenset(
            field.marked.media_type.lower().encode("latin-1")
            for field in fields
            if field.marked is not None and field.marked.media_type is not None
        )
        self.groups = frozenset(group for group, _ in taken)
        merged: list[tuple[Field, list[Target]]] = []
        for group, field in taken:
            target = Target(group, field.argument, default_of(field))
            for known, targets in merged:
                if _same(known, field):
                    targets.append(target)
                    break
            else:
                merged.append((field, [target]))
        self._parts: list[_Whole] | list[_Embedded] = (
            [_Embedded(merged)] if is_embedded(fields) else [_Whole(field, targets) for field, targets in merged]
        )

    def bind(self, scope: Scope, body: bytes, arguments: Sequence[dict[str, Any]], errors: Sequence[Errors]) -> None:
        """Fill in arguments, or errors. Raises HTTPException (400, 415) for a body that can't be read at all."""
        plain = False
        if body:
            media = _content_type(scope)
            if not _is_json(media):
                if media not in self._media:
                    raise HTTPException(415, self._wanted())
                plain = True
        for part in self._parts:
            part.bind(body, arguments, errors, plain=plain)

    def _wanted(self) -> str:
        media = b" or ".join(sorted(self._media)).decode("latin-1") or "application/json"
        form = "as JSON, " if media == "application/json" else ""
        return f"Send the body {form}with the header 'content-type: {media}'."

    def warm(self) -> None:
        """Build the validators. Raises ConfigurationError."""
        for part in self._parts:
            part.warm()


def _same(one: Field, other: Field) -> bool:
    return (one.name, one.annotation, one.options) == (other.name, other.annotation, other.options)


class _Whole:
    """The document is the value."""

    def __init__(self, field: Field, targets: Sequence[Target]) -> None:
        self._targets = targets
        self._loads = field.annotation in (EMPTY, Any) and not used(field)
        self._validator = Validator(field)
        self._decode: Callable[[bytes], Any] = _loads if self._loads else self._validator.json
        self._raw = _RAW.get(bare(members(field.annotation)[0]))

    def warm(self) -> None:
        if not self._loads:
            self._validator.warm()

    def bind(self, body: bytes, arguments: Sequence[dict[str, Any]], errors: Sequence[Errors], *, plain: bool) -> None:
        if not body:
            for group, argument, default in self._targets:
                if default.required:
                    errors[group].append(missing("body"))
                else:
                    arguments[group][argument] = default.make()
            return
        try:
            raw = self._raw if plain else None
            value = self._decode(body) if raw is None else self._validator.python(raw(body))
        except InvalidValueError as exc:
            for group in {target.group for target in self._targets}:
                errors[group].extend(located(exc.errors, "body"))
            return
        for group, argument, _ in self._targets:
            arguments[group][argument] = value


class _Embedded:
    """The document is an object, and each value a member of it; other members are ignored."""

    def __init__(self, fields: Sequence[tuple[Field, list[Target]]]) -> None:
        for field, _ in fields:
            check_constraints(field)
        self._fields = fields
        self._validator: Any = None

    def warm(self) -> None:
        if self._validator is None:
            self._validator = self._build()

    def _build(self) -> Any:
        from pydantic import Field as PydanticField
        from pydantic import create_model

        for field, _ in self._fields:  # one by one, so that a message names the wrong one
            build_validator(annotated(field), describe_field(field))
        members: Any = {
            f"member_{at}": (
                Any if field.annotation is EMPTY else field.annotation,
                PydanticField(... if field.required else EMPTY, alias=field.name, **used(field)),
            )
            for at, (field, _) in enumerate(self._fields)
        }
        return create_model("Body", **members).__pydantic_validator__

    def bind(self, body: bytes, arguments: Sequence[dict[str, Any]], errors: Sequence[Errors], *, plain: bool) -> None:
        del plain  # an object can't be anything but JSON
        self.warm()
        try:
            found = validate_json(self._validator, body or b"{}")
        except InvalidValueError as exc:
            self._report(exc.errors, errors)
            return
        for at, (_, targets) in enumerate(self._fields):
            value = getattr(found, f"member_{at}")
            for group, argument, default in targets:
                arguments[group][argument] = default.make() if value is EMPTY else value

    def _report(self, found: Errors, errors: Sequence[Errors]) -> None:
        """Each error to the groups that take its member; a body that is no object has none of them."""
        for field, targets in self._fields:
            own = [error for error in found if error["loc"][:1] == [field.name]]
            if found[0]["loc"] == []:
                own = [missing(field.name)]
            for group in {target.group for target in targets}:
                errors[group].extend(located(own, "body"))


def missing(*loc: str) -> dict[str, Any]:
    """The error of a value that is required and not there."""
    return {"loc": list(loc), "msg": "Field required", "type": "missing"}


def located(errors: Errors, *loc: str) -> Errors:
    """Errors of a value, as errors of the request."""
    return [{**error, "loc": [*loc, *error["loc"]]} for error in errors]


def _content_type(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return bytes(value).partition(b";")[0].strip().lower()
    return b""


def _is_json(media: bytes) -> bool:
    """Whether it is ``application/json`` or another ``+json``.

    Without a content type it is not: a browser sends such a body across sites without asking first.
    """
    return media == b"application/json" or (media.startswith(b"application/") and media.endswith(b"+json"))


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as exc:
        raise HTTPException(400, "The body is not valid UTF-8.") from exc


def _as_is(body: bytes) -> bytes:
    return body


_RAW: Mapping[Any, Callable[[bytes], Any]] = {str: _text, bytes: _as_is}
"""What may be taken of a body that is no JSON."""


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise not_json(exc) from exc
