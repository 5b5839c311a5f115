"""The registered consumers, and which of them takes a stream."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from lambdaframe.concurrency import is_async_callable
from lambdaframe.errors import ConfigurationError, NoConsumerError
from lambdaframe.records.calling import Call, Guard, make_call
from lambdaframe.records.options import IdempotentConsumer, Options, checked
from lambdaframe.records.plan import Overrides, PayloadReader, Plan, make_plan
from lambdaframe.records.policy import Policy, Sink
from lambdaframe.records.record import Record
from lambdaframe.signature import describe, takes

if TYPE_CHECKING:
    from lambdaframe.records.queues import Queues

GuardFor: TypeAlias = Callable[[str, str | None, Callable[[Any], Any] | str | None, IdempotentConsumer], Guard]
"""``guard_for(source, name, key, options)``: what makes a consumer idempotent. ``key``: a function of the payload, an
expression over it, or None for the record's id."""

CallNext: TypeAlias = Callable[[Record], Awaitable[Any]]
RecordMiddleware: TypeAlias = Callable[[Record, CallNext], Awaitable[Any]]


class Consumer(NamedTuple):
    """One function that consumes the streams of one name, or with ``name=None`` all that have no consumer of their own.

    ``options.concurrency``: how many records are in work at once. ``call(record)``: reads the payload, then runs the
    function; raises PoisonRecordError before that. With ``options.batch`` it is ``call(stream)``. ``policy``: what
    becomes of failures. ``label``: the function's name in log lines. ``label_of`` and ``policy_of`` decide in their
    place where each record has a function of its own.
    """

    source: str
    name: str | None
    function: Callable[..., Any]
    options: Options
    plan: Plan
    call: Call
    policy: Policy
    label: str
    label_of: Callable[[Record], str] | None = None
    policy_of: Callable[[Record], Policy] | None = None

    @property
    def concurrency(self) -> int:
        """How many records are in work at once."""
        return self.options.concurrency


class Consumers:
    """The consumers of one application, and what they share.

    ``guard_for``: makes consumers idempotent; without it none can be. ``idempotent``: options of those that do not say
    otherwise. ``overrides``: of dependencies, in tests.
    """

    def __init__(
        self,
        *,
        guard_for: GuardFor | None = None,
        idempotent: IdempotentConsumer | None = None,
        overrides: Overrides | None = None,
    ) -> None:
        self._consumers: dict[tuple[str, str | None], Consumer] = {}
        self._middleware: list[RecordMiddleware] = []
        self._guard_for = guard_for
        self._defaults = idempotent or {}
        self._overrides = overrides
        self._queues: Queues | None = None

    def add(
        self,
        source: str,
        name: str | None,
        function: Callable[..., Any],
        *,
        guard: Guard | None = None,
        **options: Any,
    ) -> Consumer:
        """Register a consumer. A function that is not async runs in a worker thread.

        ``options``: see ``options.ConsumerOptions``. Raises ConfigurationError for a second one of the same source
        and name, for a function that can't be a consumer and for options that are wrong.
        """
        consumer = self.make(source, name, function, guard=guard, **options)
        other = self._consumers.get((source, name))
        if other is not None:
            raise ConfigurationError(
                f"{consumer.label}: {_title(source, name)} has a consumer already, {other.label}. "
                "Give one of them another name, or call both from one function."
            )
        self._consumers[source, name] = consumer
        return consumer

    def make(
        self,
        source: str,
        name: str | None,
        function: Callable[..., Any],
        *,
        guard: Guard | None = None,
        read_as: PayloadReader | None = None,
        **options: Any,
    ) -> Consumer:
        """A consumer that ``find`` knows nothing of. ``read_as``: see ``make_plan``.

        Raises ConfigurationError as ``add`` does.
        """
        label = describe(function)
        chosen = checked(label, source, name, function, options)
        plan = make_plan(function, batch=chosen.batch, unwrap=chosen.unwrap, overrides=self._overrides, read_as=read_as)
        if chosen.idempotent is not None:
            if self._defaults:
                chosen = chosen._replace(idempotent={**self._defaults, **chosen.idempotent})
            guard = self._guard(source, name, chosen, _key(chosen.key, plan, label), label)
        elif source == "firehose" and not chosen.batch:
            from lambdaframe.records.transforming import transforming

            guard = transforming
        return Consumer(
            source,
            name,
            function,
            chosen,
            plan,
            make_call(function, plan, guard, chosen.timeout),
            Policy(chosen.permanent, chosen.drop, self._sink(chosen, label)),
            label,
        )

    def _guard(
        self,
        source: str,
        name: str | None,
        options: Options,
        key: Callable[[Any], Any] | str | None,
        label: str,
    ) -> Guard:
        if self._guard_for is None:
            raise ConfigurationError(f"{label}: idempotent=True needs an application with a store.")
        try:
            return self._guard_for(source, name, key, options.idempotent or {})
        except ConfigurationError as exc:
            raise ConfigurationError(f"{label}: {exc}") from exc

    def _sink(self, options: Options, label: str) -> Sink | None:
        if options.dead_letter is None:
            return None
        from lambdaframe.records.dead_letter import open_sink
        from lambdaframe.records.queues import Queues

        if self._queues is None:
            self._queues = Queues()
        return open_sink(options.dead_letter, label, self._queues)

    def add_middleware(self, middleware: RecordMiddleware) -> None:
        """Wrap all consumers, inside what wraps them already. Raises ConfigurationError for one that can't."""
        label = describe(middleware)
        if not is_async_callable(middleware) or not takes(middleware, 2):
            raise ConfigurationError(
                f"{label} is a middleware of records: write 'async def' with the arguments (record, call_next), and "
                "return what 'await call_next(record)' gives."
            )
        self._middleware.append(middleware)

    def wrapped(self, consumer: Consumer) -> Consumer:
        """The consumer with the middleware around it."""
        if not self._middleware or consumer.options.batch:
            return consumer
        call = consumer.call
        for middleware in reversed(self._middleware):
            call = _around(middleware, call)
        return consumer._replace(call=call)

    def find(self, source: str, name: str | None) -> Consumer:
        """The consumer of exactly this name, else the source's nameless one. Raises NoConsumerError."""
        found = self._consumers.get((source, name)) or self._consumers.get((source, None))
        if found is None:
            raise NoConsumerError(source, name, [_title(*key) for key in self._consumers])
        return found

    def all(self) -> list[Consumer]:
        """Every registered consumer, in the order they were registered."""
        return list(self._consumers.values())

    def warm(self) -> None:
        """Build the validators of all payloads. Raises ConfigurationError for a type that can't be validated."""
        for consumer in self._consumers.values():
            consumer.plan.warm()

    async def close(self) -> None:
        """Close the connections to dead-letter queues. They are opened again when they are needed."""
        if self._queues is not None:
            await self._queues.close()


def _around(middleware: RecordMiddleware, inner: Call) -> Call:
    async def call(record: Record) -> Any:
        return await middleware(record, inner)

    return call


def _key(key: Callable[[Any], Any] | str | None, plan: Plan, label: str) -> Callable[[Any], Any] | str | None:
    """Of a consumer's ``key`` what its guard takes. Raises ConfigurationError."""
    if key is None:
        return None
    if not isinstance(key, str):
        if callable(key) and takes(key, 1):  # pyright: ignore[reportUnnecessaryComparison] — for those without types
            return key
        raise ConfigurationError(
            f"{label}: key is the name of the payload's argument, a JMESPath expression over the payload or a function "
            f"of it, not {key!r}."
        )
    if plan.payload is None:
        raise ConfigurationError(
            f"{label}: key={key!r} is of the payload, and the function takes none. Write a function of the Record."
        )
    payload = plan.payload[0]
    if key == payload:
        return _itself
    if key.startswith((f"{payload}.", f"{payload}[")):
        raise ConfigurationError(
            f"{label}: key={key!r} is looked for inside {payload!r}: write {key[len(payload) :].lstrip('.')!r}."
        )
    return key


def _itself(payload: Any) -> Any:
    return payload


def _title(source: str, name: str | None) -> str:
    return f"{source} (any)" if name is None else f"{source} {name!r}"
