"""What ``call_next`` returns: the response of the application inside, while it is being sent."""

from collections import deque
from collections.abc import AsyncIterable, Callable
from typing import TYPE_CHECKING, Any, cast

from starlette.responses import Response

from lambdaframe.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.background import BackgroundTask


class DroppedError(OSError):
    """Raised by ``send``, as ASGI 2.4 has it for a client that is gone: the middleware gave another response."""

    def __init__(self) -> None:
        super().__init__("The middleware has answered with another response; this one is sent to nobody.")


_PARTS = frozenset({"http.response.body", "http.response.pathsend", "http.response.zerocopysend"})
"""Messages that carry a part of the body."""


class Stream:
    """The body that the application sends: an iterator over its parts, without empty ones.

    A part is bytes, or another ASGI message (``http.response.pathsend``). ``complete``: the last part has been sent.
    ``over``: nothing more will come. ``failure`` is what the application raised.
    """

    __slots__ = ("_parts", "_wait", "complete", "failure", "news", "over")

    def __init__(self, wait: Callable[[], Any]) -> None:
        """``wait()`` is awaited until there is more."""
        self._wait = wait
        self._parts: deque[Any] = deque()
        self.complete = self.over = self.news = False
        self.failure: BaseException | None = None

    def put(self, message: Message) -> None:
        """Take what the application has sent."""
        self.news = True
        kind = message["type"]
        part = message.get("body", b"") if kind == "http.response.body" else message
        if part:
            self._parts.append(part)
        if kind in _PARTS and not message.get("more_body", False):
            self.complete = self.over = True

    def end(self, failure: BaseException | None) -> None:
        """The application has ended, or raised this."""
        self.over = self.news = True
        self.failure = failure

    def whole(self) -> bytes | None:
        """All of the body, when it has been sent in one part and nobody has read it; else None."""
        if not self.complete or len(self._parts) > 1:
            return None
        if not self._parts:
            return b""
        return None if isinstance(self._parts[0], dict) else bytes(self._parts.popleft())

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Any:
        while not self._parts:
            if self.failure is not None:
                raise self.failure
            if self.over:
                raise StopAsyncIteration
            self.news = False
            await self._wait()
        return self._parts.popleft()


class InnerResponse(Response):
    """The application's response: change ``status_code`` and ``headers``, read or replace ``body_iterator``.

    A replaced body needs its own ``content-length`` header, or none.
    """

    body_iterator: AsyncIterable[Any]

    def __init__(self, start: Message, stream: Stream) -> None:
        self._start = start
        self._stream = stream
        self.status_code = start["status"]
        self.raw_headers = list(start.get("headers", ()))
        self.body_iterator = stream
        self.background: BackgroundTask | None = None

    @property
    def has_length(self) -> bool:
        """Whether the application has said how long the body is."""
        return any(name == b"content-length" for name, _ in self.raw_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({**self._start, "status": self.status_code, "headers": self.raw_headers})
        stream = self._stream
        body = stream.whole() if self.body_iterator is stream else None
        if body is not None:
            await send({"type": "http.response.body", "body": body, "more_body": False})
        else:
            await self._send_parts(send)
        if self.background is not None:
            await self.background()

    async def _send_parts(self, send: Send) -> None:
        last: Message | None = {"type": "http.response.body", "body": b"", "more_body": False}
        async for part in self.body_iterator:
            if isinstance(part, dict):
                message = cast("Message", part)
                last = last if message.get("more_body", False) else None
                await send(message)
            else:
                body = part.encode(self.charset) if isinstance(part, str) else part
                await send({"type": "http.response.body", "body": body, "more_body": True})
        cut_short = self.body_iterator is self._stream and not self._stream.complete
        if last is not None and not cut_short:  # else it must not look complete outside, either
            await send(last)
