"""The router that people write with: routes under a prefix, with what they have in common, nested to any depth."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Unpack, cast

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.routing.paths import parse_path
from lambdaframe.http.routing.routes import Mount, Route, RouteOptions, check_options
from lambdaframe.signature import describe, read_signature
from lambdaframe.types import ASGIApp

if TYPE_CHECKING:
    from starlette.responses import Response

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
Listener: TypeAlias = Callable[[Route | Mount], None]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Router:
    """Routes with a common prefix, tags, dependencies and other options, to be included into an application.

    What is added to a router after it was included is added there, too.
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        tags: Sequence[Any] = (),
        dependencies: Sequence[Any] = (),
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        default_response_class: "type[Response] | None" = None,
        timeout: float | timedelta | None = None,
    ) -> None:
        """``timeout`` in seconds. Raises ConfigurationError for a prefix or an option that is none."""
        self._prefix = _checked(prefix)
        self._options = _options(
            tags, dependencies, responses, deprecated, include_in_schema, default_response_class, timeout
        )
        self._routes: list[Route | Mount] = []
        self._listeners: list[Listener] = []
        self._inside: list[Router] = []

    @property
    def routes(self) -> list[Route | Mount]:
        """What it holds, in the order it was added, included routers' routes too."""
        return list(self._routes)

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` for all that it holds, and for whatever is added later."""
        for given in self._routes:
            listener(given)
        self._listeners.append(listener)

    def route(
        self, path: str, *, methods: Iterable[str] = ("GET",), **options: Unpack[RouteOptions]
    ) -> Callable[[FunctionT], FunctionT]:
        """Register the decorated function for these methods and this path; it stays callable as it is.

        ``path`` may hold parameters: ``/orders/{order_id}``, ``/files/{name:path}``. The options: see ``RouteOptions``.
        Raises ConfigurationError for a mistake in the path, the options or the function's signature.
        """
        where = f"The route {self._prefix + path!r}"
        if path and not path.startswith("/"):
            raise ConfigurationError(f"A route's path starts with '/': write {'/' + path!r}.")
        check_options(options, where)
        verbs = _verbs(methods, where)

        def register(function: FunctionT) -> FunctionT:
            name = options.get("name") or describe(function).rpartition(".")[2]
            self._add(Route(path, verbs, function, options, name).under(self._prefix, self._options))
            return function

        return register

    def get(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[FunctionT], FunctionT]:
        """See ``route``. It answers HEAD, too."""
        return self.route(path, methods=("GET",), **options)

    def head(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("HEAD",), **options)

    def options(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("OPTIONS",), **options)

    def post(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("POST",), **options)

    def put(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("PUT",), **options)

    def patch(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("PATCH",), **options)

    def delete(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[FunctionT], FunctionT]:
        """See ``route``."""
        return self.route(path, methods=("DELETE",), **options)

    def mount(self, path: str, app: ASGIApp, name: str | None = None) -> None:
        """Hand every request at ``path`` and below it to an ASGI application, whose ``root_path`` is then longer.

        It gets what no route takes. With a ``name``, ``url_path_for`` knows ``name`` with the parameter ``path``, and
        ``name:inner`` for the names inside. Its lifespan is not run. Raises ConfigurationError for a path that is none.
        """
        if path and not path.startswith("/"):
            raise ConfigurationError(f"A mount's path starts with '/': write {'/' + path!r}.")
        if not callable(app):
            raise ConfigurationError(f"A mount is an ASGI application, not {app!r}.")
        self._add(Mount(path.rstrip("/"), app, name).under(self._prefix, self._options))

    def include_router(
        self,
        router: "Router",
        *,
        prefix: str = "",
        tags: Sequence[Any] = (),
        dependencies: Sequence[Any] = (),
        responses: Mapping[int | str, Mapping[str, Any]] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        default_response_class: "type[Response] | None" = None,
        timeout: float | timedelta | None = None,
    ) -> None:
        """Take in what a router holds and will hold, under this prefix and with these options around its own.

        Raises ConfigurationError for a router that includes this one.
        """
        if not isinstance(cast("object", router), Router):
            raise ConfigurationError(
                f"include_router takes a lambdaframe Router, not {router!r}; app.mount takes others."
            )
        if router.holds(self):
            raise ConfigurationError("A router can't include itself, nor one that includes it.")
        outer = _checked(prefix)
        options = _options(
            tags, dependencies, responses, deprecated, include_in_schema, default_response_class, timeout
        )
        self._inside.append(router)
        router.listen(lambda given: self._add(given.under(outer, options).under(self._prefix, self._options)))

    def holds(self, router: "Router") -> bool:
        """Whether it is, or includes, this router."""
        return router is self or any(inside.holds(router) for inside in self._inside)

    def _add(self, given: Route | Mount) -> None:
        if not self._listeners:
            _check(given)  # else who listens does: a signature is not read twice
        for listener in self._listeners:
            listener(given)
        self._routes.append(given)


def _check(given: Route | Mount) -> None:
    if given.path:
        parse_path(given.path)
    if isinstance(given, Route):
        read_signature(given.function)


def _verbs(methods: Iterable[str], where: str) -> tuple[str, ...]:
    """The methods in upper case, sorted. Raises ConfigurationError for what is no method, or for none at all."""
    verbs = [] if isinstance(methods, str) else list(methods)
    if not verbs:
        raise ConfigurationError(f"{where}: methods is a list of methods, such as ['GET'], not {methods!r}.")
    for verb in verbs:
        if not _TOKEN.fullmatch(verb):
            raise ConfigurationError(f"{where}: {verb!r} is no method.")
    return tuple(sorted({verb.upper() for verb in verbs}))


def _checked(prefix: str) -> str:
    if prefix:
        if not prefix.startswith("/") or prefix.endswith("/"):
            raise ConfigurationError(f"A prefix starts with '/' and does not end with one; {prefix!r} does not fit.")
        parse_path(prefix)
    return prefix


def _options(
    tags: Sequence[Any],
    dependencies: Sequence[Any],
    responses: Mapping[int | str, Mapping[str, Any]] | None,
    deprecated: bool | None,
    include_in_schema: bool,
    response_class: "type[Response] | None",
    timeout: float | timedelta | None,
) -> RouteOptions:
    """Only what was said: a route's own option wins over it, and an outer router's over nothing."""
    options = RouteOptions()
    if tags:
        options["tags"] = tags
    if dependencies:
        options["dependencies"] = dependencies
    if responses is not None:
        options["responses"] = responses
    if deprecated is not None:
        options["deprecated"] = deprecated
    if not include_in_schema:
        options["include_in_schema"] = False
    if response_class is not None:
        options["response_class"] = response_class
    if timeout is not None:
        options["timeout"] = timeout
    check_options(options, "The router")
    return options
