"""The registered consumers, and which of them takes a stream."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from inspect import isawaitable, iscoroutinefunction
from typing import Any, TypeAlias

from lambdaframe.concurrency import in_thread, is_async_callable
from lambdaframe.errors import ConfigurationError, NoConsumerError
from lambdaframe.records.plan import Plan, itself, make_plan
from lambdaframe.records.record import Record
from lambdaframe.signature import describe

RecordCall: TypeAlias = Callable[[Record, tuple[Any, ...]], Awaitable[Any]]
"""A consumer function after binding: called with the record and the function's validated arguments."""

Guard: TypeAlias = Callable[[RecordCall], RecordCall]
"""Wraps the call: it may leave it out, or answer in its place."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """One function that consumes the streams of one name, or with ``name=None`` all that have no consumer of their own.

    ``concurrency``: how many records are in work at once. ``call(record)``: reads the payload, then runs the function;
    raises PoisonRecordError before that. ``label``: the function's name in log lines.
    """

    source: str
    name: str | None
    function: Callable[..., Any]
    concurrency: int
    plan: Plan
    call: Callable[[Record], Coroutine[Any, Any, Any]]
    label: str


class Consumers:
    """The consumers of one application."""

    def __init__(self) -> None:
        self._consumers: dict[tuple[str, str | None], Consumer] = {}

    def add(
        self,
        source: str,
        name: str | None,
        function: Callable[..., Any],
        *,
        concurrency: int = 10,
        guard: Guard | None = None,
        **unknown: Any,
    ) -> Consumer:
        """Register a consumer. A function that is not async runs in a worker thread.

        Raises ConfigurationError for a second one of the same source and name, for a function that can't be a consumer
        and for options that are out of range or unknown.
        """
        label = describe(function)
        if unknown:
            raise ConfigurationError(
                f"{label}: a consumer has no option {', '.join(map(repr, sorted(unknown)))}; 'concurrency' and "
                "'idempotent' are its options."
            )
        if type(concurrency) is not int or concurrency < 1:
            raise ConfigurationError(
                f"{label}: concurrency={concurrency!r} must be an int of 1 or more: the records in work at once."
            )
        other = self._consumers.get((source, name))
        if other is not None:
            raise ConfigurationError(
                f"{label}: {_title(source, name)} has a consumer already, {other.label}. "
                "Give one of them another name, or call both from one function."
            )
        plan = make_plan(function)
        consumer = Consumer(source, name, function, concurrency, plan, _call(function, plan, guard), label)
        self._consumers[source, name] = consumer
        return consumer

    def find(self, source: str, name: str | None) -> Consumer:
        """The consumer of exactly this name, else the source's nameless one. Raises NoConsumerError."""
        found = self._consumers.get((source, name)) or self._consumers.get((source, None))
        if found is None:
            raise NoConsumerError(source, name, [_title(*key) for key in self._consumers])
        return found

    def warm(self) -> None:
        """Build the validators of all payloads. Raises ConfigurationError for a type that can't be validated."""
        for consumer in self._consumers.values():
            consumer.plan.warm()


def _title(source: str, name: str | None) -> str:
    return f"{source} (any)" if name is None else f"{source} {name!r}"


def _call(
    function: Callable[..., Any], plan: Plan, guard: Guard | None
) -> Callable[[Record], Coroutine[Any, Any, Any]]:
    """A coroutine function of the record: no more layers than the function needs, because it runs for each record."""
    asynchronous = is_async_callable(function)
    if asynchronous and guard is None and not plan.by_name:
        if plan.readers == (itself,) and iscoroutinefunction(function):
            return function
        if len(plan.readers) == 1:
            (read,) = plan.readers
            return lambda record: function(read(record))
        return lambda record: function(*plan.bind(record))

    bound = _awaited(function, plan) if asynchronous else _threaded(function, plan)
    guarded = bound if guard is None else guard(bound)

    async def call(record: Record) -> Any:
        return await guarded(record, plan.bind(record))

    return call


def _awaited(function: Callable[..., Any], plan: Plan) -> RecordCall:
    def call(record: Record, arguments: tuple[Any, ...]) -> Awaitable[Any]:
        made: Awaitable[Any] = (
            function(**dict(zip(plan.names, arguments, strict=True))) if plan.by_name else function(*arguments)
        )
        return made

    return call


def _threaded(function: Callable[..., Any], plan: Plan) -> RecordCall:
    def boxed(arguments: tuple[Any, ...]) -> tuple[Any]:
        if plan.by_name:
            return (function(**dict(zip(plan.names, arguments, strict=True))),)
        return (function(*arguments),)

    run = in_thread(boxed)

    async def call(record: Record, arguments: tuple[Any, ...]) -> Any:
        (result,) = await run(arguments)
        # It may come from a plain wrapper around an async function, which has not run yet.
        return await result if isawaitable(result) else result

    return call
