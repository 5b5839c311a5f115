"""One route: a request is bound to the handler's arguments, the handler called, its result sent."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any, TypeAlias

from lambdaframe.concurrency import in_thread, is_async_callable
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.binding import Plan
from lambdaframe.http.body import read_body
from lambdaframe.http.errors import ExceptionHandlers
from lambdaframe.http.responses import (
    BODILESS,
    Answer,
    capture,
    encode_json,
    encoder_for,
    is_response,
    json_answer,
    send_answer,
)
from lambdaframe.signature import EMPTY, describe, members, read_signature
from lambdaframe.types import Receive, Scope, Send

Guard: TypeAlias = Callable[[Scope, bytes, Callable[[], Awaitable[Answer]]], Awaitable[Answer]]
"""``guard(scope, body, produce)``: gives the answer, from ``produce`` or from a former run of the same operation."""


_PLAIN = frozenset({dict, list, str, int, float, bool, type(None)})
"""No Response, at a glance."""


class Endpoint:
    """A handler function as an ASGI application for ``http``. The path parameters stand in ``scope["path_params"]``."""

    def __init__(
        self,
        function: Callable[..., Any],
        path_names: Collection[str],
        handlers: ExceptionHandlers,
        *,
        status_code: int = 200,
        guard: Guard | None = None,
    ) -> None:
        """Raises ConfigurationError for a function that can't be a route."""
        signature = read_signature(function)
        self.name = describe(function)
        self._plan = Plan(signature, path_names, function)
        self._call = function if is_async_callable(function) else in_thread(function)
        self._status = status_code
        self._guard = guard
        self._handlers = handlers
        self._encode = encode_json if status_code in BODILESS else encoder_for(_declared(signature.returns))
        if not 100 <= status_code <= 599:
            raise ConfigurationError(f"{self.name}: {status_code} is no HTTP status.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plan = self._plan
        if self._guard is not None:
            body = await read_body(receive)
            produce = partial(self._produce, scope, receive, plan.bind(scope, receive, body))
            await send_answer(await self._guard(scope, body, produce), send)
            return
        if plan.trivial:
            result = await self._call()
        else:
            arguments = plan.bind(scope, receive, await read_body(receive) if plan.takes_body else None)
            result = await self._call(**arguments)
        if result.__class__ not in _PLAIN and is_response(result):
            await result(scope, receive, send)
        else:
            await send_answer(json_answer(self._status, self._encode(result)), send)

    async def _produce(self, scope: Scope, receive: Receive, arguments: dict[str, Any]) -> Answer:
        """The complete answer, expected errors included. Raises what nobody expected."""
        try:
            result = await self._call(**arguments)
            if not is_response(result):
                return json_answer(self._status, self._encode(result))
        except Exception as exc:
            result = await self._handlers.expected(scope, receive, exc)
            if result is None:
                raise
        return result if isinstance(result, Answer) else await capture(result, scope, receive)


def _declared(returns: Any) -> Any:
    """The type that results are held to; Any where none is declared, or where a Response may be returned."""
    return Any if returns is EMPTY or any(_is_response_class(member) for member in members(returns)) else returns


def _is_response_class(annotation: Any) -> bool:
    return isinstance(annotation, type) and any(
        kind.__name__ == "Response" and kind.__module__ == "starlette.responses" for kind in annotation.__mro__
    )
