"""Calling a dependency: a function, a coroutine function, a class, or a generator that is entered now, left later."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from inspect import isasyncgenfunction, isroutine
from types import TracebackType
from typing import Any, TypeAlias

from lambdaframe.concurrency import in_thread, is_async_callable, is_generator_callable
from lambdaframe.http.binding.parameters import DependencyScope

Call: TypeAlias = Callable[[dict[str, Any], "Exits"], Awaitable[Any]]
"""``call(arguments, exits)``: the dependency's value."""


class Exits:
    """What is left to do when the handler has returned (``function``), and when the response was sent (``request``)."""

    def __init__(self) -> None:
        self.function = AsyncExitStack()
        self.request = AsyncExitStack()

    def of(self, scope: DependencyScope) -> AsyncExitStack:
        """The one or the other."""
        return self.function if scope == "function" else self.request


def caller(function: Callable[..., Any], scope: DependencyScope) -> Call:
    """How it is called. Blocking functions run in a worker thread, generated constructors do not."""
    if is_generator_callable(function):
        return _generator_caller(function, scope)
    if is_async_callable(function) or _constructs(function):
        call: Any = function
        awaited = is_async_callable(function)

        async def called(arguments: dict[str, Any], _: Exits) -> Any:
            result = call(**arguments)
            return await result if awaited else result

        return called
    threaded = in_thread(function)

    async def called_in_thread(arguments: dict[str, Any], _: Exits) -> Any:
        return await threaded(**arguments)

    return called_in_thread


def _constructs(function: Callable[..., Any]) -> bool:
    """Whether it is a class whose constructor was generated: it can't block, so it needs no thread."""
    if not isinstance(function, type):
        return False
    generated = "__dataclass_fields__" in vars(function) and not hasattr(function, "__post_init__")
    return generated or hasattr(function, "__pydantic_validator__") or hasattr(function, "_fields")


def _generator_caller(function: Any, scope: DependencyScope) -> Call:
    body: Any = getattr(function, "func", function)
    is_async = isasyncgenfunction(body if isroutine(body) else type(body).__call__)
    made: Any = asynccontextmanager(function) if is_async else contextmanager(function)

    async def entered(arguments: dict[str, Any], exits: Exits) -> Any:
        context = made(**arguments)
        return await exits.of(scope).enter_async_context(context if is_async else _InThread(context))

    return entered


class _InThread:
    """A blocking context manager, entered and left in a worker thread."""

    def __init__(self, context: AbstractContextManager[Any]) -> None:
        self._context = context

    async def __aenter__(self) -> Any:
        return await in_thread(self._context.__enter__)()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        from anyio import CancelScope

        suppressed: bool | None = None
        with CancelScope(shield=True):  # a cancelled request must not leave its clean-up undone
            suppressed = await in_thread(self._context.__exit__)(kind, error, trace)
        return suppressed  # noqa: RET504  to a type checker the scope may swallow an exception
