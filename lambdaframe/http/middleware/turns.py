"""A middleware function and the application inside it take turns.

The function runs until it calls ``call_next``; then the application is awaited as in any ASGI middleware, and each
message it sends gives the function another turn, inside that ``send``, until the function waits for the next one. So
there is no second task: context variables are seen in both directions, the application's cancel scopes stay nested as
they were written, and a cancellation reaches whoever is waiting. Starlette's BaseHTTPMiddleware, which makes tasks and
streams, takes several times as long.

The function's turns may come in another task: Starlette's StreamingResponse sends from a child task where the server
speaks ASGI before 2.4, as uvicorn does. They are made with the context variables of the function's own task.

A cancel scope of anyio or trio that the function holds around ``call_next`` (``with fail_after(5)``) has to be left
after those that the application has entered since. Where the application is still in one when it answers, or answers
from another task, its messages are collected, and the function goes on when the application is out of it. With
``asyncio.timeout`` nothing has to be collected.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lambdaframe.http.middleware.inner_response import DroppedError, InnerResponse, Stream
from lambdaframe.http.middleware.tasks import cancel_scope_of, context_of, running_task
from lambdaframe.signature import describe
from lambdaframe.types import ASGIApp, Message, Receive, Scope, Send


class _Body:
    """The request's body for two readers: what the function has read, the application reads again."""

    __slots__ = ("_receive", "_seen")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen: deque[Message] = deque()

    async def first(self) -> Message:
        message = await self._receive()
        self._seen.append(message)
        return message

    async def again(self) -> Message:
        return self._seen.popleft() if self._seen else await self._receive()


class Exchange:
    """One request: whose turn it is, and what the application has sent."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._send = send
        self._body = _Body(receive)
        self._task = running_task()
        self._outermost = cancel_scope_of(self._task)
        self._within: object = None  # the cancel scope around call_next, where the function has entered one
        self._inner: tuple[Scope, Receive] | None = None  # what call_next was given
        self._stream = Stream(self._turn)
        self._response: InnerResponse | None = None
        self._called = self._stepping = self._advancing = self._done = False
        self._error: BaseException | None = None  # what left the function while the application was sending
        self._dropped: DroppedError | None = None
        self._steps: Coroutine[Any, Any, None]

    async def run(self, function: Callable[..., Awaitable[Response]]) -> None:
        """Answer the request. Raises what function and application raise."""
        self._steps = self._serve(function)
        try:
            await self._go_on()
            if self._inner is not None and not self._done:
                await self._run_inner(*self._inner)
        finally:
            self._steps.close()

    async def _serve(self, function: Callable[..., Awaitable[Response]]) -> None:
        """The function and its response: what is run in turns."""
        response: Any = await function(Request(self._scope, self._body.first), self._call_next)
        if not isinstance(response, Response):
            raise TypeError(f"{describe(function)} is a middleware: it returns a Response, not {response!r}.")
        scope = self._scope
        if response is not self._response and self._called and not self._stream.over:
            # Before ASGI 2.4 a StreamingResponse reads its body in a task of its own, which can't wait for the
            # application: that one waits for us. It need not watch for a disconnect, since the application does.
            scope = {**scope, "asgi": {**scope.get("asgi", {}), "spec_version": "2.4"}}
        await response(scope, self._body.again, self._send)

    async def _run_inner(self, scope: Scope, receive: Receive) -> None:
        failure: BaseException | None = None
        try:
            await self._app(scope, receive, self._from_inner)
        except GeneratorExit:
            raise
        except BaseException as exc:
            failure = exc
        try:
            self._stream.end(failure)
            if not self._done:
                await self._go_on()
            elif isinstance(self._error, Exception):  # even if the application wrapped or swallowed it
                raise self._error
            elif failure is not None and not self._is_drop(failure):
                raise failure
        finally:
            del failure  # it refers to this frame

    def _is_drop(self, exc: BaseException | None) -> bool:
        """Whether the application only noticed that nobody takes its answer."""
        while exc is not None:
            if exc is self._dropped:
                return True
            exc = exc.__cause__ or exc.__context__
        return False

    # What the function calls

    async def _call_next(self, request: Request) -> Response:
        if self._called:
            raise RuntimeError("call_next was called twice: a request is answered once.")
        self._called = True
        receive: Receive = request.receive
        if receive == self._body.first:
            receive = self._body.again
        if self._stepping:
            within = cancel_scope_of(self._task)
            if within is not self._outermost:
                self._within = within
            self._inner = request.scope, receive
            await self._turn()
        else:  # in another task, which can't wait for a turn
            await self._app(request.scope, receive, self._collect)
            self._stream.end(None)
        if self._stream.failure is not None:
            raise self._stream.failure
        if self._response is None:
            raise RuntimeError("The application inside the middleware sent no response.")
        return self._response

    @coroutine
    def _turn(self) -> Generator[Any, Any, None]:
        """Let the application go on, until it sends something."""
        if not self._stepping:
            raise RuntimeError("The body of call_next's response is read in another task than the middleware's own.")
        yield self

    # What the application sends

    async def _from_inner(self, message: Message) -> None:
        if self._done:
            await self._too_late(message)
            return
        await self._collect(message)
        if self._response is not None and not self._advancing and self._may_go_on(self._response):
            await self._go_on()

    async def _collect(self, message: Message) -> None:
        if self._response is not None:
            self._stream.put(message)
        elif message["type"] == "http.response.start":
            self._response = InnerResponse(message, self._stream)
        else:
            await self._send(message)  # early hints, a test client's extension

    async def _too_late(self, message: Message) -> None:
        """The function has answered. A last part is of no interest; but nobody must go on streaming to nobody."""
        if message["type"] == "http.response.trailers" and self._stream.complete:
            await self._send(message)
        elif message["type"] == "http.response.body" and message.get("more_body", False):
            self._dropped = DroppedError()
            raise self._dropped

    def _may_go_on(self, response: InnerResponse) -> bool:
        if not self._stream.news and response.has_length:
            return False  # the body is at hand, and one turn does for both
        if self._within is None:
            return True
        return running_task() is self._task and cancel_scope_of(self._task) is self._within

    # The function's turns

    @coroutine
    def _go_on(self) -> Generator[Any, Any, None]:
        """Give the function its turn, until it waits for the application or ends. Raises what it raises."""
        if self._advancing:
            raise RuntimeError("The application ended while a task that it left behind was sending its answer.")
        self._advancing = True
        context = None if running_task() is self._task else context_of(self._task)
        step: Callable[[Any], Any] = self._steps.send
        value: Any = None
        try:
            while True:
                waiting = self._step(context, step, value)
                step, value = self._steps.send, None
                if self._done:
                    return
                if waiting is self:
                    if not self._stream.news:
                        return
                    continue
                try:
                    value = yield waiting
                except GeneratorExit:
                    raise
                except BaseException as exc:
                    step, value = self._steps.throw, exc
        finally:
            self._advancing = False

    def _step(self, context: Context | None, step: Callable[[Any], Any], value: Any) -> Any:
        self._stepping = True
        try:
            return step(value) if context is None else context.run(step, value)
        except StopIteration:
            self._done = True
        except BaseException as exc:
            self._done = True
            self._error = exc
            raise
        finally:
            self._stepping = False
