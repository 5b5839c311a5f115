"""Which source an event is from. The predicates are disjoint: the order of the list decides nothing but the cost."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from lambdaframe.errors import UnknownEventError
from lambdaframe_adapters import (
    alb,
    dynamodb,
    edge,
    empty_batch,
    function_url,
    http_api,
    http_api_v1,
    kinesis,
    lattice_v1,
    lattice_v2,
    rest_api,
    sqs,
)
from lambdaframe_adapters._json import ARRAY, OBJECT
from lambdaframe_adapters.sources import Source

_FIRST: Final[tuple[Source, ...]] = (
    http_api,
    sqs,
    rest_api,
    function_url,
    alb,
    kinesis,
    dynamodb,
    http_api_v1,
    lattice_v2,
    lattice_v1,
    edge,
    empty_batch,
)


HTTP_NAMES: Final = frozenset(source.name for source in _FIRST if source.kind == "http")
RECORD_NAMES: Final = frozenset(source.name for source in _FIRST if source.kind != "http") | {
    "eventbridge",
    "firehose",
    "kafka",
    "logs",
    "s3",
    "sns",
}
"""The names of all sources, without loading those that an application may have no use for."""


def _others() -> tuple[Source, ...]:
    """Loaded by the first event that is of none of the others: functions for HTTP start without."""
    from lambdaframe_adapters import eventbridge, firehose, kafka, logs, s3, sns

    return (eventbridge, sns, s3, kafka, firehose, logs)


if TYPE_CHECKING:
    SOURCES: Mapping[str, Source]
    """Every source that an event tells of, by its name."""


def __getattr__(name: str) -> Any:
    if name == "SOURCES":
        return {source.name: source for source in (*_FIRST, *_others())}
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def detect(event: Any) -> Source:
    """The one source that made this event.

    Raises UnknownEventError, with the keys that were seen, for any other JSON value.
    """
    for source in _FIRST:
        if source.matches(event):
            return source
    for source in _others():
        if source.matches(event):
            return source
    raise UnknownEventError(event, _reason(event))


def _reason(event: Any) -> str | None:
    """What the event was nearly: a request of a kind that is not served, or records of a source that is not known."""
    if not isinstance(event, OBJECT):
        return None
    about = event.get("requestContext")
    if isinstance(about, OBJECT) and "connectionId" in about:
        return "The event is of a WebSocket API, which is not served"
    if isinstance(about, OBJECT) and event.get("version") not in (None, "1.0", "2.0"):
        return f"The payload format version {str(event['version'])[:40]!r} is not known, only '1.0' and '2.0' are"
    records = event.get("Records")
    if isinstance(records, ARRAY) and records and isinstance(records[0], OBJECT):
        if "cf" in records[0]:
            return "Of CloudFront's events only the types 'viewer-request' and 'origin-request' are served"
        seen = records[0].get("eventSource", records[0].get("EventSource"))
        return f"Records of {str(seen)[:40]!r} have no source here" if seen else None
    return None
