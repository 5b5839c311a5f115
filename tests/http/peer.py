"""One request, bound by lambdaframe and answered by FastAPI: the values, or the errors, that come out of it."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import anyio
import fastapi
import orjson
from pydantic import BaseModel
from starlette.datastructures import UploadFile as StarletteUploadFile
from starlette.requests import Request

from lambdaframe.errors import RequestValidationError
from lambdaframe.http.binding import parameters
from lambdaframe.http.binding.binder import Binder
from lambdaframe.http.binding.reading import read_dependant
from lambdaframe.http.binding.uploads import UploadFile
from lambdaframe.types import ASGIApp, Message

Marks = Any
"""A namespace with ``Query``, ``Path``, … and ``UploadFile``: ours or FastAPI's."""

Make = Callable[[Marks], Callable[..., Any]]
"""Makes a handler with these marks. It is never called."""


class Ours:
    """Our marks, under the names that FastAPI gives to its own."""

    UploadFile = UploadFile
    Path, Query, Header, Cookie = parameters.Path, parameters.Query, parameters.Header, parameters.Cookie
    Body, Form, File, Depends = parameters.Body, parameters.Form, parameters.File, parameters.Depends


class Asked(NamedTuple):
    """A request."""

    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    path: Mapping[str, str] = {}

    @property
    def scope(self) -> dict[str, Any]:
        """As a server gives it."""
        return {
            "type": "http",
            "method": "POST",
            "path": "/" + "/".join(self.path.values()),
            "root_path": "",
            "path_params": dict(self.path),
            "query_string": self.query.encode("latin-1"),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers],
        }

    async def receive(self) -> Message:
        """The body, at once."""
        return {"type": "http.request", "body": self.body}


NOTHING = Asked()
"""A request without any value."""


def json_body(document: Any) -> Asked:
    """A request with this document, or these bytes, as its JSON body."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return Asked(headers=[("content-type", "application/json")], body=body)


def bind(function: Callable[..., Any], asked: Asked = NOTHING) -> dict[str, Any]:
    """The function's keyword arguments. Raises what the binder raises."""
    binder = Binder([read_dependant(function, set(asked.path)).fields])
    return anyio.run(_bind_form, binder, asked) if binder.takes_form else binder.one(asked.scope, asked.body)


async def _bind_form(binder: Binder, asked: Asked) -> dict[str, Any]:
    async with Request(asked.scope, asked.receive).form() as form:
        bound = binder.bind(asked.scope, None, await binder.load(form))
        if any(bound.errors):
            raise RequestValidationError(bound.errors[0])
        return {name: plain(value) for name, value in bound.arguments[0].items()}


def plain(value: Any) -> Any:
    """A value that can be compared: of a file its name and content."""
    if isinstance(value, StarletteUploadFile):
        return value.filename, value.content_type, value.file.read()
    if type(value) in {list, tuple, set}:
        return type(value)(map(plain, value))
    if isinstance(value, BaseModel):
        return {name: plain(item) for name, item in {**dict(value), **(value.model_extra or {})}.items()}
    return value


def ours(make: Make, asked: Asked) -> Any:
    """The values, or the errors' locations, types and messages."""
    try:
        return bind(make(Ours), asked)
    except RequestValidationError as exc:
        return [(error["loc"], error["type"], error["msg"]) for error in exc.errors()]


def theirs(make: Make, asked: Asked) -> Any:
    """What FastAPI makes of it, in the same form."""
    seen: list[dict[str, Any]] = []

    def recorded(**values: Any) -> None:
        seen.append({name: plain(value) for name, value in values.items()} if forms else values)

    forms = b"form" in dict(asked.scope["headers"]).get(b"content-type", b"")
    recorded.__signature__ = inspect.signature(make(fastapi))  # type: ignore[attr-defined]  # what FastAPI reads
    app = fastapi.FastAPI()
    app.post("/" + "/".join(f"{{{name}}}" for name in asked.path))(recorded)
    answer = anyio.run(_answered, app, asked)
    return seen[0] if seen else [(error["loc"], error["type"], error["msg"]) for error in answer["detail"]]


async def _answered(app: ASGIApp, asked: Asked) -> Any:
    body = bytearray()

    async def send(message: Message) -> None:
        body.extend(message.get("body", b""))

    await app(asked.scope, asked.receive, send)
    return orjson.loads(body)
