"""``app.sqs`` and its like: the verbs that register consumers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from lambdaframe.records.consumer import Consumer, Consumers, RecordMiddleware
    from lambdaframe.records.options import ConsumerOptions

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
MiddlewareT = TypeVar("MiddlewareT", bound="RecordMiddleware")


class RecordVerbs:
    """The half of an application that consumes streams of records."""

    _consumers: "Consumers | None" = None

    @property
    def consumers(self) -> "Sequence[Consumer]":
        """Every registered consumer, in the order they were registered."""
        return () if self._consumers is None else self._consumers.all()

    def consumer_of(self, source: str, name: str | None) -> "Consumer":
        """The consumer of exactly this name, else the source's nameless one. Raises NoConsumerError."""
        return self._known_consumers().find(source, name)

    def sqs(self, name: str | None = None, **options: "Unpack[ConsumerOptions]") -> Callable[[FunctionT], FunctionT]:
        """Consume the messages of the queue ``name``, or of every queue that has no consumer of its own.

        The function takes the typed body and/or the ``Record``; at most ``concurrency`` messages are in work at once.
        Failed messages are reported one by one. See ``ConsumerOptions``. Raises ConfigurationError.
        """
        return self._consume("sqs", name, options)

    def kinesis(
        self, name: str | None = None, **options: "Unpack[ConsumerOptions]"
    ) -> Callable[[FunctionT], FunctionT]:
        """Consume the records of the stream ``name``, in order within a partition key. See ``sqs``."""
        return self._consume("kinesis", name, options)

    def dynamodb(
        self, name: str | None = None, **options: "Unpack[ConsumerOptions]"
    ) -> Callable[[FunctionT], FunctionT]:
        """Consume the changes of the table ``name``, in order within an item; take a ``Change[Model]``. See ``sqs``."""
        return self._consume("dynamodb", name, options)

    def kafka(self, name: str | None = None, **options: "Unpack[ConsumerOptions]") -> Callable[[FunctionT], FunctionT]:
        """Consume the records of the topic ``name``, in order within a partition. See ``sqs``."""
        return self._consume("kafka", name, options)

    def firehose(
        self, name: str | None = None, **options: "Unpack[ConsumerOptions]"
    ) -> Callable[[FunctionT], FunctionT]:
        """Transform the records of the delivery stream ``name``: the function returns what becomes of each.
        See ``sqs``."""
        return self._consume("firehose", name, options)

    def record_middleware(self, function: MiddlewareT) -> MiddlewareT:
        """Register ``async def middleware(record, call_next)`` around each record; the first one is the outermost.

        ``await call_next(record)`` reads the payload and calls the consumer: it gives what the consumer returns, and
        raises what that raises, PoisonRecordError for a payload that does not fit. What the middleware raises fails
        the record. Consumers with ``batch=True`` are not affected.
        """
        self._known_consumers().add_middleware(function)
        return function

    def _consume(self, source: str, name: str | None, options: "ConsumerOptions") -> Callable[[FunctionT], FunctionT]:
        def register(function: FunctionT) -> FunctionT:
            self._known_consumers().add(source, name, function, **options)
            return function

        return register

    def _known_consumers(self) -> "Consumers":
        """Loaded with the first consumer: an application that serves HTTP alone starts without."""
        if self._consumers is None:
            self._consumers = self._make_consumers()
        return self._consumers

    def _make_consumers(self) -> "Consumers":
        """The application's: it knows the store and the dependencies' overrides."""
        raise NotImplementedError
