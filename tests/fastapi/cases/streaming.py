"""Streams: JSON lines, server-sent events, data."""

# mypy: disable-error-code="no-untyped-def"
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# What a route declares to return changes what it answers: only some are to declare it.

from collections.abc import AsyncIterable, Iterable

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from tests.fastapi.checklist import case, different, get, not_offered, same

GENERATOR = "A route returns once. Return a StreamingResponse"


class Item(BaseModel):
    name: str


@case(
    "Stream JSON Lines",
    not_offered(
        "A route that yields sends JSON lines.",
        get("/"),
        refused="is a generator",
        because=f"{GENERATOR} with `media_type='application/jsonl'` over a generator.",
    ),
)
def json_lines() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read() -> AsyncIterable[Item]:
        yield Item(name="a")

    return app


@case(
    "Stream JSON Lines",
    same("A StreamingResponse over a generator sends them.", get("/")),
)
def json_lines_response() -> FastAPI:
    app = FastAPI()

    async def lines() -> AsyncIterable[str]:
        for name in "ab":
            yield Item(name=name).model_dump_json() + "\n"

    @app.get("/")
    async def read():
        return StreamingResponse(lines(), media_type="application/jsonl")

    return app


@case(
    "Stream Data",
    not_offered(
        "A route with `response_class=StreamingResponse` yields its chunks.",
        get("/"),
        refused="is a generator",
        because=f"{GENERATOR}.",
    ),
)
def data() -> FastAPI:
    app = FastAPI()

    @app.get("/", response_class=StreamingResponse)
    def read() -> Iterable[bytes]:
        yield b"a"
        yield b"b"

    return app


@case(
    "Server-Sent Events",
    not_offered(
        "A route with `response_class=EventSourceResponse` yields its events.",
        get("/"),
        refused="is a generator",
        because="A route returns once. Return an EventSourceResponse over a generator.",
    ),
)
def events() -> FastAPI:
    from fastapi.sse import EventSourceResponse

    app = FastAPI()

    @app.get("/", response_class=EventSourceResponse)
    async def read() -> AsyncIterable[Item]:
        yield Item(name="a")

    return app


@case(
    "Server-Sent Events",
    different(
        "An EventSourceResponse that is returned sends text that is ready.",
        get("/"),
        fastapi=(200, "data: 1\n\n"),
        ours=(200, 'data: "data: 1\\n\\n"\n\n'),
        because="It makes the events: of values, or of ServerSentEvents with a name, an id, a comment.",
    ),
)
def returned_events() -> FastAPI:
    from fastapi.sse import EventSourceResponse

    app = FastAPI()

    async def text() -> AsyncIterable[str]:
        yield "data: 1\n\n"

    @app.get("/")
    async def read():
        return EventSourceResponse(text())

    return app
