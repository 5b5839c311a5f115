"""Metrics of a request or batch: collected while it lasts, written when it ends, with those that count themselves.

    app = App(metrics="Shop")

Counted without a word of the application's: ``ColdStart``; for each route ``Requests``, ``ClientErrors``,
``ServerErrors`` and ``Duration``, by the dimension ``route`` (``GET /orders/{order_id}``); for each consumer
``RecordsDone``, ``RecordsFailed``, ``RecordsDropped`` and ``Duration``, by the dimension ``consumer``
(``sqs orders``); and what the idempotency store counts, ``IdempotencyReplayed`` and so on.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from lambdaframe.invocation import current
from lambdaframe.metrics.collector import NOTHING, Collector, collector, dimensions
from lambdaframe.metrics.recorder import Metrics, metrics, write
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send

Snapshot = Callable[[], Mapping[str, int]]
"""A store's counters by name, as they are now."""


class Collecting:
    """ASGI middleware. ``builtin=False`` leaves everything to the application. ``store``: reads a store's counters."""

    def __init__(
        self, app: ASGIApp, *, builtin: bool = True, store: Snapshot | None = None, to: Metrics = metrics
    ) -> None:
        self.app = app
        self._builtin = builtin
        self._store = store
        self._counted: Mapping[str, int] = {}
        self._metrics = to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in {"http", "records"}:
            await self.app(scope, receive, send)
            return
        kept = Collector()
        token, before = collector.set(kept), dimensions.set(NOTHING)
        count = _Counts()
        started = time.perf_counter()
        try:
            await self.app(scope, receive, count.sending(send) if self._builtin else send)
        finally:
            dimensions.reset(before)
            try:
                if self._builtin:
                    self._count(scope, count, (time.perf_counter() - started) * 1_000)
            finally:
                collector.reset(token)
                write(kept)

    def _count(self, scope: Scope, count: "_Counts", milliseconds: float) -> None:
        add = self._metrics.add
        invocation = current.get(None)
        if invocation is not None and invocation.cold_start:
            name = getattr(invocation.raw_context, "function_name", None)
            add("ColdStart", dimensions={"function_name": name} if name else None)
        by: Mapping[str, str]
        if scope["type"] == "http":
            path = getattr(scope.get("route"), "path", None)
            by = {"route": "none" if path is None else f"{scope['method']} {path}"}
            add("Requests", dimensions=by)
            if count.status >= 400:
                add("ClientErrors" if count.status < 500 else "ServerErrors", dimensions=by)
        else:
            name = scope.get("name")
            by = {"consumer": f"{scope['source']} {name}" if name else scope["source"]}
            for metric, value in count.records.items():
                if value:
                    add(metric, value, dimensions=by)
        add("Duration", milliseconds, unit="Milliseconds", dimensions=by)
        self._count_store()

    def _count_store(self) -> None:
        """What was counted since the last look: by whichever request is the next one to end."""
        if self._store is None:
            return
        now = self._store()
        before, self._counted = self._counted, now
        for name, value in now.items():
            if more := value - before.get(name, 0):
                self._metrics.add(f"Idempotency{name.capitalize()}", more)


class _Counts:
    """What was sent. An application that ends without an answer has failed."""

    def __init__(self) -> None:
        self.status = 500
        self.records = {"RecordsDone": 0, "RecordsFailed": 0, "RecordsDropped": 0}

    def sending(self, send: Send) -> Send:
        async def counted(message: Message) -> None:
            kind: Any = message["type"]
            if kind == "http.response.start":
                self.status = message["status"]
            elif kind == "records.failed":
                self.records["RecordsFailed"] += 1
            elif kind == "records.done":
                self.records["RecordsDropped" if message.get("dropped") else "RecordsDone"] += 1
            await send(message)

        return counted
