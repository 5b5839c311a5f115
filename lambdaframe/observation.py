"""What is told of an application's work from outside: canonical lines, metrics, traces, the id that a client sees."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypedDict

from lambdaframe.errors import ConfigurationError
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

AccessLog: TypeAlias = Literal["canonical"]


class MetricsOptions(TypedDict, total=False):
    """``namespace``: of CloudWatch. ``builtin=False``: nothing is counted but what the application counts."""

    namespace: str
    builtin: bool


class TracingOptions(TypedDict, total=False):
    """``provider``: another tracer provider than the process's. ``flush``: whether spans are sent before an invocation
    ends; without it that is done in Lambda, unless a layer does it."""

    provider: "TracerProvider"
    flush: bool


class Observation(NamedTuple):
    """``around``: puts it around an application. ``store``: around an idempotency store. ``record``: middleware of
    records, or None."""

    around: Callable[[ASGIApp], ASGIApp]
    store: Callable[[Any], Any]
    record: Any


def observation(
    service: str | None,
    access_log: AccessLog | None,
    correlation_header: str | None,
    metrics: str | MetricsOptions | None,
    tracing: bool | TracingOptions,
    counters: Callable[[], Mapping[str, int]],
) -> Observation:
    """What these options ask for. ``counters``: reads those of the idempotency store.

    Raises ConfigurationError for an option that makes no sense, and for traces without OpenTelemetry.
    """
    parts: list[Callable[[ASGIApp], ASGIApp]] = []
    store: Callable[[Any], Any] = _itself
    record: Any = None
    if correlation_header is not None:
        parts.append(_header(correlation_header))
    if access_log is not None:
        parts.append(_canonical(access_log))
    if metrics is not None:
        parts.append(_measured(service, metrics, counters))
    if tracing is not False:
        traced, store, record = _traced({} if tracing is True else tracing)
        parts.append(traced)

    def around(app: ASGIApp) -> ASGIApp:
        for part in parts:
            app = part(app)
        return app

    return Observation(around, store, record)


def _itself(store: Any) -> Any:
    return store


def _canonical(access_log: str) -> Callable[[ASGIApp], ASGIApp]:
    if access_log != "canonical":
        raise ConfigurationError(f"access_log is 'canonical' or None, not {access_log!r}.")
    from lambdaframe.access_log import CanonicalLines

    return CanonicalLines


def _measured(
    service: str | None, options: str | MetricsOptions, counters: Callable[[], Mapping[str, int]]
) -> Callable[[ASGIApp], ASGIApp]:
    from lambdaframe.metrics import metrics
    from lambdaframe.metrics.collecting import Collecting

    given: MetricsOptions = {"namespace": options} if isinstance(options, str) else options
    if unknown := set(given) - {"namespace", "builtin"}:
        raise ConfigurationError(f"metrics takes 'namespace' and 'builtin', not {sorted(unknown)}.")
    dimensions = {**metrics.settings.dimensions, **({"service": service} if service else {})}
    metrics.configure(namespace=given.get("namespace"), dimensions=dimensions)
    return lambda app: Collecting(app, builtin=given.get("builtin", True), store=counters)


def _traced(options: TracingOptions) -> tuple[Callable[[ASGIApp], ASGIApp], Callable[[Any], Any], Any]:
    if unknown := set(options) - {"provider", "flush"}:
        raise ConfigurationError(f"tracing takes 'provider' and 'flush', not {sorted(unknown)}.")
    if find_spec("opentelemetry") is None:
        raise ConfigurationError("tracing needs OpenTelemetry: install lambdaframe[otel].")
    from lambdaframe.tracing import Tracing, record_spans, traced_store

    provider = options.get("provider")
    return (
        lambda app: Tracing(app, provider=provider, flush=options.get("flush")),
        lambda store: traced_store(store, provider),
        record_spans(provider),
    )


def _header(name: str) -> Callable[[ASGIApp], ASGIApp]:
    """Answers say the request's correlation id in this header, unless the application has set it itself."""
    from lambdaframe.invocation import invocation_of

    encoded = name.lower().encode("latin-1", "replace")
    if not name.isascii() or not name.replace("-", "").isalnum():
        raise ConfigurationError(f"correlation_header is a header's name, as in 'x-request-id', not {name!r}.")

    def around(app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            invocation = invocation_of(scope) if scope["type"] == "http" else None
            if invocation is None:
                await app(scope, receive, send)
                return
            value = invocation.correlation_id.encode("latin-1", "replace")

            async def named(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = list(message.get("headers", ()))
                    if all(known.lower() != encoded for known, _ in headers):
                        message = {**message, "headers": [*headers, (encoded, value)]}
                await send(message)

            await app(scope, receive, named)

        return serve

    return around
