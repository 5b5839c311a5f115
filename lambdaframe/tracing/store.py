"""A span for each move of an idempotency store."""

from typing import Any

from opentelemetry.trace import Span, SpanKind, TracerProvider

from lambdaframe.tracing.spans import tracer_of


def traced_store(store: Any, provider: TracerProvider | None = None) -> Any:
    """A store that makes this one's moves in spans, ``idempotency acquire`` and so on. All else is the store's own."""
    kind = _TracedNotifying if hasattr(store, "changed") else _Traced
    return kind(store, provider)


class _Traced:
    """The verdict is the span's ``idempotency.verdict``: ``granted``, ``replay``, ``busy``, …"""

    def __init__(self, store: Any, provider: TracerProvider | None) -> None:
        self._store = store
        self._tracer = tracer_of(provider)

    @property
    def max_result_size(self) -> int | None:
        limit: int | None = self._store.max_result_size
        return limit

    async def acquire(self, claim: Any) -> Any:
        with self._span("acquire") as span:
            return _told(span, await self._store.acquire(claim))

    async def complete(self, claim: Any, outcome: Any) -> Any:
        with self._span("complete") as span:
            return _told(span, await self._store.complete(claim, outcome))

    async def release(self, claim: Any) -> Any:
        with self._span("release") as span:
            return _told(span, await self._store.release(claim))

    async def extend(self, claim: Any) -> Any:
        with self._span("extend") as span:
            return _told(span, await self._store.extend(claim))

    def _span(self, move: str) -> Any:
        attributes = {"idempotency.store": type(self._store).__name__}
        return self._tracer.start_as_current_span(f"idempotency {move}", kind=SpanKind.CLIENT, attributes=attributes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _TracedNotifying(_Traced):
    """Waiting for another's attempt is no call of its own: it has no span."""

    async def changed(self, key: str, seconds: float) -> bool:
        ended: bool = await self._store.changed(key, seconds)
        return ended


def _told(span: Span, reply: Any) -> Any:
    span.set_attribute("idempotency.verdict", reply.verdict.name.lower())
    return reply
