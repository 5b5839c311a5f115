"""The handlers of single events: the most specific one that takes an event is called, and there is one at most.

Two handlers may both take an event only if one of them is narrower than the other. Whether that is so is known when
they are registered; see ``patterns``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from lambdaframe.errors import AmbiguousEventError, ConfigurationError, LambdaFrameError, NoConsumerError
from lambdaframe.events.patterns import Pattern
from lambdaframe.events.payload import Together
from lambdaframe.records.consumer import Consumer
from lambdaframe.records.options import Options
from lambdaframe.records.plan import Plan
from lambdaframe.records.policy import Policy
from lambdaframe.records.record import Record


class Handler(NamedTuple):
    """``title``: what it takes, for people. ``loose``: what it takes if no other handler does, or None."""

    title: str
    pattern: Pattern
    consumer: Consumer
    loose: Pattern | None = None

    @property
    def together(self) -> bool:
        """Whether it takes all records of an event in one call."""
        payload = self.consumer.plan.payload
        return payload is not None and isinstance(payload[1], Together)


_OBJECT: Final[type[Any]] = dict

_SEEN: Final[Mapping[str, tuple[str, ...]]] = {
    "eventbridge": ("source", "detail-type"),
    "sns": ("topic",),
    "s3": ("bucket", "event"),
    "logs": ("group",),
}
"""Which facts of an event messages may tell."""


class Handlers:
    """The handlers of one application, by source, each before those that are wider."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}

    def add(self, source: str, handler: Handler) -> None:
        """Raises ConfigurationError for one that may take an event that another takes, unless one is narrower."""
        label = handler.consumer.label
        others = self._handlers.setdefault(source, [])
        for other in others:
            if handler.pattern.same(other.pattern):
                raise ConfigurationError(
                    f"{label}: {handler.title} has a handler already, {other.consumer.label}. Give them different "
                    "patterns, or call both from one function."
                )
            if not (
                handler.pattern.narrower(other.pattern)
                or other.pattern.narrower(handler.pattern)
                or handler.pattern.apart(other.pattern)
            ):
                raise ConfigurationError(
                    f"{label}: one event may be {handler.title} and {other.title}, of {other.consumer.label}, and "
                    "neither is the more specific. Add what the other one asks for to the pattern of one of them, or "
                    "call both from one function."
                )
        wider = [index for index, other in enumerate(others) if other.pattern.covers(handler.pattern)]
        others.insert(min(wider, default=len(others)), handler)

    def has(self, source: str) -> bool:
        """Whether there is a handler of this source."""
        return bool(self._handlers.get(source))

    def find(self, source: str, facts: Any) -> Handler:
        """The handler of an event. Raises NoConsumerError, or AmbiguousEventError."""
        handlers = self._handlers.get(source, [])
        taking = [handler for handler in handlers if handler.pattern.matches(facts)]
        if not taking:
            taking = [handler for handler in handlers if handler.loose is not None and handler.loose.matches(facts)]
            if len(taking) != 1:
                titles = [handler.title for each in self._handlers.values() for handler in each]
                raise NoConsumerError(source, _seen(source, facts), titles)
        first, *rest = taking
        rivals = [one for one in rest if not one.pattern.covers(first.pattern)]
        if rivals:
            labels = [one.consumer.label for one in (first, *rivals)]
            raise AmbiguousEventError(source, repr(_seen(source, facts)), labels)
        return first

    def all(self) -> list[tuple[str, Handler]]:
        """Every handler with its source, the more specific before the wider."""
        return [(source, handler) for source, handlers in self._handlers.items() for handler in handlers]

    def warm(self) -> None:
        """Build the validators of all payloads. Raises ConfigurationError for a type that can't be validated."""
        for _, handler in self.all():
            handler.consumer.plan.warm()

    def consumer(self, source: str) -> Consumer:
        """A consumer of all events of a source: it calls each one's handler. At most as many records are in work at
        once as the handler with the most allows."""

        def found(record: Record) -> Handler:
            return self.find(source, _facts(record))

        def call(record: Record) -> Any:
            return found(record).consumer.call(record)

        most = max((handler.consumer.concurrency for handler in self._handlers.get(source, ())), default=1)
        return Consumer(
            source,
            None,
            call,
            Options(concurrency=most),
            Plan((), ()),
            call,
            _RETRY,
            source,
            label_of=_of_handler(found, lambda handler: handler.consumer.label, source),
            policy_of=_of_handler(found, lambda handler: handler.consumer.policy, _RETRY),
        )


_RETRY: Final = Policy()


def _of_handler(found: Callable[[Record], Handler], read: Callable[[Handler], Any], otherwise: Any) -> Any:
    """Something of a record's handler, or the other thing where it has none."""

    def of(record: Record) -> Any:
        try:
            return read(found(record))
        except LambdaFrameError:
            return otherwise

    return of


def _facts(record: Record) -> Any:
    return getattr(record, "facts", None)


def _seen(source: str, facts: Any) -> str:
    if not isinstance(facts, _OBJECT):
        return f"a {type(facts).__name__}"
    if source not in _SEEN:
        return f"an object with {sorted(map(str, facts))}"
    return " ".join(str(facts.get(name)) for name in _SEEN[source])
