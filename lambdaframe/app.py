"""The application: composition only. Routes and consumers are registered here and served elsewhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from lambdaframe.errors import ConfigurationError
from lambdaframe.events.registration import EVENT_SOURCES, EventVerbs
from lambdaframe.http.answers.results import Serializer
from lambdaframe.http.application import HTTPApplication
from lambdaframe.http.errors import ErrorBoundary, ExceptionHandler, ExceptionHandlers
from lambdaframe.http.middleware.stack import Wrap, stacked
from lambdaframe.http.openapi.documentation import Settings
from lambdaframe.http.routing.router import Listener, Router
from lambdaframe.invocation import SCOPE_KEY, Invocation, current
from lambdaframe.logging import configure
from lambdaframe.logging.context import fresh_keys
from lambdaframe.records.registration import RecordVerbs
from lambdaframe.types import ASGIApp, Lifespan, Receive, Scope, Send

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.datastructures import URLPath
    from starlette.responses import Response

    from lambdaframe.idempotency import Store
    from lambdaframe.records.calling import Guard
    from lambdaframe.records.consumer import Consumers

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class App(Router, RecordVerbs, EventVerbs):
    """An ASGI 3 application for ``http``, ``lifespan`` and our own ``records`` scopes.

    ``service`` names it in every log line. ``idempotency`` is where routes and consumers with ``idempotent=True`` keep
    what they did: ``"memory://"`` (one process) or a store object. ``lifespan`` is an async context manager
    around the life of the process. ``middleware`` is applied as written, the first one outermost, to all traffic.
    ``dependencies``, ``timeout`` (seconds) and ``default_response_class`` hold for every route that does not say
    otherwise. ``serializer`` writes the JSON of results. ``debug`` shows traces, to local clients only.
    ``state`` is the application's own: whatever you put there. ``dependency_overrides`` replaces dependencies, in
    tests.

    ``title`` to ``openapi_tags`` describe the API in its OpenAPI document, served at ``openapi_url``; ``docs_url`` is
    its page for browsers. None switches either off.
    """

    def __init__(
        self,
        *,
        service: str | None = None,
        idempotency: "str | Store | None" = None,
        middleware: Iterable[Wrap] = (),
        dependencies: Sequence[Any] = (),
        exception_handlers: Mapping[int | type[Exception], ExceptionHandler] | None = None,
        lifespan: "Lifespan[App] | None" = None,
        timeout: float | timedelta | None = None,
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
        self._store: Store | None = None
        if idempotency is not None:
            from lambdaframe.idempotency import open_store

            self._store = open_store(idempotency)
        self._handlers = ExceptionHandlers(exception_handlers)
        self._site = HTTPApplication(
            self, self._handlers, self._http_guard, redirect_slashes=redirect_slashes, serializer=serializer
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
        self._lifespan = lifespan
        self._debug = debug
        self._cold = True
        self._wraps = list(middleware)
        self._http, self._other = self._build(self._wraps)
        if service is not None:
            configure(service=service)

    # HTTP

    @property
    def dependency_overrides(self) -> dict[Callable[..., Any], Callable[..., Any]]:
        """``overrides[dependency] = other``: for tests. May be changed at any time."""
        return self._site.overrides

    @dependency_overrides.setter
    def dependency_overrides(self, overrides: Mapping[Callable[..., Any], Callable[..., Any]]) -> None:
        self._site.overrides.clear()
        self._site.overrides.update(overrides)

    def listen(self, listener: Listener) -> None:
        """Refused: an application is mounted, not included, or its middleware and handlers would be lost."""
        if hasattr(self, "_site"):
            raise ConfigurationError(f"{self!r} is an application: mount it, or write a Router to include.")
        super().listen(listener)

    def exception_handler(self, key: int | type[Exception]) -> Callable[[FunctionT], FunctionT]:
        """Register ``handler(request, exc) -> Response``, sync or async, for a status or a class of exceptions."""

        def register(handler: FunctionT) -> FunctionT:
            self._handlers.add(key, handler)
            return handler

        return register

    def add_exception_handler(self, key: int | type[Exception], handler: ExceptionHandler) -> None:
        """``exception_handler`` for a function that was written elsewhere."""
        self._handlers.add(key, handler)

    @overload
    def middleware(self, given: FunctionT) -> FunctionT: ...
    @overload
    def middleware(self, given: Literal["http"] = ...) -> Callable[[FunctionT], FunctionT]: ...
    def middleware(self, given: Any = "http") -> Any:
        """Register ``async def middleware(request, call_next) -> Response``, inside what is registered already.

        It is for HTTP alone. Write it bare or, as in FastAPI, with ``"http"``.
        """

        def register(function: FunctionT) -> FunctionT:
            from lambdaframe.http.middleware.function import check_middleware

            check_middleware(function)
            self._wrap(function)
            return function

        if given == "http":
            return register
        if not callable(given):
            raise ConfigurationError(f"Function middleware is for 'http', not {given!r}.")
        return register(given)

    def add_middleware(self, cls: Callable[..., ASGIApp], *args: Any, **kwargs: Any) -> None:
        """Add ASGI middleware, ``cls(app, …)``, inside what is registered already: the first one is the outermost."""
        self._wrap(lambda app: cls(app, *args, **kwargs))

    def _wrap(self, wrap: Wrap) -> None:
        wraps = [*self._wraps, wrap]
        self._http, self._other = self._build(wraps)
        self._wraps = wraps

    def url_path_for(self, name: str, /, **path_params: Any) -> "URLPath":
        """The path of the route of this name, a function's unless it was given one, with these parameters.

        Raises NoMatchFoundError. ``request.url_for`` makes a URL of it.
        """
        return self._site.urls.url_path_for(name, path_params)

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

        handlers = [] if self._registry is None else self._registry.handlers.all()
        return document(Info(**self._info), self._known_consumers().all(), handlers)

    def warm(self) -> None:
        """Build what is otherwise built at first use: every validator and serializer. Takes tens of milliseconds.

        Raises ConfigurationError for a type that can't be validated.
        """
        self._site.warm()
        if self._consumers is not None:
            self._consumers.warm()
        if self._registry is not None:
            self._registry.handlers.warm()

    # Records

    def _make_consumers(self) -> "Consumers":
        from lambdaframe.records.consumer import Consumers

        return Consumers(guard_for=self._record_guard, overrides=self._site.overrides)

    # Idempotency

    def _http_guard(self, operation: str) -> Any:
        from lambdaframe.idempotency.http import http_guard

        return http_guard(self._needed_store(), app=self._app_name(), operation=operation)

    def _record_guard(self, source: str, name: str | None, key: Callable[[Any], Any] | None) -> "Guard":
        from lambdaframe.idempotency.records import record_guard

        return record_guard(self._needed_store(), app=self._app_name(), source=source, name=name, key=key)

    def _needed_store(self) -> "Store":
        if self._store is None:
            raise ConfigurationError("idempotent=True needs a store: write App(idempotency='memory://').")
        return self._store

    def _app_name(self) -> str:
        return self.service or "lambdaframe"

    # ASGI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        app = self._http if scope["type"] == "http" else self._other
        if SCOPE_KEY in scope or scope["type"] not in {"http", "records"}:
            await app(scope, receive, send)
            return
        invocation = scope[SCOPE_KEY] = Invocation(cold_start=self._cold, scope=scope)
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
            "lifespan": self._serve_lifespan,
            "websocket": _refuse_websocket,
        }

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            await serve[scope["type"]](scope, receive, send)

        wrapped = stacked(wraps, dispatch)
        outer = wrapped if wraps else http
        return ErrorBoundary(outer, self._handlers, last=True, debug=self._debug), wrapped

    async def _serve_records(self, scope: Scope, receive: Receive, send: Send) -> None:
        from lambdaframe.records.engine import run

        consumers = self._known_consumers()
        if scope["source"] in EVENT_SOURCES:
            from lambdaframe.events.serving import serve_event

            await serve_event(self._known_handlers().handlers, consumers.wrapped, scope, receive, send)
            return
        if "names" in scope:
            from lambdaframe.records.names import run_each

            await run_each(lambda name: consumers.wrapped(consumers.find(scope["source"], name)), scope, receive, send)
            return
        await run(consumers.wrapped(consumers.find(scope["source"], scope["name"])), scope, receive, send)

    async def _serve_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        started = False
        try:
            if self._lifespan is None:
                await send({"type": "lifespan.startup.complete"})
                await receive()
            else:
                async with self._lifespan(self) as state:
                    if state:
                        scope["state"].update(state)
                    await send({"type": "lifespan.startup.complete"})
                    started = True
                    await receive()
        except BaseException as exc:
            await send({"type": f"lifespan.{'shutdown' if started else 'startup'}.failed", "message": repr(exc)})
            raise
        finally:
            if self._consumers is not None:
                await self._consumers.close()
        await send({"type": "lifespan.shutdown.complete"})

    def __repr__(self) -> str:
        return f"<App {self._app_name()}>"


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": "This application serves no websockets."})
