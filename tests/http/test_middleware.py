"""Middleware written as functions, and Starlette's own, around the application: under ASGI and in Lambda."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import ClientDisconnect

from docs.examples.loopback import Uvicorn
from lambdaframe import JSONResponse, PlainTextResponse, Request, Response, StreamingResponse
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.middleware.function import CallNext, FunctionMiddleware, MiddlewareFunction
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send

BACKENDS = ["asyncio", "trio"]
OLD, NEW = "2.3", "2.4"
"""ASGI as uvicorn speaks it, where a StreamingResponse sends from a task of its own, and as LambdaHandler does."""

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Client:
    """One request: what was sent, and a body to be received in parts. ``gone`` disconnects it."""

    def __init__(self, *body: bytes, spec: str = NEW, method: str = "GET") -> None:
        self.sent: list[Message] = []
        self.gone = anyio.Event()
        self.on_send: Callable[[Message], Awaitable[None]] | None = None
        last = len(body) - 1
        self._body = [{"type": "http.request", "body": part, "more_body": i < last} for i, part in enumerate(body)]
        self._body = self._body or [{"type": "http.request", "body": b"", "more_body": False}]
        self.scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": spec},
            "method": method,
            "path": "/",
            "query_string": b"",
            "headers": [],
        }

    async def receive(self) -> Message:
        if self._body:
            return self._body.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if self.on_send is not None:
            await self.on_send(message)

    async def ask(self, app: ASGIApp, *functions: MiddlewareFunction) -> "Client":
        for function in reversed(functions):
            app = FunctionMiddleware(app, function)
        await app(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        starts = [message for message in self.sent if message["type"] == "http.response.start"]
        assert len(starts) == 1
        return int(starts[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        parts = [message for message in self.sent if message["type"] == "http.response.body"]
        assert [bool(part.get("more_body")) for part in parts] == [True] * (len(parts) - 1) + [False]
        return b"".join(part.get("body", b"") for part in parts)


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello", headers={"x-inner": "1"})(scope, receive, send)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(await Request(scope, receive).body())(scope, receive, send)


async def nothing(request: Request, call_next: CallNext) -> Response:
    return await call_next(request)


def stream_of(*parts: bytes, **options: Any) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for part in parts:
                await anyio.lowlevel.checkpoint()
                yield part

        await StreamingResponse(chunks(), **options)(scope, receive, send)

    return app


# What it does to a response


async def test_a_response_is_changed_on_its_way_out() -> None:
    async def stamped(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert (response.status_code, response.headers["x-inner"]) == (200, "1")
        response.status_code = 203
        response.headers["x-outer"] = request.url.path
        response.set_cookie("a", "b")
        return response

    client = await Client().ask(hello, stamped)
    assert (client.status, client.body) == (203, b"hello")
    assert client.headers == {
        "content-length": "5",
        "content-type": "text/plain; charset=utf-8",
        "x-inner": "1",
        "x-outer": "/",
        "set-cookie": "a=b; Path=/; SameSite=lax",
    }
    assert len(client.sent) == 2, "a complete answer stays one"


async def test_the_first_is_the_outermost() -> None:
    order: list[str] = []

    def named(name: str) -> MiddlewareFunction:
        async def middleware(request: Request, call_next: CallNext) -> Response:
            order.append(f"{name} in")
            response = await call_next(request)
            order.append(f"{name} out")
            return response

        return middleware

    await Client().ask(hello, named("a"), named("b"))
    assert order == ["a in", "b in", "b out", "a out"]


async def test_it_may_answer_itself() -> None:
    async def closed(request: Request, call_next: CallNext) -> Response:
        return JSONResponse({"closed": True}, 503)

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    client = await Client().ask(never, closed)
    assert (client.status, client.body) == (503, b'{"closed":true}')


@pytest.mark.parametrize("app", [hello, stream_of(b"he", b"llo")], ids=["complete", "stream"])
@pytest.mark.parametrize("spec", [OLD, NEW])
async def test_the_body_can_be_read_and_replaced(app: ASGIApp, spec: str) -> None:
    async def shout(request: Request, call_next: CallNext) -> Response:
        response: Any = await call_next(request)
        body = b"".join([part async for part in response.body_iterator])
        return Response(body.upper(), response.status_code)

    assert (await Client(spec=spec).ask(app, shout)).body == b"HELLO"


@pytest.mark.parametrize("spec", [OLD, NEW])
@pytest.mark.parametrize("wrap", ["iterator", "response"])
async def test_the_body_can_be_changed_as_it_flows(spec: str, wrap: str) -> None:
    async def shout(request: Request, call_next: CallNext) -> Any:
        response: Any = await call_next(request)

        async def louder(parts: AsyncIterator[bytes]) -> AsyncIterator[str]:
            async for part in parts:
                yield part.decode().upper()

        if wrap == "response":
            return StreamingResponse(louder(response.body_iterator))
        response.body_iterator = louder(response.body_iterator)
        return response

    client = await Client(spec=spec).ask(stream_of(b"he", b"llo"), shout)
    assert client.body == b"HELLO"
    assert [message.get("body") for message in client.sent[1:]] == [b"HE", b"LLO", b""]


@pytest.mark.parametrize("spec", [OLD, NEW])
@pytest.mark.parametrize("layers", [1, 3])
async def test_a_stream_stays_a_stream(spec: str, layers: int) -> None:
    """The second part is made only after the first has reached the client, and the head before either."""
    arrived: list[Message] = []
    before: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def parts() -> AsyncIterator[bytes]:
            for part in (b"1", b"2", b"3"):
                before.append(len(arrived))
                yield part

        await StreamingResponse(parts(), media_type="text/event-stream")(scope, receive, send)

    async def arrive(message: Message) -> None:
        arrived.append(message)

    client = Client(spec=spec)
    client.on_send = arrive
    await client.ask(app, *[nothing] * layers)
    assert before == [1, 2, 3]
    assert client.body == b"123"


@pytest.mark.parametrize("spec", [OLD, NEW])
async def test_background_tasks_run_after_the_response(spec: str) -> None:
    order: list[str] = []

    async def work(name: str) -> None:
        order.append(name)

    async def arrive(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            order.append("sent")

    async def tasked(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        response.background = BackgroundTask(work, "middleware")
        return response

    for app in (
        PlainTextResponse("hello", background=BackgroundTask(work, "app")),
        stream_of(b"a", b"b", background=BackgroundTask(work, "app")),
    ):
        client = Client(spec=spec)
        client.on_send = arrive
        await client.ask(app, tasked)
        assert order == ["sent", "middleware", "app"]
        order.clear()


async def test_other_messages_pass() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.early_hint", "links": []})
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.pathsend", "path": "/tmp/x"})

    client = await Client().ask(app, nothing)
    assert [message["type"].rpartition(".")[2] for message in client.sent] == ["early_hint", "start", "pathsend"]
    assert client.sent[1]["trailers"]


async def test_trailers_pass_when_the_response_is_the_applications() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.body", "body": b"a"})
        await send({"type": "http.response.trailers", "headers": [], "more_trailers": False})

    client = await Client().ask(app, nothing)
    assert client.body == b"a"
    assert client.sent[-1]["type"] == "http.response.trailers"


@pytest.mark.parametrize("kind", ["records", "lifespan", "websocket"])
async def test_other_traffic_passes_by_untouched(kind: str) -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([scope, receive, send])

    async def never(request: Request, call_next: CallNext) -> Response:
        raise AssertionError

    client = Client()
    receive, send = client.receive, client.send
    scope = {"type": kind}
    await FunctionMiddleware(app, never)(scope, receive, send)
    assert all(a is b for a, b in zip(seen, [scope, receive, send], strict=True))


# The request


@pytest.mark.parametrize("read", ["body", "stream", "part", "not", "json"])
async def test_the_application_reads_again_what_the_middleware_has_read(read: str) -> None:
    async def reader(request: Request, call_next: CallNext) -> Response:
        if read == "body":
            assert await request.body() == b'["abc"]'
        elif read == "json":
            assert await request.json() == ["abc"]
        elif read == "stream":
            assert b"".join([part async for part in request.stream()]) == b'["abc"]'
        elif read == "part":
            async with contextlib.aclosing(request.stream()) as stream:
                assert await anext(stream) == b'["a'
        return await call_next(request)

    assert (await Client(b'["a', b"b", b'c"]').ask(echo, reader, reader)).body == b'["abc"]'


async def test_another_request_is_handed_on() -> None:
    async def other(request: Request, call_next: CallNext) -> Response:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"other", "more_body": False}

        return await call_next(Request({**request.scope, "path": "/other"}, receive))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await Response(await request.body(), headers={"x-path": request.url.path})(scope, receive, send)

    client = await Client(b"first").ask(app, other)
    assert (client.headers["x-path"], client.body) == ("/other", b"other")


async def test_another_request_with_the_same_body() -> None:
    async def other(request: Request, call_next: CallNext) -> Response:
        await request.body()
        return await call_next(Request(request.scope, request.receive))

    assert (await Client(b"fi", b"rst").ask(echo, other)).body == b"first"


@pytest.mark.parametrize("spec", [OLD, NEW])
async def test_a_disconnect_reaches_the_application(spec: str) -> None:
    ended: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def forever() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"tick"
                    await anyio.sleep(0.001)
            finally:
                ended.append("stream")

        if spec == OLD:
            await StreamingResponse(forever())(scope, receive, send)
        else:
            with pytest.raises(ClientDisconnect):
                await StreamingResponse(forever())(scope, receive, send)
        ended.append("app")

    client = Client(spec=spec)

    async def leave(message: Message) -> None:
        if len(client.sent) == 3:
            client.gone.set()
        if len(client.sent) >= 3 and spec == NEW:
            raise OSError("gone")

    client.on_send = leave
    with anyio.fail_after(5):
        if spec == OLD:
            await client.ask(app, nothing, nothing)
        else:
            with pytest.raises(OSError, match="gone"):
                await client.ask(app, nothing)
    assert ended[-1] == "app"


# Errors


class LocalError(Exception): ...


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    raise LocalError("inner")


async def test_an_error_before_the_response_comes_out_of_call_next() -> None:
    async def caught(request: Request, call_next: CallNext) -> Response:
        try:
            return await call_next(request)
        except LocalError as exc:
            return PlainTextResponse(str(exc), 500)

    client = await Client().ask(failing, caught, nothing)
    assert (client.status, client.body) == (500, b"inner")
    with pytest.raises(LocalError, match="inner"):
        await Client().ask(failing, nothing, nothing)


async def test_an_error_between_head_and_body_is_still_before_the_response() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        raise LocalError

    async def caught(request: Request, call_next: CallNext) -> Response:
        try:
            return await call_next(request)
        except LocalError:
            return Response(status_code=500)

    assert (await Client().ask(app, caught)).status == 500


@pytest.mark.parametrize("spec", [OLD, NEW])
async def test_an_error_after_the_start_cuts_the_response_short(spec: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def parts() -> AsyncIterator[bytes]:
            yield b"1"
            raise LocalError

        await StreamingResponse(parts())(scope, receive, send)

    client = Client(spec=spec)
    with pytest.raises(LocalError):
        await client.ask(app, nothing, nothing)
    assert [message.get("body") for message in client.sent] == [None, b"1"]


async def test_an_error_of_a_background_task_is_raised_after_the_response() -> None:
    async def fail() -> None:
        raise LocalError

    client = Client()
    with pytest.raises(LocalError):
        await client.ask(PlainTextResponse("hello", background=BackgroundTask(fail)), nothing)
    assert client.body == b"hello"


@pytest.mark.parametrize("app", [hello, stream_of(b"1", b"2")], ids=["complete", "stream"])
@pytest.mark.parametrize("spec", [OLD, NEW])
async def test_an_error_of_the_middleware_itself(app: ASGIApp, spec: str) -> None:
    ended: list[str] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            await anyio.lowlevel.checkpoint()
            ended.append("inner")

    async def fails(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        raise LocalError

    with pytest.raises(LocalError):
        await Client(spec=spec).ask(watched, fails)
    assert ended == ["inner"]


async def test_an_application_that_swallows_what_send_raised_hides_nothing() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(LocalError):
            await hello(scope, receive, send)

    async def fails(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        raise LocalError

    with pytest.raises(LocalError):
        await Client().ask(app, fails)


async def test_a_response_that_is_replaced() -> None:
    """An answer at hand is dropped and its application ends as ever; a stream is told that nobody listens."""
    ended: list[str] = []

    async def note(name: str) -> None:
        ended.append(name)

    async def replaced(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        return PlainTextResponse(f"was {response.status_code}")

    async def forever() -> AsyncGenerator[bytes]:
        try:
            while True:
                yield b"tick"
        finally:
            ended.append("closed")

    complete = PlainTextResponse("hello", background=BackgroundTask(note, "background"))
    assert (await Client().ask(complete, replaced)).body == b"was 200"
    assert ended == ["background"]

    for spec in (OLD, NEW):
        stream = forever()

        async def endless(scope: Scope, receive: Receive, send: Send, stream: Any = stream) -> None:
            async with contextlib.aclosing(stream):
                await StreamingResponse(stream)(scope, receive, send)

        ended.clear()
        with anyio.fail_after(5):
            assert (await Client(spec=spec).ask(endless, replaced, nothing)).body == b"was 200"
        assert ended == ["closed"]


async def test_next_is_called_once() -> None:
    async def twice(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        return await call_next(request)

    with pytest.raises(RuntimeError, match="called twice"):
        await Client().ask(hello, twice)


async def test_an_application_without_a_response() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None: ...

    with pytest.raises(RuntimeError, match="no response"):
        await Client().ask(silent, nothing)


async def test_a_body_that_ends_too_early_is_not_made_complete() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})

    client = await Client().ask(app, nothing)
    assert [message.get("more_body") for message in client.sent] == [None, True]


async def test_a_middleware_returns_a_response() -> None:
    async def forgets(request: Request, call_next: CallNext) -> Any:
        await call_next(request)

    with pytest.raises(TypeError, match=r"forgets.*returns a Response, not None"):
        await Client().ask(hello, forgets)


# Context variables, cancellation, cancel scopes

VARIABLE: ContextVar[str] = ContextVar("variable", default="unset")


@pytest.mark.parametrize("spec", [OLD, NEW])
@pytest.mark.parametrize("kind", ["complete", "stream"])
async def test_context_variables_are_seen_in_both_directions(spec: str, kind: str) -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(VARIABLE.get())
        VARIABLE.set("application")
        await (hello if kind == "complete" else stream_of(b"1", b"2"))(scope, receive, send)

    async def middleware(request: Request, call_next: CallNext) -> Response:
        token = VARIABLE.set("middleware")
        response = await call_next(request)
        seen.append(VARIABLE.get())
        VARIABLE.reset(token)
        return response

    async def outer(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        seen.append(VARIABLE.get())
        VARIABLE.set("outer")
        return response

    await Client(spec=spec).ask(app, outer, middleware)
    assert seen == ["middleware", "application", "unset"]
    assert VARIABLE.get() == "outer"


async def cancelled_while(app: ASGIApp, function: MiddlewareFunction, waiting: anyio.Event, client: Client) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(client.ask, app, function)
        with anyio.fail_after(5):
            await waiting.wait()
        group.cancel_scope.cancel()


@pytest.mark.parametrize("place", ["before", "after", "background", "middleware", "sending"])
@pytest.mark.parametrize("spec", [OLD, NEW])
async def test_a_cancellation_unwinds_both_sides(place: str, spec: str) -> None:
    waiting = anyio.Event()
    ended: list[str] = []

    async def wait(at: str) -> None:
        if at == place:
            waiting.set()
            await anyio.sleep_forever()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def parts() -> AsyncIterator[bytes]:
            yield b"1"
            await wait("after")
            yield b"2"

        try:
            await wait("before")
            await StreamingResponse(parts())(scope, receive, send)
            await wait("background")
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            ended.append("application")

    async def function(request: Request, call_next: CallNext) -> Response:
        try:
            response = await call_next(request)
            await wait("middleware")
            return response
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            ended.append("middleware")

    async def sending(message: Message) -> None:
        await wait("sending")

    client = Client(spec=spec)
    client.on_send = sending
    await cancelled_while(app, function, waiting, client)
    assert sorted(ended) == ["application", "middleware"]


@pytest.mark.parametrize("spec", [OLD, NEW])
@pytest.mark.parametrize("app", [hello, stream_of(b"he", b"llo")], ids=["complete", "stream"])
async def test_a_time_limit_around_call_next_that_holds(app: ASGIApp, spec: str) -> None:
    async def limited(request: Request, call_next: CallNext) -> Response:
        with anyio.fail_after(5):
            return await call_next(request)

    assert (await Client(spec=spec).ask(app, limited, nothing, limited)).body == b"hello"


async def test_a_time_limit_around_call_next_while_the_application_holds_one_open() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with anyio.fail_after(5):
            await stream_of(b"he", b"llo")(scope, receive, send)

    async def limited(request: Request, call_next: CallNext) -> Any:
        async with anyio.create_task_group():
            return await call_next(request)

    assert (await Client().ask(app, limited)).body == b"hello"
    assert (await Client().ask(BaseHTTPMiddleware(app, nothing), limited, nothing)).body == b"hello"


async def test_a_time_limit_around_call_next_that_passes() -> None:
    ended: list[str] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("application")

    async def limited(request: Request, call_next: CallNext) -> Response:
        with anyio.move_on_after(0.01):
            return await call_next(request)
        return Response(status_code=504)

    assert (await Client().ask(slow, nothing, limited)).status == 504
    assert ended == ["application"]


async def test_a_time_limit_of_the_application_may_hit_the_middleware() -> None:
    """As in any ASGI middleware: what happens inside ``send`` counts for who calls it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with anyio.fail_after(0.01):
            await hello(scope, receive, send)

    async def slow(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        await anyio.sleep_forever()
        raise AssertionError

    with pytest.raises(TimeoutError):
        await Client().ask(app, slow)


async def test_inner_applications_may_send_from_tasks_of_their_own() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def part(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": True})

        await send({"type": "http.response.start", "status": 200, "headers": []})
        async with anyio.create_task_group() as group:
            for letter in b"abc":
                group.start_soon(part, bytes([letter]))
        await send({"type": "http.response.body"})

    async def slow(message: Message) -> None:
        await anyio.lowlevel.checkpoint()

    client = Client()
    client.on_send = slow
    await client.ask(app, nothing, nothing)
    assert sorted(client.body) == sorted(b"abc")


async def test_call_next_in_a_task_of_the_middlewares_own() -> None:
    async def apart(request: Request, call_next: CallNext) -> Response:
        responses: list[Response] = []

        async def call() -> None:
            responses.append(await call_next(request))

        async with anyio.create_task_group() as group:
            group.start_soon(call)
        return responses[0]

    for spec in (OLD, NEW):
        assert (await Client(spec=spec).ask(stream_of(b"he", b"llo"), apart, nothing)).body == b"hello"
    with pytest.raises(BaseExceptionGroup):
        await Client().ask(failing, apart)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("spec", [OLD, NEW])
async def test_asyncios_own_time_limits(spec: str) -> None:
    async def timeout(request: Request, call_next: CallNext) -> Response:
        async with asyncio.timeout(5):
            return await call_next(request)

    async def wait_for(request: Request, call_next: CallNext) -> Response:
        return await asyncio.wait_for(_as_coroutine(call_next(request)), 5)

    async def _as_coroutine(awaitable: Awaitable[Response]) -> Response:
        return await awaitable

    async def late(request: Request, call_next: CallNext) -> Response:
        try:
            async with asyncio.timeout(0.01):
                return await call_next(request)
        except TimeoutError:
            return Response(status_code=504)

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep_forever()

    for function in (timeout, wait_for):
        assert (await Client(spec=spec).ask(stream_of(b"he", b"llo"), function, nothing)).body == b"hello"
    assert (await Client(spec=spec).ask(never, nothing, late)).status == 504


async def test_beside_starlettes_own() -> None:
    async def mark(request: Request, call_next: CallNext, name: str) -> Response:
        response = await call_next(request)
        response.headers.append("x-mark", name)
        return response

    app = BaseHTTPMiddleware(FunctionMiddleware(stream_of(b"he", b"llo"), partial(mark, name="in")), nothing)
    for spec in (OLD, NEW):
        client = await Client(spec=spec).ask(app, partial(mark, name="out"))
        assert client.body == b"hello"
        assert [value for name, value in client.sent[0]["headers"] if name == b"x-mark"] == [b"in", b"out"]


# Under a real server

SERVED = """
import anyio
from lambdaframe import App, StreamingResponse

app = App()
asked, seen = anyio.Event(), []


@app.middleware("http")
async def marked(request, call_next):
    response = await call_next(request)
    response.headers["x-marked"] = "yes"
    return response


@app.middleware("http")
async def reader(request, call_next):
    await request.body()
    return await call_next(request)


@app.get("/stream")
async def stream():
    async def parts():
        try:
            yield b"data: 1\\n\\n"
            await asked.wait()
            yield b"data: 2\\n\\n"
            await anyio.sleep_forever()
        finally:
            seen.append("closed")

    return StreamingResponse(parts(), media_type="text/event-stream")


@app.post("/more")
async def more(data: dict[str, int]) -> dict[str, int]:
    asked.set()
    return data


@app.get("/seen")
async def what():
    with anyio.move_on_after(5):
        while not seen:
            await anyio.sleep(0.01)
    return seen
"""


def test_events_arrive_one_by_one_from_uvicorn_and_end_with_the_client(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SERVED)
    with Uvicorn(tmp_path) as server, httpx.Client(base_url=server.url, timeout=10) as client:
        with client.stream("GET", "/stream") as stream:
            assert stream.headers["x-marked"] == "yes"
            parts = stream.iter_text()
            assert next(parts) == "data: 1\n\n"
            assert client.post("/more", json={"a": 1}).json() == {"a": 1}
            assert next(parts) == "data: 2\n\n"
        assert client.get("/seen").json() == ["closed"]


# Mistakes


def _sync(request: Request, call_next: CallNext) -> Response: ...  # type: ignore[empty-body]
async def _one(request: Request) -> Response: ...  # type: ignore[empty-body]
async def _three(request: Request, call_next: CallNext, more: int) -> Response: ...  # type: ignore[empty-body]
async def _generator(request: Request, call_next: CallNext) -> AsyncIterator[Response]:
    yield await call_next(request)


MISTAKES: list[tuple[Any, str]] = [
    (_sync, r"_sync.*async def.*\(request, call_next\)"),
    (_one, r"_one.*takes \(request, call_next\)"),
    (_three, "_three"),
    (_generator, "return the response"),
]


@pytest.mark.parametrize(("function", "says"), MISTAKES)
def test_mistakes_are_found_at_registration(function: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        FunctionMiddleware(hello, function)


def test_nothing_is_loaded_for_an_application_without() -> None:
    import subprocess

    code = (
        "import lambdaframe, sys; print('lambdaframe.http.middleware.turns' in sys.modules, 'starlette' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False"] * 2
