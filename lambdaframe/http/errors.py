"""Where exceptions become answers: the application's handlers, then problems, and 500 for what nobody expected."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from lambdaframe.concurrency import in_thread, is_async_callable
from lambdaframe.errors import ConfigurationError, HTTPException
from lambdaframe.http.answers.problems import problem, problem_of
from lambdaframe.http.answers.responses import Answer, is_response, send_answer
from lambdaframe.logging import get_logger
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.responses import Response

ExceptionHandler: TypeAlias = Callable[..., Any]
"""``handler(request, exc) -> Response``, sync or async."""

_Rendered: TypeAlias = "Answer | Response"

_FAILED = "lambdaframe.failed"
"""Where a scope keeps what an exception handler has raised: no handler is asked about that."""

_log = get_logger("lambdaframe.http")


class ExceptionHandlers:
    """The application's exception handlers, found by status first and then by the exception's classes, nearest first.

    A handler for ``500`` or ``Exception`` answers what is unexpected; that is logged all the same. A handler for our
    HTTPException is one for Starlette's, and the other way round. A handler may raise HTTPException or another
    exception that stands for a problem, and answers with that; anything else that it raises is unexpected.
    """

    def __init__(self, handlers: Mapping[int | type[Exception], ExceptionHandler] | None = None) -> None:
        self._handlers: dict[int | type[Exception], Callable[..., Awaitable[Any]]] = {}
        for key, handler in (handlers or {}).items():
            self.add(key, handler)

    def add(self, key: int | type[Exception], handler: ExceptionHandler) -> None:
        """Raises ConfigurationError when the key is neither a status nor a class of exceptions."""
        given: Any = key
        is_class = isinstance(given, type) and issubclass(given, Exception)
        if not is_class and not (isinstance(given, int) and 400 <= given <= 599):
            raise ConfigurationError(
                f"An exception handler is for an Exception class or a status 400-599, not {key!r}."
            )
        self._handlers[_same(key)] = handler if is_async_callable(handler) else in_thread(handler)

    async def expected(self, scope: Scope, receive: Receive, exc: Exception) -> "_Rendered | None":
        """The answer to an exception that has a handler or stands for a problem; None for any other.

        Raises what the handler raises, when that is no problem.
        """
        known = problem_of(exc)
        handler = self._handlers.get(known.status) if known is not None else None
        for kind in type(exc).__mro__:
            if handler is not None or kind is Exception:
                break
            handler = self._handlers.get(_same(kind))
        if handler is None:
            return known
        try:
            return await _call(handler, scope, receive, exc)
        except Exception as raised:
            known = problem_of(raised)
            if known is None:
                raise
            return known

    async def unexpected(self, scope: Scope, receive: Receive, exc: Exception) -> "_Rendered":
        """The answer to an exception that nobody expected: by the handler for 500 or Exception, or a bare problem."""
        handler = self._handlers.get(500) or self._handlers.get(Exception)
        if handler is not None:
            try:
                return await _call(handler, scope, receive, exc)
            except Exception:
                _log.exception("The exception handler itself failed")
        return problem(500)


def _same(key: int | type[Exception]) -> int | type[Exception]:
    """The key of a handler: Starlette's HTTPException is ours."""
    kind: Any = key
    is_starlettes = isinstance(kind, type) and (kind.__module__, kind.__name__) == (
        "starlette.exceptions",
        "HTTPException",
    )
    return HTTPException if is_starlettes else key


async def _call(handler: Callable[..., Awaitable[Any]], scope: Scope, receive: Receive, exc: Exception) -> "Response":
    from starlette.requests import Request

    response = await handler(Request(scope, receive), exc)
    if not is_response(response):
        raise TypeError(f"An exception handler returns a Response, not {type(response).__name__}.")
    return response


class ErrorBoundary:
    """An ASGI application around another: no exception leaves it unanswered.

    The inner one, inside the middleware, answers what is expected, so that middleware sees the answer. The outer one
    (``last``) answers and logs everything else. It raises that again for those who ask, test clients and
    ``LambdaHandler(on_error="raise")``, and where the answer was cut short, so that the server breaks off.

    ``debug``: a local client sees the trace of what nobody expected, whatever handler there is for it.
    """

    def __init__(self, app: ASGIApp, handlers: ExceptionHandlers, *, last: bool, debug: bool = False) -> None:
        self._app = app
        self._handlers = handlers
        self._last = last
        self._debug = debug

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent: Message | None = None

        def tracked(message: Message) -> Awaitable[None]:
            nonlocal sent
            sent = message
            return send(message)

        try:
            try:
                await self._app(scope, receive, tracked)
            except Exception as exc:
                answer = None if sent else await self._expected(scope, receive, exc)
                if answer is None:
                    raise
                await _send(answer, scope, receive, tracked)
        except Exception as exc:
            if not self._last:
                raise
            _log.exception("Unhandled error", method=scope["method"], path=scope["path"])
            if sent is None:
                await _send(await self._unexpected(scope, receive, exc), scope, receive, send)
            if _wants_error(scope) or _cut_short(sent):
                raise

    async def _expected(self, scope: Scope, receive: Receive, exc: Exception) -> "_Rendered | None":
        if scope.get(_FAILED) is exc:
            return None
        try:
            return await self._handlers.expected(scope, receive, exc)
        except Exception as raised:
            scope[_FAILED] = raised
            raise

    async def _unexpected(self, scope: Scope, receive: Receive, exc: Exception) -> "_Rendered":
        if self._debug:
            from lambdaframe.http.traces import is_local, trace_of

            if is_local(scope):
                return trace_of(exc, scope)
        return await self._handlers.unexpected(scope, receive, exc)


def _cut_short(sent: Message | None) -> bool:
    return sent is not None and (sent["type"] != "http.response.body" or bool(sent.get("more_body")))


async def _send(answer: "_Rendered", scope: Scope, receive: Receive, send: Send) -> None:
    if isinstance(answer, Answer):
        await send_answer(answer, send)
    else:
        await answer(scope, receive, send)


def _wants_error(scope: Scope) -> bool:
    extensions: Mapping[str, Any] = scope.get("extensions") or {}
    return "http.response.debug" in extensions or bool(extensions.get("lambda", {}).get("on_error") == "raise")
