"""Middleware written as a function: ``async def middleware(request, call_next) -> Response``."""

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from lambdaframe.concurrency import is_async_callable
from lambdaframe.errors import ConfigurationError
from lambdaframe.signature import describe
from lambdaframe.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

CallNext: TypeAlias = "Callable[[Request], Awaitable[Response]]"
MiddlewareFunction: TypeAlias = "Callable[[Request, CallNext], Awaitable[Response]]"


class FunctionMiddleware:
    """An ASGI application around another, by a function of ``(request, call_next)`` that returns a response.

    ``call_next(request)`` gives the inner application's response as soon as that has been started; it raises what the
    application raises before. Change its ``status_code``, ``headers`` and ``body_iterator``, or return another
    response. The application reads again what the function has read of the request's body; it gets the scope and
    ``receive`` of the request that is passed on. Traffic other than HTTP passes by untouched.

    Called in a task that the function made (``asyncio.gather``; ``asyncio.wait_for`` before Python 3.12),
    ``call_next`` returns when the application has ended, with the complete answer: nothing is streamed then.

    Raises ConfigurationError for a function that is not async, or takes other arguments.
    """

    def __init__(self, app: ASGIApp, function: MiddlewareFunction) -> None:
        check_middleware(function)
        from lambdaframe.http.middleware.turns import Exchange  # loads Starlette's Request and Response

        self._exchange = Exchange
        self._app = app
        self._function = function

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._exchange(self._app, scope, receive, send).run(self._function)
        else:
            await self._app(scope, receive, send)


def check_middleware(function: Callable[..., Any]) -> None:
    """Raises ConfigurationError for a function that can't be a middleware."""
    name = describe(function)
    if not is_async_callable(function):
        raise ConfigurationError(
            f"{name} is a middleware and not async: write 'async def' with the arguments (request, call_next), and "
            "return the response."
        )
    signature = inspect.signature(function)
    try:
        signature.bind(None, None)
    except TypeError:
        raise ConfigurationError(f"{name}{signature} is a middleware: it takes (request, call_next).") from None
