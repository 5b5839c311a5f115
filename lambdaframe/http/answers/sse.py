"""Server-sent events: a response that lives as long as its events, or its client.

Specification: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import anyio
from anyio.lowlevel import checkpoint
from anyio.to_thread import run_sync
from starlette.responses import StreamingResponse

from lambdaframe.concurrency import on_asyncio
from lambdaframe.http.answers.responses import encode_json
from lambdaframe.types import Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.background import BackgroundTask

_PING = b": ping\n\n"
_END: Any = object()


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event. Give it as ``data`` or ``raw_data``; without either it only carries what else is set.

    ``data``: anything that can be JSON, and is sent as such: ``"hello"`` arrives with its quotes. ``raw_data``: text
    that is sent as it is, of any number of lines. ``event``: the name that the client listens to, else ``message``.
    ``id``: what a client that comes back names in its ``Last-Event-ID`` header. ``retry``: after how many milliseconds
    it comes back. ``comment``: for readers of the stream; clients skip it.

    Raises ValueError for a name or id that is not one line, and for a negative ``retry``.
    """

    data: Any = None
    _: KW_ONLY
    raw_data: str | None = None
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("event", self.event), ("id", self.id)):
            if value is not None and not {"\r", "\n", "\0"}.isdisjoint(value):
                raise ValueError(f"The {name} of an event is one line without NUL, not {value!r}.")
        retry: Any = self.retry
        if retry is not None and (isinstance(retry, bool) or not isinstance(retry, int) or retry < 0):
            raise ValueError(f"retry is a number of milliseconds, not {retry!r}.")
        if self.data is not None and self.raw_data is not None:
            raise ValueError("An event has data or raw_data, not both.")


def encode_event(item: Any) -> bytes:
    """The bytes of an event; what is no ServerSentEvent is the data of one. Raises ResponseValidationError for data
    that can't be JSON."""
    event = item if isinstance(item, ServerSentEvent) else None
    data = item if event is None else event.data
    lines: list[str] = []
    if event is not None:
        lines += _lines("", event.comment)
        lines += _lines("event", event.event)
    if event is None or data is not None:
        lines.append(f"data: {encode_json(data).decode()}")
    if event is not None:
        lines += _lines("data", event.raw_data)
        lines += _lines("id", event.id)
        lines += _lines("retry", None if event.retry is None else str(event.retry))
    return ("\n".join(lines) + "\n\n").encode()


def _lines(field: str, text: str | None) -> list[str]:
    """The text's lines as lines of this field. The specification knows three ends of a line, and no others."""
    if text is None:
        return []
    return [f"{field}: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


class EventSourceResponse(StreamingResponse):
    """Sends what an iterator gives, each item as one event as soon as it is there: a ServerSentEvent, or its data.

    ``content``: an iterator, async or sync; a sync one is advanced in a worker thread. ``ping``: after how many
    seconds without an event a comment is sent, so that no proxy takes the connection for dead; None for never. Behind
    Lambda's buffered answers, which arrive as a whole, there are none.

    When the client goes away the iterator is cancelled where it waits, and closed: its ``finally`` blocks run.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        content: AsyncIterable[Any] | Iterable[Any],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        background: "BackgroundTask | None" = None,
        *,
        ping: float | None = 15.0,
    ) -> None:
        """Raises TypeError for content that is no iterator, ValueError for a ping that is not positive."""
        given: Any = content
        if isinstance(given, str | bytes | dict) or not isinstance(given, AsyncIterable | Iterable):
            raise TypeError(
                f"The content of an event stream is an iterator of events, not {content.__class__.__name__}."
            )
        if ping is not None and not ping > 0:
            raise ValueError(f"ping is a positive number of seconds, or None, not {ping!r}.")
        super().__init__(_encoded(content), status_code, headers, background=background)
        self.headers.setdefault("cache-control", "no-store")
        self.headers.setdefault("x-accel-buffering", "no")  # nginx would collect the events
        self._ping = math.inf if ping is None else ping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        events = cast("AsyncGenerator[bytes, None]", self.body_iterator)
        if scope["method"] == "HEAD":
            await events.aclose()
            line = None
        else:
            buffered = "lambda" in scope.get("extensions", {})
            line = _Line(send, math.inf if buffered else self._ping)
            await _until_first(partial(line.carry, events), line.keep_open, partial(_client_left, receive))
        if line is None or line.complete:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        if self.background is not None:
            await self.background()


class _Line:
    """The way to the client. ``complete``: all events were sent."""

    def __init__(self, send: Send, ping: float) -> None:
        self._send = send
        self._ping = ping
        self._lock = anyio.Lock()
        self._sent_at = anyio.current_time()
        self.complete = False

    async def carry(self, events: AsyncGenerator[bytes, None]) -> None:
        """Send the events to their end. When it is cancelled, they are closed."""
        try:
            async for event in events:
                if not await self._write(event):
                    return
            self.complete = True
        finally:
            with anyio.CancelScope(shield=True):
                await events.aclose()

    async def keep_open(self) -> None:
        """Send a comment after each silence. It ends when nobody listens any more."""
        while True:
            silence = anyio.current_time() - self._sent_at
            if silence < self._ping:
                await anyio.sleep(self._ping - silence)
            elif not await self._write(_PING):
                return

    async def _write(self, chunk: bytes) -> bool:
        """Send it, one at a time; whether anybody was there. ASGI 2.4 servers raise OSError when nobody was."""
        async with self._lock:
            try:
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            except OSError:
                return False
            self._sent_at = anyio.current_time()
            return True


async def _client_left(receive: Receive) -> None:
    message = await receive()
    while message["type"] != "http.disconnect":
        await checkpoint()
        message = await receive()


# Iterators


async def _encoded(content: AsyncIterable[Any] | Iterable[Any]) -> AsyncGenerator[bytes, None]:
    """Each item as the bytes of an event. When it is closed, so is the content."""
    items: Any = content if isinstance(content, AsyncIterable) else _in_threads(content)
    iterator = aiter(items)
    try:
        async for item in iterator:
            yield encode_event(item)
    finally:
        if hasattr(iterator, "aclose"):
            with anyio.CancelScope(shield=True):
                await iterator.aclose()


async def _in_threads(content: Iterable[Any]) -> AsyncGenerator[Any, None]:
    """The items of a blocking iterator. It is closed when the step that it is in has ended."""
    iterator: Any = iter(content)
    stepping = Lock()
    limiter = anyio.CapacityLimiter(math.inf)  # a stream may wait long, and must not keep a thread from the others

    def step() -> Any:
        with stepping:
            return next(iterator, _END)

    def close() -> None:
        with stepping:
            iterator.close()

    try:
        while (item := await run_sync(step, limiter=limiter)) is not _END:
            yield item
    finally:
        if hasattr(iterator, "close"):
            with anyio.CancelScope(shield=True):
                await run_sync(close, limiter=limiter)


# Several things at once

Job: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


async def _until_first(*jobs: Job) -> None:
    """Run them until the first one ends, and cancel the others. Raises what one of them raises."""
    await (_on_asyncio(jobs) if on_asyncio() else _on_trio(jobs))


async def _on_asyncio(jobs: Iterable[Job]) -> None:
    # Tasks of asyncio's own rather than anyio's group, which would cancel every await of the clean-up as well.
    tasks = [asyncio.create_task(job()) for job in jobs]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait(tasks)
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception())]
    if errors:
        raise errors[0]


async def _on_trio(jobs: Iterable[Job]) -> None:
    errors: list[Exception] = []
    async with anyio.create_task_group() as group:

        async def run(job: Job) -> None:
            try:
                await job()
            except Exception as exc:
                errors.append(exc)
            group.cancel_scope.cancel()

        for job in jobs:
            group.start_soon(run, job)
    if errors:
        raise errors[0]
