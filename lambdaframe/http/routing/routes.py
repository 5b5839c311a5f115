"""Routes as data: what was registered, and how the options of routers and their routes come together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypedDict

from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding.parameters import Needed
from lambdaframe.http.routing.paths import fill_path, parse_path
from lambdaframe.http.routing.urls import inner_path, no_match
from lambdaframe.types import ASGIApp, Scope

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Literal

    from starlette.datastructures import URLPath
    from starlette.responses import Response

_MAPPING: Final[type[Any]] = Mapping

IncEx: TypeAlias = set[int] | set[str] | Mapping[int, Any] | Mapping[str, Any]
"""Which fields, as pydantic's ``include`` and ``exclude`` take them."""


class IdempotentRoute(TypedDict, total=False):
    """What an idempotent route can be told. Left out, an option has the application's value
    (``App(idempotency_options)``), then a default.

    ``ttl``: how long answers are kept, in seconds; an hour. ``lease``: how long an attempt may stay silent before
    another takes over; it is extended while the attempt runs. Without it the lease ends two seconds after the deadline.
    ``on_conflict``: ``"wait"`` for a running attempt, or ``"reject"`` with 409 at once. ``on_expiry``: ``"retry"`` an
    operation whose attempt died, or ``"reject"``. ``required``: whether a request without a key is a 400; True.
    ``principal``: a function of the scope that says who asks, in place of the gateway's authorizer. ``fingerprint``:
    what has to be the same under one key, beside method and path, in place of query and body: a JMESPath expression
    over the JSON body, or a function of ``(scope, body)``. ``final_statuses``: the client's errors (4xx) that are kept;
    all but 408, 425 and 429. Answers below 400 are always kept, from 500 on never, with ``Retry-After`` no error.
    """

    ttl: "float | timedelta"
    lease: "float | timedelta | None"
    on_conflict: 'Literal["wait", "reject"]'
    on_expiry: 'Literal["retry", "reject"]'
    required: bool
    principal: "Callable[[Scope], str | None] | None"
    fingerprint: "Callable[[Scope, bytes], Any] | str | None"
    final_statuses: "Collection[int]"


class RouteOptions(TypedDict, total=False):
    """What a route can be told. Left out, an option has the router's value, then the application's, then a default.

    ``status_code`` is 200 unless the response class has its own. ``response_model`` replaces the return annotation;
    None checks nothing. ``timeout`` in seconds; None for no limit. ``idempotent`` honours the ``Idempotency-Key``
    header: True, or the options of an ``IdempotentRoute``. ``name`` is what ``url_path_for`` knows it by: the
    function's name. The rest is for the OpenAPI document: ``responses`` by status, ``openapi_extra`` merged into the
    operation.
    """

    status_code: int | None
    response_model: Any
    response_class: "type[Response]"
    response_model_include: IncEx | None
    response_model_exclude: IncEx | None
    response_model_by_alias: bool
    response_model_exclude_unset: bool
    response_model_exclude_defaults: bool
    response_model_exclude_none: bool
    dependencies: Sequence[Any]
    idempotent: bool | IdempotentRoute
    timeout: float | timedelta | None
    name: str
    tags: Sequence[str | Enum]
    summary: str | None
    description: str | None
    response_description: str
    responses: Mapping[int | str, Mapping[str, Any]] | None
    deprecated: bool | None
    include_in_schema: bool
    operation_id: str | None
    openapi_extra: Mapping[str, Any] | None


class Route(NamedTuple):
    """A function at a path. ``methods`` in upper case, sorted. ``options``: with those of the routers around it."""

    path: str
    methods: tuple[str, ...]
    function: Callable[..., Any]
    options: RouteOptions
    name: str

    def under(self, prefix: str, outer: RouteOptions) -> "Route":
        """The same as part of a router with this prefix and these options."""
        return Route(prefix + self.path, self.methods, self.function, merged(outer, self.options), self.name)

    @property
    def idempotent(self) -> IdempotentRoute | None:
        """The options of an idempotent route, empty where none were given; None for a route that is not idempotent."""
        given = self.options.get("idempotent", False)
        return (IdempotentRoute() if given else None) if isinstance(given, bool) else given

    def idempotent_with(self, defaults: IdempotentRoute) -> "Route":
        """The same, its idempotency with these options where it does not say otherwise."""
        own = self.idempotent
        if own is None or not defaults:
            return self
        both: IdempotentRoute = {**defaults, **own}
        return self._replace(options={**self.options, "idempotent": both})

    def path_for(self, name: str, params: Mapping[str, Any]) -> str:
        """Its path, percent-encoded. Raises ValueError, which says why, where these are not its parameters."""
        if name != self.name:
            raise ValueError(f"its name is {self.name!r}")
        return fill_path(self.path, params)

    def url_path_for(self, name: str, /, **path_params: Any) -> "URLPath":
        """Asked by a Starlette application around ours. Raises Starlette's NoMatchFound."""
        return _for_starlette(self, name, path_params)


class Mount(NamedTuple):
    """An ASGI application at a path and everywhere below it. ``path`` is ``""`` at the root."""

    path: str
    app: ASGIApp
    name: str | None
    timeout: float | timedelta | None = None

    def under(self, prefix: str, outer: RouteOptions) -> "Mount":
        """The same as part of a router with this prefix and these options."""
        timeout = outer.get("timeout") if self.timeout is None else self.timeout
        return Mount(prefix + self.path, self.app, self.name, timeout)

    def path_for(self, name: str, params: Mapping[str, Any]) -> str:
        """The path of something inside, percent-encoded: ``static`` with ``path=``, or ``mount:name``, as in Starlette.

        A mount without a name is asked for the names inside it as they are. Raises ValueError, which says why.
        """
        if name == self.name and "path" in params:
            return fill_path(self.path + "/{path:path}", {**params, "path": str(params["path"]).lstrip("/")})
        inner = name if self.name is None else name.removeprefix(f"{self.name}:")
        if self.name is not None and inner == name:
            raise ValueError(f"it is a mount: give it path=, or ask for '{name}:...'")
        own = {parameter.name for parameter in parse_path(self.path)} if self.path else set[str]()
        before = fill_path(self.path, {key: value for key, value in params.items() if key in own})
        return before + str(inner_path(self.app, inner, {key: params[key] for key in params if key not in own}))

    def url_path_for(self, name: str, /, **path_params: Any) -> "URLPath":
        """Asked by a Starlette application around ours. Raises Starlette's NoMatchFound."""
        return _for_starlette(self, name, path_params)


def _for_starlette(given: Route | Mount, name: str, params: Mapping[str, Any]) -> "URLPath":
    from starlette.datastructures import URLPath

    try:
        return URLPath(path=given.path_for(name, params), protocol="http")
    except ValueError as exc:
        raise no_match(name, params) from exc


def merged(outer: RouteOptions, inner: RouteOptions) -> RouteOptions:
    """The inner one's options inside the outer one's.

    Tags and dependencies stand one after the other, the outer ones first. Responses come together. What is deprecated
    or left out of the document outside is so inside. Of anything else the inner one counts.
    """
    both: RouteOptions = {**outer, **inner}
    if outer.get("tags"):
        both["tags"] = tuple(dict.fromkeys((*outer.get("tags", ()), *inner.get("tags", ()))))
    if outer.get("dependencies"):
        both["dependencies"] = (*outer.get("dependencies", ()), *inner.get("dependencies", ()))
    if outer.get("responses"):
        both["responses"] = {**(outer.get("responses") or {}), **(inner.get("responses") or {})}
    if outer.get("deprecated"):
        both["deprecated"] = True
    if outer.get("include_in_schema") is False:
        both["include_in_schema"] = False
    return both


def seconds(duration: float | timedelta | None) -> float | None:
    """A duration in seconds. Raises ConfigurationError for one that is not above zero."""
    if duration is None:
        return None
    length: Any = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if isinstance(length, bool) or not isinstance(length, int | float) or not 0 < length < float("inf"):
        raise ConfigurationError(f"A timeout is a number of seconds above zero or a timedelta, not {duration!r}.")
    return float(length)


def check_options(options: RouteOptions, where: str) -> None:
    """Raises ConfigurationError for an option that is unknown, or whose value is none."""
    unknown = sorted(set(options) - RouteOptions.__optional_keys__)
    if unknown:
        known = ", ".join(sorted(RouteOptions.__optional_keys__))
        raise ConfigurationError(f"{where}: there is no option {unknown[0]!r}. The options are {known}.")
    for name in ("tags", "dependencies"):
        given: object = options.get(name, ())
        if isinstance(given, str | bytes | Needed) or not isinstance(given, Sequence):
            raise ConfigurationError(f"{where}: {name} is a list, not {given!r}.")
    for tag in options.get("tags", ()):
        if not isinstance(tag.value if isinstance(tag, Enum) else tag, str):
            raise ConfigurationError(f"{where}: a tag is a string, not {tag!r}.")
    for needed in options.get("dependencies", ()):
        if not isinstance(needed, Needed):
            raise ConfigurationError(f"{where}: write dependencies=[Depends(...)], not {needed!r}.")
    status: Any = options.get("status_code")
    if status is not None and (isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599):
        raise ConfigurationError(f"{where}: a status_code is a number from 100 to 599, not {status!r}.")
    seconds(options.get("timeout"))
    idempotent: Any = options.get("idempotent", False)
    if not isinstance(idempotent, bool):
        check_idempotent(idempotent, f"{where}: idempotent", "True, or options")


def check_idempotent(given: Any, what: str, kind: str = "options") -> None:
    """Raises ConfigurationError unless these may be the options of an idempotent route, by their names."""
    if not isinstance(given, _MAPPING):
        raise ConfigurationError(f"{what}: write {kind} such as {{'ttl': 3600}}, not {given!r}.")
    known = sorted(IdempotentRoute.__optional_keys__)
    for name in given:
        if name not in known:
            raise ConfigurationError(f"{what} has no option {name!r}. The options are {', '.join(known)}.")
