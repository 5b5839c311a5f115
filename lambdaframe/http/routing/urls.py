"""Reverse URLs: from the name of a route and its parameters to its path."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lambdaframe.errors import NoMatchFoundError

if TYPE_CHECKING:
    from starlette.datastructures import URLPath

    from lambdaframe.http.routing.routes import Mount, Route


class URLs:
    """The names of routes and mounts. Of several with one name the first that fits counts."""

    def __init__(self) -> None:
        self._known: dict[str | None, list[Route | Mount]] = {}

    def add(self, given: "Route | Mount") -> None:
        """Take in what was registered."""
        self._known.setdefault(given.name, []).append(given)

    def url_path_for(self, name: str, params: Mapping[str, Any]) -> "URLPath":
        """The path, percent-encoded, below the application's root path. Raises NoMatchFoundError.

        ``name`` is a route's, or a mount's with the parameter ``path``, or ``mount:name`` for a name inside a mounted
        application that has a ``url_path_for`` of its own.
        """
        from starlette.datastructures import URLPath

        named = list(self._known.get(name, ()))
        if ":" in name:
            named += self._known.get(name.partition(":")[0], ())
        reasons: list[str] = []
        for given in named:
            try:
                return URLPath(path=given.path_for(name, params), protocol="http")
            except ValueError as exc:
                reasons.append(f"{given.path or '/'}: {exc}")
        for mount in self._known.get(None, ()):
            try:
                return URLPath(path=mount.path_for(name, params), protocol="http")
            except ValueError:
                continue
        raise NoMatchFoundError(name, params, reasons)


class Inside(NamedTuple):
    """What Starlette's ``request.url_for`` asks inside a mounted application, as ``scope["router"]``.

    The application's own names count first, so that one which runs alone runs mounted, too; then those outside it.
    ``prefix``: what its paths have before them, percent-encoded.
    """

    app: Any
    prefix: str
    outside: Any

    def url_path_for(self, name: str, /, **path_params: Any) -> "URLPath":
        """Raises NoMatchFoundError, or what the application outside raises."""
        from starlette.datastructures import URLPath

        try:
            inner = inner_path(self.app, name, path_params)
        except ValueError as exc:
            if self.outside is None:
                raise NoMatchFoundError(name, path_params, [str(exc)]) from exc
            found: URLPath = self.outside.url_path_for(name, **path_params)
            return found
        return URLPath(path=self.prefix + str(inner), protocol="http")


def names_of(app: Any) -> Any:
    """The application that knows names inside ``app``: itself, or what its middleware wraps. None if there is none.

    Middleware keeps what it wraps as ``app``, as Starlette's does, or as ``__wrapped__``, as ``functools.wraps`` does.
    """
    while app is not None and not hasattr(app, "url_path_for"):
        app = getattr(app, "app", None) or getattr(app, "__wrapped__", None)
    return app


def inner_path(app: Any, name: str, params: Mapping[str, Any]) -> "URLPath":
    """The path of a name inside an application. Raises ValueError where it does not know it."""
    known = names_of(app)
    if known is None:
        raise ValueError("the application mounted there knows no names")
    starlette: Any = sys.modules.get("starlette.routing")
    unknown: tuple[type[Exception], ...] = (NoMatchFoundError,)
    if starlette is not None:  # its convertors assert
        unknown = (NoMatchFoundError, starlette.NoMatchFound, AssertionError)
    try:
        found: URLPath = known.url_path_for(name, **params)
    except unknown as exc:
        raise ValueError(str(exc)) from exc
    return found


def no_match(name: str, params: Mapping[str, Any]) -> Exception:
    """Starlette's error, which its routers catch to go on."""
    from starlette.routing import NoMatchFound

    return NoMatchFound(name, dict(params))
