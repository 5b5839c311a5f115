"""One route: a request is bound to the handler's arguments, the handler called, its result sent.

What a handler asks for decides how much is done for it. One that takes values and returns JSON is served by a few
lines; dependencies, forms, background tasks and idempotency come with the longer way.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from lambdaframe.concurrency import in_thread, is_async_callable
from lambdaframe.http.answers.responses import Answer, capture, is_response, json_answer, send_answer
from lambdaframe.http.answers.results import Rendering, Serializer, rendering_for
from lambdaframe.http.binding.body import read_body
from lambdaframe.http.binding.dependencies import Exits
from lambdaframe.http.binding.plan import Plan, Resolved
from lambdaframe.http.binding.reading import read_dependant
from lambdaframe.http.errors import ExceptionHandlers
from lambdaframe.http.timeouts import within
from lambdaframe.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.background import BackgroundTask
    from starlette.responses import Response

    from lambdaframe.http.routing.routes import Route

Guard: TypeAlias = Callable[[Scope, bytes, Callable[[], Awaitable[Answer]]], Awaitable[Answer]]
"""``guard(scope, body, produce)``: gives the answer, from ``produce`` or from a former run of the same operation."""

Overrides: TypeAlias = Mapping[Callable[..., Any], Callable[..., Any]]

_PLAIN = frozenset({dict, list, str, int, float, bool, type(None)})
"""No Response, at a glance."""


class Endpoint:
    """A handler function; ``app`` is the ASGI application for ``http`` that serves it.

    The path parameters stand in ``scope["path_params"]``, and the route is put into ``scope["route"]``. ``overrides``
    is the application's: it may change any time.
    """

    def __init__(
        self,
        route: "Route",
        path_names: Collection[str],
        handlers: ExceptionHandlers,
        *,
        overrides: Overrides,
        serializer: Serializer | None = None,
        guard: Guard | None = None,
        timeout: float | None = None,
    ) -> None:
        """``timeout`` in seconds. Raises ConfigurationError for a function that can't be a route."""
        self.route = route
        self._path_names = path_names
        self._dependencies = tuple(route.options.get("dependencies", ()))
        dependant = read_dependant(route.function, path_names, self._dependencies)
        self.plan = Plan(dependant)
        self._rendering = rendering_for(route.options, dependant.returns, serializer)
        self._call = route.function if is_async_callable(route.function) else in_thread(route.function)
        self._guard = guard
        self._handlers = handlers
        self._overrides = overrides
        direct = self.plan.direct and guard is None and self._rendering.encode is not None
        serve = _direct(route, self._call, self.plan, self._rendering) if direct else self._serve
        self.app: ASGIApp = serve if timeout is None else within(timeout, serve)

    def warm(self) -> None:
        """Build its validators and its serializer, and have dependencies with a ``warm`` of their own do the same.

        Raises ConfigurationError for a type that has none.
        """
        self.plan.binder.warm()
        self._rendering.warm()
        for dependant in self.plan.dependant.flat():
            warm: Any = getattr(dependant.function, "warm", None)
            if dependant is not self.plan.dependant and callable(warm):
                warm()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self.route
        plan = self._current_plan()
        body = await read_body(receive) if plan.binder.takes_body or self._guard is not None else None
        exits = Exits()
        answered = False
        async with exits.request, exits.function:
            resolved = await plan.resolve(scope, receive, body, exits)
            if self._guard is None:
                made = self._made(await self._call(**resolved.arguments), resolved)
                await exits.function.aclose()
            else:
                own: list[_Made] = []
                produce = partial(self._produce, scope, receive, resolved, exits, own)
                answer = await self._guard(scope, body or b"", produce)
                # The tasks of an answer that another attempt has recorded are that one's.
                made = own[0] if own and own[0].answer is answer else _Made(answer, [])
            try:
                if isinstance(made.answer, Answer):
                    await send_answer(made.answer, send)
                else:
                    await made.answer(scope, receive, send)
            except OSError:  # the client has gone, and what was recorded is not done again: its tasks are part of it
                if self._guard is None:
                    raise
            answered = True
            for task in made.tasks:
                await task()
        if not answered:
            raise RuntimeError(f"A dependency of {plan.dependant.name} caught an exception and raised none after it.")

    async def _produce(
        self, scope: Scope, receive: Receive, resolved: Resolved, exits: Exits, own: "list[_Made]"
    ) -> Answer:
        """The complete answer, expected errors included; with its tasks it is added to ``own``. Raises what nobody
        expected."""
        try:
            try:
                made = self._made(await self._call(**resolved.arguments), resolved)
                await exits.function.aclose()
            except Exception as exc:
                await _thrown_through(exits, exc)
                raise
        except Exception as exc:
            answer = await self._handlers.expected(scope, receive, exc)
            if answer is None:
                raise
            made = _Made(answer, [])
        complete, tasks = made
        if not isinstance(complete, Answer):
            response = copy(complete)  # its tasks run later, once the answer was kept and sent
            tasks = [*filter(None, [response.background]), *tasks]
            response.background = None
            complete = await capture(response, scope, receive)
        own.append(_Made(complete, tasks))
        return complete

    def _made(self, result: Any, resolved: Resolved) -> "_Made":
        """The answer to a result, with what the injected Response adds to it, and the background tasks."""
        tasks: list[BackgroundTask] = [] if resolved.background is None else [resolved.background]
        if result.__class__ not in _PLAIN and is_response(result):
            return _Made(result, tasks)
        added = resolved.response
        status = self._rendering.status if added is None or _unset(added) else added.status_code
        if self._rendering.encode is not None:
            answer = json_answer(status or 200, self._rendering.encode(result))
            if added is not None:
                answer = Answer(answer.status, [*answer.headers, *added.raw_headers], answer.body)
            return _Made(answer, tasks)
        assert self._rendering.respond is not None
        response = self._rendering.respond(result, status)
        if added is not None:
            response.raw_headers.extend(added.raw_headers)
        return _Made(response, tasks)

    def _current_plan(self) -> Plan:
        """The plan, with dependencies replaced as the application says now."""
        if not self._overrides:
            return self.plan
        return Plan(
            read_dependant(self.route.function, self._path_names, self._dependencies, overrides=self._overrides)
        )


class _Made(NamedTuple):
    answer: "Answer | Response"
    tasks: "list[BackgroundTask]"


def _unset(response: "Response") -> bool:
    status: Any = response.status_code
    return status is None


async def _thrown_through(exits: Exits, error: Exception) -> None:
    """Let the dependencies that wait behind their ``yield`` see the error. Raises what they raise instead."""
    for stack in (exits.function, exits.request):
        if await stack.__aexit__(type(error), error, error.__traceback__):
            raise RuntimeError("A dependency caught an exception and raised none after it.") from error


def _direct(route: "Route", call: Callable[..., Awaitable[Any]], plan: Plan, rendering: Rendering) -> ASGIApp:
    """The short way, for a plan that is direct and a result that is JSON."""
    encode: Any = rendering.encode
    status = rendering.status or 200
    trivial, takes_body, bind = plan.trivial, plan.binder.takes_body, plan.bind

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = route
        if trivial:
            result = await call()
        else:
            result = await call(**bind(scope, receive, await read_body(receive) if takes_body else None))
        if result.__class__ not in _PLAIN and is_response(result):
            await result(scope, receive, send)
        else:
            await send_answer(json_answer(status, encode(result)), send)

    return serve
