"""The application: composition only. Routes and consumers are registered here and served elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from lambdaframe.errors import ConfigurationError
from lambdaframe.events.registration import EVENT_SOURCES, EventVerbs
from lambdaframe.http.answers.results import Serializer
from lambdaframe.http.application import HTTPApplication
from lambdaframe.http.errors import ErrorBoundary, ExceptionHandler, ExceptionHandlers
from lambdaframe.http.middleware.stack import Wrap, stacked
from lambdaframe.http.openapi.documentation import Settings
from lambdaframe.http.registration import HTTPVerbs
from lambdaframe.http.routing.router import Listener, Router
from lambdaframe.http.routing.routes import Mount, Route
from lambdaframe.invocation import SCOPE_KEY, Invocation, current
from lambdaframe.lifespan import lifespan_app, refuse_websocket
from lambdaframe.logging import configure
from lambdaframe.logging.context import fresh_keys
from lambdaframe.records.registration import RecordVerbs
from lambdaframe.types import ASGIApp, Lifespan, Receive, Scope, Send

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.responses import Response

    from lambdaframe.http.routing.routes import IdempotentRoute
    from lambdaframe.idempotency import Store
    from lambdaframe.idempotency.application import Idempotency
    from lambdaframe.observation import AccessLog, MetricsOptions, Observation, TracingOptions
    from lambdaframe.records.consumer import Consumers


class App(Router, HTTPVerbs, RecordVerbs, EventVerbs):
    """An ASGI 3 application for ``http``, ``lifespan`` and our own ``records`` scopes.

    ``service`` names it in every log line. ``idempotency`` is where routes and consumers with ``idempotent=True`` keep
    what they did: the URL of a store that it opens and closes (``"redis://host"``, ``"dynamodb://table"``, ``"memory://"``
    for one process), or a store, which is yours to close. ``idempotency_options`` hold for all that do not say
    otherwise; of them consumers have ``ttl``, ``lease`` and ``on_expiry``. ``lifespan`` is an async context manager
    around the life of the process. ``middleware`` is applied as written, the first one outermost, to all traffic.
    ``dependencies``, ``timeout`` (seconds) and ``default_response_class`` hold for every route that does not say
    otherwise. ``serializer`` writes the JSON of results. ``debug`` shows traces, to local clients only.
    ``state`` is the application's own: whatever you put there. ``dependency_overrides`` replaces dependencies, in
    tests.

    ``access_log="canonical"`` writes one line for each request and batch. ``correlation_header`` names the header in
    which answers say the request's id. ``metrics`` is a namespace of CloudWatch, or options. ``tracing`` makes spans
    with OpenTelemetry. See ``lambdaframe.observation``.

    ``title`` to ``openapi_tags`` describe the API in its OpenAPI document, served at ``openapi_url``; ``docs_url`` is
    its page for browsers. None switches either off.
    """

    def __init__(
        self,
        *,
        service: str | None = None,
        idempotency: "str | Store | None" = None,
        idempotency_options: "IdempotentRoute | None" = None,
        middleware: Iterable[Wrap] = (),
        dependencies: Sequence[Any] = (),
        exception_handlers: Mapping[int | type[Exception], ExceptionHandler] | None = None,
        lifespan: "Lifespan[App] | None" = None,
        timeout: float | timedelta | None = None,
        access_log: "AccessLog | None" = None,
        correlation_header: str | None = None,
        metrics: "str | MetricsOptions | None" = None,
        tracing: "bool | TracingOptions" = False,
        redirect_slashes: bool = True,
        serializer: Serializer | None = None,
        default_response_class: "type[Response] | None" = None,
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        debug: bool = False,
        title: str | None = None,
        version: str = "0.1.0",
        summary: str | None = None,
        description: str | None = None,
        terms_of_service: str | None = None,
        contact: Mapping[str, Any] | None = None,
        license_info: Mapping[str, Any] | None = None,
        servers: Sequence[Mapping[str, Any]] = (),
        openapi_tags: Sequence[Mapping[str, Any]] = (),
        openapi_url: str | None = "/openapi.json",
        openapi_document: "str | Path | None" = None,
        docs_url: str | None = "/docs",
        swagger_ui_parameters: Mapping[str, Any] | None = None,
        swagger_ui_init_oauth: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            dependencies=dependencies,
            timeout=timeout,
            responses=responses,
            default_response_class=default_response_class,
        )
        self.service = service
        self.state = SimpleNamespace()
        self._observation: Observation | None = None
        if access_log is not None or correlation_header is not None or metrics is not None or tracing is not False:
            from lambdaframe.observation import observation

            self._observation = observation(service, access_log, correlation_header, metrics, tracing, self._counters)
        self._idempotency = self._open(idempotency, idempotency_options or {})
        self._handlers = ExceptionHandlers(exception_handlers)
        self._site = HTTPApplication(
            self,
            self._handlers,
            lambda operation, options: self._idempotent().http_guard(operation, options),
            redirect_slashes=redirect_slashes,
            serializer=serializer,
        )
        info: dict[str, Any] = {
            "title": title or service or "lambdaframe",
            "version": version,
            "summary": summary,
            "description": description,
            "terms_of_service": terms_of_service,
            "contact": contact,
            "license_info": license_info,
            "servers": servers,
            "tags": openapi_tags,
        }
        self._info = info
        self._documentation = self._site.document(
            Settings(info, openapi_url, docs_url, openapi_document, swagger_ui_parameters, swagger_ui_init_oauth),
            lambda: self.openapi(),  # not the method: people put their own in its place
        )
        self._lifespan = lifespan_app(None if lifespan is None else lambda: lifespan(self), self._close)
        self._debug = debug
        self._cold = True
        self._wraps = list(middleware)
        self._http, self._other = self._build(self._wraps)
        if service is not None:
            configure(service=service)

    # HTTP

    def listen(self, listener: Listener) -> None:
        """Refused: an application is mounted, not included, or its middleware and handlers would be lost."""
        if hasattr(self, "_site"):
            raise ConfigurationError(f"{self!r} is an application: mount it, or write a Router to include.")
        super().listen(listener)

    def _wrap(self, wrap: Wrap) -> None:
        wraps = [*self._wraps, wrap]
        self._http, self._other = self._build(wraps)
        self._wraps = wraps

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document of the HTTP routes, of plain JSON values; made at the first call.

        Raises ConfigurationError for a type that has no JSON Schema.
        """
        return self._documentation.document()

    def asyncapi(self) -> dict[str, Any]:
        """The AsyncAPI 3.0 document of the consumers and event handlers, of plain JSON values; made anew at each call.

        Raises ConfigurationError for a type that has no JSON Schema.
        """
        from lambdaframe.asyncapi.document import document
        from lambdaframe.http.openapi.info import Info

        return document(Info(**self._info), self.consumers, self.event_handlers)

    def warm(self) -> None:
        """Build what is otherwise built at first use: every validator and serializer. Takes tens of milliseconds.

        Raises ConfigurationError for a type that can't be validated.
        """
        self._site.warm()
        if self._consumers is not None:
            self._consumers.warm()
        if self._registry is not None:
            self._registry.handlers.warm()

    # Idempotency

    @property
    def idempotency(self) -> "Store | None":
        """Its store, with its ``counters``; None where it has none."""
        return None if self._idempotency is None else self._idempotency.store

    def _open(self, store: "str | Store | None", options: "IdempotentRoute") -> "Idempotency | None":
        if store is None:
            if options:
                raise ConfigurationError("idempotency_options need a store: write App(idempotency='memory://', ...).")
            return None
        from lambdaframe.idempotency.application import Idempotency

        around = None if self._observation is None else self._observation.store
        return Idempotency(store, self._app_name(), options, around)

    def _idempotent(self) -> "Idempotency":
        if self._idempotency is None:
            raise ConfigurationError("idempotent=True needs a store: write App(idempotency='memory://').")
        return self._idempotency

    def _add(self, given: Route | Mount) -> None:
        if self._idempotency is not None and isinstance(given, Route):
            given = given.idempotent_with(self._idempotency.defaults)
        super()._add(given)

    def _make_consumers(self) -> "Consumers":
        from lambdaframe.records.consumer import Consumers

        consumers = Consumers(
            guard_for=lambda source, name, key, options: self._idempotent().record_guard(source, name, key, options),
            idempotent=None if self._idempotency is None else self._idempotency.consumer_defaults,
            overrides=self._site.overrides,
        )
        if self._observation is not None and self._observation.record is not None:
            consumers.add_middleware(self._observation.record)
        return consumers

    def _counters(self) -> Mapping[str, int]:
        from lambdaframe.idempotency.counters import counters_of

        return counters_of(self.idempotency).snapshot()

    async def _close(self) -> None:
        """At the end of the lifespan. What is closed here opens again when it is needed."""
        try:
            if self._consumers is not None:
                await self._consumers.close()
        finally:
            if self._idempotency is not None:
                await self._idempotency.close()

    def _app_name(self) -> str:
        return self.service or "lambdaframe"

    # ASGI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        app = self._http if scope["type"] == "http" else self._other
        if SCOPE_KEY in scope or scope["type"] not in {"http", "records"}:
            await app(scope, receive, send)
            return
        invocation = scope[SCOPE_KEY] = Invocation(
            cold_start=self._cold, headers=scope.get("headers"), arn=scope.get("arn")
        )
        self._cold = False
        token = current.set(invocation)
        fresh_keys()
        try:
            await app(scope, receive, send)
        finally:
            current.reset(token)

    def _build(self, wraps: Sequence[Wrap]) -> tuple[ASGIApp, ASGIApp]:
        """The application for HTTP, and for everything else."""
        http = self._site.serve
        if wraps:
            http = ErrorBoundary(http, self._handlers, last=False)
        serve: Mapping[str, ASGIApp] = {
            "http": http,
            "records": self._serve_records,
            "lifespan": self._lifespan,
            "websocket": refuse_websocket,
        }

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            await serve[scope["type"]](scope, receive, send)

        wrapped = stacked(wraps, dispatch)
        outer: ASGIApp = ErrorBoundary(wrapped if wraps else http, self._handlers, last=True, debug=self._debug)
        if self._observation is not None:
            return self._observation.around(outer), self._observation.around(wrapped)
        return outer, wrapped

    async def _serve_records(self, scope: Scope, receive: Receive, send: Send) -> None:
        consumers = self._known_consumers()
        if scope["source"] in EVENT_SOURCES:
            from lambdaframe.events.serving import serve_event

            await serve_event(self._known_handlers().handlers, consumers.wrapped, scope, receive, send)
        else:
            from lambdaframe.records.serving import serve_records

            await serve_records(consumers, scope, receive, send)

    def __repr__(self) -> str:
        return f"<App {self._app_name()}>"
