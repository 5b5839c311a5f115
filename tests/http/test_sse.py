"""Server-sent events: their bytes, as the HTML standard reads them, and the life of a stream on a real server."""

import re
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import anyio.lowlevel
import httpx2 as httpx
import pytest
import trio
import trio.testing
from fastapi import FastAPI
from fastapi import sse as theirs
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.testclient import TestClient

from docs.examples.loopback import Uvicorn
from lambdaframe.errors import ResponseValidationError
from lambdaframe.http.answers.sse import EventSourceResponse, ServerSentEvent, encode_event
from lambdaframe.types import Message, Receive, Scope, Send
from lambdaframe_adapters.testing import LambdaClient


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


# One event


class Parsed(BaseModel):
    """What a browser makes of an event."""

    data: str
    event: str = "message"
    id: str = ""


def parse(stream: bytes) -> list[Parsed]:
    """The events of a stream, by the standard's own steps, section 9.2.6."""
    found: list[Parsed] = []
    data, event, last_id = "", "", ""
    for line in re.split("\r\n|\n|\r", stream.decode()):
        if not line:
            if data:
                found.append(Parsed(data=data.removesuffix("\n"), event=event or "message", id=last_id))
            data, event = "", ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data += value + "\n"
        elif field == "event":
            event = value
        elif field == "id" and "\0" not in value:
            last_id = value
    return found


class Item(BaseModel):
    price: float = Field(serialization_alias="cost")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (ServerSentEvent("hello"), b'data: "hello"\n\n'),
        (ServerSentEvent({"a": [1, None]}), b'data: {"a":[1,null]}\n\n'),
        (ServerSentEvent(Item(price=1)), b'data: {"cost":1.0}\n\n'),
        (ServerSentEvent(b"bytes"), b'data: "bytes"\n\n'),
        (ServerSentEvent(0), b"data: 0\n\n"),
        (ServerSentEvent(raw_data="<p>hello</p>"), b"data: <p>hello</p>\n\n"),
        (ServerSentEvent(raw_data=""), b"data: \n\n"),
        (ServerSentEvent(raw_data="a\nb\r\nc\rd\n"), b"data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"),
        (ServerSentEvent(raw_data="a\u2028b\x0bc"), "data: a\u2028b\x0bc\n\n".encode()),
        (ServerSentEvent(1, event="tick", id="7", retry=0), b"event: tick\ndata: 1\nid: 7\nretry: 0\n\n"),
        (ServerSentEvent(comment="one\ntwo"), b": one\n: two\n\n"),
        (ServerSentEvent(id=""), b"id: \n\n"),
        ("hello", b'data: "hello"\n\n'),
        (None, b"data: null\n\n"),
        ([Item(price=1)], b'data: [{"cost":1.0}]\n\n'),
    ],
)
def test_the_bytes_of_an_event(item: Any, expected: bytes) -> None:
    assert encode_event(item) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "a\nb"},
        {"event": "a\rdata: x"},
        {"event": "a\0"},
        {"id": "1\r\n2"},
        {"id": "1\0"},
        {"retry": -1},
        {"retry": 1.5},
        {"retry": True},
        {"data": 1, "raw_data": "1"},
    ],
)
def test_what_would_be_another_event_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one line|milliseconds|not both"):
        ServerSentEvent(**wrong)


def test_data_that_is_no_json_is_refused() -> None:
    with pytest.raises(ResponseValidationError, match="no JSON"):
        encode_event(object())


one_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


@given(
    data=st.text(st.characters(exclude_categories=["Cs"])), event=one_line, identity=one_line, comment=st.text("a:\r\n")
)
@example(data=" leading\r\r\n\n", event=" x", identity=":", comment="\ndata: injected")
def test_a_browser_reads_what_was_written(data: str, event: str, identity: str, comment: str) -> None:
    written = encode_event(ServerSentEvent(raw_data=data, event=event, id=identity, comment=comment))
    expected = Parsed(data=re.sub("\r\n|\r", "\n", data), event=event or "message", id=identity)
    assert parse(written) == [expected]


@pytest.mark.parametrize(
    "fields",
    [
        {"data": "hello"},
        {"data": 7, "event": "tick", "id": "1", "retry": 10},
        {"raw_data": "a\n\nb\rc\r\n"},
        {"comment": "a\nb"},
        {"data": [], "comment": "empty"},
        {"retry": 5000},
        {},
    ],
)
def test_the_bytes_are_those_of_fastapi(fields: dict[str, Any]) -> None:
    app = FastAPI()

    @app.get("/", response_class=theirs.EventSourceResponse)
    async def stream() -> AsyncIterable[theirs.ServerSentEvent]:  # pyright: ignore[reportUnusedFunction]
        yield theirs.ServerSentEvent(**fields)

    assert encode_event(ServerSentEvent(**fields)).lstrip(b"\n") == TestClient(app).get("/").content.lstrip(b"\n")


# A stream


async def _stay() -> Message:
    await anyio.sleep_forever()
    raise AssertionError


async def serve(
    response: EventSourceResponse,
    *,
    method: str = "GET",
    extensions: dict[str, Any] | None = None,
    receive: Receive = _stay,
    seen: Callable[[bytes], None] | None = None,
) -> list[Message]:
    """Everything that is sent; ``seen`` is called with each part of the body. The client stays, unless ``receive``."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if seen is not None and message["type"] == "http.response.body":
            seen(message["body"])

    await response({"type": "http", "method": method, "extensions": extensions or {}}, receive, send)
    return sent


async def agen(items: Iterable[Any]) -> AsyncGenerator[Any]:
    for item in items:
        yield item


@pytest.mark.parametrize("content", [lambda: agen([1, "a"]), lambda: iter([1, "a"]), lambda: [1, "a"]])
async def test_each_item_is_a_message_of_its_own(content: Callable[[], Any]) -> None:
    start, *bodies = await serve(EventSourceResponse(content(), 201, {"x-a": "1"}))
    assert start["status"] == 201
    assert dict(start["headers"]) == {
        b"content-type": b"text/event-stream; charset=utf-8",
        b"cache-control": b"no-store",
        b"x-accel-buffering": b"no",
        b"x-a": b"1",
    }
    assert [(message["body"], message["more_body"]) for message in bodies] == [
        (b"data: 1\n\n", True),
        (b'data: "a"\n\n', True),
        (b"", False),
    ]


def test_headers_of_ones_own_win() -> None:
    assert EventSourceResponse([], headers={"Cache-Control": "no-cache"}).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("content", ["text", b"bytes", {"a": 1}, 7, None])
def test_content_that_is_no_iterator_is_refused(content: Any) -> None:
    with pytest.raises(TypeError, match="iterator of events"):
        EventSourceResponse(content)


@pytest.mark.parametrize("ping", [0, -1, float("nan")])
def test_a_ping_is_positive(ping: float) -> None:
    with pytest.raises(ValueError, match="ping"):
        EventSourceResponse([], ping=ping)


async def test_an_idle_stream_is_kept_open() -> None:
    pinged = anyio.Event()

    async def events() -> AsyncGenerator[int]:
        yield 1
        await pinged.wait()
        yield 2

    def seen(body: bytes) -> None:
        if body == b": ping\n\n":
            pinged.set()

    bodies = [message["body"] for message in (await serve(EventSourceResponse(events(), ping=0.01), seen=seen))[1:]]
    pings = bodies.count(b": ping\n\n")
    assert pings >= 1
    assert bodies == [b"data: 1\n\n", *[b": ping\n\n"] * pings, b"data: 2\n\n", b""]


@pytest.mark.parametrize(
    ("silences", "ping", "also", "expected"),
    [
        ([31], 15, {}, ["ping", "ping", "event"]),
        ([10, 10, 10], 15, {}, ["event", "event", "event"]),
        ([20, 1, 20], 15, {}, ["ping", "event", "event", "ping", "event"]),
        ([1000], None, {}, ["event"]),
        ([1000], 15, {"extensions": {"lambda": {}}}, ["event"]),
    ],
)
def test_a_ping_comes_after_each_silence(
    silences: list[float], ping: float | None, also: dict[str, Any], expected: list[str]
) -> None:
    async def events() -> AsyncGenerator[str]:
        for seconds in silences:
            await trio.sleep(seconds)
            yield "event"

    async def main() -> list[Message]:
        return await serve(EventSourceResponse(events(), ping=ping), **also)

    sent = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert [re.sub(r"\W|data", "", message["body"].decode()) for message in sent[1:-1]] == expected


async def test_when_the_client_leaves_a_waiting_iterator_is_cancelled() -> None:
    began = anyio.Event()
    log: list[str] = []

    async def events() -> AsyncGenerator[str]:
        try:
            yield "first"
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            log.append("cleaned up")

    async def leave() -> Message:
        await began.wait()
        return {"type": "http.disconnect"}

    response = EventSourceResponse(events(), background=BackgroundTask(log.append, "background"))
    sent = await serve(response, receive=leave, seen=lambda body: began.set())
    assert [message.get("body") for message in sent] == [None, b'data: "first"\n\n']
    assert log == ["cleaned up", "background"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_on_asyncio_the_clean_up_may_wait_without_a_shield() -> None:
    log: list[str] = []
    began = anyio.Event()

    async def events() -> AsyncGenerator[str]:
        try:
            yield "first"
            await anyio.sleep_forever()
        finally:
            await anyio.lowlevel.checkpoint()
            log.append("closed the connection")

    async def leave() -> Message:
        await began.wait()
        return {"type": "http.disconnect"}

    await serve(EventSourceResponse(events()), receive=leave, seen=lambda body: began.set())
    assert log == ["closed the connection"]


async def test_an_iterator_that_is_faster_than_its_client_is_closed() -> None:
    """The client leaves while ``send`` waits for it: the iterator stands at a ``yield``."""
    log: list[str] = []
    sending = anyio.Event()

    async def events() -> AsyncGenerator[str]:
        try:
            while True:
                yield "more"
        finally:
            await anyio.lowlevel.checkpoint()
            log.append("closed")

    async def leave() -> Message:
        await sending.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            sending.set()
            await anyio.sleep_forever()

    await EventSourceResponse(events())({"type": "http", "method": "GET"}, leave, send)
    assert log == ["closed"]


class Blocking:
    """An iterator whose second step is long, and says when it is in it."""

    def __init__(self, entered: Callable[[], None]) -> None:
        self.log: list[str] = []
        self._entered = entered
        self._closing = Event()

    def __iter__(self) -> "Blocking":
        return self

    def __next__(self) -> str:
        if not self.log:
            self.log.append("first")
        else:
            anyio.from_thread.run_sync(self._entered)
            self.log.append("closed in the middle" if self._closing.wait(0.1) else "second")
        return self.log[-1]

    def close(self) -> None:
        self._closing.set()
        self.log.append("closed")


async def test_a_sync_iterator_is_closed_when_the_step_it_is_in_has_ended() -> None:
    entered = anyio.Event()
    content = Blocking(entered.set)

    async def leave() -> Message:
        await entered.wait()
        return {"type": "http.disconnect"}

    await serve(EventSourceResponse(content), receive=leave)
    assert content.log == ["first", "second", "closed"]


async def test_a_server_that_says_so_when_sending_is_believed() -> None:
    """ASGI 2.4: ``send`` raises OSError when the client is gone."""
    log: list[str] = []

    async def events() -> AsyncGenerator[str]:
        try:
            yield "first"
            yield "second"
        finally:
            log.append("closed")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise BrokenPipeError

    await EventSourceResponse(events())({"type": "http", "method": "GET"}, _stay, send)
    assert log == ["closed"]


async def test_an_error_of_the_iterator_cuts_the_stream_short() -> None:
    seen: list[bytes] = []

    async def events() -> AsyncGenerator[str]:
        yield "first"
        raise LookupError("no second")

    with pytest.raises(LookupError, match="no second"):
        await serve(EventSourceResponse(events()), seen=seen.append)
    assert seen == [b'data: "first"\n\n'], "the end is not sent: the client sees that something is missing"


async def test_head_asks_for_no_event() -> None:
    async def events() -> AsyncGenerator[str]:
        raise AssertionError("asked")
        yield ""

    start, *bodies = await serve(EventSourceResponse(events()), method="HEAD")
    assert start["status"] == 200
    assert [message["body"] for message in bodies] == [b""]


# Real servers


async def countdown(scope: Scope, receive: Receive, send: Send) -> None:
    async def events() -> AsyncGenerator[Any]:
        yield ServerSentEvent(3, id="3")
        yield {"two": 2}

    await EventSourceResponse(events(), ping=0.001)(scope, receive, send)


@pytest.mark.parametrize("source", ["http_api", "rest_api", "function_url", "alb"])
def test_behind_lambda_the_events_arrive_together(source: str) -> None:
    with LambdaClient(countdown, source) as client:
        answer = client.get("/")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert parse(answer.content) == [Parsed(data="3", id="3"), Parsed(data='{"two":2}', id="3")]
    assert b"ping" not in answer.content


SERVED = """
import anyio
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from lambdaframe.http.answers.sse import EventSourceResponse

released, closed = anyio.Event(), anyio.Event()

async def events():
    try:
        yield "first"
        await released.wait()
        yield "second"
        await anyio.sleep_forever()
    finally:
        closed.set()

async def stream(request):
    return EventSourceResponse(events(), ping=None)

async def release(request):
    released.set()
    return PlainTextResponse("released")

async def wait_until_closed(request):
    await closed.wait()
    return PlainTextResponse("closed")

app = Starlette(routes=[Route("/", stream), Route("/release", release), Route("/closed", wait_until_closed)])
"""


def test_under_uvicorn_events_are_sent_as_they_come_and_the_end_is_noticed(tmp_path: Path) -> None:
    tmp_path.joinpath("main.py").write_text(SERVED)
    with Uvicorn(tmp_path) as server, httpx.Client(base_url=server.url, timeout=20) as client:
        with client.stream("GET", "/") as answer:
            lines = answer.iter_lines()
            assert next(lines) == 'data: "first"', "the second is not made yet"
            assert client.get("/release").text == "released"
            assert [next(lines), next(lines)] == ["", 'data: "second"']
        assert client.get("/closed").text == "closed", "the iterator waited for ever: it was cancelled"
        assert client.head("/").headers["content-type"].startswith("text/event-stream")
        assert server.stop() == []
