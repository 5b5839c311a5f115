"""``app.event`` and its like: the verbs that register handlers of single events."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:  # making a TypedDict costs every application's start more than the rest of this module
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from typing import TypeAlias, TypedDict, Unpack

    from lambdaframe.events.handlers import Handler
    from lambdaframe.events.registry import Registry
    from lambdaframe.records.consumer import Consumers
    from lambdaframe.records.options import IdempotentConsumer

    Written: TypeAlias = Mapping[str, Any]
    """An event pattern or a filter policy: JSON, as AWS has it."""

    Errors: TypeAlias = type[Exception] | tuple[type[Exception], ...]

    class EventOptions(TypedDict, total=False):
        """What may be said of a handler, as of a consumer: see ``ConsumerOptions``."""

        concurrency: int
        idempotent: bool | IdempotentConsumer
        key: Callable[[Any], Any] | str | None
        timeout: float | timedelta | None
        permanent: Errors
        drop: Errors
        dead_letter: str | Callable[..., Any] | None


EVENT_SOURCES: Final = frozenset({"eventbridge", "sns", "s3", "logs", "invoke"})
"""Sources whose records find their handlers one by one."""

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class EventVerbs:
    """The half of an application that handles single events.

    Of several handlers that take an event the most specific one is called. Each verb raises ConfigurationError for
    two that may take one event although neither is more specific, for a pattern that is none, and for a function that
    can't be a handler.
    """

    _registry: "Registry | None" = None

    @property
    def event_handlers(self) -> "Sequence[tuple[str, Handler]]":
        """Every handler with its source, the more specific before the wider."""
        return () if self._registry is None else self._registry.handlers.all()

    @property
    def takes_invocations(self) -> bool:
        """Whether it has a handler for direct invocations. ``LambdaHandler`` asks, for a value of no known source."""
        return self._registry is not None and self._registry.handlers.has("invoke")

    def event(
        self,
        source: "str | Sequence[str] | None" = None,
        detail_type: "str | Sequence[str] | None" = None,
        pattern: "Written | None" = None,
        **options: "Unpack[EventOptions]",
    ) -> Callable[[FunctionT], FunctionT]:
        """Handle events of EventBridge: of these sources and detail-types, and of this event pattern.

        The pattern is of the whole event: ``{"detail": {"state": ["placed"]}}``. The function takes the typed
        ``detail``, or ``EventBridgeEvent[Detail]``; of ``aws.s3`` also ``S3Object``.
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
        """
        return self._known_handlers().event(source, detail_type, pattern, options)

    def schedule(self, name: str | None = None, **options: "Unpack[EventOptions]") -> Callable[[FunctionT], FunctionT]:
        """Handle what the rule or the schedule of this name sends, or every one that has no handler of its own.

        ``"group/name"`` is a schedule of a group of EventBridge Scheduler, or a rule of a bus. A schedule with an input
        of its own sends that instead: see ``invoke``.
        """
        return self._known_handlers().schedule(name, options)

    def sns(
        self, topic: str | None = None, attributes: "Written | None" = None, **options: "Unpack[EventOptions]"
    ) -> Callable[[FunctionT], FunctionT]:
        """Handle the messages of this topic, a name or an ARN, whose attributes fit a filter policy.

        The function takes the typed message, or ``SNSMessage[Message]``.
        https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
        """
        return self._known_handlers().sns(topic, attributes, options)

    def s3(
        self,
        bucket: str | None = None,
        events: "str | Sequence[str]" = "ObjectCreated:*",
        prefix: str = "",
        suffix: str = "",
        **options: "Unpack[EventOptions]",
    ) -> Callable[[FunctionT], FunctionT]:
        """Handle a bucket's notifications of these events, of keys with this prefix and suffix, decoded.

        The function takes ``S3Object``. Events that S3 sends through EventBridge are for ``event("aws.s3")``.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
        """
        return self._known_handlers().s3(bucket, events, prefix, suffix, options)

    def logs(self, group: str | None = None, **options: "Unpack[EventOptions]") -> Callable[[FunctionT], FunctionT]:
        """Handle the lines of a log group; ``*`` in its name stands for anything.

        The function takes each line, as ``LogEvent``, ``str`` or the type of its JSON; or a list of these: all lines
        that came together.
        """
        return self._known_handlers().logs(group, options)

    def invoke(
        self, pattern: "Written | None" = None, *, timeout: "float | timedelta | None" = None
    ) -> Callable[[FunctionT], FunctionT]:
        """Handle direct invocations, a Step Functions task or a schedule's own input: any JSON that no source sends.

        The function takes the typed event; what it returns is the answer, as JSON. Its errors are raised as they are.
        Several handlers are told apart by ``pattern``, or by fields of their types that are literals.
        """
        return self._known_handlers().invoke(pattern, timeout)

    def _known_handlers(self) -> "Registry":
        """Loaded with the first handler."""
        if self._registry is None:
            from lambdaframe.events.registry import Registry

            self._registry = Registry(self._known_consumers())
        return self._registry

    def _known_consumers(self) -> "Consumers":
        """The application's: they share middleware, dead-letter queues and what makes them idempotent."""
        raise NotImplementedError
