"""From what a verb was given to a handler: its pattern over the source's facts, and the consumer that is called."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

import orjson

from lambdaframe.errors import ConfigurationError
from lambdaframe.events.discriminators import pattern_of
from lambdaframe.events.handlers import Handler, Handlers
from lambdaframe.events.payload import reader_for
from lambdaframe.events.syntax import read_pattern
from lambdaframe.http.answers.results import rendering_for
from lambdaframe.records.consumer import Consumer, Consumers
from lambdaframe.signature import describe, read_signature

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Register(Protocol):
    """A decorator that gives back what it was given."""

    def __call__(self, function: FunctionT, /) -> FunctionT: ...


_OBJECT: Final[type[Any]] = dict
_SEQUENCE: Final[tuple[type[Any], ...]] = (list, tuple)

_OPTIONS: Final = frozenset({"concurrency", "idempotent", "key", "timeout", "permanent", "drop", "dead_letter"})
_SCHEDULERS: Final = ["aws.events", "aws.scheduler"]


class Registry:
    """The handlers of one application. See ``registration.EventVerbs`` for its verbs."""

    def __init__(self, consumers: Consumers) -> None:
        self.handlers = Handlers()
        self.consumers = consumers

    def event(self, source: Any, detail_type: Any, pattern: Any, options: Mapping[str, Any]) -> Register:
        if pattern is not None and not (isinstance(pattern, _OBJECT) and pattern):
            raise ConfigurationError(f"app.event: pattern is an object of fields, such as 'detail', not {pattern!r}.")
        written: dict[str, Any] = dict(pattern or {})
        for field, given in (("source", source), ("detail-type", detail_type)):
            if given is None:
                continue
            if field in written:
                raise ConfigurationError(f"app.event: '{field}' is said twice, by itself and in the pattern.")
            written[field] = _several("app.event", field.replace("-", "_"), given)
        seen = [_listed(written[field]) for field in ("source", "detail-type") if field in written]
        more = " of a pattern" if pattern else ""
        title = f"an event{' of ' if seen else ''}{' '.join(seen)}{more}"
        return self._registering("eventbridge", title, written, options)

    def schedule(self, name: Any, options: Mapping[str, Any]) -> Register:
        written: dict[str, Any] = {"source": _SCHEDULERS, "detail-type": ["Scheduled Event"]}
        if name is not None:
            written["resources"] = [{"suffix": f"/{_text('app.schedule', 'name', name)}"}]
        return self._registering("eventbridge", f"a schedule {name or '(any)'}", written, options)

    def sns(self, topic: Any, attributes: Any, options: Mapping[str, Any]) -> Register:
        written: dict[str, Any] = {}
        if topic is not None:
            text = _text("app.sns", "topic", topic)
            written["topic"] = [text.rpartition(":")[2]]
            if text.startswith("arn:"):
                written["arn"] = [text]
        if attributes is not None:
            _check_policy(attributes)
            written["attributes"] = attributes
        more = "" if attributes is None else f" with {', '.join(attributes)}"
        return self._registering("sns", f"a message of topic {topic or '(any)'}{more}", written, options)

    def s3(self, bucket: Any, events: Any, prefix: Any, suffix: Any, options: Mapping[str, Any]) -> Register:
        written: dict[str, Any] = {"event": [_s3_event(one) for one in _several("app.s3", "events", events)]}
        if bucket is not None:
            written["bucket"] = [_text("app.s3", "bucket", bucket)]
        for field, operator, given in (("key", "prefix", prefix), ("key end", "suffix", suffix)):
            if given != "":
                written[field] = [{operator: _text("app.s3", operator, given)}]
        what = _listed(_several("app.s3", "events", events))
        return self._registering("s3", f"{what} of {prefix}*{suffix} in bucket {bucket or '(any)'}", written, options)

    def logs(self, group: Any, options: Mapping[str, Any]) -> Register:
        written = {} if group is None else {"group": [{"wildcard": _text("app.logs", "group", group)}]}
        return self._registering("logs", f"lines of log group {group or '(any)'}", written, options)

    def invoke(self, pattern: Any, timeout: Any) -> Register:
        if pattern is not None and not (isinstance(pattern, _OBJECT) and pattern):
            raise ConfigurationError(f"app.invoke: pattern is an object of fields, not {pattern!r}.")

        def register(function: FunctionT) -> FunctionT:
            consumer = self._made("invoke", function, {"timeout": timeout})
            by_type = pattern_of(_payload_type(function, consumer))
            told = read_pattern(_both(pattern, by_type), f"{consumer.label}: app.invoke")
            loose = read_pattern(pattern or {}, consumer.label) if by_type else None
            consumer = consumer._replace(call=_answering(function, consumer))
            asked = sorted({**by_type, **(pattern or {})})
            title = f"an invocation with {', '.join(map(repr, asked))}" if asked else "any invocation"
            self.handlers.add("invoke", Handler(title, told, consumer, loose))
            return function

        return register

    def _registering(self, source: str, title: str, written: Mapping[str, Any], options: Mapping[str, Any]) -> Register:
        def register(function: FunctionT) -> FunctionT:
            pattern = read_pattern(written, describe(function))
            self.handlers.add(source, Handler(title, pattern, self._made(source, function, options)))
            return function

        return register

    def _made(self, source: str, function: Callable[..., Any], options: Mapping[str, Any]) -> Consumer:
        label = describe(function)
        unknown = sorted(set(options) - _OPTIONS)
        if unknown:
            raise ConfigurationError(
                f"{label}: a handler of {source} has no option {', '.join(map(repr, unknown))}; its options are "
                f"{', '.join(sorted(_OPTIONS))}."
            )
        return self.consumers.make(source, label, function, read_as=reader_for(source), **options)


def _text(verb: str, name: str, given: Any) -> str:
    if not isinstance(given, str) or not given:
        raise ConfigurationError(f"{verb}: {name} is a text, not {given!r}.")
    return given


def _several(verb: str, name: str, given: Any) -> list[str]:
    """One text or several."""
    several: Any = given
    texts: list[Any] = [given] if isinstance(given, str) else list(several) if isinstance(given, _SEQUENCE) else []
    if not texts or not all(isinstance(one, str) and one for one in texts):
        raise ConfigurationError(f"{verb}: {name} is a text or a list of texts, not {given!r}.")
    return texts


def _listed(values: Any) -> str:
    return " or ".join(one if isinstance(one, str) else repr(one) for one in values)


def _check_policy(policy: Any) -> None:
    """SNS compares attributes, which have no parts."""
    if not isinstance(policy, _OBJECT) or not policy:
        raise ConfigurationError(f"app.sns: attributes is a filter policy, an object of attributes, not {policy!r}.")
    nested = [name for name, condition in policy.items() if isinstance(condition, _OBJECT)]
    if nested:
        raise ConfigurationError(
            f"app.sns: {', '.join(map(repr, nested))} of the filter policy is an object: an attribute has a list of "
            "what it may be."
        )


def _s3_event(name: str) -> Any:
    """``ObjectCreated:*`` is a prefix. The configuration of a bucket writes ``s3:`` before it, the event does not."""
    name = name.removeprefix("s3:")
    if "*" in name[:-1] or ":" not in name:
        raise ConfigurationError(
            f"app.s3: events are such as 'ObjectCreated:*' or 'ObjectRemoved:Delete', not {name!r}."
        )
    return {"prefix": name[:-1]} if name.endswith("*") else name


def _both(pattern: Mapping[str, Any] | None, by_type: Mapping[str, Any]) -> dict[str, Any]:
    """The pattern, and of the type what it does not speak of."""
    given = dict(pattern or {})
    if "$or" in given and "$or" in by_type:
        return given
    return {**{name: values for name, values in by_type.items() if name not in given}, **given}


def _payload_type(function: Callable[..., Any], consumer: Consumer) -> Any:
    if consumer.plan.payload is None:
        return Any
    name = consumer.plan.payload[0]
    return next(argument.annotation for argument in read_signature(function).arguments if argument.name == name)


def _answering(function: Callable[..., Any], consumer: Consumer) -> Any:
    """The consumer's call, its result as a JSON value, made to fit the function's return annotation."""
    encode = rendering_for({}, read_signature(function).returns, None).encode
    assert encode is not None  # it is None for a response class, and there is none
    inner = consumer.call

    async def answer(record: Any) -> Any:
        return orjson.loads(encode(await inner(record)))

    return answer
