"""One wide line for each request and each batch, when it has ended: what it was, how it went, and all that was bound.

    app = App(access_log="canonical")

A request's line has ``method``, ``route`` (the template, never the path: a path may name a person), ``status``,
``duration_ms``, ``request_bytes`` and ``response_bytes``. A batch's has ``source``, ``consumer`` (the queue's or
stream's name), ``records``, ``done``, ``failed``, ``dropped``, ``unfinished`` and ``duration_ms``. The keys that were
bound meanwhile stand in it, those bound in a thread of a synchronous handler, too, and what was noted with ``note``.
A record that fails has a line of its own, with its own keys.

It is written when the last byte was sent or the work ended, whatever ended it: ``outcome`` is ``"ok"``, ``"failed"``,
``"cancelled"`` (at the deadline, or by a server whose client left) or ``"cut off"`` (the answer began and broke off).
"""

import time
from typing import Any

from lambdaframe.logging import get_logger
from lambdaframe.logging.context import Story, story
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send

LOGGER = "lambdaframe.access"
"""The ``logger`` of these lines. Their messages are ``request`` and ``batch``."""

_log = get_logger(LOGGER)


class CanonicalLines:
    """ASGI middleware that writes the lines, around everything that answers errors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in {"http", "records"}:
            await self.app(scope, receive, send)
            return
        seen = _Request(scope) if kind == "http" else _Batch(scope)
        told = Story()
        token = story.set(told)
        started = time.perf_counter()
        error: BaseException | None = None
        try:
            await self.app(scope, seen.receiving(receive), seen.sending(send))
        except BaseException as exc:
            error = exc
            raise
        finally:
            story.reset(token)
            facts = {**seen.facts(error), "duration_ms": round((time.perf_counter() - started) * 1_000, 3)}
            write = _log.error if seen.is_bad(error) else _log.info
            write(seen.message, **{**told.facts, **facts})


class _Request:
    message = "request"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._status: int | None = None
        self._sent = self._received = 0
        self._complete = False

    def receiving(self, receive: Receive) -> Receive:
        async def counted() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                self._received += len(message.get("body", b""))
            return message

        return counted

    def sending(self, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
            elif message["type"] == "http.response.body":
                self._sent += len(message.get("body", b""))
                self._complete = not message.get("more_body", False)
            await send(message)

        return counted

    def is_bad(self, error: BaseException | None) -> bool:
        return error is not None or self._status is None or self._status >= 500 or not self._complete

    def facts(self, error: BaseException | None) -> dict[str, Any]:
        scope = self._scope
        return {
            "method": scope["method"],
            "route": getattr(scope.get("route"), "path", None),
            "status": self._status if self._status is not None or _is_cancelled(error) else 500,
            "request_bytes": self._received,
            "response_bytes": self._sent,
            **_outcome(error, complete=self._complete, begun=self._status is not None),
        }


class _Batch:
    message = "batch"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._records = self._done = self._failed = self._dropped = 0

    def receiving(self, receive: Receive) -> Receive:
        async def counted() -> Message:
            message = await receive()
            if message["type"] == "records.record":
                self._records += 1
            return message

        return counted

    def sending(self, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "records.failed":
                self._failed += 1
            elif message.get("dropped"):
                self._dropped += 1
            else:
                self._done += 1
            await send(message)

        return counted

    @property
    def _unfinished(self) -> int:
        return self._records - self._done - self._failed - self._dropped

    def is_bad(self, error: BaseException | None) -> bool:
        return error is not None or bool(self._failed or self._unfinished)

    def facts(self, error: BaseException | None) -> dict[str, Any]:
        return {
            "source": self._scope["source"],
            "consumer": self._scope.get("name"),
            "records": self._records,
            "done": self._done,
            "failed": self._failed,
            "dropped": self._dropped,
            "unfinished": self._unfinished,
            **_outcome(error, complete=not (self._failed or self._unfinished), begun=False),
        }


def _outcome(error: BaseException | None, *, complete: bool, begun: bool) -> dict[str, Any]:
    if _is_cancelled(error):
        return {"outcome": "cancelled"}
    if complete and error is None:
        return {"outcome": "ok"}
    named = {} if error is None else {"error": type(error).__name__}
    return {"outcome": "cut off" if begun and not complete else "failed", **named}


def _is_cancelled(error: BaseException | None) -> bool:
    return error is not None and not isinstance(error, Exception)
