"""The HTTP half of an application: routes, compiled as they are registered, and what serves them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from lambdaframe.http.answers.results import Serializer
from lambdaframe.http.endpoint import Endpoint, Guard
from lambdaframe.http.errors import ExceptionHandlers
from lambdaframe.http.openapi.documentation import Documentation, Settings
from lambdaframe.http.routing.dispatch import Dispatcher
from lambdaframe.http.routing.paths import parse_path
from lambdaframe.http.routing.router import Router
from lambdaframe.http.routing.routes import IdempotentRoute, Mount, Route, seconds
from lambdaframe.http.routing.table import Table
from lambdaframe.http.routing.urls import URLs
from lambdaframe.http.timeouts import within
from lambdaframe.types import ASGIApp

GuardFor: TypeAlias = Callable[[str, IdempotentRoute], Guard]
"""The idempotency guard of an operation, such as ``POST /orders``, with these options."""


class HTTPApplication:
    """``router`` takes the routes, ``serve`` is the ASGI application for ``http``.

    ``overrides`` replaces dependencies, for tests: it may be changed at any time.
    """

    def __init__(
        self,
        router: Router,
        handlers: ExceptionHandlers,
        guard_for: GuardFor,
        *,
        redirect_slashes: bool,
        serializer: Serializer | None,
    ) -> None:
        self.overrides: dict[Callable[..., Any], Callable[..., Any]] = {}
        self.endpoints: list[Endpoint] = []
        """One for each route, in the order they were registered."""
        self.urls = URLs()
        self._handlers = handlers
        self._guard_for = guard_for
        self._serializer = serializer
        self._table: Table[ASGIApp] = Table()
        self.serve: ASGIApp = Dispatcher(self._table, redirect_slashes=redirect_slashes)
        router.listen(self._add)

    def document(self, settings: Settings, shown: Callable[[], Mapping[str, Any]]) -> Documentation:
        """Serve the documentation, where no route is in its place. ``shown`` gives the document."""
        documentation = Documentation(settings, self.endpoints)
        for path, app in documentation.apps(shown).items():
            self._table.mount(path, app)
        return documentation

    def warm(self) -> None:
        """Build every validator and serializer. Raises ConfigurationError for a type that has none."""
        for endpoint in self.endpoints:
            endpoint.warm()

    def _add(self, given: Route | Mount) -> None:
        self.urls.add(given)
        if isinstance(given, Mount):
            limit = seconds(given.timeout)
            self._table.mount(given.path, given.app if limit is None else within(limit, given.app))
            return
        names = [parameter.name for parameter in parse_path(given.path)]
        endpoints = [self._endpoint(given, names, method) for method in given.methods]
        for method, endpoint in zip(given.methods, endpoints, strict=True):
            self._table.add(method, given.path, endpoint.app)
        self.endpoints.append(endpoints[0])

    def _endpoint(self, route: Route, path_names: Sequence[str], method: str) -> Endpoint:
        idempotent = route.idempotent
        return Endpoint(
            route,
            path_names,
            self._handlers,
            overrides=self.overrides,
            serializer=self._serializer,
            guard=None if idempotent is None else self._guard_for(f"{method} {route.path}", idempotent),
            timeout=seconds(route.options.get("timeout")),
        )
