"""The application: composition only. Routes and consumers are registered here and served elsewhere."""

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from lambdaframe.errors import ConfigurationError, HTTPException
from lambdaframe.http.cors import check_cors
from lambdaframe.http.endpoint import Endpoint
from lambdaframe.http.errors import ErrorBoundary, ExceptionHandler, ExceptionHandlers
from lambdaframe.http.routing import Router, parse_path, route_path
from lambdaframe.invocation import SCOPE_KEY, Invocation, current
from lambdaframe.logging import configure
from lambdaframe.logging.context import fresh_keys
from lambdaframe.types import ASGIApp, Lifespan, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.middleware import Middleware

    from lambdaframe.idempotency import Store
    from lambdaframe.records.consumer import Consumers

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
Wrap: TypeAlias = "Middleware | Callable[[ASGIApp], ASGIApp]"
"""Starlette's ``Middleware(cls, …)``, or anything that takes an ASGI application and gives one."""


class App:
    """An ASGI 3 application for ``http``, ``lifespan`` and our own ``records`` scopes.

    ``service`` names it in every log line. ``idempotency`` is where routes and consumers with ``idempotent=True`` keep
    what they did: ``"memory://"`` (one process) or a store object. ``lifespan`` is an async context manager
    around the life of the process. ``middleware`` is applied as written, the first one outermost, to all traffic.
    ``state`` is the application's own: whatever you put there.
    """

    def __init__(
        self,
        *,
        service: str | None = None,
        idempotency: "str | Store | None" = None,
        middleware: Iterable[Wrap] = (),
        exception_handlers: Mapping[int | type[Exception], ExceptionHandler] | None = None,
        lifespan: "Lifespan[App] | None" = None,
    ) -> None:
        self.service = service
        self.state = SimpleNamespace()
        self._store: Store | None = None
        if idempotency is not None:
            from lambdaframe.idempotency import open_store

            self._store = open_store(idempotency)
        self._handlers = ExceptionHandlers(exception_handlers)
        self._router: Router[Endpoint] = Router()
        self._consumers: Consumers | None = None
        self._lifespan = lifespan
        self._warm = False
        self._http, self._other = self._build(tuple(middleware))
        if service is not None:
            configure(service=service)

    # HTTP

    def route(
        self, path: str, *, methods: Iterable[str] = ("GET",), status_code: int = 200, idempotent: bool = False
    ) -> Callable[[FunctionT], FunctionT]:
        """Register the decorated function for these methods and this path; it stays callable as it is.

        ``path`` may hold parameters: ``/orders/{order_id}``, ``/files/{name:path}``. ``idempotent=True`` honours the
        ``Idempotency-Key`` header. Raises ConfigurationError for a mistake in the path or the function's signature.
        """

        def register(function: FunctionT) -> FunctionT:
            names = [parameter.name for parameter in parse_path(path)]
            for method in sorted({method.upper() for method in methods}):
                guard = self._http_guard(f"{method} {path}") if idempotent else None
                endpoint = Endpoint(function, names, self._handlers, status_code=status_code, guard=guard)
                self._router.add(method, path, endpoint)
            return function

        return register

    def get(self, path: str, *, status_code: int = 200) -> Callable[[FunctionT], FunctionT]:
        """See ``route``. It answers HEAD, too."""
        return self.route(path, methods=("GET",), status_code=status_code)

    def head(self, path: str, *, status_code: int = 200) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("HEAD",), status_code=status_code)

    def options(self, path: str, *, status_code: int = 200) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("OPTIONS",), status_code=status_code)

    def post(self, path: str, *, status_code: int = 200, idempotent: bool = False) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("POST",), status_code=status_code, idempotent=idempotent)

    def put(self, path: str, *, status_code: int = 200, idempotent: bool = False) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("PUT",), status_code=status_code, idempotent=idempotent)

    def patch(self, path: str, *, status_code: int = 200, idempotent: bool = False) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("PATCH",), status_code=status_code, idempotent=idempotent)

    def delete(
        self, path: str, *, status_code: int = 200, idempotent: bool = False
    ) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("DELETE",), status_code=status_code, idempotent=idempotent)

    def exception_handler(self, key: int | type[Exception]) -> Callable[[FunctionT], FunctionT]:
        """Register ``handler(request, exc) -> Response``, sync or async, for a status or a class of exceptions."""

        def register(handler: FunctionT) -> FunctionT:
            self._handlers.add(key, handler)
            return handler

        return register

    # Records

    def sqs(
        self, name: str | None = None, *, concurrency: int = 10, idempotent: bool = False
    ) -> Callable[[FunctionT], FunctionT]:
        """Consume the messages of the queue ``name``, or of every queue that has no consumer of its own.

        The function takes the typed body and/or the ``Record``; at most ``concurrency`` messages are in work at once.
        Failed messages are reported one by one. ``idempotent=True`` skips messages that were done before.
        """
        return self._consume("sqs", name, concurrency, idempotent)

    def kinesis(
        self, name: str | None = None, *, concurrency: int = 10, idempotent: bool = False
    ) -> Callable[[FunctionT], FunctionT]:
        """Consume the records of the stream ``name``, in order within a partition key. See ``sqs``."""
        return self._consume("kinesis", name, concurrency, idempotent)

    def dynamodb(
        self, name: str | None = None, *, concurrency: int = 10, idempotent: bool = False
    ) -> Callable[[FunctionT], FunctionT]:
        """Consume the changes of the table ``name``, in order within an item; take a ``Change[Model]``. See ``sqs``."""
        return self._consume("dynamodb", name, concurrency, idempotent)

    def _consume(
        self, source: str, name: str | None, concurrency: int, idempotent: bool
    ) -> Callable[[FunctionT], FunctionT]:
        def register(function: FunctionT) -> FunctionT:
            guard = None
            if idempotent:
                from lambdaframe.idempotency.records import record_guard

                guard = record_guard(self._needed_store(), app=self._app_name(), source=source, name=name)
            self._known_consumers().add(source, name, function, concurrency=concurrency, guard=guard)
            return function

        return register

    def _known_consumers(self) -> "Consumers":
        """Loaded with the first consumer: an application that serves HTTP alone starts without."""
        if self._consumers is None:
            from lambdaframe.records.consumer import Consumers

            self._consumers = Consumers()
        return self._consumers

    # Idempotency

    def _http_guard(self, operation: str) -> Any:
        from lambdaframe.idempotency.http import http_guard

        return http_guard(self._needed_store(), app=self._app_name(), operation=operation)

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
        invocation = scope[SCOPE_KEY] = Invocation(cold_start=not self._warm)
        self._warm = True
        token = current.set(invocation)
        fresh_keys()
        try:
            await app(scope, receive, send)
        finally:
            current.reset(token)

    def _build(self, middleware: tuple[Wrap, ...]) -> tuple[ASGIApp, ASGIApp]:
        """The application for HTTP, and for everything else."""
        http: ASGIApp = self._serve_http
        if middleware:
            http = ErrorBoundary(http, self._handlers, last=False)
        serve: Mapping[str, ASGIApp] = {
            "http": http,
            "records": self._serve_records,
            "lifespan": self._serve_lifespan,
            "websocket": _refuse_websocket,
        }

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            await serve[scope["type"]](scope, receive, send)

        wrapped: ASGIApp = dispatch
        for wrap in reversed(middleware):
            wrapped = _wrap(wrap, wrapped)
        return ErrorBoundary(wrapped if middleware else http, self._handlers, last=True), wrapped

    async def _serve_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        path = route_path(scope)
        found = self._router.find(method, path)
        if isinstance(found, frozenset) and method == "HEAD" and "GET" in found:
            found = self._router.find("GET", path)
        if isinstance(found, frozenset):
            if not found:
                raise HTTPException(404)
            allowed = found | {"HEAD"} if "GET" in found else found
            raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
        endpoint, scope["path_params"] = found
        await endpoint(scope, receive, send)

    async def _serve_records(self, scope: Scope, receive: Receive, send: Send) -> None:
        from lambdaframe.records.engine import run

        await run(self._known_consumers().find(scope["source"], scope["name"]), scope, receive, send)

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
        await send({"type": "lifespan.shutdown.complete"})

    def __repr__(self) -> str:
        return f"<App {self._app_name()}>"


def _wrap(wrap: Wrap, app: ASGIApp) -> ASGIApp:
    made: ASGIApp
    if isinstance(wrap, Iterable):  # Starlette's Middleware gives its parts
        cls, args, kwargs = cast("Iterable[Any]", wrap)
        made = cls(app, *args, **kwargs)
    else:
        made = wrap(app)
    check_cors(made)
    return made


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": "This application serves no websockets."})
