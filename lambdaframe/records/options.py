"""The options of one consumer, checked at registration."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypedDict, cast

from lambdaframe.concurrency import is_async_callable
from lambdaframe.errors import ConfigurationError
from lambdaframe.http.routing.routes import seconds

Errors: TypeAlias = type[Exception] | tuple[type[Exception], ...]


class IdempotentConsumer(TypedDict, total=False):
    """How an idempotent consumer skips what was done before. Left out, an option has the application's value
    (``App(idempotency_options)``), then a default."""

    ttl: float | timedelta
    """How long it is known that a record was done, in seconds; an hour."""
    lease: float | timedelta | None
    """How long an attempt may stay silent before another takes over; extended while it runs. Without it the lease ends
    two seconds after the deadline."""
    on_expiry: Literal["retry", "reject"]
    """A record whose attempt died: ``"retry"``, or fail until ``ttl`` has passed."""


class ConsumerOptions(TypedDict, total=False):
    """What may be said of a consumer, whatever its source. Checked at registration."""

    concurrency: int
    """How many records are in work at once; 10."""
    batch: bool
    """The function takes a whole stream, as one ``RecordStream``."""
    order: Literal["batch", "group", "none"] | None
    """``"batch"``: start nothing more after the first failure. ``"group"``: one at a time within a group. ``"none"``:
    side by side. None: as the source has it."""
    idempotent: bool | IdempotentConsumer
    """Skip what was done before: True, or options."""
    key: Callable[[Any], Any] | str | None
    """With ``idempotent``, in place of the record's id: a function of the payload, its argument's name, or a JMESPath
    expression over its JSON."""
    timeout: float | timedelta | None
    """Seconds for one record; a TimeoutError fails it."""
    permanent: Errors
    """Exceptions that no retry will mend: to ``dead_letter``."""
    drop: Errors
    """Exceptions after which a record counts as done."""
    dead_letter: "str | Callable[..., Any] | None"
    """``"sqs://queue"`` or a function of ``(record, error)``: what takes records that failed for good."""
    unwrap: Literal["sns", "s3", "eventbridge"] | None
    """What the body is an envelope of: the payload is inside."""


ENVELOPES: Mapping[str, tuple[str, ...]] = {
    "sqs": ("sns", "s3", "eventbridge"),
    "kinesis": ("eventbridge",),
    "firehose": ("sns", "eventbridge"),
}
"""What may be inside a source's records.

https://docs.aws.amazon.com/sns/latest/dg/sns-event-destinations.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

_MAPPING: Final[type[Any]] = Mapping
_ORDERS = ("batch", "group", "none")
_STREAMS = frozenset({"sqs", "kinesis", "dynamodb", "kafka"})
_SINGLE = frozenset({"eventbridge", "sns", "s3", "logs", "invoke"})
"""Sources of single events: there is no stream to take, and no order."""


class Options(NamedTuple):
    """See ``ConsumerOptions``. ``timeout`` in seconds. ``idempotent``: its options, None for a consumer that is not."""

    concurrency: int = 10
    batch: bool = False
    order: str | None = None
    idempotent: IdempotentConsumer | None = None
    key: Callable[[Any], Any] | str | None = None
    timeout: float | None = None
    permanent: tuple[type[Exception], ...] = ()
    drop: tuple[type[Exception], ...] = ()
    dead_letter: str | Callable[..., Any] | None = None
    unwrap: str | None = None


def checked(
    label: str, source: str, name: str | None, function: Callable[..., Any], given: Mapping[str, Any]
) -> Options:
    """The options of a consumer. Raises ConfigurationError for one that is unknown, out of range or out of place.

    ``label``: the function's name, for messages.
    """
    unknown = sorted(set(given) - set(Options._fields))
    if unknown:
        raise ConfigurationError(
            f"{label}: a consumer has no option {', '.join(map(repr, unknown))}; its options are "
            f"{', '.join(Options._fields)}."
        )
    try:
        timeout = seconds(given.get("timeout"))
    except ConfigurationError as exc:
        raise ConfigurationError(f"{label}: {exc}") from None
    fields: dict[str, Any] = {
        **given,
        "timeout": timeout,
        "idempotent": _idempotent(label, given.get("idempotent", False)),
    }
    for kinds in ("permanent", "drop"):
        fields[kinds] = _classes(label, kinds, given.get(kinds, ()))
    options = Options(**fields)
    if type(options.concurrency) is not int or options.concurrency < 1:
        raise ConfigurationError(
            f"{label}: concurrency={options.concurrency!r} must be an int of 1 or more: the records in work at once."
        )
    if type(options.batch) is not bool:
        raise ConfigurationError(f"{label}: batch={options.batch!r} must be True or False.")
    _check_order(label, source, name, options.order)
    _check_unwrap(label, source, options.unwrap)
    _check_together(label, source, function, options)
    return options


def _idempotent(label: str, given: Any) -> IdempotentConsumer | None:
    if isinstance(given, bool):
        return IdempotentConsumer() if given else None
    if not isinstance(given, _MAPPING):
        raise ConfigurationError(f"{label}: idempotent: write True, or options such as {{'ttl': 3600}}, not {given!r}.")
    known = sorted(IdempotentConsumer.__optional_keys__)
    for name in given:
        if name not in known:
            raise ConfigurationError(
                f"{label}: idempotent has no option {name!r} for records; its options are {', '.join(known)}."
            )
    chosen: IdempotentConsumer = given
    return chosen


def _classes(label: str, name: str, given: Any) -> tuple[type[Exception], ...]:
    """Exception classes, from one or from several."""
    several = isinstance(given, list | tuple | set | frozenset)
    found: tuple[Any, ...] = tuple(cast("Iterable[Any]", given)) if several else (given,)
    for kind in found:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            raise ConfigurationError(f"{label}: {name} takes exception classes, as in {name}=(ValueError,): {kind!r}.")
    return found


def _check_order(label: str, source: str, name: str | None, order: Any) -> None:
    if order is None:
        return
    if order not in _ORDERS:
        raise ConfigurationError(f"{label}: order is one of {', '.join(map(repr, _ORDERS))}, not {order!r}.")
    if source in {"firehose", *_SINGLE} and order != "none":
        raise ConfigurationError(f"{label}: records of {source} have no order: leave order={order!r} out.")
    if source != "sqs":
        return
    fifo = name is not None and name.endswith(".fifo")
    if order == "none" and (fifo or name is None):
        raise ConfigurationError(
            f"{label}: order='none' would lose the order of a FIFO queue's groups, which its senders rely on. Leave it "
            f"out{'' if fifo else ', or name a standard queue'}."
        )
    if order == "group" and name is not None and not fifo:
        raise ConfigurationError(
            f"{label}: {name!r} is a standard queue, which keeps no order in its groups: leave order='group' out, or "
            "make it a FIFO queue."
        )


def _check_unwrap(label: str, source: str, unwrap: Any) -> None:
    if unwrap is None or (source not in {"firehose", *_STREAMS, *_SINGLE} and unwrap in ENVELOPES["sqs"]):
        return
    known = ENVELOPES.get(source, ())
    if unwrap not in known:
        takes = f"is one of {', '.join(map(repr, known))}" if known else "is for sqs, kinesis and firehose"
        raise ConfigurationError(f"{label}: unwrap of {source} {takes}, not {unwrap!r}.")


def _check_together(label: str, source: str, function: Callable[..., Any], options: Options) -> None:
    if options.batch:
        if source in _SINGLE:
            raise ConfigurationError(f"{label}: {source} gives single events: leave batch=True out.")
        for name in ("concurrency", "idempotent", "key", "timeout"):
            if getattr(options, name) != Options._field_defaults[name]:
                raise ConfigurationError(
                    f"{label}: {name} is for functions that take one record; with batch=True the function has the "
                    f"whole stream. Leave {name} out, or batch."
                )
        if not is_async_callable(function):
            raise ConfigurationError(
                f"{label}: with batch=True write 'async def': a RecordStream is read with async for."
            )
    if options.key is not None and options.idempotent is None:
        raise ConfigurationError(f"{label}: key is the key of an idempotent consumer: write idempotent=True with it.")
    if options.idempotent is not None and source == "firehose":
        raise ConfigurationError(
            f"{label}: a Firehose record that comes again must be transformed again: leave idempotent=True out."
        )
    if options.timeout is not None and not is_async_callable(function):
        raise ConfigurationError(
            f"{label}: timeout can't stop the thread of a function that is not async. Make it 'async def', or give "
            "what it waits for a timeout of its own."
        )
    both = set(options.permanent) & set(options.drop)
    if both:
        names = ", ".join(sorted(kind.__name__ for kind in both))
        raise ConfigurationError(f"{label}: {names} is in permanent and in drop: it can be one of them.")
