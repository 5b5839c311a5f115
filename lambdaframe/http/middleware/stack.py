"""The middleware around an application, as it was written: the first is the outermost."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from lambdaframe.concurrency import is_async_callable
from lambdaframe.http.middleware.cors import check_cors
from lambdaframe.types import ASGIApp

if TYPE_CHECKING:
    from starlette.middleware import Middleware

Wrap: TypeAlias = "Middleware | Callable[[ASGIApp], ASGIApp] | Callable[[Any, Any], Awaitable[Any]]"
"""Starlette's ``Middleware(cls, …)``, anything that takes an ASGI application and gives one, or an async function
``(request, call_next)``."""


def stacked(wraps: Sequence[Wrap], app: ASGIApp) -> ASGIApp:
    """The application inside its middleware. Raises ConfigurationError for one that is set up dangerously."""
    for wrap in reversed(wraps):
        app = _wrapped(wrap, app)
        check_cors(app)
    return app


def _wrapped(wrap: Any, app: ASGIApp) -> ASGIApp:
    made: ASGIApp
    parts: Any = wrap
    if isinstance(wrap, Iterable):  # Starlette's Middleware gives its parts
        cls, args, kwargs = parts
        made = cls(app, *args, **kwargs)
    elif is_async_callable(wrap):  # no factory of applications is
        from lambdaframe.http.middleware.function import FunctionMiddleware

        made = FunctionMiddleware(app, wrap)
    else:
        made = wrap(app)
    return made
