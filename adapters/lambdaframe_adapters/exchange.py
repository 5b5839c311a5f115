"""The two ends of ASGI inside Lambda: a request and its answer, a batch and what became of its records.

Both are driven by the application through ``receive`` and ``send``; they do no I/O and know no source.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from lambdaframe.errors import LambdaFrameError
from lambdaframe.records.record import Record
from lambdaframe.types import Message


class ProtocolError(LambdaFrameError):
    """Raised into an application that sends messages ASGI does not allow."""


class HTTPExchange:
    """One request and what the application answers.

    ``complete``: the last part of the body has been sent. ``http.disconnect`` is not sent before that: the client of a
    Lambda function waits for the answer.
    """

    __slots__ = ("_body", "_chunks", "_complete", "_waiter", "headers", "status")

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._body: bytes | None = body
        self._chunks: list[bytes] = []
        self._complete = False
        self._waiter: asyncio.Future[None] | None = None

    @property
    def complete(self) -> bool:
        return self._complete

    @property
    def body(self) -> bytes:
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        if not self._complete:
            if self._waiter is None:
                self._waiter = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._waiter)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body" and self.status and not self._complete:
            chunk: Any = message.get("body", b"")
            self._chunks.append(chunk if isinstance(chunk, bytes) else _copied(chunk))
            if not message.get("more_body", False):
                self._complete = True
                if self._waiter is not None:
                    self._waiter.set_result(None)
        elif kind == "http.response.start" and not self.status:
            status: Any = message["status"]
            if not isinstance(status, int) or not 100 <= status <= 999:
                raise ProtocolError(f"The application sent the status {status!r}, which is none.")
            self.headers = list(message.get("headers", ()))
            self.status = status
        elif not self._complete:
            expected = "http.response.body" if self.status else "http.response.start"
            raise ProtocolError(f"Expected {expected!r}, the application sent {kind!r}.")


def _copied(chunk: Any) -> bytes:
    """A buffer's content: the application may use the buffer again."""
    try:
        return bytes(memoryview(chunk))
    except TypeError:
        raise ProtocolError(f"The application sent a body of type {type(chunk).__name__}, not bytes.") from None


class RecordExchange:
    """One batch and what became of its records.

    It only writes down what comes and goes; who is missing is worked out at the end, and mostly nobody is.
    """

    __slots__ = ("_done", "_received", "_records")

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self._received: list[str] = []
        self._done: list[str] = []

    @property
    def received(self) -> int:
        """How many records were handed out."""
        return len(self._received)

    def unanswered(self) -> Collection[str]:
        """The ids of records that were handed out and not answered ``records.done``. An id that stands twice in the
        batch is among them unless it was done twice."""
        if self._done == self._received:
            return ()
        return Counter(self._received) - Counter(self._done)

    async def receive(self) -> Message:
        for record in self._records:
            self._received.append(record.id)
            return {"type": "records.record", "record": record}
        return {"type": "records.end"}

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "records.done":
            self._done.append(message["id"])
        elif kind != "records.failed":
            raise ProtocolError(f"Expected 'records.done' or 'records.failed', the application sent {kind!r}.")
